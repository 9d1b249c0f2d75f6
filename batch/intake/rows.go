package intake

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"offboard/batch"
)

// maxColumns is how many columns can be read, as in the tag of cells.
const maxColumns = 64

// cells are what gocsv fills: the cells of the columns that are read, in their order.
//
// That records are read with gocsv is a fixed choice of the project. It is asked for two
// things: the header, and of each record these cells. What a record is, encoding/csv
// says, with the settings of newCSV.
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
		line, err := r.nextLine()
		if err != nil {
			return batch.Row{}, err
		}
		if r.blankLine(line) {
			r.skip(r.src.no, "blank line")
			continue
		}
		r.feed.begin(line, r.src.no)
		if row, err := r.readRecord(); err != errSkipped {
			return row, err
		}
	}
}

// nextLine gives the next line of the rows.
func (r *Reader) nextLine() (line []byte, err error) {
	if line = r.waiting; line != nil {
		r.waiting = nil
		return line, nil
	}
	if line, err = r.src.next(); err == nil {
		err = r.checkLine(line)
	}
	return line, err
}

// blankLine reports whether a line is made of nothing but blanks and delimiters.
func (r *Reader) blankLine(line []byte) bool {
	if len(line) > 0 && visibleASCII(line[0]) && rune(line[0]) != r.comma {
		return false
	}
	return len(bytes.TrimFunc(line, func(c rune) bool { return c == r.comma || blank(c) })) == 0
}

// readRecord makes a row of the record that starts on the line just read. A record has
// the first of these reasons that holds: its shape (unreadable), bytes that are no UTF-8, a
// gate that holds it back, and why its cells name nobody. A row that says that its user
// stays, and means nobody, has the last two as one. A record that names nobody may be no
// row at all, so namesNobody is asked first, whatever the reason.
func (r *Reader) readRecord() (batch.Row, error) {
	v, err := r.csv.Read()
	if err != nil {
		return r.unreadable(err)
	}
	if r.feed.lines > 1 && r.swallowsRow(false) {
		return batch.Row{}, r.feed.openQuote()
	}
	row, whyNobody := r.newRow(v.(*cells).Cells) // gocsv returns the type that it was given
	h := r.rule(row.Cells)
	row.From = h.from
	e := &batch.RowError{Outcome: h.outcome, Reason: h.reason}
	if h.passes() {
		e.Reason = whyNobody
	}
	if h.userStays {
		var said bool
		if e.Keeps, said = r.whomMeant(row.Cells); said && len(e.Keeps) == 0 && h.outcome == batch.Skipped {
			e.Outcome, e.Reason = "", whyNobody+", in a row that says that somebody stays ("+h.reason+")"
		}
	}
	if !utf8.Valid(r.feed.raw) {
		whyNobody = "the line is not UTF-8: " + asUTF8
		e.Outcome, e.Reason = "", whyNobody
		row.Input, row.Cells = strings.ToValidUTF8(row.Input, "\uFFFD"), nil
	}
	switch {
	case whyNobody != "": // perhaps it is no row at all, whatever a gate says
		return r.namesNobody(row, e)
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

// namesNobody decides what a record that names nobody is: a line that is no row, the
// header of another table, or the bad row of the error.
func (r *Reader) namesNobody(row batch.Row, e *batch.RowError) (batch.Row, error) {
	all := r.looseCells()
	n := noteOf(r.feed.text())
	whole := len(all) == len(r.header) && row.Cells != nil
	switch {
	case strings.Join(all, "") == "":
		r.skip(row.Line, "blank row")
	case n != nil:
		r.headerDue = r.headerDue || n.headerBelow
		r.skip(row.Line, n.reason)
	case r.contradictsHeader(all):
		return batch.Row{}, r.otherTable()
	case whole && r.repeatsHeader(all):
		r.headerDue = false
		r.skip(row.Line, "repeated header")
	case r.headerDue:
		return batch.Row{}, r.otherTable()
	case whole && isExample(r.namingCells(row.Cells)):
		r.skip(row.Line, "example row")
	default:
		return refuse(row, e)
	}
	return batch.Row{}, errSkipped
}
