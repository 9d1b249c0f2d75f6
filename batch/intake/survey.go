package intake

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"offboard/batch"
)

// Survey is what one look through the whole input found, before any lookup.
type Survey struct {
	Rows  int        // rows that name somebody and that no gate holds back
	Unmet []Unmet    // conditions of --where that no row meets
	Stay  []Stay     // columns without a gate that say of such rows that their people stay
	Kept  batch.Kept // users whom rows keep that a gate holds back
}

// Unmet is a condition that no row of the input meets.
type Unmet struct {
	Column, Value string
	Seen          []string // values that the column has, the most frequent first; a few
}

// Stay is a column of HR statuses, or of the days on which people leave, that no gate
// looks at. It says of some rows which pass the gates that their people stay.
type Stay struct {
	Column string
	Dates  bool
	Rows   int    // that say so
	Said   string // what they say, in words
	Gone   string // of a column of statuses the most frequent one of people who left, in all rows, or ""
}

// Look reads the input to its end. What does not let it be read as a whole, wherever
// it stands, is an error as of [Open] and [Reader.Rows]. Dates are held against the
// time, or against that of opt.Date; opt.Skip is not called. A column of dates of which
// the gate can read none is an [*OptionError], which tells the --date-format that it
// needs where the cells show it.
func Look(r io.Reader, opt Options, now time.Time) (Survey, error) {
	opt.Skip, opt.watch = nil, true
	rd, err := Open(r, opt)
	if err != nil {
		return Survey{}, err
	}
	s := surveyor{Reader: rd, today: now.Format(time.DateOnly), twins: map[kind]*twins{}}
	if d := rd.wants.date; d != nil {
		s.today = d.firstOpenDay()
	}
	for i, c := range rd.columns {
		if gateOnly(c) && isHR(c.name) && !rd.gated(i) {
			s.watched = append(s.watched, watched{at: i, dates: dateNames[normalise(c.name)], said: map[string]int{}, gone: map[string]int{}})
		}
	}
	for range rd.wants.where {
		s.where = append(s.where, tally{})
	}
	found := Survey{Kept: batch.Kept{}}
	for row, err := range rd.Rows() {
		bad, isBad := errors.AsType[*batch.RowError](err)
		switch {
		case isBad:
			row = bad.Row
			found.Kept.Add(bad.Keeps, row)
		case err != nil:
			return Survey{}, err
		default:
			found.Rows++
		}
		if row.Cells != nil {
			s.watch(row.Cells, !isBad)
			s.count(row.Cells)
			if d := rd.wants.date; d != nil {
				s.dates.count(d, row.Cells[rd.choice.date])
			}
		}
	}
	if bad := s.apart(); bad != nil {
		return Survey{}, bad
	}
	if d := rd.wants.date; d != nil {
		if err := s.dates.none(d); err != nil {
			return Survey{}, err
		}
	}
	found.Unmet, found.Stay = s.unmet(), s.stay()
	return found, nil
}

// surveyor counts what the rows say.
type surveyor struct {
	*Reader
	today   string  // the first day that is not over
	where   []tally // what the columns of --where hold
	watched []watched
	twins   map[kind]*twins // of the columns that name users
	dates   dates           // of the date gate
}

// tally counts different values, up to mostValues of them.
type tally struct {
	met    bool
	values map[string]int
}

const (
	mostValues = 1000 // that are counted of one column
	fewValues  = 5    // that people are told
	longValue  = 40   // of which no more is told, in characters
)

// twins counts the rows in which two columns of one kind are filled.
type twins struct{ alike, apart int }

// watched is a status or date column that no gate uses. What its cells are, all rows
// say; who stays, those that pass the gates.
type watched struct {
	at                    int // place in Reader.columns
	dates                 bool
	understood, other     int            // statuses of all rows
	stays                 int            // statuses of rows that pass, which are no proof that somebody left
	said, gone            map[string]int // those, and the statuses of all who left
	future, none, obscure int            // dates of rows that pass: days to come, no day, and what is not understood
}

