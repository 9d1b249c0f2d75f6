package report

import (
	"bufio"
	"encoding/csv"

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
	out, record := csv.NewWriter(w), make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.name
	}
	_ = out.Write(record) // an error of w comes again with the next write, or when it is flushed
	return func(l *batch.Line) error {
		for i := range columns {
			record[i] = cell(columns[i].value(l))
		}
		return out.Write(record)
	}
}
