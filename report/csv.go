package report

import (
	"bufio"
	"encoding/csv"
	"strings"

	"offboard/batch"
)

// csvSink writes report.csv: a header, then one record per line, in UTF-8,
// fields separated by commas, records ended by "\n", which spreadsheets and Unix
// tools both read.
//
// There is no byte order mark. It would make Excel guess the encoding right on
// a double click, and it would make every other reader find a column named
// "\ufeffline". Nearly all cells are ASCII; for the rest, Excel's own import
// asks for the encoding.
func csvSink(w *bufio.Writer, _ batch.Plan) sink {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	_, _ = w.WriteString(strings.Join(names, ",") + "\n")            // an error of w comes again with the next write, or when it is flushed
	quoting, cells := csv.NewWriter(w), make([]string, len(columns)) // writes into w, which is a large bufio.Writer
	var b []byte
	return func(l *batch.Line) error {
		b = b[:0]
		for _, c := range columns {
			start := len(b)
			b = c.value(b, l)
			if (c.kind == freeText || c.kind == knownText) && !isBare(b[start:]) {
				for i, c := range columns {
					cells[i] = cell(string(c.value(nil, l)))
				}
				return quoting.Write(cells)
			}
			b = append(b, ',')
		}
		b[len(b)-1] = '\n'
		_, err := w.Write(b)
		return err
	}
}

// isBare reports whether text stands in a CSV file as it is, as nearly all text does:
// it needs neither quotes nor [cell]. It may be told of text that does not either.
func isBare(text []byte) bool {
	for i, c := range text {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i == 0, c < ' ', c > '~', c == ',', c == ';', c == '"', c == '\\':
			return false
		}
	}
	return true
}
