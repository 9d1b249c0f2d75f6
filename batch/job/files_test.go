package job

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// All that a command does with a file is of the first reading.
func TestFilesAreReadOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := alone()
	first, err := c.read(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("new people"), 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := c.read(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*reading{first, second} {
		if text, err := io.ReadAll(r.reader()); string(text) != "old" || err != nil || r.digest != first.digest {
			t.Errorf("read %q, %v, digest %s and %s", text, err, first.digest, r.digest)
		}
	}
}
