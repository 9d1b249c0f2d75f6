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
	columns []string
	places  [][]int // of the columns of each file, in columns
	rows    int     // that were yielded
}

// Open opens every file: see [Reader]. Each has a header and a format of its own. An error
// of one of several names it. The caller closes the files.
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
		var places []int
		for _, c := range r.columns {
			at := slices.IndexFunc(f.columns, func(known string) bool { return plainName(known) == plainName(c.name) })
			if at < 0 || slices.Contains(places, at) {
				at, f.columns = len(f.columns), append(f.columns, c.name)
			}
			places = append(places, at)
		}
		f.places = append(f.places, places)
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

// Columns are the headers of the columns that are read in any of the files.
// [batch.Row.Cells] are their cells. The columns that the gates look at are among them, so
// that rows written out again meet the same gates.
func (f *Files) Columns() []string { return f.columns }

// Kept are the headers of those columns that the report has: those that the gates look at,
// and those of Options.Keep.
func (f *Files) Kept() (all []string) {
	for _, r := range f.all {
		for _, c := range r.columns {
			if c.keep && !slices.Contains(all, c.name) {
				all = append(all, c.name)
			}
		}
	}
	return all
}

// Ignored are the entries of Options.Ignore whose columns are read all the same, for the
// report alone.
func (f *Files) Ignored() (all []string) {
	for _, r := range f.all {
		for _, name := range r.opt.Ignore {
			if r.find(name, "").place >= 0 && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// Settings are the decisions made on opening: the format, the encoding, the delimiter, the
// line of the header, each column that is read, and the gates; of several files each.
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
					err = InFile(r.opt.name, err)
					row.Seq, row.Cells = f.rows, f.placed(row.Cells, i)
				}
				if isBad {
					bad.Row = row
				}
				if !yield(row, err) || err != nil && !isBad {
					return
				}
			}
		}
	}
}

// placed are the cells of a row of one file in the columns of all files.
func (f *Files) placed(cells []string, file int) []string {
	if cells == nil {
		return nil
	}
	all := make([]string, len(f.columns))
	for i, at := range f.places[file] {
		all[at] = cells[i]
	}
	return all
}
