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

// cells are what gocsv fills: the cells of the columns that are read.
type cells struct {
	ID     string `csv:"id"`
	UPN    string `csv:"upn"`
	Either string `csv:"either"`
}

func (c *cells) of(k kind) string {
	switch k {
	case idKind:
		return c.ID
	case upnKind:
		return c.UPN
	}
	return c.Either
}

// errSkipped says that a record is no row, and that its line was reported.
var errSkipped = errors.New("no row")

// Rows yields the rows in the order of the input. A bad row comes with a
// [*batch.RowError], names nobody (ID and UPN are empty), and reading goes on.
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
		if err == nil && r.table {
			err = r.otherTable()
		}
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
	row, reason := r.row(v.(*cells)) // gocsv returns the type that it was given
	if !utf8.Valid(r.feed.raw) {
		row.Input = strings.ToValidUTF8(row.Input, "\uFFFD")
		row.Cells = nil
		reason = "the line is not UTF-8: " + asUTF8
	}
	if reason != "" {
		return r.bad(row, reason)
	}
	return row, nil
}

// row reads the cells of one record. With a reason, the row names nobody.
func (r *Reader) row(c *cells) (batch.Row, string) {
	row := batch.Row{Line: r.feed.start, Cells: make([]string, len(r.columns))}
	reason := ""
	for i, col := range r.columns {
		// A copy, since the cell shares its memory with the whole record.
		text := strings.Clone(trim(c.of(col.kind)))
		row.Cells[i] = text
		if text == "" {
			continue
		}
		k := col.kind
		if k == eitherKind {
			k = upnKind
			if isGUID(text) {
				k = idKind
			}
		}
		why := ""
		if k == idKind {
			row.ID, why = strings.ToLower(text), checkID(text)
			row.Input = text
		} else {
			row.UPN, why = text, checkUPN(text)
		}
		if why != "" && reason == "" {
			reason = r.inColumn(i, why)
		}
	}
	if row.Input == "" {
		row.Input = row.UPN
	}
	if row.ID == "" && row.UPN == "" {
		reason = "no value in " + r.columnList()
	}
	if reason != "" {
		row.ID, row.UPN = "", ""
	}
	return row, reason
}