// count looks at the columns of --where, and at those of one kind.
func (s *surveyor) count(cells []string) {
	for i, c := range s.wants.where {
		cell, t := cells[s.choice.where[i]], &s.where[i]
		if t.met = t.met || c.matches(cell); t.met {
			continue
		}
		if t.values == nil {
			t.values = map[string]int{}
		}
		one(t.values, cell)
	}
	if len(s.named) < 2 {
		return
	}
	first := map[kind]string{}
	for i, c := range s.columns {
		if !c.key || cells[i] == "" {
			continue
		}
		k := c.kind.ofCell(cells[i])
		switch was, filled := first[k]; {
		case !filled:
			first[k] = cells[i]
			continue
		case s.twins[k] == nil:
			s.twins[k] = &twins{}
			fallthrough
		default:
			if batch.SameValue(k.claims(), was, cells[i]) {
				s.twins[k].alike++
			} else {
				s.twins[k].apart++
			}
		}
	}
}

// apart is the question which of two columns names the users, when they agree in no row.
func (s *surveyor) apart() error {
	for _, t := range s.twins {
		if t.alike == 0 {
			return &HeaderError{Line: s.start, Columns: s.header, Matched: names(s.named),
				Reason: "more than one column could name the users, and in no row they name the same: choose one with --column NAME, and leave the other out with --ignore-column NAME"}
		}
	}
	return nil
}

// unmet lists the conditions that no row meets.
func (s *surveyor) unmet() []Unmet {
	var all []Unmet
	for i, t := range s.where {
		if c := s.wants.where[i]; !t.met && len(t.values) > 0 {
			all = append(all, Unmet{c.column, c.value, frequent(t.values)})
		}
	}
	return all
}

// frequent gives the few most frequent values.
func frequent(values map[string]int) []string {
	var all []string
	for v := range values {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(values[b]-values[a], strings.Compare(a, b)) })
	all = all[:min(len(all), fewValues)]
	for i, v := range all {
		if long := []rune(v); len(long) > longValue {
			all[i] = string(long[:longValue]) + "..."
		}
	}
	return all
}

// watch counts what the status and date columns say that no gate uses.
func (s *surveyor) watch(cells []string, passes bool) {
	for i := range s.watched {
		w := &s.watched[i]
		cell := cells[w.at]
		switch {
		case w.dates:
			if passes {
				w.day(cell, s.read(cell), s.today)
			}
		case cell == "":
		case in(stayWords, cell):
			w.understood++
			if passes {
				w.stays++
				one(w.said, cell)
			}
		case in(goneWords, cell):
			w.understood++
			one(w.gone, cell)
		default:
			w.other++
			if passes {
				w.stays++
				one(w.said, cell)
			}
		}
	}
}

// one counts a value, while there are not too many different ones.
func one(values map[string]int, v string) {
	if _, known := values[v]; known || len(values) < mostValues {
		values[v]++
	}
}

// daysSaid tells what a column of dates says of those who stay.
func (w *watched) daysSaid() string {
	var words, counts []string
	for _, c := range []struct {
		word string
		n    int
	}{{"day to come", w.future}, {"no day", w.none}, {"not understood", w.obscure}} {
		if c.n > 0 {
			words = append(words, c.word)
			counts = append(counts, fmt.Sprintf("%s: %d", c.word, c.n))
		}
	}
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(counts, ", ")
}

// read gives the days that a cell may mean: the very one, where the date gate can read it.
func (s *surveyor) read(cell string) []time.Time {
	if d := s.wants.date; d != nil && cell != "" {
		if date, ok := d.parse(cell); ok {
			return []time.Time{date.at}
		}
	}
	return mayMean(cell)
}

// day counts a cell of dates. One that may mean a day to come, however it is read,
// counts as one: this day is not over either.
func (w *watched) day(cell string, days []time.Time, today string) {
	if cell == "" || saysNothing(cell) {
		w.none++
		return
	}
	if len(days) == 0 {
		w.obscure++
	}
	for _, d := range days {
		day := d.Format(time.DateOnly)
		switch {
		case d.Year() >= farFuture || slices.Contains(origins, day):
			w.none++
			return
		case day >= today:
			w.future++
			return
		}
	}
}

// stay lists the columns that say that somebody stays. What is not understood is no
// proof that somebody leaves. A column of statuses counts when at least half of what
// it says is understood.
func (s *surveyor) stay() []Stay {
	var all []Stay
	for _, w := range s.watched {
		stay := Stay{Column: s.columns[w.at].name, Dates: w.dates, Rows: w.stays + w.future + w.none + w.obscure}
		if stay.Rows == 0 || w.understood < w.other {
			continue
		}
		if w.dates {
			stay.Said = w.daysSaid()
		} else {
			stay.Said = strings.Join(frequent(w.said), ", ")
			if left := frequent(w.gone); len(left) > 0 {
				stay.Gone = left[0]
			}
		}
		all = append(all, stay)
	}
	return all
}
