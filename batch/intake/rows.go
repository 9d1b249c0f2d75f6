package intake

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"offboard/batch"
)

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
			if err != nil {
				if _, bad := errors.AsType[*batch.RowError](err); !bad {
					r.err = err
					break
				}
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
		if err := r.nextRecord(); err != nil {
			return batch.Row{}, err
		}
		if len(r.rec.Cells) == 0 {
			r.skip(r.rec.Line, "blank line")
			continue
		}
		if row, err := r.readRecord(); err != errSkipped && !r.elses(row) {
			return row, err
		}
	}
}

// readRecord makes a row of the record just read. A record has the first of these reasons
// that holds: its shape, bytes that are no UTF-8, a gate that holds it back, and why its
// cells name nobody. A row that says that its user stays, and means nobody, has the last
// two as one. A record that names nobody may be no row at all, so namesNobody is asked
// first, whatever the reason.
func (r *Reader) readRecord() (batch.Row, error) {
	cells, why := r.fitted()
	if why != "" {
		return r.misshapen(why)
	}
	row, whyNobody := r.newRow(cells)
	if r.wide > 0 && len(r.rec.Cells) >= len(r.header) && len(r.rec.Cells) != r.width {
		return batch.Row{}, &InputError{Line: r.rec.Line, Reason: fmt.Sprintf("the header has %d cells, this line %d, and line %d has %d with an empty one at its end, so its cells may have shifted: correct the one that is wrong", len(r.header), len(r.rec.Cells), r.wide, r.width)}
	}
	if why = r.misplaced(cells, whyNobody == "", row.Input == ""); why != "" {
		return r.misshapen(why)
	}
	if name := r.struckOut(); name != "" { // by somebody who takes the person out of the list, in this row
		e := &batch.RowError{Reason: fmt.Sprintf("column %q: its cell is struck out in the workbook: take the line off, or delete the row", name)}
		e.Keeps, _ = r.whomMeant(row.Cells)
		row.Cells = nil
		return r.namesNobody(row, e)
	}
	h := r.rule(row.Cells)
	row.From = h.from
	if whyNobody == "" && h.passes() && !r.headerDue && r.heading == "" {
		return row, nil
	}
	e := &batch.RowError{Outcome: h.outcome, Reason: h.reason}
	if whyNobody == "" && h.passes() && r.heading != "" {
		e.Reason = r.heading
		e.Keeps, _ = r.whomMeant(row.Cells)
		row.Cells = nil
		return refuse(row, e)
	}
	if h.passes() {
		e.Reason = whyNobody
	}
	if h.userStays {
		var said bool
		if e.Keeps, said = r.whomMeant(row.Cells); said && len(e.Keeps) == 0 && h.outcome == batch.Skipped {
			e.Outcome, e.Reason = "", whyNobody+", in a row that says that somebody stays ("+h.reason+")"
		}
	}
	if lost := r.notUTF8(row.Cells); lost != "" {
		whyNobody = lost
		e.Outcome, e.Reason = "", lost
		row.Input, row.Cells = strings.ToValidUTF8(row.Input, "\uFFFD"), nil
	}
	switch {
	case whyNobody != "": // perhaps it is no row at all, whatever a gate says
		return r.namesNobody(row, e)
	case r.headerDue:
		return batch.Row{}, r.otherTable()
	}
	return refuse(row, e)
}

// fitted gives the record as many cells as the header has. Empty cells beyond the header
// say nothing, and cells that are missing at the end are empty.
func (r *Reader) fitted() (cells []string, why string) {
	cells, n := r.rec.Cells, len(r.header)
	if r.rec.Fault != "" {
		return nil, r.rec.Fault
	}
	if len(cells) == n {
		return cells, ""
	}
	if len(cells) < n {
		r.padded = append(append(r.padded[:0], cells...), make([]string, n-len(cells))...)
		return r.padded, ""
	}
	if slices.ContainsFunc(cells[n:], func(c string) bool { return trim(c) != "" }) {
		return nil, r.whyMiscounted()
	}
	return cells[:n], ""
}

// struckOut is the first column that counts and whose cell is struck out, or "".
func (r *Reader) struckOut() string {
	for _, c := range r.columns {
		if len(r.rec.Struck) > 0 && c.counts() && slices.Contains(r.rec.Struck, c.index) {
			return c.name
		}
	}
	return ""
}

