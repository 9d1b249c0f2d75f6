package report

import (
	"bufio"
	"encoding/json"

	"offboard/batch"
)

// jsonlSink writes report.jsonl: one JSON object per line, in UTF-8, with the
// columns of report.csv as keys in the same order. Every key is in every object.
// Text is exact, but for bytes that are no UTF-8, which become U+FFFD.
func jsonlSink(w *bufio.Writer, _ batch.Plan) sink {
	var keys [len(columns)]string
	for i, c := range columns {
		keys[i] = `,"` + c.name + `":`
	}
	keys[0] = "{" + keys[0][1:]
	var b []byte
	return func(l *batch.Line) error {
		b = b[:0]
		for i := range columns {
			b = append(b, keys[i]...)
			b = appendJSON(b, &columns[i], l)
		}
		b = append(b, "}\n"...)
		_, err := w.Write(b)
		return err
	}
}

// appendJSON appends a line's value of a column; what is not known is null.
func appendJSON(b []byte, c *column, l *batch.Line) []byte {
	before := len(b)
	if c.kind == number {
		b = c.value(b, l)
		if len(b) == before {
			b = append(b, "null"...)
		}
		return b
	}
	b = c.value(append(b, '"'), l)
	switch text := b[before+1:]; {
	case len(text) == 0 && c.kind != knownText:
		return append(b[:before], "null"...)
	case c.kind == timestamp || needsNoEscape(text):
		return append(b, '"')
	default:
		quoted, err := json.Marshal(string(text))
		if err != nil {
			panic(err) // a string always has a JSON form
		}
		return append(b[:before], quoted...)
	}
}

// needsNoEscape reports whether text stands in JSON as it is, as nearly all text does.
func needsNoEscape(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
