package planfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// clockSlack is how far this machine's clock may be behind the one that planned.
const clockSlack = time.Minute

// CheckAge returns ErrAge for a plan that is older than maxAge, or that was made more
// than a minute after now. A maxAge of 0 allows any age. The time of the plan is what the
// machine that made it said; only signatures vouch for it.
func (h Head) CheckAge(now time.Time, maxAge time.Duration) error {
	made := h.Plan.Created
	age := now.Sub(made)
	switch {
	case made.IsZero():
		return fmt.Errorf("%w: it does not say when it was made; plan again", ErrAge)
	case age < -clockSlack:
		return fmt.Errorf("%w: it was made at %s, which is %s from now; set the clock of this machine or of the other", ErrAge,
			made.UTC().Format(time.RFC3339), (-age).Round(time.Second))
	case maxAge > 0 && age > maxAge:
		return fmt.Errorf("%w: it was made at %s, %s ago, and may be %s old; plan again, or allow its age with --max-age (0 is any)", ErrAge,
			made.UTC().Format(time.RFC3339), age.Round(time.Second), maxAge)
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
