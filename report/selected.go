package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"

	"offboard/batch"
)

// Cells are what a line has in the columns named, as text; "" is not known.
// Text is exact, control characters included. A column that the report does
// not have is not known either.
func Cells(l *batch.Line, names ...string) []string {
	cells := make([]string, len(names))
	for i, name := range names {
		for _, c := range columns {
			if c.name == name {
				cells[i] = c.value(l).text
			}
		}
	}
	return cells
}

// Selected writes one JSON document with two keys: "summary" is what [JSON]
// writes of the whole run, and "lines" a list of the lines given, each as
// report.jsonl has it. The lines are written as they come. After an error the
// document is cut off, and no JSON.
func Selected(w io.Writer, e End, lines iter.Seq2[batch.Line, error]) error {
	var b bytes.Buffer
	if err := JSON(&b, e); err != nil {
		return err
	}
	s := &listSink{jsonl: newJSONL(w)}
	if err := write(s.jsonl.w, `{"summary":`+b.String()+`,"lines":[`+"\n"); err != nil {
		return err
	}
	return pour(lines, s)
}

// listSink writes the columns as a JSON list, and what ends the document.
type listSink struct {
	jsonl *jsonlSink
	sep   string
}

func (s *listSink) add(l *batch.Line) error {
	if err := write(s.jsonl.w, s.sep); err != nil {
		return err
	}
	s.sep = ","
	return s.jsonl.add(l)
}

func (s *listSink) end() error {
	if err := write(s.jsonl.w, "]}\n"); err != nil {
		return err
	}
	return s.jsonl.end()
}

func write(w *bufio.Writer, text string) error {
	if _, err := w.WriteString(text); err != nil {
		return fmt.Errorf("write lines as JSON: %w", err)
	}
	return nil
}
