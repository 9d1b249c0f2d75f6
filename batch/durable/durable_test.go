package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// names are what stands in a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func content(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func words(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "plan.jsonl")
	if err := WriteFile(name, false, words("first")); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(name, false, words("second")); !errors.Is(err, fs.ErrExist) || content(t, name) != "first" {
		t.Errorf("without overwrite: error %v, and the file has %q", err, content(t, name))
	}
	if err := WriteFile(name, true, words("third")); err != nil || content(t, name) != "third" {
		t.Errorf("with overwrite: error %v, and the file has %q", err, content(t, name))
	}
	if got := names(t, dir); !slices.Equal(got, []string{"plan.jsonl"}) {
		t.Errorf("the directory has %q", got)
	}
	if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("error %v, mode %v", err, info.Mode())
	}
}

// Half a file is never seen: not under its name, and not beside it.
func TestWriteFileIsWholeOrNot(t *testing.T) {
	broken := errors.New("broken")
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for _, overwrite := range []bool{false, true} {
		err := WriteFile(name, overwrite, func(w io.Writer) error {
			if got := names(t, dir); len(got) != 1 || got[0] == "f" {
				t.Errorf("while it is written the directory has %q", got)
			}
			return errors.Join(words("half")(w), broken)
		})
		if got := names(t, dir); !errors.Is(err, broken) || len(got) != 0 {
			t.Errorf("error %v, and the directory has %q", err, got)
		}
	}
}

// A file whose content could not be made durable never gets its name.
func TestWriteFileThatIsNotDurable(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for _, overwrite := range []bool{false, true} {
		err := WriteFile(name, overwrite, func(w io.Writer) error {
			return errors.Join(words("half")(w), w.(*Draft).file.Close()) // fsync of a closed file fails
		})
		if got := names(t, dir); !errors.Is(err, fs.ErrClosed) || len(got) != 0 {
			t.Errorf("overwrite %v: error %v, and the directory has %q", overwrite, err, got)
		}
	}
}

// What has been published stays when the draft is discarded.
func TestDraft(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for _, overwrite := range []bool{false, true} {
		d, err := Begin(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(words("whole")(d), d.Finish(), d.Publish(overwrite)); err != nil {
			t.Fatal(err)
		}
		d.Discard()
		if got := names(t, dir); !slices.Equal(got, []string{"f"}) || content(t, name) != "whole" {
			t.Errorf("the directory has %q, the file %q", got, content(t, name))
		}
	}
}

func TestDirectories(t *testing.T) {
	dir := t.TempDir()
	gone := filepath.Join(dir, "gone")
	for _, f := range []func(string) error{Probe, SyncDir} {
		if err := f(dir); err != nil {
			t.Error(err)
		}
		if err := f(gone); !errors.Is(err, fs.ErrNotExist) && runtime.GOOS != "windows" {
			t.Errorf("of a directory that is not there: %v", err)
		}
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("a probe left %q", got)
	}
	if _, err := Begin(filepath.Join(gone, "f")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a file there: %v", err)
	}
}

// A secret of this user that the group reads is told; one of another user is not, whose group is
// how this process reads it.
func TestGroupReads(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes here")
	}
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o640: true, 0o660: true, 0o620: false, 0o604: false} {
		if err := os.Chmod(name, mode); err != nil || GroupReads(name) != want {
			t.Errorf("%v: %v, error %v", mode, GroupReads(name), err)
		}
	}
	if GroupReads(name + "s") {
		t.Error("a file that is not there")
	}
	if err := errors.Join(os.Chmod(name, 0o640), os.Chown(name, 12345, os.Getgid())); err != nil {
		t.Skipf("a file of another user needs a privilege: %v", err)
	}
	if GroupReads(name) {
		t.Error("a file of another user")
	}
}
