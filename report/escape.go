package report

import (
	"strings"
	"unicode"
)

// formula holds the signs that make a spreadsheet take a cell for a formula,
// with the full-width forms that it reads the same way. Tab and carriage
// return, which belong to every such list, never get as far as here: clean
// takes them out of the cell.
const formula = "=+-@＝＋－＠"

// cell makes text safe to stand in a CSV file.
func cell(s string) string {
	if isBare(s) {
		return s
	}
	return escape(clean(s))
}

// isBare reports whether text is the same in CSV, in JSON and on a terminal, as nearly all
// text is. It is strict: it refuses some text that is the same too.
func isBare(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i == 0, c < ' ', c > '~', c == ',', c == ';', c == '"', c == '\\':
			return false
		}
	}
	return true
}

// clean puts a space in place of every control character and of the two
// separators that some programs break lines at, and makes the text valid UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r // a bad byte comes as utf8.RuneError and is written as U+FFFD
	}, s)
}

// escape puts an apostrophe before text that a spreadsheet would take for a formula.
//
// Where the comma is the decimal sign, a double click splits the file at
// semicolons and takes no notice of quotes in the middle of what it then
// thinks is a cell. So every part between semicolons is escaped like a cell of
// its own.
//
// Text that begins with an apostrophe is no formula, and is left alone. So a cell that
// was escaped does not change again when its row comes back in the next retry.csv.
func escape(s string) string {
	head, tail, more := strings.Cut(s, ";")
	if isFormula(head) {
		head = "'" + head
	}
	if !more {
		return head
	}
	return head + ";" + escape(tail)
}

// isFormula reports whether s begins with a formula's sign, once what a spreadsheet
// may drop or unwrap is gone: blanks, invisible characters, double quotes.
func isFormula(s string) bool {
	for _, r := range s {
		if r != '"' && !isInvisible(r) {
			return strings.ContainsRune(formula, r)
		}
	}
	return false
}

// isInvisible reports whether a character is a blank or a format character.
func isInvisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }
