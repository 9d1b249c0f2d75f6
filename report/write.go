package report

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"offboard/batch"
	"offboard/batch/durable"
)

// Names of the files of a report.
const (
	csvName       = "report.csv"
	jsonlName     = "report.jsonl"
	retryName     = "retry.csv"
	documentName  = "run.json"
	manifestName  = "report.sha256"
	signatureName = "report.sha256.sig"
)

// fileNames are all of them in the order in which they are moved: the seal first, and
// last the file that says whose they are.
var fileNames = []string{manifestName, signatureName, csvName, jsonlName, retryName, documentName}

// Write makes report.csv, report.jsonl and retry.csv in dir, in one pass over the
// lines, and notes them in e. A missing dir is made, for its owner alone; so are the
// files. A dry run has no retry.csv: nothing was tried. Neither has a run of which
// no row is to be run again. [Seal] completes the report when the run has ended.
//
// The report of another run in dir is not lost: its files are moved into a directory
// of their own within dir, which is returned; "" when there was none. The run.json in
// dir says whose files they are, and without one they are moved too.
//
// A report is whole when report.sha256 fits its files. So that a process killed on
// the way leaves nothing that passes for a report, an older report.sha256 goes
// before the first file is replaced, and the new one comes last. That holds after a
// power failure too, whichever names were lost in it: files of two reports never fit.
// Until all the new files are complete nothing in dir is touched. A file that cannot
// be replaced, which on Windows is one that is open in Excel, is an error.
func Write(dir string, e *End, lines iter.Seq2[batch.Line, error]) (aside string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make report directory: %w", err)
	}
	names := []string{csvName, jsonlName, retryName}
	if e.Dry {
		names = names[:2]
	}
	var files []*file
	var to []sink
	defer func() {
		for _, f := range files {
			f.draft.Discard()
		}
	}()
	for _, name := range names {
		f, err := begin(dir, name)
		if err != nil {
			return "", err
		}
		files, to = append(files, f), append(to, sinks[name](f.buffered, e.Plan))
	}
	if err := pour(lines, to...); err != nil {
		return "", fmt.Errorf("write report: %w", err)
	}
	for _, f := range files {
		if err := f.finish(); err != nil {
			return "", fmt.Errorf("write report: %w", err)
		}
	}
	if aside, err = moveAside(dir, e.Plan.Run); err != nil {
		return aside, err
	}
	for _, name := range []string{manifestName, signatureName, retryName} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return aside, fmt.Errorf("remove an older report: %w", inUse(err))
		}
	}
	e.Dir, e.Files, e.sums = dir, nil, nil
	for _, f := range files {
		if f.name == retryName && f.size == 0 {
			continue
		}
		if err := f.publish(e); err != nil {
			return aside, err
		}
	}
	return aside, nil
}

// Seal completes the report that [Write] made of the same e, in which the caller may have
// noted more meanwhile: when it was written, and how the run ended. It adds run.json, which is what [JSON]
// writes, and last report.sha256, which lists the files as sha256sum does. Before that
// has its name, sign is given its text and returns what becomes report.sha256.sig,
// and keep is given its own SHA-256 in hex. Either may be nil.
func Seal(e *End, sign func(manifest []byte) (signature []byte, err error), keep func(sum string) error) error {
	whole := *e
	whole.Files = append(slices.Clone(e.Files), filepath.Join(e.Dir, documentName), filepath.Join(e.Dir, manifestName))
	if sign != nil {
		whole.Files = append(whole.Files, filepath.Join(e.Dir, signatureName))
	}
	var document bytes.Buffer
	if err := JSON(&document, whole); err != nil {
		return err
	}
	if err := put(e.Dir, documentName, document.Bytes()); err != nil {
		return err
	}
	manifest := fmt.Appendf(e.sums, "%x  %s\n", sha256.Sum256(document.Bytes()), documentName)
	if sign != nil {
		signature, err := sign(manifest)
		if err == nil {
			err = put(e.Dir, signatureName, signature)
		}
		if err != nil {
			return err
		}
	}
	if keep != nil {
		if err := keep(fmt.Sprintf("%x", sha256.Sum256(manifest))); err != nil {
			return fmt.Errorf("keep the digest of %s: %w", manifestName, err)
		}
	}
	if err := put(e.Dir, manifestName, manifest); err != nil {
		return err
	}
	e.Files = whole.Files
	return nil
}

// put makes or replaces a small file.
func put(dir, name string, text []byte) error {
	return durable.WriteFile(filepath.Join(dir, name), true, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// file is a file of the report in the making.
type file struct {
	name     string
	draft    *durable.Draft
	size     int // bytes
	sum      hash.Hash
	buffered *bufio.Writer // what sinks write to; it writes to the file
}

func begin(dir, name string) (*file, error) {
	draft, err := durable.Begin(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	f := &file{name: name, draft: draft, sum: sha256.New()}
	f.buffered = bufio.NewWriterSize(f, 64<<10)
	return f, nil
}

// Write takes what was buffered, and counts and digests it on its way to the disk.
func (f *file) Write(p []byte) (int, error) {
	f.sum.Write(p) // never an error
	f.size += len(p)
	return f.draft.Write(p)
}

// finish makes the whole content durable.
func (f *file) finish() error {
	if err := f.buffered.Flush(); err != nil {
		return err
	}
	return f.draft.Finish()
}

// publish gives the file its name, and notes it in e.
func (f *file) publish(e *End) error {
	if err := f.draft.Publish(true); err != nil {
		return inUse(err)
	}
	e.Files = append(e.Files, filepath.Join(e.Dir, f.name))
	e.sums = fmt.Appendf(e.sums, "%x  %s\n", f.sum.Sum(nil), f.name)
	return nil
}

// inUse says what most likely is the matter with a file that cannot be replaced.
func inUse(err error) error {
	return fmt.Errorf("%w; if the file is open in another program, close it there", err)
}
