package main

import (
	"io"
	"strings"
	"sync"

	"golang.org/x/text/width"
)

// screen is a terminal with a block of lines at its end that is drawn over itself. All
// else that is written appears above the block. Each line of the block is shorter than the
// terminal is wide, since one that wraps could not be drawn over.
type screen struct {
	w     io.Writer
	width func() int // in columns

	mu    sync.Mutex // guards what follows; the log writes at any time
	shown []int      // the widths of the lines of the block that is there
}

// Write takes the block away, which is drawn again below what is written.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.shown) > 0 {
		if _, err := io.WriteString(s.w, s.back()+"\x1b[J"); err != nil {
			return 0, err
		}
		s.shown = nil
	}
	return s.w.Write(p)
}

// draw puts lines in the place of those before. Each has a colour, which may be none.
func (s *screen) draw(lines []painted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	b.WriteString(s.back())
	s.shown = s.shown[:0]
	for i, l := range lines {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString("\r" + l.String() + "\x1b[K")
		s.shown = append(s.shown, columns(l.text))
	}
	b.WriteString("\x1b[J")
	_, _ = io.WriteString(s.w, b.String()) // an error here loses nothing
}

// back moves to the beginning of the block. A terminal that became narrower has wrapped its
// lines.
func (s *screen) back() string {
	up, now := -1, max(1, s.width())
	for _, w := range s.shown {
		up += max(1, (w+now-1)/now)
	}
	return "\r" + strings.Repeat("\x1b[A", max(0, up))
}

// colour is how a line is painted: what it says stands in words, too.
type colour string

const (
	plain  colour = ""
	yellow colour = "\x1b[33m"
	red    colour = "\x1b[31m"
)

// painted is a line of text, which has nothing in it that acts on a terminal, in a colour.
type painted struct {
	text   string
	colour colour
}

func (p painted) String() string {
	if p.colour == plain {
		return p.text
	}
	return string(p.colour) + p.text + "\x1b[m"
}

// columns is how many columns of a terminal a text takes.
func columns(s string) (n int) {
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

// columnsOf is how many a character takes: two of the wide ones of East Asia.
func columnsOf(r rune) int {
	if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
		return 2
	}
	return 1 // of marks that take none this is too many, and the line is shorter
}

// wrapped breaks a text at its spaces into lines of so many columns, and no more than so
// many lines: the last one is cut.
func wrapped(s string, wide, most int) (lines []string) {
	line := ""
	words := strings.Split(s, " ")
	for i, word := range words {
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) <= wide:
			line += " " + word
		case len(lines) == most-1:
			return append(lines, cut(line+" "+strings.Join(words[i:], " "), wide))
		default:
			lines, line = append(lines, cut(line, wide)), word
		}
	}
	if line == "" {
		return lines
	}
	return append(lines, cut(line, wide))
}

// cut shortens a line to so many columns.
func cut(s string, most int) string {
	if columns(s) <= most {
		return s
	}
	n := 0
	for i, r := range s {
		if n += columnsOf(r); n > most-1 {
			return s[:i] + "…"
		}
	}
	return s
}
