package planfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// lines takes a file apart. Each line that it gives is the line that a writer
// would have written, byte for byte.
type lines struct {
	r     *bufio.Reader
	hash  hash.Hash // of all lines read
	no    int       // of the line, from 1
	start int64     // where in the file the line begins
	next  int64     // where the one after it does
	b     []byte    // the line, without its end
	again coder     // writes what was read
	copy  io.Writer // gets each line, end included, as long as it is set; it keeps its own errors
}

func newLines(r io.Reader) *lines {
	return &lines{r: bufio.NewReader(r), hash: sha256.New()}
}

// advance reads the next line. io.EOF says that there is none.
func (l *lines) advance() error {
	l.no++
	l.start = l.next
	l.b = l.b[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		l.b = append(l.b, part...)
		l.next += int64(len(part))
		switch {
		case err == nil && len(l.b) <= maxLine:
			l.hash.Write(l.b)
			if l.copy != nil {
				_, _ = l.copy.Write(l.b)
			}
			l.b = l.b[:len(l.b)-1]
			return nil
		case len(l.b) > maxLine:
			return l.altered(maxLine, "the line is too long")
		case errors.Is(err, io.EOF) && len(l.b) == 0:
			return io.EOF
		case errors.Is(err, io.EOF):
			return l.altered(len(l.b), "the file breaks off")
		case !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("read plan: %w", err)
		}
	}
}

// altered is an ErrAltered at a byte of the line.
func (l *lines) altered(at int, why string) error {
	return altered("line %d, byte %d of the file: %s", l.no, l.start+int64(at)+1, why)
}

// need reads the next line, which must be there.
func (l *lines) need() error {
	err := l.advance()
	if errors.Is(err, io.EOF) {
		return l.altered(0, "the file ends here, before its time")
	}
	return err
}

// line reads the next line, which has this form.
func (l *lines) line(form func(*coder)) error {
	if err := l.need(); err != nil {
		return err
	}
	return l.decode(l.b, form)
}

// decode reads the line, then writes what it read: only the same bytes will do.
// No other way to write the same plan is let through, whatever reading forgives.
func (l *lines) decode(b []byte, form func(*coder)) error {
	c := coder{b: b, reading: true}
	form(&c)
	if c.want != "" {
		return l.altered(c.at, fmt.Sprintf("%s should stand here", c.want))
	}
	l.again.b = l.again.b[:0]
	form(&l.again)
	if !bytes.Equal(l.again.b, b) {
		return l.altered(common(l.again.b, b), "this is not how offboard writes a plan")
	}
	return nil
}

// common is how many bytes a and b begin with in common.
func common(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// each reads the elements of a list, one a line, up to the line end. one gets
// each of them and decodes it.
func (l *lines) each(open, end string, one func(b []byte) error) error {
	if err := l.line(func(c *coder) { c.literal(open) }); err != nil {
		return err
	}
	for n, comma := 0, false; ; n++ {
		if err := l.need(); err != nil {
			return err
		}
		last := string(l.b) == end
		if n > 0 && last == comma {
			return l.altered(0, "a comma is missing before this line, or one too many")
		}
		if last {
			return nil
		}
		var b []byte
		b, comma = bytes.CutSuffix(l.b, []byte(","))
		if err := one(b); err != nil {
			return err
		}
	}
}

// sum is the digest of the lines read.
func (l *lines) sum() Digest { return Digest(l.hash.Sum(nil)) }
