package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"offboard/batch"
)

// cells are what gocsv fills: the cells of the columns that are read, in their
// order. Most files have one or two, and a field is filled faster than a slice.
type cells struct {
	First  string   `csv:"first"`
	Second string   `csv:"second"`
	More   []string `csv:"more" csv[]:"62"`
}

// maxColumns is how many columns cells can hold.
const maxColumns = 64

// tag is the csv tag of the column in place i.
func tag(i int) string {
	switch i {
	case 0:
		return "first"
	case 1:
		return "second"
	}
	return fmt.Sprintf("more[%d]", i-2)
}

func (c *cells) at(i int) string {
	switch i {
	case 0:
		return c.First
	case 1:
		return c.Second
	}
	return c.More[i-2]
}

// errSkipped says that a record is no row, and that its line was reported.
var errSkipped = errors.New("no row")

// Rows yields the rows in the order of the input. A bad row comes with a
// [*batch.RowError], names nobody (ID, UPN and Value are empty), and reading
// goes on; so does a row that a gate holds back, whose outcome is Skipped.
// Any other error is the last thing yielded, and every later call yields it
// again. The rows are read as they are asked for, so a second call goes on
// where the first one stopped.
func (r *Reader) Rows() iter.Seq2[batch.Row, error] {
	return func(yield func(batch.Row, error) bool) {
		for r.err == nil {
			row, err := r.next()
			if _, bad := errors.AsType[*batch.RowError](err); err != nil && !bad {
				r.err = err
				break
			}
			if !yield(row, err) {
				return
			}
		}
		if r.err != io.EOF {
			yield(batch.Row{}, r.err)
		}
	}
}

// next reads records until one is a row.
func (r *Reader) next() (batch.Row, error) {
	for {
		line, err := r.src.next()
		if err != nil {
			return batch.Row{}, err
		}
		if r.blankLine(line) {
			r.skip(r.src.no, "blank line")
			continue
		}
		r.feed.begin(line, r.src.no)
		row, err := r.record()
		if err == errSkipped {
			continue
		}
		r.body = true
		return row, err
	}
}

// blankLine reports whether a line is made of nothing but blanks and delimiters.
func (r *Reader) blankLine(line []byte) bool {
	if len(line) > 0 && plain(line[0]) && rune(line[0]) != r.comma {
		return false
	}
	return len(bytes.TrimFunc(line, func(c rune) bool { return c == r.comma || blank(c) })) == 0
}

// record makes a row of the record that starts on the line just read.
func (r *Reader) record() (batch.Row, error) {
	v, err := r.cells.Read()
	if err != nil {
		return r.broken(err)
	}
	if r.feed.lines > 1 && r.swallowed(false) {
		return batch.Row{}, r.feed.openQuote()
	}
	row, noKey := r.row(v.(*cells)) // gocsv returns the type that it was given
	held := r.hold(row.Cells)
	row.From = held.from
	outcome, reason := held.outcome, held.why
	if reason == "" {
		reason = noKey
	}
	var keeps []batch.Claim
	if held.keeps {
		var said bool
		if keeps, said = r.keeps(row.Cells); said && len(keeps) == 0 && outcome == batch.Skipped {
			outcome, reason = "", noKey+", in a row that says that somebody stays ("+reason+")"
		}
	}
	if !utf8.Valid(r.feed.raw) {
		noKey = "the line is not UTF-8: " + asUTF8
		outcome, reason = "", noKey
		row.Input = strings.ToValidUTF8(row.Input, "\uFFFD")
		row.Cells = nil
	}
	switch {
	case noKey != "": // perhaps it is no row at all, whatever a gate says
		return r.bad(&batch.RowError{Row: nobody(row), Reason: reason, Outcome: outcome, Keeps: keeps})
	case r.table:
		return batch.Row{}, r.otherTable()
	case reason != "":
		bad := &batch.RowError{Row: nobody(row), Reason: reason, Outcome: outcome, Keeps: keeps}
		return bad.Row, bad
	}
	return row, nil
}

// nobody takes away whom the row names.
func nobody(row batch.Row) batch.Row {
	row.ID, row.UPN, row.By, row.Value, row.Claims = "", "", "", "", nil
	return row
}

// row reads the cells of one record. The reason says why it names nobody.
func (r *Reader) row(c *cells) (batch.Row, string) {
	row := batch.Row{Line: r.feed.start, Cells: make([]string, len(r.columns))}
	reason := ""
	for i, col := range r.columns {
		// A copy, since the cell shares its memory with the whole record.
		text := strings.Clone(trim(c.at(i)))
		row.Cells[i] = text
		why := ""
		switch {
		case text == "" || gateOnly(col):
		case col.key:
			if why = r.name(&row, col.kind.ofCell(text), text); why != "" {
				why = r.inColumn(col, why)
			}
		default:
			why = claim(&row, col, text)
		}
		if reason == "" {
			reason = why
		}
	}
	if row.Input == "" {
		row.Input = row.UPN
	}
	if row.Input == "" {
		reason = "no value in " + r.columnList()
	}
	return row, reason
}

// name lets a cell name the row's user, and says why it cannot. Of several columns
// of one kind all cells that are not empty must be alike.
func (r *Reader) name(row *batch.Row, k kind, text string) string {
	if k != upnKind && row.Input == "" {
		row.Input = text
	}
	said := &row.Value
	switch k {
	case idKind:
		text = strings.ToLower(text)
		said = &row.ID
	case upnKind:
		said = &row.UPN
	default:
		row.By = k.property()
	}
	switch first := *said; {
	case first == "":
		*said = text
	case !batch.SameValue(k.claims(), first, text):
		return fmt.Sprintf("says %s where another column says %s: two columns name two users; leave the wrong column out with --ignore-column", text, first)
	}
	return r.check(k, text)
}

// claim adds what a cell beside those that name the user says of the user, and
// tells why it cannot be held against anybody. A word for nothing says nothing.
func claim(row *batch.Row, col column, text string) string {
	k := col.kind.ofCell(text)
	if k.property() == "" {
		why := k.check(text)
		switch {
		case why == "":
		case saysNothing(text), slices.Contains(loose, normalise(col.name)):
			return ""
		default:
			return fmt.Sprintf("column %q: %s", col.name, why)
		}
		if k == idKind {
			text = strings.ToLower(text)
		}
	} else if saysNothing(text) {
		return ""
	}
	row.Claims = append(row.Claims, batch.Claim{Key: k.claims(), Value: text, Column: col.name})
	return ""
}

// check says why a cell names nobody, or "", in the words of how its column was
// chosen.
func (r *Reader) check(k kind, text string) string {
	why := k.check(text)
	switch {
	case why == "" && k == employeeKind && r.nameless(text):
		return whyNameless
	case r.wants.kind == noKind:
		return why
	case why == whyNotID:
		return whyKeyNotID
	case why == whyUPNisID:
		return whyKeyIsID
	}
	return why
}
