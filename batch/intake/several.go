package intake

import (
	"errors"
	"iter"
	"slices"

	"offboard/batch"
	"offboard/batch/intake/source"
)

// Files reads the rows of one file, or of several one after the other. It is for one
// goroutine.
type Files struct {
	all     []*Reader
	names   []string // of the files; "" of one file
	columns []string
	kept    []string
	places  [][]int // of the columns of each file, in columns
	rows    int     // that were yielded
}

// Open opens every file: see [Reader]. Each has a header and a format of its own. An error
// of one of several names it. The caller closes the files.
func Open(inputs []source.Input, opt Options) (*Files, error) {
	f := &Files{}
	for _, in := range inputs {
		name := nameAmong(in, inputs)
		f.names = append(f.names, name)
		of := opt
		if opt.Skip != nil {
			of.Skip = func(s batch.Skip) { s.File = name; opt.Skip(s) }
		}
		r, err := open(in, of)
		if err != nil {
			f.Close() // the error says more
			return nil, inFile(name, err)
		}
		f.all = append(f.all, r)
		var places []int
		for _, c := range r.Columns() {
			at := slices.IndexFunc(f.columns, func(known string) bool { return plainName(known) == plainName(c) })
			if at < 0 || slices.Contains(places, at) {
				at, f.columns = len(f.columns), append(f.columns, c)
			}
			places = append(places, at)
		}
		f.places = append(f.places, places)
		f.kept = appendNew(f.kept, r.Kept())
	}
	return f, nil
}

// nameAmong is the name of a file among several; "" of one file.
func nameAmong(in source.Input, inputs []source.Input) string {
	if len(inputs) > 1 {
		return in.Name
	}
	return ""
}

// appendNew appends the names that are not there yet.
func appendNew(all, more []string) []string {
	for _, name := range more {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// inFile says which of several files an error is about.
func inFile(name string, err error) error {
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

// Columns are the headers of the columns that are read in any of the files.
// [batch.Row.Cells] are their cells. The columns that the gates look at are among them, so
// that rows written out again meet the same gates.
func (f *Files) Columns() []string { return f.columns }

// Kept are the headers of those columns that the report has: those that the gates look at,
// and those of Options.Keep.
func (f *Files) Kept() []string { return f.kept }

// Ignored are the entries of Options.Ignore whose columns are read all the same, for the
// report alone.
func (f *Files) Ignored() (all []string) {
	for _, r := range f.all {
		all = appendNew(all, r.Ignored())
	}
	return all
}

// Settings are the decisions made on opening: the format, the encoding, the delimiter, the
// line of the header, each column that is read, and the gates; of several files each.
func (f *Files) Settings() (all []batch.Setting) {
	for i, r := range f.all {
		for _, s := range r.settings {
			if f.names[i] != "" {
				s.Name = f.names[i] + ": " + s.Name
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

// Rows yields the rows of one file after the other, as [Reader.Rows] does, numbered from 1
// through all of them.
func (f *Files) Rows() iter.Seq2[batch.Row, error] {
	return func(yield func(batch.Row, error) bool) {
		for i, r := range f.all {
			for row, err := range r.Rows() {
				bad, isBad := errors.AsType[*batch.RowError](err)
				if err == nil || isBad {
					f.rows++
				}
				if len(f.all) > 1 {
					err = inFile(f.names[i], err)
					f.place(&row, i)
					if isBad {
						f.place(&bad.Row, i)
					}
				}
				if !yield(row, err) || err != nil && !isBad {
					return
				}
			}
		}
	}
}

// place makes a row of one file one of all files.
func (f *Files) place(row *batch.Row, file int) {
	row.Seq, row.File = f.rows, f.names[file]
	if row.Cells == nil {
		return
	}
	cells := make([]string, len(f.columns))
	for i, at := range f.places[file] {
		cells[at] = row.Cells[i]
	}
	row.Cells = cells
}
