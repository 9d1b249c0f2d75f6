package intake

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"offboard/batch"
	"offboard/batch/intake/dates"
	"offboard/batch/intake/source"
	"offboard/batch/intake/vocab"
)

// Files reads the rows of one file, or of several one after the other. It is for one goroutine.
type Files struct {
	all     []*Reader
	columns []string
	keys    []batch.Key // of columns that name users
}

// Open opens every file, each with a header and a format of its own. The caller closes the files.
func Open(inputs []source.Input, opt Options) (*Files, error) {
	f := &Files{}
	for _, in := range inputs {
		if len(inputs) > 1 {
			opt.name = in.Name
		}
		r, err := open(in, opt)
		if err != nil {
			f.Close() // the error says more
			return nil, InFile(opt.name, err)
		}
		f.all = append(f.all, r)
		for _, c := range r.columns {
			at := slices.IndexFunc(f.columns, func(known string) bool { return vocab.PlainName(known) == vocab.PlainName(c.name) })
			if at < 0 && c.names { // under whatever header: retry.csv has one column of each key
				at = slices.Index(f.keys, c.key)
			}
			if at < 0 || slices.Contains(r.places, at) {
				at, f.columns = len(f.columns), append(f.columns, c.name)
				f.keys = append(f.keys, "")
				if c.names {
					f.keys[at] = c.key
				}
			}
			r.places = append(r.places, at)
		}
	}
	return f, nil
}

// InFile says which of several files an error is about; "" is of one alone.
func InFile(name string, err error) error {
	if e, is := errors.AsType[*InputError](err); is && name != "" {
		e.File = name
	}
	return err
}

// Close frees what reading needed.
func (f *Files) Close() error {
	var errs []error
	for _, r := range f.all {
		errs = append(errs, r.src.Close())
	}
	return errors.Join(errs...)
}

// Columns are the headers of the columns that are read in any file, and of the cells of
// [batch.Row.Cells]. The columns of the gates are among them, so that rows written out again meet
// the same gates.
func (f *Files) Columns() []string { return f.columns }

// headers are those of the columns of all files that are so, each once.
func (f *Files) headers(are func(*column) bool) (all []string) {
	for _, r := range f.all {
		for _, c := range r.all {
			if are(c) && !slices.Contains(all, c.name) {
				all = append(all, c.name)
			}
		}
	}
	return all
}

// Kept are those columns that the report has: of the gates, and of Options.Keep.
func (f *Files) Kept() []string { return f.headers(func(c *column) bool { return c.keep }) }

// Ignored are the columns of Options.Ignore that are read for the report alone.
func (f *Files) Ignored() []string {
	return f.headers(func(c *column) bool { return c.ignored && c.place >= 0 })
}

// Unread are the headers of which no cell is read. One that may be a row is not told.
func (f *Files) Unread() []string {
	return f.headers(func(c *column) bool { return c.name != "" && c.place < 0 && !looksLikeData(f.all[0].header) })
}

// Settings are the decisions made on opening, of several files each.
func (f *Files) Settings() (all []batch.Setting) {
	for _, r := range f.all {
		for _, s := range r.settings {
			if r.opt.name != "" {
				s.Name = r.opt.name + ": " + s.Name
			}
			all = append(all, s)
		}
	}
	return all
}

// Lines are how many lines were read so far, of each file.
func (f *Files) Lines() (each []int) {
	for _, r := range f.all {
		each = append(each, r.src.Lines())
	}
	return each
}

// Gate is one of the gates of a file, by itself.
type Gate struct {
	Name   string                    // a column and its value, or the column of dates
	Passes func(cells []string) bool // whether it lets the row of [batch.Row.Cells] through
}

// Gates are those of the one file.
func (f *Files) Gates() (all []Gate) {
	r := f.all[0]
	for _, c := range r.where {
		all = append(all, Gate{c.name + " = " + c.value, func(cells []string) bool { return c.meets(cells[c.place]) }})
	}
	if d := r.opt.dateGate; d != nil {
		all = append(all, Gate{d.Column, func(cells []string) bool { return d.rule(cells[r.date.place]).passes() }})
	}
	return all
}

