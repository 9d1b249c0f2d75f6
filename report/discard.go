package report

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Copy is a report that stands in a directory: there is a report.sha256, or a run.json
// that names a run.
type Copy struct {
	Dir string
	Run string // as run.json tells; "" when it does not
	Sum string // SHA-256 of report.sha256 in hex; "" without one
}

// Copies finds the reports in root and in two levels of directories below it, the deepest
// first. It follows no symbolic link below root. Unread is why it did not look into some of
// those directories.
func Copies(root string) (all []Copy, unread []error, err error) {
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, nil, err
	}
	s := search{root: root}
	err = filepath.WalkDir(root, s.visit)
	slices.Reverse(s.all)
	return s.all, s.unread, err
}

// search is for reports below root.
type search struct {
	root   string
	all    []Copy
	unread []error
}

// visit is an [fs.WalkDirFunc]. Only root has to be readable.
func (s *search) visit(dir string, d fs.DirEntry, err error) error {
	switch {
	case err != nil && dir != s.root:
		s.unread = append(s.unread, err)
		return fs.SkipDir
	case err != nil || !d.IsDir():
		return err
	}
	c := Copy{dir, RunOf(dir), sumOf(filepath.Join(dir, manifestName))}
	if c.Run != "" || c.Sum != "" {
		s.all = append(s.all, c)
	}
	if below, err := filepath.Rel(s.root, dir); err != nil || strings.Count(below, string(filepath.Separator)) > 0 {
		return fs.SkipDir
	}
	return nil
}

// listed are the files that report.sha256 names, or an error that says why they are not all
// of the report as it was written. Files that are gone are no error.
func (c Copy) listed() (names []string, err error) {
	manifest, err := os.ReadFile(filepath.Join(c.Dir, manifestName))
	switch {
	case err != nil:
		return nil, err
	case fmt.Sprintf("%x", sha256.Sum256(manifest)) != c.Sum:
		return nil, fmt.Errorf("%s was replaced meanwhile", manifestName)
	}
	for line := range strings.Lines(string(manifest)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !slices.Contains(fileNames(), name) {
			return nil, fmt.Errorf("%s lists %q, which is no file of a report", manifestName, name)
		}
		path := filepath.Join(c.Dir, name)
		if _, err := os.Lstat(path); err == nil && sumOf(path) != sum {
			return nil, fmt.Errorf("%s is not as it was written", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// Whole is nil when the files of the report are as they were written, or gone.
func (c Copy) Whole() error {
	_, err := c.listed()
	return err
}

// Remove removes the files of the report, report.sha256 as the last, and the directory if
// nothing else is in it. What else is there stays, and is returned. A file that is not as it
// was written is an error before anything is removed.
func (c Copy) Remove() (left []string, err error) {
	names, err := c.listed()
	if err != nil {
		return nil, err
	}
	for _, name := range append(names, signatureName, manifestName) {
		if err := os.Remove(filepath.Join(c.Dir, name)); err != nil && !os.IsNotExist(err) {
			return nil, inUse(err)
		}
	}
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if len(left) == 0 {
		err = os.Remove(c.Dir)
	}
	return left, err
}

// sumOf is the SHA-256, in hex, of a regular file; "" when it cannot be read.
func sumOf(path string) string {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}
