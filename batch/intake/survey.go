package intake

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

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
}

// TakeSurvey reads the input to its end. What does not let it be read as a whole, wherever
// it stands, is an error as of [Open] and [Reader.Rows]. Dates are held against the
// time, or against that of opt.Date; opt.Skip is not called. A column of dates of which
// the gate can read none is an [*OptionError], which tells the --date-format that it
// needs where the cells show it. Two columns that could name the users, and agree in no
// row, are a [*InputError].
func TakeSurvey(inputs []source.Input, opt Options, now time.Time) (found Survey, err error) {
	var kept batch.LinesByName
	for i, in := range inputs {
		name := ""
		if len(inputs) > 1 {
			name = in.Name
		}
		one, err := surveyOne(in, name, opt, now, &kept)
		if err != nil {
			return Survey{}, inFile(name, err)
		}
		if i == 0 {
			found = one
		} else {
			found.merge(one)
		}
	}
	found.Kept = kept
	return found, nil
}

func surveyOne(in source.Input, name string, opt Options, now time.Time, kept *batch.LinesByName) (Survey, error) {
	opt.Skip, opt.watch = nil, true
	rd, err := open(in, opt)
	if err != nil {
		return Survey{}, err
	}
	defer rd.src.Close()
	var found Survey
	unmet := make([]tally, len(rd.where)) // what the columns hold; nil once a row meets the condition
	for i := range unmet {
		unmet[i] = tally{}
	}
	alike := twins{}
	stay := rd.stayColumns(now)
	var dates dateCells
	var bad badRows
	for row, err := range rd.Rows() {
		e, isBad := errors.AsType[*batch.RowError](err)
		switch {
		case isBad:
			bad.add(e)
			row = e.Row
			row.File = name
			kept.Add(e.Keeps, row)
		case err != nil:
			return Survey{}, err
		default:
			found.Rows++
			row.File = name
		}
		if row.Cells == nil {
			continue
		}
		for i, c := range rd.where {
			switch cell := row.Cells[c.place]; {
			case unmet[i] == nil:
			case c.meets(cell):
				unmet[i] = nil
			default:
				unmet[i].add(cell)
			}
		}
		for _, s := range stay {
			s.add(row, !isBad)
		}
		if len(rd.naming) > 1 {
			alike.add(rd.columns, row.Cells)
		}
		if rd.datePlace >= 0 {
			dates.add(rd.opt.dateGate, row.Cells[rd.datePlace])
		}
	}
	for _, once := range alike {
		if !once {
			return Survey{}, &InputError{Line: rd.start, Columns: rd.header, Matched: headersOf(rd.naming),
				Reason: "more than one column could name the users, and in no row they name the same: choose one with --column NAME, and leave the other out with --ignore-column NAME"}
		}
	}
	if err := dates.err(rd.opt.dateGate); err != nil {
		return Survey{}, err
	}
	if err := bad.err(rd.rows); err != nil {
		return Survey{}, err
	}
	for i, c := range rd.where {
		if len(unmet[i]) > 0 {
			found.Unmet = append(found.Unmet, Unmet{c.column, c.value, unmet[i].frequent()})
		}
	}
	for _, s := range stay {
		if stay, any := s.result(); any {
			found.Stay = append(found.Stay, stay)
		}
	}
	return found, nil
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
	case withoutNumbers(e.Reason) == withoutNumbers(b.first.Reason):
		b.alike++
	}
}

func withoutNumbers(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || 'A' <= r && r <= 'F' { // of bytes, too
			return -1
		}
		return r
	}, s)
}

// err refuses an input of several rows of which none can be read, for one reason.
func (b *badRows) err(rows int) error {
	if rows < 2 || b.alike < rows {
		return nil
	}
	return &InputError{Line: b.first.Row.Line, Reason: fmt.Sprintf("%s; so it is in all %s rows: nothing was planned", b.first.Reason, batch.Thousands(rows))}
}

// twins tells, of each key of which two columns are filled in some row, whether the
// two are ever alike.
type twins map[batch.Key]bool

func (t twins) add(columns []column, cells []string) {
	first := map[batch.Key]string{}
	for i, c := range columns {
		if !c.names || cells[i] == "" {
			continue
		}
		key, cell, _ := meaning(c.key, cells[i])
		if was, filled := first[key]; filled {
			t[key] = t[key] || batch.SameValue(key, was, cell)
		} else {
			first[key] = cell
		}
	}
}
