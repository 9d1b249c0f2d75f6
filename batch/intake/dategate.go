package intake

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"offboard/batch"
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
	format  *dateFormat // nil for ISO 8601
	swapped *dateFormat // with day and month in each other's place
	known   memo[ruling]
}

func newDateGate(g DateGate) (*dateGate, error) {
	d := &dateGate{DateGate: g, known: memo[ruling]{}}
	d.Zone = cmp.Or(g.Zone, time.UTC)
	switch {
	case d.Column == "":
		return nil, &InputError{Option: "date gate", Reason: "no column: name the one that holds the dates"}
	case d.AsOf.IsZero():
		return nil, &InputError{Option: "--as-of", Reason: "no time: dates cannot be compared with nothing"}
	}
	format, err := "%Y-%m-%d", error(nil)
	if trim(g.Format) != "" {
		d.format, err = newDateFormat(g.Format)
		format = g.Format
	}
	d.swapped, _ = newDateFormat(strings.NewReplacer("%d", "%m", "%m", "%d").Replace(format))
	return d, err
}

// parse reads a cell that is not empty. ISO 8601 is read beside another format: so a workbook's
// dates come, and so retry.csv has them.
func (d *dateGate) parse(cell string) (date readDate, ok bool) {
	cell = plainBlanks(cell)
	if d.format != nil {
		date, ok = d.format.parse(cell)
	}
	if !ok && !strings.HasPrefix(d.Format, "%Y") { // which may write the same for another day
		return parseISO(strings.ToUpper(cell)) // t and z may be small
	}
	return date, ok
}

// rule says from which moment a row with the cell passes, and why it has to wait.
func (d *dateGate) rule(cell string) ruling { return d.known.of(cell, d.judge) }

func (d *dateGate) judge(cell string) ruling {
	stays := func(what string) ruling {
		return ruling{outcome: batch.Skipped, reason: fmt.Sprintf("not leaving: %s is %s", d.Column, what)}
	}
	if cell == "" || saysNothing(cell) {
		return stays(cmp.Or(cell, "empty"))
	}
	date, ok := d.parse(cell)
	switch {
	case !ok:
		return ruling{reason: fmt.Sprintf("column %q: %s", d.Column, d.whyUnread(cell))}
	case standsForNone(date.at):
		return stays(date.at.Format(time.DateOnly))
	case date.untold:
		return ruling{reason: fmt.Sprintf("column %q: two digits do not tell which year %02d is, since programs write 9999 so, too: write the year with four", d.Column, date.at.Year()%100)}
	case date.at.Year() < farPast:
		return ruling{reason: fmt.Sprintf("column %q: the year is %d, so this is not when somebody leaves", d.Column, date.at.Year())}
	}
	return d.wait(date)
}

// dayOf makes a day of an instant that is midnight as it is written, or else where the day begins in
// the zone: so programs write a day. Any other instant is told in the zone.
func (d *dateGate) dayOf(date readDate) readDate {
	if !date.instant || isMidnight(date.at) {
		date.instant = false
		return date
	}
	date.at = date.at.In(d.Zone)
	year, month, day := date.at.Date()
	date.instant = !isMidnight(date.at) && !date.at.Equal(StartOfDay(year, month, day, d.Zone))
	return date
}

// wait holds back what is later than the time that counts as now.
func (d *dateGate) wait(date readDate) ruling {
	date = d.dayOf(date)
	from, begins := date.at, date.at
	if !date.instant {
		year, month, day := date.at.Date()
		begins = StartOfDay(year, month, day, d.Zone)
		if from = begins; !d.StartOfDay {
			from = StartOfDay(year, month, day+1, d.Zone)
		}
	}
	if !from.After(d.AsOf) {
		return ruling{from: from}
	}
	leaves, now, asked := d.moment(date.at), d.moment(d.AsOf), "--as-of"
	if !date.instant {
		leaves = date.at.Format(time.DateOnly)
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

// numericDate is a date of numbers, whatever their order, perhaps with a time.
var numericDate = regexp.MustCompile(`^[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}( ?T?[0-9]{1,2}:[0-9:.,]+)?( ?([AP]M|UTC|Z|[-+][0-9]{1,2}(:?[0-9]{2})?))?`)

// form says how the gate reads dates.
func (d *dateGate) form() string {
	if d.format == nil {
		return "such as 2026-12-31 (ISO 8601)"
	}
	return "of the form " + d.format.text + " (--date-format)"
}

// whyUnread says why a cell is no date, and shows it where it looks like one: it may be of any
// column.
func (d *dateGate) whyUnread(cell string) string {
	text := strings.ToUpper(plainBlanks(cell))
	shown := numericDate.FindString(text)
	why := strings.TrimPrefix(shown+" is not a date "+d.form(), " is ")
	switch {
	case iso.MatchString(text), d.format != nil && d.format.outOfRange(text):
		return why + ": there is no such day or time"
	case d.format != nil:
		return why
	}
	why += ": say how dates are written with --date-format"
	if shown == "" {
		return why
	}
	return cmp.Or(formatAdvice(shown, cell), why)
}

// dateCells are the cells of a column of dates, as far as a gate cannot read them.
type dateCells struct {
	read    bool   // the gate read one
	unread  tally  // those that it could not read
	swapped string // the first of them that it reads with day and month exchanged
	line    int    // of that cell
	known   memo[bool]
}

func newDateCells() *dateCells { return &dateCells{unread: tally{}, known: memo[bool]{}} }

func (d *dateCells) add(gate *dateGate, cell string, line int) {
	if cell == "" || saysNothing(cell) {
		return
	}
	if d.known.of(cell, func(cell string) bool { _, ok := gate.parse(cell); return ok }) {
		d.read = true
		return
	}
	d.unread.add(cell)
	if d.swapped == "" && gate.swapped != nil {
		if _, ok := gate.swapped.parse(plainBlanks(cell)); ok {
			d.swapped, d.line = cell, line
		}
	}
}

// err says that the gate can read no date of the column, and how the dates are written if that can
// be told. The cells are not shown: the wrong column may have been named. One that shows that day
// and month may have changed places in the others, too, is shown.
func (d *dateCells) err(gate *dateGate) error {
	switch {
	case len(d.unread) == 0 || d.read && d.swapped == "":
		return nil
	case d.read:
		return &InputError{Line: d.line, Reason: fmt.Sprintf("column %q: %s is no date %s, but one of the form %s, so other dates may have been read with day and month exchanged: if the column is written so, give --date-format %[4]q; else correct this cell", gate.Column, d.swapped, gate.form(), gate.swapped.text)}
	}
	next := cmp.Or(formatAdvice("it", slices.Collect(maps.Keys(d.unread))...), "say how they are written with --date-format, or name another column")
	return &InputError{Option: "--date-column", Reason: fmt.Sprintf("the column %q holds no date %s; %s", gate.Column, gate.form(), next)}
}
