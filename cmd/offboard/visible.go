package main

import (
	"fmt"
	"io"
	"sync"
	"unicode"
	"unicode/utf8"
)

// acts reports whether a terminal takes the character for an order, or for a
// change of the order in which others are read. Line ends and tabs are text.
func acts(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r == '\u061c', r == '\u200e', r == '\u200f': // marks of direction
		return true
	case '\u2028' <= r && r <= '\u202e': // separators of lines and paragraphs, embeddings, overrides
		return true
	case '\u2066' <= r && r <= '\u2069': // isolates
		return true
	}
	return unicode.IsControl(r) // C0, DEL and C1
}

// visible writes text in which every character that acts is shown as \u202e and
// the like: what files and services say must not talk to the terminal. It is also
// how JSON writes the character, so that a JSON document stays one, and says the
// same. Bytes that are no text become U+FFFD.
type visible struct {
	w io.Writer

	mu   sync.Mutex // guards what follows; the log writes at any time
	part []byte     // the beginning of a character
	used bool       // something was written
}

func (v *visible) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.used = v.used || len(p) > 0
	if len(v.part) == 0 && harmless(p) {
		return v.w.Write(p)
	}
	in := append(v.part, p...)
	v.part = nil
	out := make([]byte, 0, len(in)+len(in)/8)
	for len(in) > 0 {
		if !utf8.FullRune(in) {
			v.part = append([]byte(nil), in...)
			break
		}
		r, n := utf8.DecodeRune(in)
		in = in[n:]
		if acts(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
			continue
		}
		out = utf8.AppendRune(out, r)
	}
	if _, err := v.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// harmless reports whether all of it is printable ASCII, line ends and tabs.
func harmless(p []byte) bool {
	for _, c := range p {
		if (c < ' ' || c > '~') && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}
