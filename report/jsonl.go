package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"offboard/batch"
)

// jsonlSink writes report.jsonl: one JSON object per line, in UTF-8, with the
// columns of report.csv as keys in the same order. Every key is in every object.
// Text is exact, but for bytes that are no UTF-8, which become U+FFFD.
type jsonlSink struct {
	w    *bufio.Writer
	keys [len(columns)]string // with the punctuation around them
	buf  []byte
}

func newJSONL(w io.Writer) *jsonlSink {
	s := &jsonlSink{w: bufio.NewWriterSize(w, bufferSize)}
	for i, c := range columns {
		s.keys[i] = `,"` + c.name + `":`
	}
	s.keys[0] = "{" + s.keys[0][1:]
	return s
}

func (s *jsonlSink) add(l *batch.Line) error {
	b := s.buf[:0]
	for i := range columns {
		b = append(b, s.keys[i]...)
		b = columns[i].value(l).appendJSON(b)
	}
	b = append(b, "}\n"...)
	s.buf = b
	if _, err := s.w.Write(b); err != nil {
		return fmt.Errorf("write report as JSON Lines: %w", err)
	}
	return nil
}

func (s *jsonlSink) end() error {
	if err := s.w.Flush(); err != nil {
		return fmt.Errorf("write report as JSON Lines: %w", err)
	}
	return nil
}

// appendJSON appends the value as JSON; unknown is null.
func (v value) appendJSON(b []byte) []byte {
	switch v.kind {
	case numeral:
		return append(b, v.text...)
	case plain:
		return appendQuoted(b, v.text)
	case foreign:
		if isPlain(v.text) && !strings.ContainsAny(v.text, `"\`) {
			return appendQuoted(b, v.text)
		}
		return appendString(b, v.text)
	}
	return append(b, "null"...)
}

// appendQuoted appends text that needs no escape, as nearly all text does.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendString appends any text. It leaves <, > and & as they are: a report is
// no web page.
func appendString(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always has a JSON form, and a buffer takes it
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
