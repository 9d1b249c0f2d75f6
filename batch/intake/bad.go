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

// broken deals with a record that gocsv could not read.
func (r *Reader) broken(err error) (batch.Row, error) {
	parse, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		if err == io.EOF {
			err = r.feed.openQuote()
		}
		return batch.Row{}, err
	}
	text := r.feed.record()
	reason := "a quote is in the wrong place: put quotes around whole cells only, and double those inside"
	switch {
	case parse.Err == csv.ErrFieldCount && r.feed.lines > 1 && r.swallowed(true):
		return batch.Row{}, r.feed.openQuote()
	case parse.Err == csv.ErrFieldCount:
		reason = r.miscounted(len(split(text, r.comma)))
	case r.feed.lines > 1 || !endsOutside(text, r.comma):
		return batch.Row{}, r.feed.openQuote()
	}
	return r.bad(&batch.RowError{Row: batch.Row{Line: r.feed.start, Input: r.show(text)}, Reason: reason, Keeps: r.shiftedKeeps(split(text, r.comma))})
}

// bad decides what a record that names nobody is: a line that is no row, the
// header of another table, or the bad row of the error.
func (r *Reader) bad(e *batch.RowError) (batch.Row, error) {
	row := e.Row
	text := r.feed.record()
	all := split(text, r.comma)
	n := noteOf(text)
	whole := len(all) == len(r.header) && row.Cells != nil
	switch {
	case strings.Join(all, "") == "":
		r.skip(row.Line, "blank row")
	case n != nil:
		r.table = r.table || n.table
		r.skip(row.Line, n.reason)
	case r.contradicts(all):
		return batch.Row{}, r.otherTable()
	case whole && r.repeats(all):
		r.table = false
		r.skip(row.Line, "repeated header")
	case r.table:
		return batch.Row{}, r.otherTable()
	case whole && isExample(r.ours(row.Cells)):
		r.skip(row.Line, "example row")
	default:
		return row, e
	}
	return batch.Row{}, errSkipped
}

// ours are the cells of the columns that name users.
func (r *Reader) ours(cells []string) []string {
	var own []string
	for i, c := range r.columns {
		if c.key {
			own = append(own, cells[i])
		}
	}
	return own
}

// show gives what can be shown of a record whose cells do not stand in their
// columns. A cell of another column may be a password, so that is little: the
// record when every column is ours, or a first cell that nothing has shifted.
func (r *Reader) show(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(r.columns) == len(r.header) && !slices.ContainsFunc(r.columns, gateOnly) {
		return trim(text)
	}
	if all := split(text, r.comma); r.named[0].index == 0 && len(all) > len(r.header) {
		return all[0]
	}
	return ""
}

// swallowed reports whether a record of several lines holds a line that would
// be a good row, so that a closing quote was lost further up. In a record with
// the wrong number of cells, a line with the name of a user in any cell is enough.
func (r *Reader) swallowed(miscounted bool) bool {
	namesUser := func(cell string) bool {
		cell = strings.Trim(cell, `"`)
		return checkID(cell) == "" || checkUPN(cell) == "" || r.named[0].kind == mailKind && checkMail(cell) == ""
	}
	employee := r.named[0].kind == employeeKind
	_, below, _ := strings.Cut(r.feed.record(), "\n")
	for line := range strings.SplitSeq(below, "\n") {
		all := split(line, r.comma)
		if miscounted && slices.ContainsFunc(all, namesUser) {
			return true
		}
		if i := r.named[0].index; employee && i < len(all) && len(all) >= len(r.header) && idLike(strings.Trim(all[i], `"`)) {
			return true
		}
		if len(all) == len(r.header) && slices.ContainsFunc(r.columns, func(c column) bool { return namesUser(all[c.index]) }) {
			return true
		}
	}
	return false
}

// contradicts reports whether a record that names nobody is a header that does
// not fit ours. "ID" alone in a column that is not ours says little: it may be
// the state of Idaho.
func (r *Reader) contradicts(all []string) bool {
	if looksLikeData(all) {
		return false // a header names no user: an audit log's cells may hold names of properties
	}
	ours := func(i int) bool {
		return slices.ContainsFunc(r.columns, func(c column) bool { return c.index == i && !gateOnly(c) })
	}
	for i, cell := range all {
		switch {
		case kindOf(cell) == noKind, normalise(cell) == "id" && !ours(i):
		case i >= len(r.header) || !r.fits(i, cell):
			return true
		}
	}
	for _, c := range r.columns {
		if c.index >= len(all) || gateOnly(c) {
			continue
		}
		name := normalise(all[c.index])
		for i, n := range r.names {
			if i != c.index && n != "" && n == name && name != r.names[c.index] {
				return true
			}
		}
	}
	return false
}

// fits reports whether a cell is the header of its own column, or an alias of
// the same kind.
func (r *Reader) fits(i int, cell string) bool {
	if name := normalise(cell); name != "" && name == r.names[i] {
		return true
	}
	is, known := recogniseAny(cell)
	of, _ := recogniseAny(r.header[i])
	return known && is.kind == of.kind
}

// repeats reports whether a record says the header again: the cells of all our
// columns do, or, in a row of labels below a row of keys, at least two cells.
func (r *Reader) repeats(all []string) bool {
	same := 0
	for i, cell := range all {
		if r.fits(i, cell) {
			same++
		}
	}
	for _, c := range r.columns {
		if !gateOnly(c) && !r.fits(c.index, all[c.index]) {
			return same >= 2 && !r.body
		}
	}
	return true
}

// otherTable ends the reading where the columns may change their meaning.
func (r *Reader) otherTable() error {
	return &InputError{Line: r.feed.start, Reason: "a second table with other columns seems to start here: split the file, and run each part by itself"}
}

// isExample reports whether our cells are the example of a template.
func isExample(own []string) bool {
	found := false
	for _, cell := range own {
		is := len(cell) >= 8 && strings.EqualFold(cell[:8], "example:")
		if cell != "" && !is {
			return false
		}
		found = found || is
	}
	return found
}

// inColumn adds the column's name to a reason if two name users.
func (r *Reader) inColumn(c column, why string) string {
	if len(r.named) == 1 {
		return why
	}
	return fmt.Sprintf("column %q: %s", c.name, why)
}

func (r *Reader) columnList() string {
	if len(r.named) == 1 {
		return fmt.Sprintf("column %q", r.named[0].name)
	}
	return "columns " + strings.ReplaceAll(list(names(r.named)), ", ", " and ")
}

func (r *Reader) miscounted(cells int) string {
	switch {
	case cells == 1:
		return fmt.Sprintf("1 cell where the header has %d: the others are missing", len(r.header))
	case cells < len(r.header):
		return fmt.Sprintf("%d cells where the header has %d: some are missing, and the rest may have shifted", cells, len(r.header))
	}
	return fmt.Sprintf("%d cells where the header has %d: put quotes around a cell that holds the delimiter %s", cells, len(r.header), delimiterName(r.comma))
}
