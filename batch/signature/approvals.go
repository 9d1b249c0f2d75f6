package signature

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"offboard/batch"
)

// File is a signature beside a plan, made by [Sign] or by ssh-keygen.
type File struct {
	Name string
	Text []byte
}

// ErrAltered says that a signature is damaged, or is none of the plan's bytes.
var ErrAltered = errors.New("the plan or a signature of it was altered after it was signed; do not use it, and plan again")

// ErrUnapproved says that too few people whose keys are trusted approved the plan.
var ErrUnapproved = errors.New("plan lacks approvals")

// Judged is a signature of a plan's bytes, and whether it counts as an approval.
type Judged struct {
	File      string // of the signature
	Namespace string // that it was made for
	Key       string // its fingerprint, as ssh-keygen shows it: "SHA256:..."
	Person    string // whose key it is; "" for a key of nobody
	Why       string // why it does not count; "" when it does
}

// Judge holds the signatures beside a plan against its bytes and against who may
// sign. A signature that is damaged, or none of these bytes, is ErrAltered: somebody
// altered the plan or the signature. All others are returned. Of those of a person who
// may sign plans now the first one counts.
//
// The text gives the bytes of the plan from the beginning, each time it is called. The namespace is
// that of what is approved.
func Judge(signatures []File, namespace string, text func() io.Reader, by Signers, now time.Time) ([]Judged, error) {
	var all []Judged
	counted := map[string]string{} // which file, by the person
	for _, f := range signatures {
		s, err := matchesBytes(f.Text, text())
		if err != nil {
			return nil, fmt.Errorf("%w: the signature %s: %w; if it belongs to an earlier plan, delete it", ErrAltered, f.Name, err)
		}
		a := Judged{File: f.Name, Namespace: s.Namespace, Key: ssh.FingerprintSHA256(s.PublicKey)}
		a.Person, a.Why = by.person(s.PublicKey, namespace, now)
		for _, err := range []error{isFor(s, namespace), acceptable(s.PublicKey.Type())} {
			if err != nil {
				a.Why = err.Error()
			}
		}
		if a.Why == "" && counted[a.Person] != "" {
			a.Why = "the person has approved the plan already, with " + counted[a.Person]
		}
		if a.Why == "" {
			counted[a.Person] = f.Name
		}
		all = append(all, a)
	}
	return all, nil
}

// Approvals are the signatures that count, one of each person.
func Approvals(all []Judged) []batch.Approval {
	var counted []batch.Approval
	for _, a := range all {
		if a.Why == "" {
			counted = append(counted, batch.Approval{Person: a.Person, Key: a.Key})
		}
	}
	return counted
}

// Require returns ErrUnapproved unless at least n different people approved the plan. It
// says of each other signature why it does not count.
func Require(all []Judged, n int) error {
	var people []string
	others := ""
	for _, a := range all {
		if a.Why == "" {
			people = append(people, a.Person)
		} else {
			others += fmt.Sprintf("; %s (key %s) does not count: %s", a.File, a.Key, a.Why)
		}
	}
	if len(people) >= n {
		return nil
	}
	return fmt.Errorf("%w: it needs %d of different people, and has %d (%s)%s", ErrUnapproved, n, len(people), cmp.Or(strings.Join(people, ", "), "no person"), others)
}
