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

// maxColumns is how many columns can be read, as in the tag of cells.
const maxColumns = 64

// cells are what gocsv fills: the cells of the columns that are read, in their order.
type cells struct {
	Cells []string `csv:"cell" csv[]:"64"`
}

// errSkipped says that a record is no row, and that its line was reported.
var errSkipped = errors.New("no row")

// Rows yields the rows in the order of the input, numbered from 1. A bad row comes with a
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
			r.rows++
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
		if row, err := r.record(); err != errSkipped {
			return row, err
		}
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
	v, err := r.csv.Read()
	if err != nil {
		return r.broken(err)
	}
	if r.feed.lines > 1 && r.swallowed(false) {
		return batch.Row{}, r.feed.openQuote()
	}
	row, noKey := r.row(v.(*cells).Cells) // gocsv returns the type that it was given
	h := r.hold(row.Cells)
	row.From = h.from
	e := &batch.RowError{Outcome: h.outcome, Reason: h.reason}
	if h.reason == "" {
		e.Reason = noKey
	}
	if h.keeps {
		var said bool
		if e.Keeps, said = r.keeps(row.Cells); said && len(e.Keeps) == 0 && h.outcome == batch.Skipped {
			e.Outcome, e.Reason = "", noKey+", in a row that says that somebody stays ("+h.reason+")"
		}
	}
	if !utf8.Valid(r.feed.raw) {
		noKey = "the line is not UTF-8: " + asUTF8
		e.Outcome, e.Reason = "", noKey
		row.Input, row.Cells = strings.ToValidUTF8(row.Input, "\uFFFD"), nil
	}
	switch {
	case noKey != "": // perhaps it is no row at all, whatever a gate says
		return r.bad(row, e)
	case r.headerDue:
		return batch.Row{}, r.otherTable()
	case e.Reason != "":
		return refuse(row, e)
	}
	return row, nil
}

// refuse makes the row, without whom it names, that of the error.
func refuse(row batch.Row, e *batch.RowError) (batch.Row, error) {
	row.ID, row.UPN, row.By, row.Value, row.Claims = "", "", "", "", nil
	e.Row = row
	return row, e
}

// row reads the cells of one record. The reason says why it names nobody.
func (r *Reader) row(texts []string) (row batch.Row, reason string) {
	row = batch.Row{Seq: r.rows + 1, Line: r.feed.start, Cells: make([]string, len(r.columns))}
	for i, col := range r.columns {
		// A copy, since the cell shares its memory with the whole record.
		text := strings.Clone(trim(texts[i]))
		row.Cells[i] = text
		why := ""
		switch {
		case text == "" || col.key == "":
		case col.names:
			if why = r.name(&row, keyOf(col.key, text), text); why != "" && len(r.naming) > 1 {
				why = fmt.Sprintf("column %q: %s", col.name, why)
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
		reason = "no value in " + r.namingList()
	}
	return row, reason
}

// namingList are the columns that name the users, as people write them.
func (r *Reader) namingList() string {
	if len(r.naming) == 1 {
		return fmt.Sprintf("column %q", r.naming[0].name)
	}
	return "columns " + strings.ReplaceAll(list(names(r.naming)), ", ", " and ")
}

// name lets a cell name the row's user, and says why it cannot. Of several columns
// of one key all cells that are not empty must be alike.
func (r *Reader) name(row *batch.Row, key batch.Key, text string) string {
	if key != batch.ByUPN && row.Input == "" {
		row.Input = text
	}
	named := &row.Value
	switch key {
	case batch.ByID:
		text = strings.ToLower(text)
		named = &row.ID
	case batch.ByUPN:
		named = &row.UPN
	default:
		row.By = key
	}
	switch first := *named; {
	case first == "":
		*named = text
	case !batch.SameValue(key, first, text):
		return fmt.Sprintf("says %s where another column says %s: two columns name two users; leave the wrong column out with --ignore-column", text, first)
	}
	switch why := check(key, text); {
	case why == "" && key == batch.ByEmployeeID && r.besideRows(text):
		return whyNameless
	case why == whyNotID && r.opt.Key != "":
		return whyKeyNotID
	case why == whyUPNisID && r.opt.Key != "":
		return whyKeyIsID
	default:
		return why
	}
}

// claim adds what a cell beside those that name the user says of the user, and
// tells why it cannot be held against anybody. A word for nothing says nothing.
func claim(row *batch.Row, col column, text string) string {
	key, why := keyOf(col.key, text), ""
	if !key.Searched() {
		why = check(key, text)
	}
	switch {
	case saysNothing(text), why != "" && slices.Contains(ambiguous, normalise(col.name)):
		return ""
	case why != "":
		return fmt.Sprintf("column %q: %s", col.name, why)
	}
	if key == batch.ByID {
		text = strings.ToLower(text)
	}
	row.Claims = append(row.Claims, batch.Claim{Key: key, Value: text, Column: col.name})
	return ""
}
