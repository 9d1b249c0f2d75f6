package report

import (
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"offboard/batch"
	"offboard/batch/durable"
)

// Names of the files that [Write] and [Document] make.
const (
	csvName      = "report.csv"
	jsonlName    = "report.jsonl"
	retryName    = "retry.csv"
	documentName = "run.json"
)

var fileNames = []string{csvName, jsonlName, retryName, documentName}

// Written is what [Write] made.
type Written struct {
	Files []string // paths
	Retry string   // of them, the path of retry.csv; "" when there is no row to run again
	Aside string   // the directory that the files of another run were moved to; "" when there were none
}

// Write makes report.csv, report.jsonl and retry.csv in dir, in one pass over
// the lines. A missing dir is made, for its owner alone; so are the files. A dry
// run has no retry.csv: nothing was tried. Neither has a run of which no row is to be
// run again; one that this very run left in dir before is removed.
//
// The report of another run in dir is not lost: its files are moved into a
// directory of their own within dir, offboard-RUN. Whose they are, its run.json
// says; [Document] writes that when the run has ended.
//
// Each file is replaced whole: it is written beside its name, made durable and
// then renamed, and no name changes before all three files are complete. After
// an error the old files stand as they were; only if the renaming itself fails
// may some be new and some old, each of them whole, and the paths returned are
// those of the new ones. A file that cannot be replaced, which on Windows is one
// that is open in Excel, stays as it was, and the new one is called report-2.csv
// and so on. A process killed on the way leaves files named
// ".report.csv.*.tmp" and the like, which nobody reads.
func Write(dir string, meta Meta, lines iter.Seq2[batch.Line, error]) (Written, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Written{}, fmt.Errorf("make report directory: %w", err)
	}
	var set drafts
	defer set.discard()
	if err := set.write(dir, meta, lines); err != nil {
		return Written{}, err
	}
	aside, err := moveAside(dir, meta.Plan.Run)
	if err != nil {
		return Written{}, err
	}
	for _, d := range set {
		d.free = aside != ""
	}
	set.dropRetry(dir, meta)
	made := Written{Aside: aside}
	made.Files, err = set.replace(dir)
	for i, path := range made.Files {
		if set[i].name == retryName {
			made.Retry = path
		}
	}
	return made, err
}

// dropRetry takes a retry.csv without rows out of the set, and removes the one that the
// same run has in dir from an earlier report: its rows succeeded since.
func (set *drafts) dropRetry(dir string, meta Meta) {
	last := len(*set) - 1
	if d := (*set)[last]; d.name == retryName && d.empty {
		empty := (*set)[last:]
		empty.discard()
		*set = (*set)[:last]
		if runOf(dir, nil) == meta.Plan.Run {
			_ = os.Remove(filepath.Join(dir, retryName)) // as a rule it is not there
		}
	}
}

// drafts are files that do not have their names yet.
type drafts []*draft

type draft struct {
	name  string   // to be
	free  bool     // a file that has the name is another run's, and is left
	empty bool     // it has no row
	file  *os.File // open until it is durable
}

// write fills all the drafts and makes them durable.
func (set *drafts) write(dir string, meta Meta, lines iter.Seq2[batch.Line, error]) error {
	var sinks []sink
	names := []string{csvName, jsonlName, retryName}
	if meta.Dry {
		names = names[:2]
	}
	for _, name := range names {
		// CreateTemp makes the file with mode 0600, and in dir, since a rename
		// is atomic only within one file system.
		f, err := os.CreateTemp(dir, "."+name+".*.tmp")
		if err != nil {
			return fmt.Errorf("make %s: %w", name, err)
		}
		*set = append(*set, &draft{name: name, file: f})
		s, err := newSink(name, f, meta)
		if err != nil {
			return err
		}
		sinks = append(sinks, s)
	}
	if err := pour(lines, sinks...); err != nil {
		return err
	}
	for i, s := range sinks {
		r, is := s.(*retrySink)
		(*set)[i].empty = is && !r.rows
	}
	return set.sync()
}

// sync makes the drafts durable, and closes them.
func (set *drafts) sync() error {
	for _, d := range *set {
		if err := d.file.Sync(); err != nil {
			return fmt.Errorf("sync %s: %w", d.name, err)
		}
		if err := d.file.Close(); err != nil {
			return fmt.Errorf("close %s: %w", d.name, err)
		}
	}
	return nil
}

func newSink(name string, w io.Writer, meta Meta) (sink, error) {
	switch name {
	case csvName:
		return newCSV(w)
	case jsonlName:
		return newJSONL(w), nil
	}
	return newRetry(w, meta)
}

// replace gives the drafts their names.
func (set *drafts) replace(dir string) ([]string, error) {
	var paths []string
	for _, d := range *set {
		path, err := d.rename(dir)
		if err != nil {
			return paths, fmt.Errorf("replace %s: %w", d.name, err)
		}
		paths = append(paths, path)
	}
	return paths, durable.SyncDir(dir)
}

// mostNames is how many names are tried for one file: a person who has so many of
// them open should be told.
const mostNames = 100

// rename gives the draft its name, or the first that is free if that one is
// held.
func (d *draft) rename(dir string) (string, error) {
	path := filepath.Join(dir, d.name)
	var held error
	if _, err := os.Lstat(path); err == nil && d.free {
		held = fs.ErrExist
	} else if held = os.Rename(d.file.Name(), path); held == nil {
		return path, nil
	}
	for n := 2; n <= mostNames; n++ {
		path := filepath.Join(dir, numbered(d.name, n))
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		if err := os.Rename(d.file.Name(), path); err != nil {
			break
		}
		return path, nil
	}
	return "", held
}

// numbered is the n-th name of a file: report-2.csv.
func numbered(name string, n int) string {
	ext := filepath.Ext(name)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
}

// usual is the name that the file at path stands in for, "" when it has its own.
func usual(path string) string {
	for _, name := range fileNames {
		ext := filepath.Ext(name)
		n, ok := strings.CutPrefix(filepath.Base(path), strings.TrimSuffix(name, ext)+"-")
		n, is := strings.CutSuffix(n, ext)
		if _, err := strconv.Atoi(n); ok && is && err == nil {
			return name
		}
	}
	return ""
}

// discard removes what has not been renamed; what has been is no longer there
// to remove. It runs on the way out with an error already, or with nothing left
// to do, and its own errors change nothing.
func (set *drafts) discard() {
	for _, d := range *set {
		_ = d.file.Close()
		_ = os.Remove(d.file.Name())
	}
}
