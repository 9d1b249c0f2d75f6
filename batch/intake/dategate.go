package intake

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"offboard/batch"
)

// DateGate holds back the rows of people who leave later. What a date is, and
// what means that there is none, stands in the package comment.
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
	d.Column = trim(g.Column)
	if d.Zone == nil {
		d.Zone = time.UTC
	}
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

// parse reads a cell that is not empty. ISO 8601 is read beside another format: so a
// workbook's dates come, and so retry.csv has them.
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
	switch {
	case cell == "":
		return stays("empty")
	case saysNothing(cell):
		return stays(cell)
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
	leaves, now, asked := d.instantText(date.at), d.instantText(d.AsOf), "--as-of"
	if !date.instant {
		leaves, now = date.at.Format(time.DateOnly), d.asOfText()
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

// firstOpenDay is the first day, as in ISO 8601, for which a row has to wait.
func (d *dateGate) firstOpenDay() string {
	today := d.AsOf.In(d.Zone)
	if d.StartOfDay {
		today = today.AddDate(0, 0, 1)
	}
	return today.Format(time.DateOnly)
}

func (d *dateGate) asOfText() string {
	if d.AsOf.Second() == 0 && d.AsOf.Nanosecond() == 0 {
		return d.AsOf.In(d.Zone).Format("2006-01-02 15:04 -07:00")
	}
	return d.instantText(d.AsOf)
}

func (d *dateGate) instantText(t time.Time) string {
	return t.In(d.Zone).Format("2006-01-02 15:04:05.999999999 -07:00")
}

// numericDate is a date whose numbers stand in an order that only people know.
var numericDate = regexp.MustCompile(`^[0-9]{1,2}[-./][0-9]{1,2}[-./][0-9]{2,4}`)

// whyUnread says why a cell is no date. Its text is shown only where it looks like
// one: the wrong column may have been named.
func (d *dateGate) whyUnread(cell string) string {
	text := plainBlanks(cell)
	switch {
	case d.format != nil && d.format.outOfRange(text):
		return fmt.Sprintf("not a date of the form %s (--date-format): there is no such day or time", d.format.text)
	case d.format != nil:
		return fmt.Sprintf("not a date of the form %s (--date-format)", d.format.text)
	}
	if text = strings.ToUpper(text); iso.MatchString(text) {
		day := text[:len(time.DateOnly)]
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return "there is no day " + day
		}
		return "there is no such time of the day"
	}
	m := numericDate.FindString(cell)
	if m == "" {
		return "not a date such as 2026-12-31 (ISO 8601): say how dates are written with --date-format"
	}
	return cmp.Or(formatAdvice(m, cell), m+" is not written as 2026-12-31 is (ISO 8601): say how dates are written with --date-format")
}
