package signature

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// person is a signer whose key comes of a letter.
func person(letter byte) ssh.Signer {
	s, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{letter}, ed25519.SeedSize)))
	if err != nil {
		panic(err)
	}
	return s
}

// signed is a signature of the text by each person, named after its letter.
func signed(t testing.TB, text []byte, letters string) []File {
	t.Helper()
	var all []File
	for _, letter := range []byte(letters) {
		s, err := Sign(person(letter), PlanNamespace, bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, File{Name: "plan.jsonl." + string(letter) + ".sig", Text: s})
	}
	return all
}

// verify checks a signature as "ssh-keygen -Y check-novalidate -n NAMESPACE" does, and
// returns the key that made it.
func verify(armored []byte, namespace string, text io.Reader) (ssh.PublicKey, error) {
	s, err := matchesBytes(armored, text)
	if err != nil {
		return nil, err
	}
	return s.PublicKey, errors.Join(acceptable(s.PublicKey.Type()), isFor(s, namespace))
}

// judged holds signatures against a text, an hour after noon.
func judged(text []byte, all []File, by Signers) ([]Judged, error) {
	return Judge(all, PlanNamespace, func() io.Reader { return bytes.NewReader(text) }, by, noon.Add(time.Hour))
}

// told holds that an error is of its kind and says what is wanted.
func told(t *testing.T, name string, err, is error, want string) {
	t.Helper()
	if !errors.Is(err, is) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %q", name, err, want)
	}
}
