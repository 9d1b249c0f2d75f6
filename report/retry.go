package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
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
// changed, and why such a row is refused and cannot name anybody else.
type retrySink struct {
	w     *csv.Writer
	width int // of the header
	row   []string
	rows  bool // there is one below the header
}

func newRetry(w io.Writer, meta Meta) (*retrySink, error) {
	if len(meta.Plan.Columns) == 0 {
		return nil, fmt.Errorf("write rows to run again: %w", errNoColumns)
	}
	s := &retrySink{
		w:     csv.NewWriter(bufio.NewWriterSize(w, bufferSize)),
		width: len(meta.Plan.Columns),
	}
	return s, s.write(meta.Plan.Columns)
}

func (s *retrySink) add(l *batch.Line) error {
	if l.First != 0 || l.Record.Outcome.Kind() != batch.Failure {
		return nil
	}
	s.rows = true
	if len(l.Row.Cells) == s.width && !blank(l.Row.Cells...) {
		return s.write(l.Row.Cells)
	}
	// What these cells mean is not known, or there are none. No cell may land
	// in a key's column, also when a spreadsheet saves the file and evens out
	// its rows; and the row may not look blank, or it would be passed over.
	ragged := make([]string, s.width+1)
	ragged[s.width] = l.Row.Input
	if blank(l.Row.Input) {
		ragged[s.width] = "line " + strconv.Itoa(l.Row.Line)
	}
	return s.write(ragged)
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

func (s *retrySink) write(cells []string) error {
	s.row = s.row[:0]
	for _, c := range cells {
		s.row = append(s.row, cell(c))
	}
	if err := s.w.Write(s.row); err != nil {
		return fmt.Errorf("write rows to run again: %w", err)
	}
	return nil
}

func (s *retrySink) end() error {
	s.w.Flush()
	if err := s.w.Error(); err != nil {
		return fmt.Errorf("write rows to run again: %w", err)
	}
	return nil
}
