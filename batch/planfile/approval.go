package planfile

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// Approval is one person's signature under a plan. Name and Time are the
// signer's own words, which nobody else can change; who a key really belongs
// to says the [Trusted] set.
type Approval struct {
	Key       ed25519.PublicKey
	Name      string
	Time      time.Time
	Signature []byte
}

// KeyID names the key: the SHA-256 of its 32 bytes, in hexadecimal digits. It
// is not the fingerprint that ssh-keygen shows.
func (a Approval) KeyID() string { return keyID(a.Key) }

func keyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:])
}

// shortID is what people are shown of a key's id.
func shortID(key ed25519.PublicKey) string { return keyID(key)[:16] }

// Approve signs a plan, which it knows by its digest alone: show the person
// what [Read] found before. The time is cut to milliseconds.
func Approve(plan Digest, key ed25519.PrivateKey, name string, now time.Time) (Approval, error) {
	switch {
	case len(key) != ed25519.PrivateKeySize:
		return Approval{}, errors.New("approve plan: the key is no Ed25519 private key")
	case !utf8.ValidString(name):
		return Approval{}, fmt.Errorf("approve plan: the name %q is no UTF-8", name)
	case !writable(now):
		return Approval{}, fmt.Errorf("approve plan: the year %d cannot be written; set this machine's clock", now.UTC().Year())
	}
	a := Approval{Key: key.Public().(ed25519.PublicKey), Name: name, Time: cut(now)}
	a.Signature = ed25519.Sign(key, a.message(plan))
	return a, nil
}

// message is what is signed. Its first line keeps a signature from meaning
// anything elsewhere; the others cannot run into each other, since only the
// last is free text, and a JSON string has no line breaks.
func (a Approval) message(plan Digest) []byte {
	m := fmt.Appendf(nil, "offboard plan approval v1\n%s\n%s\n%s\n", plan, a.KeyID(), a.Time.Format(layout))
	return append(appendText(m, a.Name), '\n')
}

// check says why the approval is not one of this plan, or nil.
func (a Approval) check(plan Digest) error {
	switch {
	case len(a.Key) != ed25519.PublicKeySize || len(a.Signature) != ed25519.SignatureSize:
		return errors.New("its key or signature is none of Ed25519")
	case !ed25519.Verify(a.Key, a.message(plan), a.Signature):
		return fmt.Errorf("the signature of %q (key %s) is not one of this plan", a.Name, shortID(a.Key))
	}
	return nil
}

// AddApproval copies a plan file from r to w and adds an approval, which must be
// one of this very plan; the digest and the approvals that it has stay as they
// are. It returns the file as it is then. After an error, what was written to w
// is no plan.
func AddApproval(w io.Writer, r io.Reader, a Approval) (File, error) {
	out := newWriter(w)
	l := newLines(r)
	l.copy = out.w // a bufio.Writer, which tells an error when it is flushed
	f, err := read(l, Sink{})
	if err != nil {
		return File{}, err
	}
	if err := a.check(f.Digest); err != nil {
		return File{}, fmt.Errorf("add approval: %w", err)
	}
	f.Approvals = append(f.Approvals, a)
	if len(f.Approvals) > maxApprovals {
		return File{}, fmt.Errorf("add approval: the plan has %d already", maxApprovals)
	}
	out.approvals(f.Digest, f.Approvals)
	return f, out.flush()
}
