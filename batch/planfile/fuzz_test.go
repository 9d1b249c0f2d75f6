package planfile

import (
	"bytes"
	"os"
	"testing"
)

// FuzzRead holds what is true of any bytes: no panic, and what is read as a plan
// is written again byte for byte.
func FuzzRead(f *testing.F) {
	seed, err := os.ReadFile(golden)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	small, _ := written(f, tiny())
	f.Add(small)
	f.Add(forged(content{}))
	f.Add([]byte(`{"format":"offboard-plan","version":2}` + "\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		in, read, err := reread(file)
		if err != nil {
			return
		}
		if again, d := written(t, in); d != read.Digest || !bytes.Equal(again, file) {
			t.Fatalf("read\n%q\nwrote\n%q", file, again)
		}
	})
}

// FuzzSignatures holds that nothing panics, and that only a signature passes.
func FuzzSignatures(f *testing.F) {
	text := []byte("a plan\n")
	good := signed(f, text, "a")[0].Text
	f.Add(good, []byte(trustedAda+trustedBob))
	f.Add([]byte("-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"), []byte(`x valid-after="2026" ssh-rsa AAAA`))
	f.Fuzz(func(t *testing.T, armored, allowed []byte) {
		if _, err := Verify(armored, PlanNamespace, bytes.NewReader(text)); err == nil && unbroken(armored) != unbroken(good) {
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
