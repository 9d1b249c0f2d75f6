package intake

import (
	"fmt"
	"io"

	"offboard/batch"
	"offboard/batch/intake/source"
)

// Reader reads the rows of one file. It is for one goroutine.
type Reader struct {
	opt       parsedOptions
	settings  []batch.Setting
	src       source.Source
	rec       source.Record         // the record that is read
	held      bool                  // it was read and is no row yet: the first one of an input without a header
	start     int                   // line on which the header starts
	layout                          // the columns that are read, and the gates
	rows      int                   // that were yielded
	list      bool                  // ids alone, without a header
	headerDue bool                  // a line that starts a new table was met: its header must come
	spare     []string              // memory for the cells of some rows
	keyed     bool                  // each cell has its key, so that none can have shifted
	named     int                   // cells of the header up to the last that is not empty
	width     int                   // cells of the first row
	wide      int                   // its line, if it has more than the header, and may have shifted unless all rows are so
	heading   string                // why the rows below a line are in doubt that may say something of them; or ""
	padded    []string              // the cells of a record that lacks some
	hint      string                // beside an error of the header
	fillers   map[batch.Key]*column // of several columns that name users, the one that named the first
	agree     map[batch.Key]bool    // of keys by which two columns name users: whether they ever name the same
	err       error                 // why reading ended
}

// open reads as far as the header, and decides format, encoding, delimiter and columns.
// The error is an [*InputError] when the options cannot be followed, the input is no table, or
// its header does not tell which column to read or lacks one that was named; or else what
// reading returned. A header without rows is no error. The caller closes the reader.
func open(in source.Input, opt Options) (*Reader, error) {
	parsed, err := opt.parse()
	if err != nil {
		return nil, err
	}
	r, err := openAs(in, parsed)
	if err != nil {
		return nil, err
	}
	decided, same := r.decide()
	if same {
		return r, nil
	}
	r.src.Close()                              // nothing was lost
	parsed.decided, parsed.Skip = decided, nil // what stands above the header was told
	if r, err = openAs(in, parsed); err != nil {
		return nil, err
	}
	r.opt.Skip = opt.Skip
	return r, nil
}

// openAs opens the input with what the cells said of its columns, if anything.
func openAs(in source.Input, opt parsedOptions) (r *Reader, err error) {
	r = &Reader{opt: opt, agree: map[batch.Key]bool{}, fillers: map[batch.Key]*column{}}
	of := source.Options{Encoding: opt.Encoding, Sheet: opt.Sheet, HeaderLine: opt.HeaderLine, IsRow: r.wouldBeRow}
	if !opt.NoHeader {
		of.IsHeader = func(cells []string) bool { return r.fits(trimAll(cells)) }
	}
	if r.src, err = source.Open(in, of); err != nil {
		return nil, err
	}
	r.settings = r.src.Settings()
	for _, s := range r.settings {
		if s.Name == "sheet" && opt.Sheet == "" && saysStay(s.Value) {
			r.src.Close() // the error says more
			return nil, &InputError{Option: "--sheet", Reason: fmt.Sprintf("the sheet that would be read is called %q (%s), which seems to say that its rows are not meant: name the one that is, such as --sheet %[1]q", s.Value, s.Why)}
		}
	}
	if err := r.readHeader(); err != nil {
		r.src.Close() // the error says more
		return nil, err
	}
	return r, nil
}

func (r *Reader) addSetting(name, value, why string) {
	r.settings = append(r.settings, batch.Setting{Name: name, Value: value, Why: why})
}

func (r *Reader) skip(line int, reason string) {
	if r.opt.Skip != nil {
		r.opt.Skip(batch.Skip{File: r.opt.name, Line: line, Reason: reason})
	}
}

// nextRecord reads a record. The error is io.EOF after the last one.
func (r *Reader) nextRecord() error {
	if r.held {
		r.held = false
		return nil
	}
	var err error
	if r.rec, err = r.src.Next(); err != nil && err != io.EOF {
		return err
	}
	for r.rec.Placed && len(r.rec.Cells) > 0 && len(r.rec.Cells) < len(r.header) {
		r.rec.Cells = append(r.rec.Cells, "")
	}
	if err == nil && r.list && !listLine(r.rec.Cells) {
		return &InputError{Line: r.rec.Line, Reason: fmt.Sprintf("the input begins without a header, as a list of ids alone, and this line is no id as line %d is: give one id a line, or put a line with the names of the columns above them", r.start)}
	}
	return err
}
