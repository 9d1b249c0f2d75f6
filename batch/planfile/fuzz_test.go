package planfile

import (
	"bytes"
	"os"
	"slices"
	"testing"
)

// FuzzRead holds what is true of any bytes: no panic, and what is read as a plan
// is written again byte for byte. Every input is also read with its digest put
// right, or hardly any would get that far.
func FuzzRead(f *testing.F) {
	seed, err := os.ReadFile(golden)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	small, _ := written(f, tiny())
	f.Add(small)
	f.Add(approved(f, small, "ada"))
	f.Add(forged(content{}))
	f.Add([]byte(magic + "2,\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, file := range [][]byte{file, resealed(file)} {
			in, read, err := reread(file)
			if err != nil {
				continue
			}
			again, d := written(t, in)
			again = slices.Clone(again[:bytes.LastIndex(again, []byte(`"sha256":`))])
			rest := bytes.NewBuffer(again)
			w := newWriter(rest)
			w.approvals(d, read.Approvals)
			if err := w.flush(); err != nil || d != read.Digest || !bytes.Equal(rest.Bytes(), file) {
				t.Fatalf("read\n%q\nwrote\n%q, error %v", file, rest.Bytes(), err)
			}
		}
	})
}

// FuzzParseTrusted holds that nothing panics, and that a set has keys with names.
func FuzzParseTrusted(f *testing.F) {
	f.Add([]byte("# ada\n" + pemAda + sshBob + " bob\n"))
	f.Add([]byte("bob@contoso.com " + sshBob + "\n" + pemRSA))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _ = ParseKey(text)
		set, err := ParseTrusted(bytes.NewReader(text))
		if (err == nil) != (len(set) > 0) {
			t.Fatalf("%v, error %v", set, err)
		}
		for key, name := range set {
			if name == "" {
				t.Fatalf("key %x has no name", key)
			}
		}
	})
}
