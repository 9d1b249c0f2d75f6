package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"strconv"
	"strings"
	"unicode"

	"offboard/batch"
)

// errNoColumns is a plan that does not say what its rows' cells are.
var errNoColumns = errors.New("the plan names no columns")

// retrySink writes retry.csv: the rows that did not succeed and were not left
// alone on purpose, under the header Plan.Columns, ready to be run again. A
// user stands there once. The package comment says which cells come back
// changed, and why such a row is refused and cannot name anybody else. Without
// such a row not even the header is written.
func retrySink(w *bufio.Writer, p batch.Plan) sink {
	out, begun := csv.NewWriter(w), false
	write := func(cells []string) error {
		record := make([]string, len(cells))
		for i, c := range cells {
			record[i] = cell(c)
		}
		return out.Write(record)
	}
	return func(l *batch.Line) error {
		if l.First != 0 || l.Record.Outcome.Kind() != batch.Failure {
			return nil
		}
		if len(p.Columns) == 0 {
			return errNoColumns
		}
		if !begun {
			begun = true
			if err := write(p.Columns); err != nil {
				return err
			}
		}
		return write(again(l, len(p.Columns)))
	}
}

// again is the row as it is run again, under a header of so many cells.
func again(l *batch.Line, width int) []string {
	if len(l.Row.Cells) == width && !blank(l.Row.Cells...) {
		return l.Row.Cells
	}
	// What these cells mean is not known, or there are none. No cell may land
	// in a key's column, also when a spreadsheet saves the file and evens out
	// its rows; and the row may not look blank, or it would be passed over.
	ragged := make([]string, width+1)
	ragged[width] = l.Row.Input
	if blank(l.Row.Input) {
		ragged[width] = "line " + strconv.Itoa(l.Row.Line)
	}
	return ragged
}

// blank reports whether there is nothing to see in the cells.
func blank(cells ...string) bool {
	for _, c := range cells {
		if strings.ContainsFunc(c, visible) {
			return false
		}
	}
	return true
}

func visible(r rune) bool {
	return !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r)
}
