package intake

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"offboard/batch"
	"offboard/batch/intake/source"
)

// Survey is what one look through the whole input found, before any lookup.
type Survey struct {
	Rows  int               // rows that name somebody and that no gate holds back
	Unmet []Unmet           // conditions of --where that no row meets
	Stay  []Stay            // columns without a gate that say of such rows that their people stay
	Kept  batch.LinesByName // users whom rows keep that a gate holds back
}

// Unmet is a condition that no row of the input meets.
type Unmet struct {
	Column, Value string
	Seen          []string // values that the column has, the most frequent first; a few
	values        tally    // all of them; nil once a row meets the condition
}

// TakeSurvey reads the input to its end. What does not let it be read as a whole, wherever
// it stands, is an error as of [Open] and [Reader.Rows]. Dates are held against the
// time, or against that of opt.DateGate; opt.Skip is not called. A column of dates of which
// the gate can read none is an [*InputError], which tells the --date-format that it
// needs where the cells show it. Two columns that could name the users, and agree in no
// row, are a [*InputError].
func TakeSurvey(inputs []source.Input, opt Options, now time.Time) (Survey, error) {
	opt.Skip, opt.watch = nil, true
	s := &surveyor{opt: opt, now: now}
	for _, in := range inputs {
		if len(inputs) > 1 {
			s.opt.name = in.Name
		}
		if err := s.look(in); err != nil {
			return Survey{}, InFile(s.opt.name, err)
		}
	}
	s.Unmet = slices.DeleteFunc(s.Unmet, func(u Unmet) bool { return len(u.values) == 0 })
	for i := range s.Unmet {
		s.Unmet[i].Seen = s.Unmet[i].values.frequent()
	}
	for _, column := range s.stay {
		if stay, any := column.result(); any {
			s.Stay = append(s.Stay, stay)
		}
	}
	return s.Survey, nil
}

// surveyor collects what all files together say.
type surveyor struct {
	Survey
	opt  Options
	now  time.Time
	stay []*stayColumn
}

// look reads one file.
func (s *surveyor) look(in source.Input) error {
	rd, err := open(in, s.opt)
	if err != nil {
		return err
	}
	defer rd.src.Close()
	for i := len(s.Unmet); i < len(rd.where); i++ { // each file has the same conditions
		s.Unmet = append(s.Unmet, Unmet{Column: rd.where[i].name, Value: rd.where[i].value, values: tally{}})
	}
	s.findStay(rd)
	var dates dateCells
	var bad badRows
	for row, err := range rd.Rows() {
		e, isBad := errors.AsType[*batch.RowError](err)
		switch {
		case isBad:
			bad.add(e)
			s.Kept.Add(e.Keeps, row)
		case err != nil:
			return err
		default:
			s.Rows++
		}
		if row.Cells == nil {
			continue
		}
		for i, c := range rd.where {
			cell, values := row.Cells[c.place], &s.Unmet[i].values
			if *values == nil || c.meets(cell) {
				*values = nil
			} else {
				values.add(cell)
			}
		}
		for _, column := range s.stay {
			column.add(row, !isBad)
		}
		if rd.date != nil {
			dates.add(rd.opt.dateGate, row.Cells[rd.date.place], row.Line)
		}
	}
	for _, once := range rd.agree {
		if !once {
			names, first := headersOf(rd.naming), ""
			if len(slices.Compact(slices.Sorted(slices.Values(names)))) < len(names) {
				first = "give them different headers, "
			}
			err := columnError("more than one column could name the users, and in no row they name the same: "+first+"choose one with --column NAME, and leave the other out with --ignore-column NAME", rd.header, names)
			err.Line = rd.start
			return err
		}
	}
	return cmp.Or(dates.err(rd.opt.dateGate), bad.err(rd.rows))
}

// badRows counts rows that cannot be read, for one reason.
type badRows struct {
	first *batch.RowError
	alike int // with the reason of the first, but for numbers in it
}

func (b *badRows) add(e *batch.RowError) {
	switch {
	case e.Outcome != "":
	case b.first == nil:
		b.first, b.alike = e, 1
	case WithoutNumbers(e.Reason) == WithoutNumbers(b.first.Reason):
		b.alike++
	}
}

var numbers = regexp.MustCompile(`0x[0-9A-F]{2}|[0-9]+`)

// WithoutNumbers is what reasons have in common that differ in numbers alone.
func WithoutNumbers(s string) string { return numbers.ReplaceAllString(s, "") }

// err refuses an input of several rows of which none can be read, for one reason.
func (b *badRows) err(rows int) error {
	if rows < 2 || b.alike < rows {
		return nil
	}
	return &InputError{Line: b.first.Row.Line, Reason: fmt.Sprintf("%s; so it is in all %s rows: nothing was planned", b.first.Reason, batch.Thousands(rows))}
}
