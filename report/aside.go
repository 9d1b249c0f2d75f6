package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// moveAside moves the report of another run into a directory of its own, and gives its
// path; "" when there was nothing to move. Files without a run.json that names a run are
// moved too: they may be of another run.
func moveAside(dir, run string) (string, error) {
	var older []string
	var last time.Time
	for _, name := range fileNames() {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			older, last = append(older, name), info.ModTime()
		}
	}
	whose := runOf(dir)
	if len(older) == 0 || whose == run {
		return "", nil
	}
	to := filepath.Join(dir, "offboard-"+cmp.Or(whose, last.UTC().Format("20060102-150405")))
	err := os.Mkdir(to, 0o700)
	if errors.Is(err, fs.ErrExist) {
		to, err = os.MkdirTemp(dir, filepath.Base(to)+"-*")
	}
	if err != nil {
		return "", fmt.Errorf("keep the report of another run: %w", err)
	}
	for _, name := range older {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(to, name)); err != nil {
			return to, fmt.Errorf("keep the report of another run: %w", inUse(err))
		}
	}
	return to, nil
}

// runOf is the run whose report stands in dir, as run.json tells; "" when it does not.
func runOf(dir string) string {
	var document struct{ Run string }
	text, err := os.ReadFile(filepath.Join(dir, documentName))
	if err != nil || json.Unmarshal(text, &document) != nil || strings.Trim(document.Run, "0123456789abcdefghijklmnopqrstuvwxyz-") != "" {
		return "" // a run's name becomes a file's name
	}
	return document.Run
}
