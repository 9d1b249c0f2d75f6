package planfile

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"iter"
	"strconv"

	"offboard/batch"
)

// maxLine is the longest line, in bytes. A record of the input has 1 MiB at the
// most, and stands in a row no more than three times, each byte as six.
const maxLine = 32 << 20

// Write writes a plan without approvals, and returns its digest. It holds one
// line at a time, and of rows that name one user two numbers each.
//
// The rows come in the order of their Seq, from 1 without a gap. Of a row with
// DuplicateOf only the row itself is written. Plan.Run is left out, and times are cut
// to milliseconds. A row or a count that no plan may have is ErrRow. Bytes that
// are no UTF-8 become U+FFFD, but for a user's id, UPN or value, where they are
// ErrRow. After an error, what was written is no plan.
func Write(w io.Writer, h Head, rows iter.Seq2[batch.Planned, error], skips iter.Seq2[batch.Skip, error]) (Digest, error) {
	out := newWriter(w)
	tally := tally{plan: h.Plan}
	out.line(func(c *coder) { c.literal(magic + strconv.Itoa(version) + ",") })
	out.line(func(c *coder) { c.plan(&h.Plan) })
	out.line(func(c *coder) { c.options(&h.Options) })
	out.line(func(c *coder) { c.guards(&h.Guards) })
	err := elements(out, rowsLine, "row", rows, func(c *coder, p *batch.Planned) error {
		c.row(p)
		return tally.add(p)
	})
	if err != nil {
		return Digest{}, err
	}
	if err := tally.end(); err != nil {
		return Digest{}, fmt.Errorf("write plan: %w: %w", ErrRow, err)
	}
	err = elements(out, skipsLine, "skipped line", skips, func(c *coder, s *batch.Skip) error {
		c.skip(s)
		return nil
	})
	if err != nil {
		return Digest{}, err
	}
	d := Digest(out.hash.Sum(nil))
	out.approvals(d, nil)
	return d, out.flush()
}

// writer writes lines; its error is the first one, and told by flush.
type writer struct {
	w    *bufio.Writer
	hash hash.Hash // of all lines written
	c    coder
	err  error
}

func newWriter(w io.Writer) *writer {
	return &writer{w: bufio.NewWriterSize(w, 1<<16), hash: sha256.New()}
}

// line writes one line.
func (w *writer) line(form func(*coder)) {
	w.start(form)
	w.finish("")
}

// start makes a line, which finish writes.
func (w *writer) start(form func(*coder)) {
	w.c = coder{b: w.c.b[:0]}
	form(&w.c)
	if w.err == nil && w.c.want != "" {
		w.err = fmt.Errorf("%w: %s should stand in %.60q", ErrRow, w.c.want, w.c.b)
	}
}

func (w *writer) finish(comma string) {
	w.c.b = append(append(w.c.b, comma...), '\n')
	if w.err == nil && len(w.c.b) > maxLine {
		w.err = fmt.Errorf("%w: a line has %d bytes, and may have %d: %.60q", ErrRow, len(w.c.b), maxLine, w.c.b)
	}
	if w.err == nil {
		_, w.err = w.w.Write(w.c.b)
	}
	w.hash.Write(w.c.b)
}

func (w *writer) flush() error {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	if w.err != nil {
		return fmt.Errorf("write plan: %w", w.err)
	}
	return nil
}

// approvals writes the lines from the digest on.
func (w *writer) approvals(d Digest, approvals []Approval) {
	hex := d.String()
	w.line(func(c *coder) { c.digest(&hex) })
	w.line(func(c *coder) { c.literal(signLine) })
	for i := range approvals {
		w.start(func(c *coder) { c.approval(&approvals[i]) })
		if i < len(approvals)-1 {
			w.finish(",")
		} else {
			w.finish("")
		}
	}
	w.line(func(c *coder) { c.literal(fileEnd) })
}

// elements writes a list with one element a line.
func elements[T any](w *writer, open, what string, all iter.Seq2[T, error], form func(*coder, *T) error) error {
	w.line(func(c *coder) { c.literal(open) })
	n := 0
	for v, err := range all {
		if n > 0 {
			w.finish(",")
		}
		n++
		if err == nil {
			w.start(func(c *coder) {
				if bad := form(c, &v); bad != nil {
					err = fmt.Errorf("%s %d %w: %w", what, n, ErrRow, bad)
				}
			})
		}
		if err == nil {
			err = w.err
		}
		if err != nil {
			return fmt.Errorf("write plan: %w", err)
		}
	}
	if n > 0 {
		w.finish("")
	}
	w.line(func(c *coder) { c.literal(listEnd) })
	return nil
}
