package planfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
)

// Head is what a plan file says before its rows.
type Head struct {
	Plan    batch.Plan   `json:"plan"`              // without Run: a run is named when it is carried out
	Options []batch.Flag `json:"options,omitempty"` // that chose the users, as they were given
	Guards  []Guard      `json:"guards,omitempty"`
}

// Guard is what one guard counted when the plan was made, in words.
type Guard struct {
	Name    string `json:"name"`
	Limit   string `json:"limit"`             // what it allows
	Counted string `json:"counted"`           // what the plan has
	Refusal string `json:"refusal,omitempty"` // why the plan must not be carried out; "" when it may
}

// Refusals are the reasons of all guards that refuse the plan.
func (h Head) Refusals() []string {
	var why []string
	for _, g := range h.Guards {
		if g.Refusal != "" {
			why = append(why, g.Refusal)
		}
	}
	return why
}

// ahead is how far this machine's clock may be behind the one that planned.
const ahead = time.Minute

// CheckAge is ErrAge for a plan that is older than most, or that was made more
// than a minute from now. A most of 0 allows any age. The plan's time is the
// word of the machine that made it; only signatures vouch for it.
func (h Head) CheckAge(now time.Time, most time.Duration) error {
	made := h.Plan.Created
	age := now.Sub(made)
	switch {
	case made.IsZero():
		return fmt.Errorf("%w: it does not say when it was made; plan again", ErrAge)
	case age < -ahead:
		return fmt.Errorf("%w: it was made at %s, which is %s from now; set the clock of this machine or of the other", ErrAge,
			made.UTC().Format(time.RFC3339), (-age).Round(time.Second))
	case most > 0 && age > most:
		return fmt.Errorf("%w: it was made at %s, %s ago, and may be %s old; plan again", ErrAge,
			made.UTC().Format(time.RFC3339), age.Round(time.Second), most)
	}
	return nil
}

// File is a plan file that was read whole, without its rows.
type File struct {
	Head   Head
	Digest Digest
}

// Digest is the SHA-256 of all bytes of a plan file, as sha256sum prints it. Two plans
// with one digest are one plan.
type Digest [sha256.Size]byte

// String is the whole digest: 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short is the first quarter of the digest in groups of four, for people to
// tell plans apart. It is no proof: another plan with the same short form can be made.
func (d Digest) Short() string {
	s := d.String()
	return strings.Join([]string{s[:4], s[4:8], s[8:12], s[12:16]}, "-")
}
