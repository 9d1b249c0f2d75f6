package intake

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readDate is what a cell says: a day, or an instant.
type readDate struct {
	at      time.Time // as written; without an offset, only the day of it counts
	instant bool
	untold  bool // two digits are all of the year, and do not tell it
}

// shortYear is a date of two digits for the year. Up to 68 they mean one of this century. The others
// may be those of 1999 as well as of a placeholder, 2099 or 9999, and so may those of an origin.
func shortYear(t time.Time) readDate {
	origin := slices.ContainsFunc(origins, func(o string) bool { return o[2:] == t.Format("06-01-02") })
	return readDate{at: t, untold: origin || t.Year() < 2000}
}

// iso is a date or date-time as in ISO 8601, in the extended form.
var iso = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:([T ])[0-9]{2}:[0-9]{2}(:[0-9]{2}(?:[.,][0-9]{1,9})?)?(Z|[-+][0-9]{2}(?::?[0-5][0-9])?)?)?$`)

// offsets are Go's layouts for an offset from UTC, by its length.
var offsets = map[int]string{len(""): "", len("Z"): "Z07:00", len("+07"): "-07", len("+0700"): "-0700", len("+07:00"): "-07:00"}

// milliseconds since 1970, as .NET and PowerShell write a date in JSON.
var milliseconds = regexp.MustCompile(`^/DATE\((-?[0-9]{1,15})([-+][0-9]{4})?\)/$`)

// parseISO reads a date as in ISO 8601, or /Date(1767139200000)/, in capitals.
func parseISO(text string) (readDate, bool) {
	if m := milliseconds.FindStringSubmatch(text); m != nil {
		zone, _ := time.Parse("-0700", cmp.Or(m[2], "+0000"))
		ms, err := strconv.ParseInt(m[1], 10, 64)
		return readDate{at: time.UnixMilli(ms).In(zone.Location()), instant: true}, err == nil
	}
	m := iso.FindStringSubmatch(text)
	if m == nil {
		return readDate{}, false
	}
	blank, seconds, offset := m[1], m[2], m[3]
	layout := time.DateOnly
	if blank != "" {
		layout += blank + "15:04"
	}
	if seconds != "" {
		layout += ":05" // which takes a fraction, too
	}
	layout += offsets[len(offset)]
	t, err := time.Parse(layout, text)
	return readDate{at: t, instant: offset != ""}, err == nil
}

const (
	farFuture = 2900 // from this year on, a date is a placeholder: 2999-12-31, 9999-12-31
	farPast   = 1970 // before this year, a date is a birthday, or was misread
)

// origins are where the calendars of programs begin. They stand for no date: a
// row with one of them names somebody who stays.
var origins = []string{"0001-01-01", "1601-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01"}

// standsForNone reports whether a day is one that programs write for no date.
func standsForNone(t time.Time) bool {
	return t.Year() >= farFuture || slices.Contains(origins, t.Format(time.DateOnly))
}

// StartOfDay is the first moment of a day, wherever the clocks are changed:
// midnight may not exist, or come twice. If a change takes the clocks back into
// the day before, it is the last time that the day begins.
func StartOfDay(year int, month time.Month, day int, zone *time.Location) time.Time {
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	end := midnight.Add(36 * time.Hour) // later than the day begins anywhere
	for {
		t := end.Add(-1).In(zone)
		_, offset := t.Zone()
		begins := midnight.Add(-time.Duration(offset) * time.Second)
		since, _ := t.ZoneBounds() // the offset holds from since to end
		switch {
		case !since.IsZero() && !since.Before(begins):
			end = since
		case begins.Before(end):
			return begins
		default:
			return end
		}
	}
}

var (
	timeOfDay = regexp.MustCompile(`[Tt, ]+[0-9]{1,2}:.*$`)
	dateSigns = regexp.MustCompile(`[-./, ]+`)
)

// looseForms are how people write dates, with every sign between their parts made a
// hyphen. Nobody can tell of a number up to 12 whether it is the day or the month.
var looseForms = []string{
	"2006-1-2", "20060102", "1-2-2006", "2-1-2006", "1-2-06", "2-1-06",
	"2-Jan-2006", "2-Jan-06", "2-January-2006", "Jan-2-2006", "January-2-2006",
}

// looseDays gives the days that a cell may mean. A time behind the day is left out, but an instant
// may be of the next day where the clocks are ahead.
func looseDays(cell string) (days []readDate) {
	text := dateSigns.ReplaceAllString(timeOfDay.ReplaceAllString(plainBlanks(cell), ""), "-")
	for _, form := range looseForms {
		if t, err := time.Parse(form, text); err == nil && !strings.Contains(form, "2006") {
			days = append(days, shortYear(t))
		} else if err == nil {
			days = append(days, readDate{at: t})
		}
	}
	if exact, ok := parseISO(strings.ToUpper(plainBlanks(cell))); ok && exact.instant {
		if days = append(days, exact); !isMidnight(exact.at) {
			days = append(days, readDate{at: exact.at.UTC().Add(14 * time.Hour)})
		}
	}
	return days
}

func isMidnight(t time.Time) bool {
	hour, minute, second := t.Clock()
	return hour+minute+second+t.Nanosecond() == 0
}
