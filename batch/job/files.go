package job

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/intake/source"
)

// reading is one reading of a file. Its digest, its header and its rows are all
// of these bytes, whatever is written to the file afterwards.
type reading struct {
	name   string // as given, "-" for standard input
	digest string // SHA-256 of the bytes, hex
	*durable.Spool
	changed time.Time // the last time, by the file system; zero when that is unknown
	again   bool      // the file is a regular one: it can be read once more, to see whether it changed
	packed  []byte    // its bytes for the journal; nil until they are asked for
}

// reader starts at the beginning. Any number of readers may be open at once.
func (r *reading) reader() io.Reader { return io.NewSectionReader(r, 0, r.Size) }

// sameAs reports whether two files are one, or copies that have people: those with a header alone, as
// of a night without leavers, are alike by chance.
func (r *reading) sameAs(other *reading) bool {
	a, errA := os.Stat(r.name)
	b, errB := os.Stat(other.name)
	if errA == nil && errB == nil && os.SameFile(a, b) {
		return true
	}
	text, err := io.ReadAll(io.LimitReader(r.reader(), 64<<10))
	text = bytes.TrimSpace(text)
	return r.digest == other.digest && (err != nil || bytes.ContainsAny(text, "\n@{0123456789"))
}

// unchanged refuses a file that does not hold any more what was read of it: it
// may have been read while somebody was writing it. Undone says what was not done.
func (r *reading) unchanged(undone string) error {
	if !r.again {
		return nil
	}
	f, err := os.Open(r.name)
	if err != nil {
		return fmt.Errorf("%w; %s: the file %s cannot be read any more: %w", ErrRefused, undone, r.name, err)
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return fmt.Errorf("%w; %s: the file %s cannot be read any more: %w", ErrRefused, undone, r.name, err)
	}
	if hex.EncodeToString(hash.Sum(nil)) != r.digest {
		return fmt.Errorf("%w: the file changed after it was read; %s: run it again when nobody writes to %s any more", ErrRefused, undone, r.name)
	}
	return nil
}

// inputs are the files that a plan is made from, in the order given; there is at least one.
type inputs []*reading

// sources are the files for the intake.
func (in inputs) sources() []source.Input {
	all := make([]source.Input, len(in))
	for i, r := range in {
		all[i] = source.Input{Name: r.name, Bytes: r, Size: r.Size}
	}
	return all
}

// of gives a plan what it says of the files.
func (in inputs) of(p *batch.Plan) {
	if p.Input, p.Digest = in[0].name, in[0].digest; len(in) == 1 {
		return
	}
	for _, r := range in {
		p.Inputs = append(p.Inputs, batch.InputFile{Name: r.name, SHA256: r.digest})
	}
	p.Input, p.Digest = batch.SomeOf(p.Files()[:min(3, len(in))], len(in)), batch.JointDigest(p.Inputs)
}

// Files are the files that a command reads, each of them once.
type Files struct {
	Stdin io.Reader
	all   []*reading
	lent  int // of them, the first, which somebody else closes

	elsewhere bool // all of them were read and checked on another machine
}

// read reads a file, or standard input, unless it was read before. A named pipe is
// refused.
func (h *Host) read(name string) (*reading, error) { return h.readBy(name, durable.Open) }

// readInput reads as read does, and waits for the writer of a named pipe, as tools do.
func (h *Host) readInput(name string) (*reading, error) { return h.readBy(name, os.Open) }

func (h *Host) readBy(name string, open func(string) (*os.File, error)) (*reading, error) {
	for _, r := range h.Files.all {
		if r.name == name {
			return r, nil
		}
	}
	r, err := readOnce(name, h.Files.Stdin, open)
	if err != nil {
		return nil, fmt.Errorf("%w: read %s: %w", ErrUsage, name, err)
	}
	h.Files.all = append(h.Files.all, r)
	if name == "-" {
		h.AskAtTerminal()
	}
	return r, nil
}

// unchanged refuses when one of the files does not hold any more what was read.
// It is asked last before something is written, and again after a question.
func (f *Files) unchanged(undone string) error {
	for _, r := range f.all {
		if err := r.unchanged(undone); err != nil {
			return err
		}
	}
	return nil
}

// Close ends what was read.
func (f *Files) Close() {
	for _, r := range f.all[f.lent:] {
		r.Close() // only read from
	}
}

// readOnce copies the file. A pipe works like standard input.
func readOnce(name string, stdin io.Reader, open func(string) (*os.File, error)) (*reading, error) {
	r := &reading{name: name}
	src := stdin
	if name != "-" {
		f, err := open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		if r.again = info.Mode().IsRegular(); r.again {
			r.changed = info.ModTime()
		}
		src = f
	}
	hash := sha256.New()
	var err error
	if r.Spool, err = durable.NewSpool(io.TeeReader(src, hash)); err != nil {
		return nil, err
	}
	r.digest = hex.EncodeToString(hash.Sum(nil))
	return r, nil
}
