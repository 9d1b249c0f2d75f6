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
func cell(s string) string { return escape(clean(s)) }

// clean puts a space in place of every control character and of the two
// separators that some programs break lines at, and makes the text valid UTF-8.
func clean(s string) string {
	if isPlain(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r // a bad byte comes as utf8.RuneError and is written as U+FFFD
	}, s)
}

// isPlain reports whether s is printable ASCII.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
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
		if r == '"' || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			continue
		}
		return strings.ContainsRune(formula, r)
	}
	return false
}
