package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"offboard/cmd/flagfile"
)

// printable is a text within a line of ours, such as a cell of a table: it has a space
// in place of everything that would act on a terminal, and of line ends and tabs.
// All output goes through [visible] after that, which keeps lines and JSON as they are.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if flagfile.Acts(r) || r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, s)
}

// visible writes text in which every character that acts is shown as \u202e and
// the like: what files and services say must not talk to the terminal. It is also
// how JSON writes the character, so that a JSON document stays one, and says the
// same. Bytes that are no text become U+FFFD; a character that was cut short does when
// the output ends.
type visible struct {
	w io.Writer

	mu    sync.Mutex // guards what follows; the log writes at any time
	part  []byte     // the beginning of a character
	wrote bool       // something was written
}

// end ends the output.
func (v *visible) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.part) > 0 {
		_, _ = io.WriteString(v.w, "\ufffd") // an error here loses nothing
	}
	v.part = nil
}

func (v *visible) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wrote = v.wrote || len(p) > 0
	in := append(v.part, p...)
	v.part = nil
	out := make([]byte, 0, len(in))
	for len(in) > 0 && utf8.FullRune(in) {
		r, n := utf8.DecodeRune(in)
		if in = in[n:]; flagfile.Acts(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	v.part = append(v.part, in...)
	if _, err := v.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// patience is how long a reader has to take what is written after the command was to end
// at once.
const patience = time.Second

// heeding is an output that holds up no hard stop: a pipe that nobody reads blocks for ever.
type heeding struct {
	w    io.Writer
	hard context.Context // done when the command is to end at once
	left bool            // a write was left alone, so that nothing may follow
}

func (h *heeding) Write(p []byte) (int, error) {
	if h.left {
		return 0, errNotRead
	}
	type answer struct {
		n   int
		err error
	}
	wrote := make(chan answer, 1)
	go func() {
		n, err := h.w.Write(p)
		wrote <- answer{n, err}
	}()
	select {
	case a := <-wrote:
		return a.n, a.err
	case <-h.hard.Done():
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-wrote:
		return a.n, a.err
	case <-timer.C:
		h.left = true
		return 0, errNotRead
	}
}

var errNotRead = errors.New("nobody reads it")

// prefixed begins each line with whose it is.
type prefixed struct {
	w      io.Writer
	mu     *sync.Mutex // of all who write to w
	before string
	part   []byte
}

func (p *prefixed) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part = append(p.part, text...)
	end := bytes.LastIndexByte(p.part, '\n') + 1
	var b bytes.Buffer
	for line := range bytes.Lines(p.part[:end]) {
		if line[0] != '{' && len(bytes.TrimSpace(line)) > 0 { // events say of which run they are
			b.WriteString(p.before)
		}
		b.Write(line)
	}
	p.part = bytes.Clone(p.part[end:])
	_, err := p.w.Write(b.Bytes())
	return len(text), err
}
