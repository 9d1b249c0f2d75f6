package planfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"offboard/batch"
)

// Sink takes a plan while it is read. A nil function passes its part over. The
// slices are the reader's, and good for the one call only. An error of a Sink
// ends the reading and is returned as it is.
type Sink struct {
	Head  func(Head)                  // before the others
	Rows  func([]batch.Planned) error // in order, 1,000 at the most
	Skips func([]batch.Skip) error    // in order, 1,000 at the most
}

// Read reads a plan file whole. A file that does not begin as a plan does is ErrFormat, a
// plan of a newer program ErrNewer. A plan that contradicts itself, or that has another
// form than [Write] gives it, is ErrAltered. These errors name the line. Read does not
// know whether people approved the plan; package signature does.
//
// The Sink gets the rows before the end is known. NOTHING that it got may be
// believed, and nobody sent, until Read has returned nil.
//
// It keeps one group of rows in memory, and two numbers for each row that names a user
// again.
func Read(r io.Reader, sink Sink) (File, error) {
	hash := sha256.New()
	in := reader{r: bufio.NewReaderSize(io.TeeReader(r, hash), 1<<16)}
	head, err := in.head()
	if err == nil && sink.Head != nil {
		sink.Head(head)
	}
	if err == nil {
		err = in.body(validator{plan: head.Plan}, sink)
	}
	if err != nil {
		return File{}, err
	}
	return File{Head: head, Digest: Digest(hash.Sum(nil))}, nil
}

// reader takes a file apart into lines.
type reader struct {
	r  *bufio.Reader
	no int    // of the line, from 1
	b  []byte // the line, its end included
}

// next reads the next line. io.EOF says that there is none.
func (r *reader) next() error {
	r.no++
	r.b = r.b[:0]
	for {
		part, err := r.r.ReadSlice('\n')
		r.b = append(r.b, part...)
		switch {
		case len(r.b) > maxLine:
			return r.altered("it is too long")
		case err == nil:
			return nil
		case errors.Is(err, io.EOF) && len(r.b) == 0:
			return io.EOF
		case errors.Is(err, io.EOF):
			return r.altered("the file breaks off here")
		case !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("read plan: %w", err)
		}
	}
}

// altered is an ErrAltered of the line.
func (r *reader) altered(format string, args ...any) error {
	return altered("line %d: %s", r.no, fmt.Sprintf(format, args...))
}

// beginning is what the first line of every plan begins with.
const beginning = `{"format":"` + format + `","version":`

// head reads the first line. A line that is cut off or too long is one of a damaged plan
// if it begins as a plan does, and else the file is no plan.
func (r *reader) head() (Head, error) {
	noPlan := fmt.Errorf("%w: line 1 does not begin with %s%d", ErrFormat, beginning, Version)
	err := r.next()
	if errors.Is(err, io.EOF) || errors.Is(err, ErrAltered) && !bytes.HasPrefix(r.b, []byte(beginning)) {
		return Head{}, noPlan
	}
	if err != nil {
		return Head{}, err
	}
	var is struct {
		Format  string
		Version int
	}
	if json.Unmarshal(r.b, &is) != nil || is.Format != format || is.Version < 1 {
		return Head{}, noPlan
	}
	if is.Version > Version {
		return Head{}, fmt.Errorf("%w: line 1 says version %d, and this offboard reads %d; update offboard", ErrNewer, is.Version, Version)
	}
	var l headLine
	if err = decode(r.b, &l); err == nil {
		err = (&validator{plan: l.Plan}).checkHead()
	}
	if err != nil {
		return Head{}, r.altered("%v", err)
	}
	return l.Head, nil
}

// body reads all other lines.
func (r *reader) body(v validator, sink Sink) error {
	var rows []batch.Planned
	var skips []batch.Skip
	for {
		switch err := r.next(); {
		case errors.Is(err, io.EOF):
			return r.altered("the file ends before its last line, which counts the others")
		case err != nil:
			return err
		}
		var l line
		err := decode(r.b, &l)
		if err != nil {
			return r.altered("%v", err)
		}
		switch {
		case l.Row != nil && l.User != nil && l.Skip == nil && l.End == nil && v.Skips == 0:
			p := batch.Planned{Row: *l.Row, User: *l.User, DuplicateOf: l.DuplicateOf, Record: l.Record}
			if l.Work != nil {
				p.Targets, p.Records = l.Work.Targets, l.Work.Records
			}
			if err := v.checkRow(&p); err != nil {
				return r.altered("row %d: %v", v.Rows, err)
			}
			rows, err = deliver(sink.Rows, append(rows, p), group)
		case l.Skip != nil && l == line{Skip: l.Skip}:
			v.Skips++
			if err := v.checkFile(l.Skip.Place()); err != nil {
				return r.altered("%v", err)
			}
			skips, err = deliver(sink.Skips, append(skips, *l.Skip), group)
		case l.End != nil && l == line{End: l.End}:
			if err := v.checkEnd(*l.End); err != nil {
				return r.altered("%v", err)
			}
			if _, err = deliver(sink.Rows, rows, 1); err == nil {
				_, err = deliver(sink.Skips, skips, 1)
			}
			if err != nil {
				return err
			}
			return r.end()
		default:
			return r.altered("it is no row, no skipped line and no end where one may stand")
		}
		if err != nil {
			return err
		}
	}
}

// end makes sure that nothing follows the last line.
func (r *reader) end() error {
	switch err := r.next(); {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil || errors.Is(err, ErrAltered):
		return r.altered("nothing may follow the end of the plan")
	default:
		return err
	}
}

// group is how many elements a Sink gets together.
const group = 1000

// deliver hands elements on once there are enough, and returns those that wait.
func deliver[T any](take func([]T) error, held []T, enough int) ([]T, error) {
	switch {
	case len(held) < enough:
		return held, nil
	case take == nil:
		return held[:0], nil
	}
	return held[:0], take(held)
}
