package job

import (
	"bytes"
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

// What is too big for memory lies in a temporary file that has no name while it is
// read, so that a kill leaves nothing behind. Less than that touches no disk.
func TestSpoolHasNoName(t *testing.T) {
	for _, size := range []int{0, 100, mostInMemory, mostInMemory + 1, 2*mostInMemory + 100} {
		dir := t.TempDir()
		for _, env := range []string{"TMPDIR", "TMP", "TEMP"} {
			t.Setenv(env, dir)
		}
		text := bytes.Repeat([]byte("0123456"), size/7+1)[:size]
		r, err := readOnce("-", bytes.NewReader(text), os.Open)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, err := io.ReadAll(r.reader()); !bytes.Equal(got, text) || err != nil {
				t.Errorf("%d bytes: read %d, %v", size, len(got), err)
			}
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 && os.PathSeparator == '/' {
			t.Errorf("%d bytes: %v is on disk, %v", size, left, err)
		}
		if spooled := r.spool != nil; spooled != (size >= mostInMemory) {
			t.Errorf("%d bytes: in a file: %v", size, spooled)
		}
		if err := r.spool.Close(); r.spool != nil && err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%d bytes: %v stays on disk, %v", size, left, err)
		}
	}
}
