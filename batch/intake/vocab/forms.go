package vocab

import (
	_ "embed"
	"regexp"
	"strings"
)

//go:embed forms.csv
var formTable []byte

// Form is a line of forms.csv, of what text surely is that is no row or no name of a user. The first
// that fits counts.
type Form struct {
	Of     string         `csv:"of"`     // "line" beside the rows, "line above a header" of a new table, or "cell"
	Begins string         `csv:"begins"` // with one of these, so that most rows need no regular expression; "" for any
	Match  *regexp.Regexp `csv:"form"`
	Why    string         `csv:"why"` // "" of a cell that is a name in a form of its own
}

var notes, shapes = func() (notes, shapes []Form) {
	for _, f := range ReadTable[Form](formTable) {
		if f.Of == "cell" {
			shapes = append(shapes, f)
		} else {
			notes = append(notes, f)
		}
	}
	return notes, shapes
}()

// formOf gives the form of a text, or nil.
func formOf(forms []Form, text string) *Form {
	for i := range forms {
		if f := &forms[i]; text != "" && (f.Begins == "" || strings.IndexByte(f.Begins, text[0]) >= 0) && f.Match.MatchString(text) {
			return f
		}
	}
	return nil
}

// ShapeOf says what a cell is that surely is something else than a name, or "".
func ShapeOf(cell string) string {
	if f := formOf(shapes, cell); f != nil {
		return f.Why
	}
	return ""
}

// CutOff says of what PowerShell shows, and of what is cut off, that it is, or "".
func CutOff(cell string) string {
	if f := formOf(shapes[:2], cell); f != nil {
		return f.Why
	}
	return ""
}

// NoteOf gives the note that a line is, or nil: a line that stands beside the table and is no row of
// it. Notes are matched against a whole line, without what stands around its text, and are narrow: a
// line in doubt is a bad row, which somebody looks at.
func NoteOf(line string) *Form {
	return formOf(notes, strings.TrimFunc(line, func(r rune) bool { return Blank(r) || strings.ContainsRune(`",;|`, r) }))
}
