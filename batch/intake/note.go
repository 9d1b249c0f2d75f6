package intake

import (
	"regexp"
	"slices"
	"strings"

	"offboard/batch"
)

// A note is a line that stands beside the table and is no row of it.
type note struct {
	reason      string
	headerBelow bool   // a new table starts below it, with a header
	begins      string // with one of these, so that most rows need no regular expression
	match       *regexp.Regexp
}

// notes are matched against a whole line, without blanks, quotes and
// delimiters at its ends. They are narrow on purpose: a line that is in doubt
// is a bad row, which somebody looks at, and not a skipped one.
var notes = []note{
	{"version line", true, "vV", regexp.MustCompile(`(?i)^version:v?[0-9]+(\.[0-9]+)*$`)},
	{"PowerShell type line", true, "#", regexp.MustCompile(`^#TYPE( .*)?$`)},
	{"separator line", true, "sS", regexp.MustCompile(`(?i)^sep=`)},
	{"footer", false, "(0123456789", regexp.MustCompile(`(?i)^\(?[0-9]+ (rows?|records?)( (affected|selected|returned|in set( \([0-9.,]+ sec\))?))?\)?\.?$`)},
	{"footer", false, "tT", regexp.MustCompile(`(?i)^total( rows| records| users)?[ :=]*[,;|\t]*[ "]*[0-9]+$`)},
	{"footer", false, "-eE", regexp.MustCompile(`(?i)^-* ?end of (file|report|list|data)\.? ?-*$`)},
	{"footer", false, "pPsS", regexp.MustCompile(`(?i)^(page|seite|p[aá]gina) ?[0-9]+( ?(of|von|sur|de|di|/) ?[0-9]+)?$`)},
	{"line of dashes", false, "+:-=_", regexp.MustCompile(`^[+:]*((-{3,}|={3,}|_{3,})["+:,;|\s]*)+$`)},
	{"end-of-file mark", false, "\x1a", regexp.MustCompile("^\x1a$")},
}

// noteOf gives the note that a line is, or nil.
func noteOf(line string) *note {
	text := strings.TrimFunc(line, func(r rune) bool { return blank(r) || strings.ContainsRune(`",;|`, r) })
	for i := range notes {
		if n := &notes[i]; text != "" && strings.IndexByte(n.begins, text[0]) >= 0 && n.match.MatchString(text) {
			return n
		}
	}
	return nil
}

// onlyCell gives the one cell that is filled, or "" if there are more, or it is an address.
func onlyCell(cells []string) (only string) {
	for _, c := range cells {
		if c != "" && only != "" || strings.Contains(c, "@") {
			return ""
		}
		only += c
	}
	return only
}

// isHeading reports whether the only cell of a row that is filled says something of the rows
// below it: it ends with a colon, or has a word such as "not".
func isHeading(cell string) bool {
	return strings.HasSuffix(cell, ":") || slices.ContainsFunc(strings.Fields(cell), func(w string) bool { return cellWords["remark"][fold(w)] })
}

// isExample reports whether a cell is the example of a template.
func isExample(cell string) bool { return strings.HasPrefix(batch.LowerASCII(cell), "example:") }

// isExampleRow reports whether of the cells that name the user one is an example, and the
// others are empty.
func (r *Reader) isExampleRow(cells []string) (found bool) {
	for i, c := range r.columns {
		if !c.names || cells[i] == "" {
			continue
		}
		if found = isExample(cells[i]); !found {
			return false
		}
	}
	return found
}