// notUTF8 names the first byte of a cell that is read which is no UTF-8, or "".
func (r *Reader) notUTF8(cells []string) string {
	for i, c := range r.columns {
		if !c.counts() {
			continue
		}
		if strings.IndexByte(cells[i], 0) >= 0 { // retry.csv cannot have it, and would name somebody else
			return fmt.Sprintf("column %q: a NUL character stands in it, which no text has", c.name)
		}
		if utf8.ValidString(cells[i]) {
			continue
		}
		raw := r.rec.Cells[c.index]
		for at, char := range raw {
			if char != utf8.RuneError || strings.HasPrefix(raw[at:], "\uFFFD") {
				continue
			}
			line, place := r.src.At(c.index, at)
			return fmt.Sprintf("byte %d of line %d (0x%02X) is not UTF-8: say how the file is encoded, such as --encoding windows-1252, or save it again as CSV UTF-8", place, line, raw[at])
		}
	}
	return ""
}

// misshapen deals with a record whose cells may not stand in their columns.
func (r *Reader) misshapen(why string) (batch.Row, error) {
	all := trimAll(r.rec.Cells)
	row := batch.Row{Seq: r.rows + 1, File: r.opt.name, Line: r.rec.Line, Input: r.shownInput(all)}
	return r.namesNobody(row, &batch.RowError{Reason: why, Keeps: r.shiftedKeeps(all)})
}

// shownInput gives what can be shown of a record whose cells do not stand in their
// columns. A cell of another column may be a password, so that is little: the
// record when every column says something of the users, or a first cell that nothing has shifted.
func (r *Reader) shownInput(all []string) string {
	if len(r.columns) == len(r.header) && !slices.ContainsFunc(r.columns, func(c *column) bool { return c.key == "" }) {
		return trim(strings.ToValidUTF8(r.src.Text(), "\uFFFD"))
	}
	if r.naming[0].index == 0 && len(all) > len(r.header) && r.rec.Fault == "" {
		return strings.ToValidUTF8(all[0], "\uFFFD")
	}
	return ""
}

// wouldBeRow reports whether the cells of one line, which stands in a cell of a record that
// has so many, are surely a row: then a closing quote was lost. A name among other cells is
// enough; so is a name alone where the record has the wrong number of cells, or all have one.
func (r *Reader) wouldBeRow(line []string, cells int) bool {
	if len(r.naming) == 0 {
		return false // above the header
	}
	line = trimAll(line)
	key := r.naming[0].key
	namesUser := func(cell string) bool {
		_, _, none := meaning(idOrUPN, cell)
		_, _, noMail := meaning(batch.ByMail, cell)
		return none == "" || key == batch.ByMail && noMail == ""
	}
	if i := r.naming[0].index; key == batch.ByEmployeeID && i < len(line) && len(line) >= len(r.header) && idLike(strings.Trim(line[i], `"`)) {
		return true
	}
	return (len(line) > 1 || cells == 1 || cells != len(r.header)) && slices.ContainsFunc(line, namesUser)
}

// whyMiscounted says what is wrong with the number of cells.
func (r *Reader) whyMiscounted() string {
	cells := len(r.rec.Cells)
	switch {
	case cells == 1:
		return fmt.Sprintf("1 cell where the header has %d: the others are missing", len(r.header))
	case cells < len(r.header):
		return fmt.Sprintf("%d cells where the header has %d: some are missing, and the rest may have shifted", cells, len(r.header))
	}
	return fmt.Sprintf("%d cells where the header has %d: put quotes around a cell that holds the delimiter", cells, len(r.header))
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
	all := trimAll(r.rec.Cells)
	n := noteOf(r.src.Text())
	whole := len(all) == len(r.header) && row.Cells != nil
	switch {
	case strings.Join(all, "") == "":
		r.skip(row.Line, "blank row")
	case n != nil:
		r.headerDue = r.headerDue || n.headerBelow
		if n.reason == "line of dashes" && r.rows > 0 {
			r.setHeading(all)
		}
		r.skip(row.Line, n.reason)
	case r.contradictsHeader(all):
		return batch.Row{}, r.otherTable()
	case whole && r.repeatsHeader(all):
		r.headerDue = false
		r.skip(row.Line, "repeated header")
	case r.headerDue:
		return batch.Row{}, r.otherTable()
	case whole && r.isExampleRow(row.Cells):
		r.skip(row.Line, "example row")
	case r.setHeading(all) && strings.HasSuffix(strings.Join(all, ""), ":"):
		r.skip(row.Line, "heading")
	default:
		return refuse(row, e)
	}
	return batch.Row{}, errSkipped
}
