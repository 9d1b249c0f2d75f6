package report

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
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
	pageName      = "report.html"
	csvName       = "report.csv"
	jsonlName     = "report.jsonl"
	targetsName   = "report.targets.csv"
	followupName  = "followup.csv"
	RetryName     = "retry.csv"
	documentName  = "run.json"
	manifestName  = "report.sha256"
	signatureName = "report.sha256.sig"
)

// fileNames are all of them in the order in which they are moved: the seal first, and
// last the file that says whose they are.
func fileNames() []string {
	names := []string{manifestName, signatureName}
	for _, f := range formats {
		names = append(names, f.name)
	}
	return append(names, documentName)
}

// Seal is what is done with report.sha256 before it has its name. Each may be nil.
type Seal struct {
	Sign func(manifest []byte) (signature []byte, err error) // of its text; it becomes report.sha256.sig
	Keep func(sum string) error                              // its own SHA-256 in hex
}

// Write makes the report of a run in dir, in one pass over the lines, and notes the files
// in e. A missing dir is made, for its owner alone; so are the files. A file that has some
// of the lines only is not there when it has none. A dry run, in which nothing was tried, has
// neither retry.csv nor followup.csv.
//
// The report of another run in dir is not lost: its files are moved into a directory
// of their own within dir, which is returned; "" when there was none. The run.json in
// dir says whose files they are, and without one they are moved too.
//
// A report is whole when report.sha256 fits its files. So that a process killed on
// the way leaves nothing that passes for a report, an older report.sha256 goes
// before the first file is replaced, and the new one comes last. That holds after a
// power failure too, whichever names were lost in it: files of two reports never fit.
// Until all the files with lines are complete nothing in dir is touched. A file that cannot
// be replaced, which on Windows is one that is open in Excel, is an error.
func Write(dir string, e *End, lines iter.Seq2[batch.Line, error], seal Seal) (aside string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make report directory: %w", err)
	}
	var files []*file
	var sinks []sink
	var ends []func() error
	defer func() {
		for _, f := range files {
			f.draft.Discard()
		}
	}()
	stale := []string{manifestName, signatureName}
	for _, what := range formats {
		if what.some {
			stale = append(stale, what.name)
		}
		if !what.isOf(e) {
			continue
		}
		f, err := begin(dir, what)
		if err != nil {
			return "", err
		}
		add, end := what.begin(f.out, e)
		files, sinks, ends = append(files, f), append(sinks, add), append(ends, end)
	}
	if err := pour(e.Plan, lines, sinks...); err != nil {
		return "", fmt.Errorf("write report: %w", err)
	}
	for i, f := range files {
		if err := errors.Join(ends[i](), f.finish()); err != nil {
			return "", fmt.Errorf("write report: %w", err)
		}
	}
	if aside, err = moveAside(dir, e.Plan.Run); err != nil {
		return aside, err
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return aside, fmt.Errorf("remove an older report: %w", inUse(err))
		}
	}
	e.Dir, e.Files = dir, nil
	var manifest []byte
	for _, f := range files {
		listed, err := f.publish()
		if err != nil {
			return aside, inUse(err)
		}
		if listed != "" {
			e.Files, manifest = append(e.Files, filepath.Join(dir, f.name)), append(manifest, listed...)
		}
	}
	return aside, seal.complete(e, manifest)
}

// complete adds run.json, which is what [JSON] writes, the signature, and last
// report.sha256, which lists the files as sha256sum does.
func (s Seal) complete(e *End, manifest []byte) error {
	whole := *e
	whole.Files = append(slices.Clone(e.Files), filepath.Join(e.Dir, documentName), filepath.Join(e.Dir, manifestName))
	if s.Sign != nil {
		whole.Files = append(whole.Files, filepath.Join(e.Dir, signatureName))
	}
	var document bytes.Buffer
	if err := JSON(&document, whole); err != nil {
		return err
	}
	if err := put(e.Dir, documentName, document.Bytes()); err != nil {
		return err
	}
	manifest = fmt.Appendf(manifest, "%x  %s\n", sha256.Sum256(document.Bytes()), documentName)
	if s.Sign != nil {
		signature, err := s.Sign(manifest)
		if err == nil {
			err = put(e.Dir, signatureName, signature)
		}
		if err != nil {
			return err
		}
	}
	if s.Keep != nil {
		if err := s.Keep(fmt.Sprintf("%x", sha256.Sum256(manifest))); err != nil {
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

// inUse says what most likely is the matter with a file that cannot be replaced.
func inUse(err error) error {
	return fmt.Errorf("%w; if the file is open in another program, close it there", err)
}
