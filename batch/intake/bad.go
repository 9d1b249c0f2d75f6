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
	all := r.looseCells()
	reason := "a quote is in the wrong place: put quotes around whole cells only, and double those inside"
	switch {
	case parse.Err == csv.ErrFieldCount && r.feed.lines > 1 && r.swallowsRow(true):
		return batch.Row{}, r.feed.openQuote()
	case parse.Err == csv.ErrFieldCount:
		reason = r.whyMiscounted(len(all))
	case r.feed.lines > 1 || !endsOutside(r.feed.text(), r.comma):
		return batch.Row{}, r.feed.openQuote()
	}
	row := batch.Row{Seq: r.rows + 1, Line: r.feed.start, Input: r.shownInput(all)}
	return r.namesNobody(row, &batch.RowError{Reason: reason, Keeps: r.shiftedKeeps(all)})
}

// looseCells are the cells of the record, as far as they can be told apart.
func (r *Reader) looseCells() []string { return splitLoosely(r.feed.text(), r.comma) }

// shownInput gives what can be shown of a record whose cells do not stand in their
// columns. A cell of another column may be a password, so that is little: the
// record when every column says something of the users, or a first cell that nothing has shifted.
func (r *Reader) shownInput(all []string) string {
	if len(r.columns) == len(r.header) && !slices.ContainsFunc(r.columns, func(c column) bool { return c.key == "" }) {
		return trim(strings.ToValidUTF8(r.feed.text(), string(utf8.RuneError)))
	}
	if r.naming[0].index == 0 && len(all) > len(r.header) {
		return strings.ToValidUTF8(all[0], string(utf8.RuneError))
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
