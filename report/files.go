package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"unicode"

	"offboard/batch"
)

// sink writes one line to a file, or leaves it out. It is given the line, and its cells
// as [columnsOf] has them; it changes neither, and keeps neither.
type sink func(l *batch.Line, cells []string) error

// format is a file of the report that has lines.
type format struct {
	name string
	open func(w *bufio.Writer, p batch.Plan) sink
	page func(w *bufio.Writer, e *End) (add sink, end func() error) // in the place of open: it tells all of the run, and has more behind its lines
	some bool                                                       // it has some lines only, and is not there without any

	tried bool                    // it is of what was tried, and not there of a dry run
	steps func([]batch.Step) bool // it is there only of a run of whose steps this is true; nil is any
}

// isOf reports whether the report of a run can have the file.
func (f format) isOf(e *End) bool {
	return !(f.tried && e.Dry) && (f.steps == nil || f.steps(e.Plan.Steps))
}

// begin gives what writes the file's lines, and what is behind them.
func (f format) begin(w *bufio.Writer, e *End) (add sink, end func() error) {
	if f.page != nil {
		return f.page(w, e)
	}
	return f.open(w, e.Plan), func() error { return nil }
}

// formats are those files in the order in which people are told of them. A new file is a
// new line here.
var formats = []format{
	{name: pageName, page: openPage},
	{name: csvName, open: allCSV},
	{name: jsonlName, open: allJSON},
	{name: targetsName, open: targetsCSV, some: true, steps: batch.Several},
	{name: followupName, open: followupCSV, some: true, tried: true, steps: batch.FollowedUp},
	{name: RetryName, open: retryCSV, some: true, tried: true},
}

// csvRecords writes records in UTF-8, whose cells no spreadsheet takes for formulas.
// Fields are separated by commas and records ended by "\n", which spreadsheets and Unix
// tools both read.
//
// There is no byte order mark. It would make Excel guess the encoding right on
// a double click, and it would make every other reader find a column named
// "\ufeffline". Nearly all cells are ASCII; for the rest, Excel's own import
// asks for the encoding.
func csvRecords(w *bufio.Writer) func(cells []string) error {
	out := csv.NewWriter(w) // it writes to w at once, as w is buffered
	var record []string
	return func(cells []string) error {
		if !slices.ContainsFunc(cells, func(c string) bool { return !isBare(c) }) { // as nearly always: this is faster
			for i, c := range cells {
				if i > 0 {
					w.WriteByte(',')
				}
				w.WriteString(c)
			}
			return w.WriteByte('\n') // w keeps an error
		}
		record = record[:0]
		for _, c := range cells {
			record = append(record, cell(c))
		}
		return out.Write(record)
	}
}

// allCSV writes report.csv: a header, and a record for each line.
func allCSV(w *bufio.Writer, p batch.Plan) sink {
	write := csvRecords(w)
	_ = write(headerOf(columnsOf(p))) // an error of w comes again with the next write, or when it is flushed
	return func(_ *batch.Line, cells []string) error { return write(cells) }
}

// headerOf are the names of the columns.
func headerOf[of any](columns []column[of]) (names []string) {
	for _, c := range columns {
		names = append(names, c.name)
	}
	return names
}

// allJSON writes report.jsonl: an object for each line, with the columns of report.csv as
// keys in the same order. Every key is in every object. The steps of a line are a list of
// objects in it.
func allJSON(w *bufio.Writer, p batch.Plan) sink {
	var b []byte
	columns := columnsOf(p)
	return func(l *batch.Line, cells []string) error {
		b = append(appendLine(b[:0], p, columns, cells, l), '\n')
		_, err := w.Write(b)
		return err
	}
}

// errNoColumns is a plan that does not say what its rows' cells are.
var errNoColumns = errors.New("the plan names no columns")

// retryCSV writes retry.csv: the rows that did not succeed, were not left
// alone on purpose, and may end in another way when they are run again, under the header
// Plan.Columns, ready to be run again. Of a user with several writes one that may is
// enough: it is worse than those that may not, and the record is of the worst. A
// user stands there once. A run that takes another one back has no such file: its rows,
// run again, would do once more what was taken back. The package comment says which cells come back
// changed, and why such a row is refused and cannot name anybody else. Without
// such a row not even the header is written.
//
// Unless the input has it, objectId is one more column: the user that the row named in this
// run. A name, an address or a number that is somebody else's by the time that the file is
// run contradicts it, and such a row ends invalid.
func retryCSV(w *bufio.Writer, p batch.Plan) sink {
	header := p.Columns
	named := slices.ContainsFunc(header, func(c string) bool { return strings.EqualFold(c, objectID) })
	if !named {
		header = append(slices.Clip(header), objectID)
	}
	write := someCSV(w, header...)
	return func(l *batch.Line, _ []string) error {
		if !mayChange(p, l) {
			return nil
		}
		if len(p.Columns) == 0 {
			return errNoColumns
		}
		id := []string{""}
		switch l.Record.Outcome {
		case batch.Invalid, batch.Ambiguous, batch.NotFound: // whom it means is the question
		default:
			id[0] = l.User.ID
		}
		if named {
			id = nil
		}
		return write(again(l, len(p.Columns), id))
	}
}

// objectID is the column that retry.csv adds.
const objectID = "objectId"

// mayChange reports whether a row may end in another way when it is run again.
func mayChange(p batch.Plan, l *batch.Line) bool {
	o := l.Record.Outcome
	return p.Undoes == "" && l.First.Line == 0 && o.Kind() == batch.Failure && o != batch.NotPossible && o != batch.Ineffective
}

// again is the row as it is run again, under a header of so many cells and those of more.
func again(l *batch.Line, width int, more []string) []string {
	if len(l.Row.Cells) == width && !blank(l.Row.Cells...) {
		return append(slices.Clip(l.Row.Cells), more...)
	}
	width += len(more)
	// What these cells mean is not known, or there are none. No cell may land
	// in a key's column, also when a spreadsheet saves the file and evens out
	// its rows; and the row may not look blank, or it would be passed over.
	ragged := make([]string, width+1)
	ragged[width] = l.Row.Input
	if blank(l.Row.Input) {
		ragged[width] = l.Row.Place().String()
	}
	return ragged
}

// blank reports whether there is nothing to see in the cells.
func blank(cells ...string) bool {
	for _, c := range cells {
		if strings.ContainsFunc(c, func(r rune) bool { return !isInvisible(r) && !unicode.IsControl(r) }) {
			return false
		}
	}
	return true
}
