package report

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A directory that cannot be read, such as lost+found, is passed over, and told; but not the
// one that was named. (Root can read all, so the error is given to the search.)
func TestSearchPassesOverTheUnreadable(t *testing.T) {
	root := t.TempDir()
	entry := func() fs.DirEntry {
		info, err := os.Stat(root)
		if err != nil {
			t.Fatal(err)
		}
		return fs.FileInfoToDirEntry(info)
	}()
	s := search{root: root}
	if err := s.visit(filepath.Join(root, "lost+found"), entry, fs.ErrPermission); err != fs.SkipDir || len(s.unread) != 1 || !errors.Is(s.unread[0], fs.ErrPermission) {
		t.Errorf("below: %v, unread %v", err, s.unread)
	}
	if err := s.visit(root, entry, fs.ErrPermission); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("root: %v", err)
	}
}
