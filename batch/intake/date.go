package intake

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

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
	Now        bool           // AsOf is the present, which nobody asked for
}

// dateGate is a DateGate, looked through.
type dateGate struct {
	column     string
	format     *format // nil for ISO 8601
	zone       *time.Location
	startOfDay bool
	asOf       time.Time
	asked      string // where asOf comes from, in words
}

func newDateGate(g DateGate) (*dateGate, error) {
	d := &dateGate{column: trim(g.Column), zone: g.Zone, startOfDay: g.StartOfDay, asOf: g.AsOf, asked: "--as-of"}
	if g.Now {
		d.asked = "now"
	}
	if d.zone == nil {
		d.zone = time.UTC
	}
	switch {
	case d.column == "":
		return nil, &OptionError{"date gate", "no column: name the one that holds the dates"}
	case d.asOf.IsZero():
		return nil, &OptionError{"--as-of", "no time: dates cannot be compared with nothing"}
	case trim(g.Format) == "":
		return d, nil
	}
	var err error
	d.format, err = newFormat(g.Format)
	return d, err
}

const (
	farFuture = 2900 // from this year on, a date is a placeholder: 2999-12-31, 9999-12-31
	farPast   = 1970 // before this year, a date is a birthday, or was misread
)

// origins are where the calendars of programs begin. They stand for no date: a
// row with one of them names somebody who stays.
var origins = []string{"0001-01-01", "1601-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01"}

// nothing are words for no value, in lower case.
var nothing = []string{"n/a", "#n/a", "na", "null", "(null)", "none", "nil", "nan", "nat"}

// zeros is punctuation without a date, or a date and time made of zeros.
var zeros = regexp.MustCompile(`^([-–—./: ]*|0+([-/.: T]+0+)*(Z|[-+]00(:?00)?)?)$`)

// saysNothing reports whether a cell that is not empty stands for no value.
func saysNothing(cell string) bool {
	if slices.Contains(nothing, batch.LowerASCII(cell)) {
		return true
	}
	return strings.IndexByte("0-./: \xE2", cell[0]) >= 0 && zeros.MatchString(cell) // \xE2 begins a dash
}

// dayFirst is a date whose numbers stand in an order that only people know.
var dayFirst = regexp.MustCompile(`^[0-9]{1,2}[-./][0-9]{1,2}[-./][0-9]{2,4}`)

// hold gives the moment from which the row passes, and says why it has to wait,
// or "". The outcome is Skipped, or "" when the cell is no date that can be judged.
func (d *dateGate) hold(cell string) (time.Time, batch.Outcome, string) {
	never := time.Time{}
	switch {
	case cell == "":
		return never, batch.Skipped, fmt.Sprintf("not leaving: %s is empty", d.column)
	case saysNothing(cell):
		return never, batch.Skipped, fmt.Sprintf("not leaving: %s is %s", d.column, cell)
	}
	date, ok := d.parse(cell)
	if !ok {
		return never, "", fmt.Sprintf("column %q: %s", d.column, d.unread(cell))
	}
	day := date.at.Format(time.DateOnly)
	switch year := date.at.Year(); {
	case year >= farFuture || slices.Contains(origins, day):
		return never, batch.Skipped, fmt.Sprintf("not leaving: %s is %s", d.column, day)
	case year < farPast:
		return never, "", fmt.Sprintf("column %q: the year is %d, so this is not when somebody leaves", d.column, year)
	}
	return d.wait(date)
}

// wait holds back what is later than the time that counts as now.
func (d *dateGate) wait(date date) (from time.Time, _ batch.Outcome, why string) {
	if date.instant {
		if !date.at.After(d.asOf) {
			return date.at, "", ""
		}
		return date.at, batch.Skipped, fmt.Sprintf("leaves on %s, after %s (%s)", d.instantText(date.at), d.instantText(d.asOf), d.asked)
	}
	year, month, day := date.at.Date()
	text := date.at.Format(time.DateOnly)
	begins := StartOfDay(year, month, day, d.zone)
	if from = begins; !d.startOfDay {
		from = StartOfDay(year, month, day+1, d.zone)
	}
	switch {
	case begins.After(d.asOf):
		return from, batch.Skipped, fmt.Sprintf("leaves on %s, after %s (%s)", text, d.asOfText(), d.asked)
	case from.After(d.asOf):
		return from, batch.Skipped, fmt.Sprintf("leaves on %s, and that day is not over at %s (%s)", text, d.asOfText(), d.asked)
	}
	return from, "", ""
}

// firstOpenDay is the first day, as YYYY-MM-DD, for which a row has to wait.
func (d *dateGate) firstOpenDay() string {
	today := d.asOf.In(d.zone)
	if d.startOfDay {
		today = today.AddDate(0, 0, 1)
	}
	return today.Format(time.DateOnly)
}

func (d *dateGate) asOfText() string {
	if d.asOf.Second() == 0 && d.asOf.Nanosecond() == 0 {
		return d.asOf.In(d.zone).Format("2006-01-02 15:04 -07:00")
	}
	return d.instantText(d.asOf)
}

func (d *dateGate) instantText(t time.Time) string {
	return t.In(d.zone).Format("2006-01-02 15:04:05.999999999 -07:00")
}

// unread says why a cell is no date. Its text is shown only where it looks like
// one: the wrong column may have been named.
func (d *dateGate) unread(cell string) string {
	if d.format != nil {
		why := fmt.Sprintf("not a date of the form %s (--date-format)", d.format.text)
		if d.format.beyond(strings.Map(plainBlank, cell)) {
			why += ": there is no such day or time"
		}
		return why
	}
	if text := strings.ToUpper(strings.Map(plainBlank, cell)); iso.MatchString(text) {
		day := text[:len(time.DateOnly)]
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return "there is no day " + day
		}
		return "there is no such time of the day"
	}
	if m := dayFirst.FindString(cell); m != "" {
		switch found := formatsFor([]string{cell}); len(found) {
		case 1:
			return fmt.Sprintf("%s needs --date-format %s", m, found[0])
		case 2:
			return fmt.Sprintf("%s does not say which number is the day: say it with --date-format %s or %s", m, found[0], found[1])
		}
		return fmt.Sprintf("%s is not written as 2026-12-31 is (ISO 8601): say how dates are written with --date-format", m)
	}
	return "not a date such as 2026-12-31 (ISO 8601): say how dates are written with --date-format"
}

// parse reads a cell that is not empty. It takes nothing that the format would
// not write in the same way, but for the case of letters.
func (d *dateGate) parse(cell string) (date, bool) {
	cell = strings.Map(plainBlank, cell)
	if d.format != nil {
		return d.format.parse(cell)
	}
	cell = strings.ToUpper(cell) // t and z may be small
	m := iso.FindStringSubmatch(cell)
	if m == nil {
		return date{}, false
	}
	return isoForm(m).parse(cell)
}

// plainBlank makes one blank of all kinds: many programs write a narrow no-break
// space before PM.
func plainBlank(r rune) rune {
	if unicode.IsSpace(r) {
		return ' '
	}
	return r
}
