package planfile

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"offboard/batch"
)

// Sink takes a plan while it is read. A nil function passes its part over. The
// slices are the reader's, and good for the one call only. An error of a Sink
// ends the reading and is returned as it is.
type Sink struct {
	Head  func(Head) error            // first, and once
	Rows  func([]batch.Planned) error // in order, 1,000 at the most
	Skips func([]batch.Skip) error    // in order, 1,000 at the most
}

// Read reads a plan file whole: its rows, its digest, its approvals and their
// signatures. A file that differs in any byte from what was written is
// ErrAltered (ErrFormat or ErrNewer, when it differs in the first line), and the
// error gives the line and the byte, from 1.
//
// The Sink gets the rows before their digest is known. NOTHING that it got may
// be believed, and nobody sent, until Read has returned nil.
//
// It holds a group of rows at a time, and of rows that name one user two
// numbers each.
func Read(r io.Reader, sink Sink) (File, error) {
	return read(newLines(r), sink)
}

func read(l *lines, sink Sink) (File, error) {
	var f File
	if err := first(l); err != nil {
		return File{}, err
	}
	for _, form := range []func(*coder){
		func(c *coder) { c.plan(&f.Head.Plan) },
		func(c *coder) { c.options(&f.Head.Options) },
		func(c *coder) { c.guards(&f.Head.Guards) },
	} {
		if err := l.line(form); err != nil {
			return File{}, err
		}
	}
	if sink.Head != nil {
		if err := sink.Head(f.Head); err != nil {
			return File{}, err
		}
	}
	if err := readRows(l, f.Head.Plan, sink.Rows); err != nil {
		return File{}, err
	}
	if err := readSkips(l, sink.Skips); err != nil {
		return File{}, err
	}
	f.Digest, l.copy = l.sum(), nil
	if err := readDigest(l, f.Digest); err != nil {
		return File{}, err
	}
	var err error
	if f.Approvals, err = readApprovals(l, f.Digest); err != nil {
		return File{}, err
	}
	return f, nil
}

// first reads the line that says what the file is.
func first(l *lines) error {
	err := l.advance()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, ErrAltered) {
		return err
	}
	number, ok := strings.CutPrefix(string(l.b), magic)
	number, comma := strings.CutSuffix(number, ",")
	n, bad := strconv.Atoi(number)
	switch {
	case err != nil || !ok || !comma || bad != nil || strconv.Itoa(n) != number || n < 1:
		return fmt.Errorf("%w: line 1 is not %s%d,", ErrFormat, magic, version)
	case n > version:
		return fmt.Errorf("%w: its format is %d, and this offboard reads %d; update offboard", ErrNewer, n, version)
	}
	return nil
}

// group is how many elements a Sink gets together.
const group = 1000

func readRows(l *lines, plan batch.Plan, take func([]batch.Planned) error) error {
	tally := tally{plan: plan}
	out := batches[batch.Planned]{take: take}
	err := l.each(rowsLine, listEnd, func(b []byte) error {
		var p batch.Planned
		if err := l.decode(b, func(c *coder) { c.row(&p) }); err != nil {
			return err
		}
		if err := tally.add(&p); err != nil {
			return l.altered(0, fmt.Sprintf("row %d: %v", tally.rows, err))
		}
		return out.add(p)
	})
	if err != nil {
		return err
	}
	if err := tally.end(); err != nil {
		return l.altered(0, err.Error())
	}
	return out.flush()
}

func readSkips(l *lines, take func([]batch.Skip) error) error {
	out := batches[batch.Skip]{take: take}
	err := l.each(skipsLine, listEnd, func(b []byte) error {
		var s batch.Skip
		if err := l.decode(b, func(c *coder) { c.skip(&s) }); err != nil {
			return err
		}
		return out.add(s)
	})
	if err != nil {
		return err
	}
	return out.flush()
}

// batches hands elements on in groups.
type batches[T any] struct {
	take func([]T) error
	held []T
}

func (g *batches[T]) add(v T) error {
	if g.take == nil {
		return nil
	}
	g.held = append(g.held, v)
	if len(g.held) < group {
		return nil
	}
	return g.flush()
}

func (g *batches[T]) flush() error {
	if len(g.held) == 0 {
		return nil
	}
	err := g.take(g.held)
	g.held = g.held[:0]
	return err
}

func readDigest(l *lines, d Digest) error {
	var hex string
	if err := l.line(func(c *coder) { c.digest(&hex) }); err != nil {
		return err
	}
	if hex != d.String() {
		return altered("the lines up to %d have the digest %s, and line %d says %q", l.no-1, d, l.no, hex)
	}
	return nil
}

// maxApprovals is more than any company asks for, and little to hold.
const maxApprovals = 1000

func readApprovals(l *lines, d Digest) ([]Approval, error) {
	var all []Approval
	err := l.each(signLine, fileEnd, func(b []byte) error {
		var a Approval
		if err := l.decode(b, func(c *coder) { c.approval(&a) }); err != nil {
			return err
		}
		if len(all) == maxApprovals {
			return l.altered(0, fmt.Sprintf("more than %d approvals", maxApprovals))
		}
		all = append(all, a)
		if err := a.check(d); err != nil {
			return l.altered(0, fmt.Sprintf("approval %d: %v", len(all), err))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch err := l.advance(); {
	case err == nil:
		return nil, l.altered(0, "nothing may follow the end of the plan")
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return all, nil
}
