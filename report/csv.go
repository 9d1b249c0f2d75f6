package report

import (
	"bufio"
	"strings"
	"unicode"
	"unicode/utf8"

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
	// An error of w comes again with the next write, or when it is flushed.
	_, _ = w.WriteString(strings.Join(names, ",") + "\n")
	var b []byte
	return func(l *batch.Line) error {
		b = b[:0]
		for _, c := range columns {
			start := len(b)
			b = c.value(b, l)
			if (c.kind == freeText || c.kind == knownText) && !isBare(b[start:]) {
				b = append(b[:start], quoted(cell(string(b[start:])))...)
			}
			b = append(b, ',')
		}
		b[len(b)-1] = '\n'
		_, err := w.Write(b)
		return err
	}
}

// isBare reports whether text can be written to a CSV file as it is, without quotes and
// without [cell]. Nearly all text can. It is strict: it refuses some text that could too.
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

// quoted puts quotes around a cell that readers would take apart or trim. The rule is
// that of encoding/csv, whose Writer takes whole records alone. A cell has no line ends.
func quoted(cell string) string {
	first, _ := utf8.DecodeRuneInString(cell)
	if !strings.ContainsAny(cell, `,"`) && !unicode.IsSpace(first) && cell != `\.` { // which ends the input of PostgreSQL's COPY
		return cell
	}
	return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
}
