package durable

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

// What is too big for memory lies in a temporary file that has no name while it is
// read, so that a kill leaves nothing behind. Less than that touches no disk.
func TestSpoolHasNoName(t *testing.T) {
	for _, size := range []int{0, 100, InMemory, InMemory + 1, 2*InMemory + 100} {
		dir := t.TempDir()
		for _, env := range []string{"TMPDIR", "TMP", "TEMP"} {
			t.Setenv(env, dir)
		}
		text := bytes.Repeat([]byte("0123456"), size/7+1)[:size]
		s, err := NewSpool(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, err := io.ReadAll(io.NewSectionReader(s, 0, s.Size)); !bytes.Equal(got, text) || err != nil {
				t.Errorf("%d bytes: read %d, %v", size, len(got), err)
			}
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 && os.PathSeparator == '/' {
			t.Errorf("%d bytes: %v is on disk, %v", size, left, err)
		}
		if inFile := s.file != nil; inFile != (size >= InMemory) {
			t.Errorf("%d bytes: in a file: %v", size, inFile)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%d bytes: %v stays on disk, %v", size, left, err)
		}
	}
}

func TestSpoolReadErrors(t *testing.T) {
	broken := errors.New("the pipe is gone")
	for _, size := range []int{0, 10, InMemory + 10} {
		if _, err := NewSpool(io.MultiReader(strings.NewReader(strings.Repeat("x", size)), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
