package report

import (
	"bufio"
	"encoding/json"
	"strings"

	"offboard/batch"
)

// jsonlSink writes report.jsonl: one JSON object per line, in UTF-8, with the
// columns of report.csv as keys in the same order. Every key is in every object.
// Text is exact, but for bytes that are no UTF-8, which become U+FFFD.
func jsonlSink(w *bufio.Writer, _ batch.Plan) sink {
	var b []byte
	return func(l *batch.Line) error {
		b = b[:0]
		for i := range columns {
			b = append(b, `,"`...)
			b = append(b, columns[i].name...)
			b = append(b, `":`...)
			b = appendJSON(b, columns[i].kind, columns[i].value(l))
		}
		b[0] = '{'
		b = append(b, "}\n"...)
		_, err := w.Write(b)
		return err
	}
}

// appendJSON appends a value; what is not known is null.
func appendJSON(b []byte, k kind, s string) []byte {
	switch {
	case s == "" && k != always:
		return append(b, "null"...)
	case k == digits:
		return append(b, s...)
	case isPlain(s) && !strings.ContainsAny(s, `"\`): // as nearly all text is
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return append(b, quoted...)
}
