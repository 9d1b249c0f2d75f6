package intake

import (
	"fmt"
	"slices"
	"strings"

	"offboard/batch/intake/vocab"
)

// setHeading takes a record that names nobody, and has one cell that is filled, for a line that says
// something of the rows below it: by its words ("Stayers", "Best regards,", "They stay"), as a sentence
// ("Replaced by"), with a day to come, a colon or a rule of dashes, or in a list below a blank line, where rows follow each other. Any other is a row whose user is misspelt or missing, which holds back nobody
// else; so is one whose cell stands in a column of statuses. One that surely says that they are meant is no doubt.
func (r *Reader) setHeading(all []string) bool {
	filled := func(c string) bool { return c != "" }
	at := slices.IndexFunc(all, filled)
	if at < 0 || slices.ContainsFunc(all[at+1:], filled) || at < len(r.all) && (r.all[at].gate || r.all[at].hr != "") {
		return false
	}
	cell := all[at]
	rule := strings.HasPrefix(cell, "--") || strings.HasPrefix(cell, "__") || strings.HasPrefix(cell, "==")
	apart := r.list && r.blank == r.rec.Line-1 && r.rows > 0 && (r.dense || r.rows == 1)
	later := r.dayToCome([]titled{{cells: all}}, "") != nil
	if likeName(cell) || vocab.ShapeOf(cell) != "" || !rule && !apart && !later && !strings.HasSuffix(cell, ":") && vocab.TitleSays(cell) == "" && vocab.StayNote(cell) == "" && !vocab.IsSentence(cell) {
		return false
	}
	said := ""
	if at < len(r.all) && r.all[at].counts() { // another column may hold passwords
		said = fmt.Sprintf(" %q", strings.ToValidUTF8(cell, "\uFFFD"))
	}
	if r.heading == "" && !vocab.TitleMeans(cell) {
		r.heading = fmt.Sprintf("line %d%s stands alone above this row, and may say that the rows below it are not meant: if they are, take that line out, and if not, the rows", r.rec.Line, said)
	}
	return true
}

// isExampleRow reports whether the only cells that name the user are examples.
func (r *Reader) isExampleRow(cells []string) bool {
	texts := ""
	return !slices.ContainsFunc(r.naming, func(c *column) bool {
		texts += cells[c.place]
		return cells[c.place] != "" && !vocab.IsExample(cells[c.place])
	}) && texts != ""
}

// asHeader holds a record that names nobody against the header: again reports that it says the same,
// or labels for a header of keys; other that it is the header of another table, whose columns
// differ: by a header of ours in another column, or by those of the users beside others, or by any behind
// a blank line. "ID" alone in a column that is not ours may be the state of Idaho.
func (r *Reader) asHeader(all []string) (again, other bool) {
	fitting, differs, same, header := 0, false, false, false
	again = true
	for i, cell := range all {
		c, name, known := &column{}, vocab.Normalise(cell), vocab.Recognise(cell).Known
		if i < len(r.all) {
			c = r.all[i]
		}
		fits := name != "" && name == c.normal || known != "" && known == c.Known
		if fits {
			fitting++
		}
		again = again && (fits || c.key == "")
		differs = differs || !fits && cell != ""
		same = same || name != "" && name == c.normal
		header = header || fits || known != ""
		other = other || !fits && known != "" && !known.Searched() && (name != "id" || c.key != "") ||
			c.key != "" && name != c.normal && r.isHeader(name)
	}
	other = other || r.rows > 0 && differs && r.again != r.rec.Line-1 && (again && same || header && r.blank == r.rec.Line-1)
	// A header names no user: an audit log's cells may hold names of properties.
	return again || fitting >= 2 && r.rows == 0, other && !looksLikeData(all)
}

// isHeader reports whether a text in normal form is the header of a column.
func (r *Reader) isHeader(name string) bool {
	return name != "" && slices.ContainsFunc(r.all, func(c *column) bool { return c.normal == name })
}

// otherTable ends the reading where the columns may change their meaning.
func (r *Reader) otherTable() error {
	return &InputError{Line: r.rec.Line, Reason: "a second table with other columns seems to start here: split the file, and run each part by itself"}
}
