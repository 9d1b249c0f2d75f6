package signature

import (
	"bytes"
	"testing"
)

// FuzzSignatures holds that nothing panics, and that only a signature passes.
func FuzzSignatures(f *testing.F) {
	text := []byte("a plan\n")
	good := signed(f, text, "a")[0].Text
	f.Add(good, []byte(trustedAda+trustedBob))
	f.Add([]byte("-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"), []byte(`x valid-after="2026" ssh-rsa AAAA`))
	f.Fuzz(func(t *testing.T, armored, allowed []byte) {
		if _, err := verify(armored, PlanNamespace, bytes.NewReader(text)); err == nil && unbroken(armored) != unbroken(good) {
			t.Errorf("passes:\n%s", armored)
		}
		all, err := ParseSigners(bytes.NewReader(allowed))
		if (err == nil) != (len(all) > 0) {
			t.Fatalf("%v, error %v", all, err)
		}
		for _, s := range all {
			if s.person == "" || s.key == nil {
				t.Fatalf("a key of nobody: %+v", s)
			}
		}
	})
}

// unbroken is a text without the ends of its lines.
func unbroken(b []byte) string {
	return string(bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), nil), []byte("\n"), nil))
}
