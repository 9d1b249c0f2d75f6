package intake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"offboard/batch"
	"offboard/batch/intake/dates"
	"offboard/batch/intake/vocab"
)

// DateGate holds back the rows of people who leave later. The package comment says what a date is.
type DateGate struct {
	Column     string         // the column of dates, by its header
	Format     string         // as in the package comment; "" for ISO 8601
	Zone       *time.Location // where the day begins and ends; nil for UTC
	StartOfDay bool           // a row passes when its day begins; else when it is over
	AsOf       time.Time      // the moment that counts as now; not zero
	Now        bool           // AsOf is the present, since no other time was asked for
}

// dateGate is a DateGate that can be followed: its Zone is not nil.
type dateGate struct {
	DateGate
	format *dates.Format
	known  memo[ruling]
}

func newDateGate(g DateGate) (*dateGate, error) {
	d := &dateGate{DateGate: g, known: memo[ruling]{}}
	d.Zone = cmp.Or(g.Zone, time.UTC)
	var err error
	switch d.format, err = dates.NewFormat(g.Format); {
	case d.Column == "":
		return nil, &InputError{Option: "date gate", Reason: "no column: name the one that holds the dates"}
	case d.AsOf.IsZero():
		return nil, &InputError{Option: "--as-of", Reason: "no time: dates cannot be compared with nothing"}
	case err != nil:
		return nil, &InputError{Option: "--date-format", Reason: err.Error()}
	}
	return d, nil
}

// rule says from which moment a row with the cell passes, and why it has to wait.
func (d *dateGate) rule(cell string) ruling { return d.known.of(cell, d.judge) }

func (d *dateGate) judge(cell string) ruling {
	stays := func(what string) ruling {
		return ruling{outcome: batch.Skipped, reason: fmt.Sprintf("not leaving: %s is %s", d.Column, what)}
	}
	if cell == "" || vocab.SaysNothing(cell) {
		return stays(cmp.Or(cell, "empty"))
	}
	why := ""
	switch date, ok := d.format.Read(cell); {
	case !ok:
		why = d.format.WhyUnread(cell)
	case date.None():
		return stays(date.At.Format(time.DateOnly))
	case date.Untold:
		why = fmt.Sprintf("two digits do not tell which year %02d is, since programs write 9999 so, too: write the year with four", date.At.Year()%100)
	case date.At.Year() < dates.FarPast:
		why = fmt.Sprintf("the year is %d, so this is not when somebody leaves", date.At.Year())
	default:
		return d.wait(date)
	}
	return ruling{reason: fmt.Sprintf("column %q: %s", d.Column, why)}
}

// wait holds back what is later than the time that counts as now.
func (d *dateGate) wait(date dates.Date) ruling {
	date = date.In(d.Zone)
	from, begins := date.At, date.At
	if !date.Instant {
		begins = date.Begins(0, d.Zone)
		if from = begins; !d.StartOfDay {
			from = date.Begins(1, d.Zone)
		}
	}
	if !from.After(d.AsOf) {
		return ruling{from: from}
	}
	leaves, now, asked := d.moment(date.At), d.moment(d.AsOf), "--as-of"
	if !date.Instant {
		leaves = date.At.Format(time.DateOnly)
	}
	if d.Now {
		asked = "now"
	}
	reason := fmt.Sprintf("leaves on %s, and that day is not over at %s (%s)", leaves, now, asked)
	if begins.After(d.AsOf) {
		reason = fmt.Sprintf("leaves on %s, after %s (%s)", leaves, now, asked)
	}
	return ruling{from: from, outcome: batch.Skipped, reason: reason}
}

// moment writes a time as its zone has it, with seconds where it has some.
func (d *dateGate) moment(t time.Time) string {
	layout := "2006-01-02 15:04 -07:00"
	if t.Second() != 0 || t.Nanosecond() != 0 {
		layout = "2006-01-02 15:04:05.999999999 -07:00"
	}
	return t.In(d.Zone).Format(layout)
}

// dateCells are the cells of a column of dates, as far as a format does not read them.
type dateCells struct {
	*dates.Format
	others  *dates.Format // with day and month exchanged; may be nil
	read    bool          // the format read one
	unread  tally         // those that it could not read
	swapped string        // the first of them that it reads with day and month exchanged
	line    int           // of that cell
	known   memo[bool]
}

func newDateCells(f *dates.Format) *dateCells {
	return &dateCells{Format: f, others: f.Swapped(), unread: tally{}, known: memo[bool]{}}
}

func (d *dateCells) add(cell string, line int) {
	if cell == "" || vocab.SaysNothing(cell) {
		return
	}
	if d.known.of(cell, func(cell string) bool { _, ok := d.Read(cell); return ok }) {
		d.read = true
		return
	}
	d.unread.add(cell)
	if d.swapped == "" && d.others != nil {
		if _, ok := d.others.Own(cell); ok {
			d.swapped, d.line = cell, line
		}
	}
}

// err says that the gate can read no date of the column, and how the dates are written if that can
// be told. The cells are not shown: the wrong column may have been named. One that shows that day
// and month may have changed places in the others, too, is shown.
func (d *dateCells) err(column string) error {
	switch {
	case len(d.unread) == 0 || d.read && d.swapped == "":
		return nil
	case d.read:
		return &InputError{Line: d.line, Reason: fmt.Sprintf("column %q: %s is no date %s, but one of the form %s, so other dates may have been read with day and month exchanged: if the column is written so, give --date-format %[4]q; else correct this cell", column, d.swapped, d.Format, d.others.Text)}
	}
	next := cmp.Or(dates.Advice("it", slices.Collect(maps.Keys(d.unread))...), "say how they are written with --date-format, or name another column")
	return &InputError{Option: "--date-column", Reason: fmt.Sprintf("the column %q holds no date %s; %s", column, d.Format, next)}
}
