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
