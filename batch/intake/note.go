package intake

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

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

// setHeading takes a record that names nobody, and has one cell that is filled, for a line
// that says something of the rows below it, such as "Stayers" or "Best regards,": no list of
// words is ever whole. It is none if the cell is a number, a word for nothing or written as no
// word is, or stands behind the users' column: then it is a row that lacks its user.
func (r *Reader) setHeading(all []string) bool {
	filled := func(c string) bool { return c != "" }
	at := slices.IndexFunc(all, filled)
	if at < 0 || at > r.naming[len(r.naming)-1].index || slices.ContainsFunc(all[at+1:], filled) {
		return false
	}
	cell := all[at]
	letter, digit := strings.ContainsFunc(cell, unicode.IsLetter), strings.ContainsFunc(cell, unicode.IsDigit)
	odd := func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsMark(c) && !strings.ContainsRune("-–_&/'’+", c)
	}
	word := strings.TrimFunc(cell, unicode.IsPunct)
	if strings.Contains(cell, "@") || shapeOf(cell) != "" || digit && !letter || saysNothing(cell) && !strings.HasPrefix(cell, "--") || !strings.ContainsFunc(cell, unicode.IsSpace) && strings.ContainsFunc(word, odd) {
		return false
	}
	said := ""
	if at < len(r.all) && r.all[at].place >= 0 { // another column may hold passwords
		said = fmt.Sprintf(" %q", strings.ToValidUTF8(cell, "\uFFFD"))
	}
	if r.heading == "" {
		r.heading = fmt.Sprintf("line %d%s stands alone above this row, and may say that the rows below it are not meant: if they are, take that line out, and if not, the rows", r.rec.Line, said)
	}
	return true
}

// saysStay reports whether a title above rows, or the name of their sheet, seems to say that
// they are not meant.
func saysStay(title string) bool {
	title = strings.ReplaceAll(fold(title), "active directory", "")
	words := strings.FieldsFunc(title, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsMark(c) && c != '\'' })
	return cellWords["stay title"][title] || slices.ContainsFunc(words, func(w string) bool {
		return cellWords["stay title"][w] || cellWords["remark"][w] && w != "until" && w != "leave" // "Leavers until November"
	})
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
