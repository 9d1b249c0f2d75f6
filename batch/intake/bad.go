package intake

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"offboard/batch"
)

// unreadable deals with a record that gocsv could not read.
func (r *Reader) unreadable(err error) (batch.Row, error) {
	parse, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		if err == io.EOF {
			err = r.feed.openQuote()
		}
		return batch.Row{}, err
	}
	text := r.feed.text()
	reason := "a quote is in the wrong place: put quotes around whole cells only, and double those inside"
	switch {
	case parse.Err == csv.ErrFieldCount && r.feed.lines > 1 && r.swallowsRow(true):
		return batch.Row{}, r.feed.openQuote()
	case parse.Err == csv.ErrFieldCount:
		reason = r.whyMiscounted(len(splitLoosely(text, r.comma)))
	case r.feed.lines > 1 || !endsOutside(text, r.comma):
		return batch.Row{}, r.feed.openQuote()
	}
	row := batch.Row{Seq: r.rows + 1, Line: r.feed.start, Input: r.shownInput(text)}
	return r.namesNobody(row, &batch.RowError{Reason: reason, Keeps: r.shiftedKeeps(splitLoosely(text, r.comma))})
}

// namesNobody decides what a record that names nobody is: a line that is no row, the
// header of another table, or the bad row of the error.
func (r *Reader) namesNobody(row batch.Row, e *batch.RowError) (batch.Row, error) {
	text := r.feed.text()
	all := splitLoosely(text, r.comma)
	n := noteOf(text)
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

// shownInput gives what can be shown of a record whose cells do not stand in their
// columns. A cell of another column may be a password, so that is little: the
// record when every column is ours, or a first cell that nothing has shifted.
func (r *Reader) shownInput(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(r.columns) == len(r.header) && !slices.ContainsFunc(r.columns, func(c column) bool { return c.key == "" }) {
		return trim(text)
	}
	if all := splitLoosely(text, r.comma); r.naming[0].index == 0 && len(all) > len(r.header) {
		return all[0]
	}
	return ""
}

// swallowsRow reports whether a record of several lines holds a line that would
// be a good row, so that a closing quote was lost further up. In a record with
// the wrong number of cells, a line with the name of a user in any cell is enough.
func (r *Reader) swallowsRow(miscounted bool) bool {
	namesUser := func(cell string) bool {
		cell = strings.Trim(cell, `"`)
		return checkID(cell) == "" || checkUPN(cell) == "" || r.naming[0].key == batch.ByMail && checkMail(cell) == ""
	}
	employee := r.naming[0].key == batch.ByEmployeeID
	_, below, _ := strings.Cut(r.feed.text(), "\n")
	for line := range strings.SplitSeq(below, "\n") {
		all := splitLoosely(line, r.comma)
		if miscounted && slices.ContainsFunc(all, namesUser) {
			return true
		}
		if i := r.naming[0].index; employee && i < len(all) && len(all) >= len(r.header) && idLike(strings.Trim(all[i], `"`)) {
			return true
		}
		if len(all) == len(r.header) && slices.ContainsFunc(r.columns, func(c column) bool { return namesUser(all[c.index]) }) {
			return true
		}
	}
	return false
}

// contradictsHeader reports whether a record that names nobody is a header that does
// not fit ours. "ID" alone in a column that is not ours says little: it may be
// the state of Idaho.
func (r *Reader) contradictsHeader(all []string) bool {
	if looksLikeData(all) {
		return false // a header names no user: an audit log's cells may hold names of properties
	}
	for i, cell := range all {
		switch key := recognise(cell).key; {
		case key == "" || key.Searched(), normalise(cell) == "id" && !r.saysWho(i):
		case i >= len(r.header) || !r.fitsHeader(i, cell):
			return true
		}
	}
	for i, cell := range all {
		if name := normalise(cell); r.saysWho(i) && name != "" && name != r.normalised[i] && slices.Contains(r.normalised, name) {
			return true
		}
	}
	return false
}

// saysWho reports whether the column with the index is read for what it says of the
// users.
func (r *Reader) saysWho(index int) bool {
	return slices.ContainsFunc(r.columns, func(c column) bool { return c.index == index && c.key != "" })
}

// fitsHeader reports whether a cell is the header of its own column, or an alias of
// the same key.
func (r *Reader) fitsHeader(index int, cell string) bool {
	if name := normalise(cell); name != "" && name == r.normalised[index] {
		return true
	}
	key := recognise(cell).key
	return key != "" && key == recognise(r.header[index]).key
}

// repeatsHeader reports whether a record says the header again: the cells of all our
// columns do, or, in a row of labels below a row of keys, at least two cells.
func (r *Reader) repeatsHeader(all []string) bool {
	fitting, whole := 0, true
	for i, cell := range all {
		if r.fitsHeader(i, cell) {
			fitting++
		} else if r.saysWho(i) {
			whole = false
		}
	}
	return whole || fitting >= 2 && r.rows == 0
}

// otherTable ends the reading where the columns may change their meaning.
func (r *Reader) otherTable() error {
	return &InputError{Line: r.feed.start, Reason: "a second table with other columns seems to start here: split the file, and run each part by itself"}
}

// besideRows reports whether what stands in a column of employee ids is surely a
// line beside the rows, or another header. Any short text can be an employee
// id, so the usual check lets all of those through.
func (r *Reader) besideRows(text string) bool {
	return recognise(text).key != "" || isExample([]string{text}) || noteOf(r.feed.text()) != nil || slices.Contains(r.normalised, normalise(text))
}

// namingCells are the cells of the columns that name the users.
func (r *Reader) namingCells(cells []string) []string {
	var naming []string
	for i, c := range r.columns {
		if c.names {
			naming = append(naming, cells[i])
		}
	}
	return naming
}

// isExample reports whether the cells that name the user are the example of a
// template: one is, and the others are empty.
func isExample(naming []string) bool {
	found := false
	for _, cell := range naming {
		example := strings.HasPrefix(batch.LowerASCII(cell), "example:")
		if cell != "" && !example {
			return false
		}
		found = found || example
	}
	return found
}

// whyMiscounted says what is wrong with the number of cells.
func (r *Reader) whyMiscounted(cells int) string {
	switch {
	case cells == 1:
		return fmt.Sprintf("1 cell where the header has %d: the others are missing", len(r.header))
	case cells < len(r.header):
		return fmt.Sprintf("%d cells where the header has %d: some are missing, and the rest may have shifted", cells, len(r.header))
	}
	return fmt.Sprintf("%d cells where the header has %d: put quotes around a cell that holds the delimiter %s", cells, len(r.header), delimiterName(r.comma))
}
