package report

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"

	"offboard/batch"
)

// bufferSize is what a file gathers before it writes.
const bufferSize = 64 << 10

// csvSink writes report.csv: a header, then one record per line, in UTF-8,
// fields separated by commas, records ended by "\n", which spreadsheets and Unix
// tools both read.
//
// There is no byte order mark. It would make Excel guess the encoding right on
// a double click, and it would make every other reader find a column named
// "\ufeffline". Nearly all cells are ASCII; for the rest, Excel's own import
// asks for the encoding.
type csvSink struct {
	w   *csv.Writer
	row [len(columns)]string
}

func newCSV(w io.Writer) (*csvSink, error) {
	s := &csvSink{w: csv.NewWriter(bufio.NewWriterSize(w, bufferSize))}
	for i, c := range columns {
		s.row[i] = c.name
	}
	return s, s.write()
}

func (s *csvSink) add(l *batch.Line) error {
	for i := range columns {
		s.row[i] = columns[i].value(l).csv()
	}
	return s.write()
}

func (s *csvSink) write() error {
	if err := s.w.Write(s.row[:]); err != nil {
		return fmt.Errorf("write report as CSV: %w", err)
	}
	return nil
}

func (s *csvSink) end() error {
	s.w.Flush()
	if err := s.w.Error(); err != nil {
		return fmt.Errorf("write report as CSV: %w", err)
	}
	return nil
}

// csv is the value as a cell; unknown is an empty one.
func (v value) csv() string {
	if v.kind == foreign {
		return cell(v.text)
	}
	return v.text
}
