package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
)

const (
	maxRecordLines = 100     // lines that quoted cells may span within one record
	maxRecordBytes = 1 << 20 // bytes of a line, and of a record
)

// lines reads physical lines and counts them.
type lines struct {
	scan *bufio.Scanner
	no   int // the last line read, from 1
}

func newLines(text io.Reader) *lines {
	scan := bufio.NewScanner(text)
	scan.Buffer(make([]byte, sampleSize), maxRecordBytes)
	return &lines{scan: scan}
}

// next gives the next line without its end. It is good until the next call.
// The error is io.EOF after the last line.
func (l *lines) next() ([]byte, error) {
	more := l.scan.Scan()
	switch err := l.scan.Err(); {
	case err == bufio.ErrTooLong:
		return nil, &InputError{Line: l.no + 1, Reason: fmt.Sprintf("the line is longer than %d bytes: is this a CSV file?", maxRecordBytes)}
	case err != nil: // even if a line came: it may be cut
		return nil, fmt.Errorf("read line %d of the input: %w", l.no+1, err)
	case !more:
		return nil, io.EOF
	}
	l.no++
	return l.scan.Bytes(), nil
}

// feed is what the CSV reader reads from. It hands out one line at a time, and
// the next only when it is asked for more; the CSV reader asks in the middle of
// a record only while a quote is open. So the lines of a record are known
// exactly, and no record can run on through the rest of the input.
type feed struct {
	src   *lines
	raw   []byte // the record so far; every line ends in LF
	read  int    // how much of raw was handed out
	start int    // line of the input on which the record starts
	lines int    // lines of the record
}

// begin makes line the first of a record that starts on line start.
func (f *feed) begin(line []byte, start int) {
	f.raw = append(append(f.raw[:0], line...), '\n')
	f.read, f.start, f.lines = 0, start, 1
}

// Read hands out what is left of the line, or else of the next.
func (f *feed) Read(p []byte) (int, error) {
	if f.read == len(f.raw) {
		if err := f.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.raw[f.read:])
	f.read += n
	return n, nil
}

func (f *feed) more() error {
	if f.lines >= maxRecordLines || len(f.raw) > maxRecordBytes {
		return f.openQuote()
	}
	line, err := f.src.next()
	if err != nil {
		return err
	}
	f.raw = append(append(f.raw, line...), '\n')
	f.lines++
	return nil
}

// openQuote is the error for a record that does not end where it should. It
// names the line of the last quote that stayed open beyond the end of its line.
func (f *feed) openQuote() error {
	line, opened, at, open := f.start, f.start, f.start, false
	for _, b := range f.text() {
		switch {
		case b == '"':
			open = !open
			opened = line
		case b == '\n':
			line++
			if open {
				at = opened
			}
		}
	}
	return &InputError{Line: at, Reason: fmt.Sprintf("a quote opens here and is not closed as it should be (read as far as line %d): close it, or double the quotes inside the cell", f.start+f.lines-1)}
}

// text gives the record, without the last line end.
func (f *feed) text() string { return string(bytes.TrimSuffix(f.raw, []byte("\n"))) }

// newCSV is the one way in which CSV is read here.
func newCSV(r io.Reader, comma rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma = comma
	c.ReuseRecord = true
	c.TrimLeadingSpace = comma != '\t' // it would take empty cells for blanks
	return c
}