// cellCount is of a column: cells that are not empty, names, and those of records whose last cell is not.
type cellCount struct{ cells, names, whole int }

// Reader reads the rows of one file. It is for one goroutine.
type Reader struct {
	opt        parsedOptions
	settings   []batch.Setting
	src        source.Source
	rec        source.Record         // the record that is read
	held       bool                  // it was read and is no row yet: the first one of an input without a header
	start      int                   // line on which the header starts
	layout                           // the columns that are read, and the gates
	places     []int                 // of the columns that are read, among those of all files
	rows       int                   // that were yielded
	list       bool                  // ids alone, without a header
	headerDue  bool                  // a line that starts a new table was met: its header must come
	spare      []string              // memory for the cells of some rows
	blank      int                   // line of the last record without a value
	again      int                   // line of the last header that was repeated
	noteBefore bool                  // the last cell of the row before was filled, and may go on in this line
	unended    string                // its last word, if another has to follow; or ""
	keyed      bool                  // each cell has its key, so that none can have shifted
	named      int                   // cells of the header up to the last that is not empty
	width      int                   // cells of the first row
	wide       int                   // its line, if it has more than the header, and may have shifted unless all rows are so
	last       int                   // line of the last record that may be a row
	dense      bool                  // some of them stand below each other
	heading    string                // why the rows below a line are in doubt that may say something of them; or ""
	padded     []string              // the cells of a record that lacks some
	hint       string                // beside an error of the header
	charset    string                // in which a header of HR is written that is no UTF-8; or ""
	fillers    map[batch.Key]*column // of several columns that name users, the one that named the first
	in         source.Input          // that is read
	of         source.Options        // by which
	counted    []cellCount           // of the cells of each column in the whole file; nil where nobody asked
	agree      map[batch.Key]bool    // of keys by which two columns name users: whether they ever name the same
	err        error                 // why reading ended
}

// open reads as far as the header. The error is an [*InputError] when the options cannot be
// followed, the input is no table, or its header does not tell which column to read; or else what
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
	if r, err = openAs(in, parsed); err == nil {
		r.opt.Skip = opt.Skip
	}
	return r, err
}

// openAs opens the input with what the cells said of its columns, if anything.
func openAs(in source.Input, opt parsedOptions) (r *Reader, err error) {
	r = &Reader{opt: opt, agree: map[batch.Key]bool{}, fillers: map[batch.Key]*column{}}
	of := source.Options{Encoding: opt.Encoding, Sheet: opt.Sheet, HeaderLine: opt.HeaderLine, Table: !opt.mayBeList(), IsRow: r.wouldBeRow}
	of.Spares = func(key, value string) bool {
		return vocab.Spares(key, value) || vocab.ListOf(key) == vocab.LeftHeader && slices.ContainsFunc(dates.Any(value), opt.later)
	}
	if !opt.NoHeader {
		of.IsHeader = func(cells []string) bool { all, _ := legible(cells); return r.fits(all) }
	}
	if gated := len(opt.Where) > 0 || opt.DateGate != nil || opt.AllRows; opt.name != "" && !gated && vocab.TitleSays(filepath.Base(opt.name)) != "" {
		return nil, &InputError{Reason: "by its name the file seems to hold people who are not meant: leave it out, or run it by itself, or take all rows with --all-rows"}
	}
	r.in, r.of = in, of
	if r.src, err = source.Open(in, of); err != nil {
		return nil, err
	}
	r.settings = r.src.Settings()
	for _, s := range r.settings {
		if s.Name != "sheet" || opt.Sheet != "" {
			continue
		}
		others := source.OtherSheets(s.Why)
		if at := slices.IndexFunc(others, vocab.SaysLeave); at >= 0 && !vocab.SaysLeave(s.Value) || vocab.TitleSays(s.Value) != "" {
			r.src.Close() // the error says more
			why, name := "which seems to say that its rows are not meant: take the file or sheet of those who are, or if these are, say so", s.Value
			if at >= 0 {
				why, name = "and another one seems to hold the people who left: name the one that is meant", others[at]
			}
			return nil, &InputError{Option: "--sheet", Reason: fmt.Sprintf("the sheet that would be read is called %q (%s), %s, such as --sheet %q", s.Value, s.Why, why, name)}
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
