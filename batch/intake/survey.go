package intake

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake/source"
	"offboard/batch/intake/vocab"
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
	by            *condition
	values        tally // all of them; nil once a row meets the condition
}

// TakeSurvey reads the input to its end, at a time that counts where no date gate says one. What
// does not let it be read as a whole is an error as of [Open] and [Files.Rows]; so are dates of
// which the gate can read none, and two columns that could name the users and agree in no row.
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
		u := &s.Unmet[i]
		u.Seen = u.values.frequent()
		if left := u.by.mistyped(u.values); left != "" {
			return Survey{}, &InputError{Option: "--where", Reason: fmt.Sprintf("no row has %s = %s, and the column has %s: if that is meant, give --where %q", u.Column, u.Value, left, u.Column+"="+left)}
		}
		if u.by.from != "--where" && !slices.ContainsFunc(u.Seen, func(v string) bool { return v == "" || vocab.IsWord(u.by.words.Stay, v) }) {
			return Survey{}, &InputError{Reason: fmt.Sprintf("no cell of the column %q is %s, as %s asks, or a word of people who stay: it has %s; say which word means that people left, with %s", u.Column, u.Value, u.by.from, quotedList(u.Seen), wheres(u.Column, u.Seen))}
		}
	}
	leave := opt.DateGate != nil || slices.ContainsFunc(s.stay, func(c *stayColumn) bool {
		return c.open || c.Dates && !c.openEnd && c.dated && c.Files == len(inputs)
	})
	for _, column := range s.stay {
		if stay, any := column.result(leave); any {
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
		s.Unmet = append(s.Unmet, Unmet{by: rd.where[i], Column: rd.where[i].name, Value: rd.where[i].value, values: tally{}})
	}
	s.findStay(rd)
	var first *batch.RowError // that says why its row cannot be read
	alike := 0
	asker := asker{Reader: rd}
	var days *dateCells
	if rd.date != nil {
		days = newDateCells(rd.opt.dateGate.format)
	}
	for row, err := range rd.Rows() {
		e, isBad := errors.AsType[*batch.RowError](err)
		switch {
		case isBad:
			if s.Kept.Add(e.Keeps, row); e.Outcome == "" {
				first = cmp.Or(first, e)
			}
			if e.Outcome == "" && WithoutNumbers(e.Reason) == WithoutNumbers(first.Reason) {
				alike++
			}
		case err != nil:
			return err
		default:
			s.Rows++
			asker.look(row)
		}
		if row.Cells == nil {
			continue
		}
		for i, c := range rd.where {
			values := &s.Unmet[i].values
			if cell := row.Cells[c.place]; c.meets(cell) {
				*values = nil
			} else {
				values.add(cell)
			}
		}
		for _, column := range s.stay {
			column.add(rd, row, !isBad)
		}
		if days != nil {
			days.add(row.Cells[rd.date.place], row.Line)
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
	if other := asker.other; other != nil && !asker.several {
		err = columnError(fmt.Sprintf("the column %q names the same user in all %s rows, who may have asked for it, and the column %q others: choose who is meant with --column %q or --column %[1]q", rd.naming[0].name, batch.Thousands(asker.rows), other.name, other.name), rd.header, nil)
	} else if days != nil {
		err = days.err(rd.date.name)
	}
	if err == nil && rd.rows > 1 && alike == rd.rows {
		err = &InputError{Line: first.Row.Line, Reason: fmt.Sprintf("%s; so it is in all %s rows: nothing was planned", first.Reason, batch.Thousands(rd.rows))}
	}
	return err
}

// asker finds out whether the good rows name one user alone, and another column several.
type asker struct {
	*Reader
	first   string             // whom the rows name
	rows    int                // that do
	several bool               // they name another, too, or somebody said which column it is
	names   map[*column]string // that stand in other columns first
	other   *column            // that has several
}

func (a *asker) look(row batch.Row) {
	a.rows++
	if a.first = cmp.Or(a.first, row.Input); a.several || a.list || a.opt.Column != "" || !batch.SameValue(batch.ByUPN, a.first, row.Input) {
		a.several = true
		return
	}
	for _, c := range a.all {
		cell := a.cell(c.index)
		if c.key != "" && !c.rival || c.ignored || c.gate || c.thing || !likeName(cell) && (cell == "" || !vocab.MayMean(c.name)) || vocab.OfOthers(c.name) {
			continue
		}
		if a.names == nil {
			a.names = map[*column]string{}
		}
		if a.names[c] = cmp.Or(a.names[c], strings.Clone(cell)); a.names[c] != cell {
			a.other = c
		}
	}
}

var numbers = regexp.MustCompile(`0x[0-9A-F]{2}|[0-9]+`)

// WithoutNumbers is what reasons have in common that differ in numbers alone.
func WithoutNumbers(s string) string { return numbers.ReplaceAllString(s, "") }

// tally counts different values of a column, the first mostValues of them; nil counts none.
type tally map[string]int

const (
	mostValues = 1000 // that are counted of one column
	fewValues  = 5    // that people are told
	fewKinds   = 3    // words of a column that are not known, and tell kinds of people
	longValue  = 40   // of which no more is told, in characters
)

func (t tally) add(value string) {
	if _, known := t[value]; t != nil && (known || len(t) < mostValues) {
		t[value]++
	}
}

// frequent gives the few most frequent values, cut to what people are told.
func (t tally) frequent() []string {
	all := slices.SortedFunc(maps.Keys(t), func(a, b string) int { return cmp.Or(t[b]-t[a], strings.Compare(a, b)) })
	all = all[:min(len(all), fewValues)]
	for i, v := range all {
		if long := []rune(v); len(long) > longValue {
			all[i] = string(long[:longValue]) + "..."
		}
	}
	return all
}
