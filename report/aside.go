package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"offboard/batch/durable"
)

// Document writes run.json into e.Dir: what [JSON] writes, this file among the
// others. It is written as [Write] writes, whole or not at all, and e.Files then
// has it too.
func Document(e *End) error {
	f, err := os.CreateTemp(e.Dir, "."+documentName+".*.tmp")
	if err != nil {
		return fmt.Errorf("make %s: %w", documentName, err)
	}
	set := drafts{{name: documentName, file: f}}
	defer set.discard()
	whole := *e
	whole.Files = append(slices.Clone(e.Files), filepath.Join(e.Dir, documentName))
	if err := errors.Join(JSON(f, whole), set.sync()); err != nil {
		return err
	}
	files, err := set.replace(e.Dir)
	e.Files = append(slices.Clone(e.Files), files...)
	return err
}

// moveAside moves the files of a report of another run than this into a directory
// of their own, and gives its path; "" when there was nothing to move. A file that
// cannot be moved, since it is open in another program, is left.
func moveAside(dir, run string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("look into report directory: %w", err)
	}
	var older []string
	for _, e := range entries {
		if name := e.Name(); e.Type().IsRegular() && (slices.Contains(fileNames, name) || usual(name) != "") {
			older = append(older, name)
		}
	}
	whose := runOf(dir, older)
	if len(older) == 0 || whose == run {
		return "", nil
	}
	to, err := newDir(filepath.Join(dir, "offboard-"+whose))
	if err != nil {
		return "", fmt.Errorf("keep the report of another run: %w", err)
	}
	for _, name := range older {
		_ = os.Rename(filepath.Join(dir, name), filepath.Join(to, name)) // what stays keeps its name
	}
	return to, durable.SyncDir(to)
}

// runOf is the run whose report the files are, as run.json tells. A report that
// was cut off before it had one is named by its time.
func runOf(dir string, files []string) string {
	var doc struct{ Run string }
	if text, err := os.ReadFile(filepath.Join(dir, documentName)); err == nil {
		_ = json.Unmarshal(text, &doc) // no run, then
	}
	if doc.Run != "" && strings.Trim(doc.Run, "0123456789abcdefghijklmnopqrstuvwxyz-") == "" { // it becomes a file's name
		return doc.Run
	}
	var last time.Time
	for _, name := range files {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last.UTC().Format("20060102-150405")
}

// newDir makes a directory that was not there: of this name, or numbered.
func newDir(path string) (string, error) {
	for n := 1; ; n++ {
		try := path
		if n > 1 {
			try = fmt.Sprintf("%s-%d", path, n)
		}
		if err := os.Mkdir(try, 0o700); !errors.Is(err, fs.ErrExist) || n == mostNames {
			return try, err
		}
	}
}
