// Package dates reads days and moments as people and programs write them: in ISO 8601, in a format
// of strptime's words, as numbers of Excel or of 1970, or in whatever way.
package dates

import (
	"cmp"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Date is what a text says: a day, or an instant.
type Date struct {
	At      time.Time // as written; without an offset, only the day of it counts
	Instant bool
	Untold  bool // two digits are all of the year, and do not tell it
}

// shortYear is a date of two digits for the year. Up to 68 they mean one of this century. The others
// may be those of 1999 as well as of a placeholder, 2099 or 9999; so may those of an origin.
func shortYear(t time.Time) Date {
	origin := slices.ContainsFunc(origins, func(o string) bool { return o[2:] == t.Format("06-01-02") })
	return Date{At: t, Untold: origin || t.Year() < 2000}
}

const (
	farFuture = 2900 // from this year on, a date is a placeholder: 2999-12-31, 9999-12-31
	FarPast   = 1970 // before this year, a date is a birthday, or was misread
)

// origins are where the calendars of programs begin. They stand for no date.
var origins = []string{"0001-01-01", "1601-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01"}

// None reports whether the day is one that programs write for no date.
func (d Date) None() bool {
	return d.At.Year() >= farFuture || slices.Contains(origins, d.At.Format(time.DateOnly))
}

// In makes a day of an instant that is midnight as it is written, or else where the day begins in
// the zone: so programs write a day. Any other instant is told in the zone.
func (d Date) In(zone *time.Location) Date {
	if !d.Instant || isMidnight(d.At) {
		d.Instant = false
		return d
	}
	d.At = d.At.In(zone)
	d.Instant = !isMidnight(d.At) && !d.At.Equal(d.Begins(0, zone))
	return d
}

// Begins is when the day, or one so many days later, begins in a zone.
func (d Date) Begins(later int, zone *time.Location) time.Time {
	year, month, day := d.At.Date()
	return StartOfDay(year, month, day+later, zone)
}

func isMidnight(t time.Time) bool {
	hour, minute, second := t.Clock()
	return hour+minute+second+t.Nanosecond() == 0
}

// StartOfDay is the first moment of a day. Where the clocks are changed, midnight may not exist,
// or come twice; if they go back into the day before, it is the last time that the day begins.
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

// iso is a date or date-time as in ISO 8601, in the extended form: day, time, seconds, offset.
var iso = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:[.,][0-9]{1,9})?)?(Z|([-+][0-9]{2})(?::?([0-5][0-9]))?)?)?$`)

// milliseconds since 1970, as .NET and PowerShell write a date in JSON.
var milliseconds = regexp.MustCompile(`^/DATE\((-?[0-9]{1,15})([-+][0-9]{4})?\)/$`)

// parseISO reads a date as in ISO 8601, or /Date(1767139200000)/.
func parseISO(text string) (Date, bool) {
	text = strings.ToUpper(text) // t and z may be small
	if m := milliseconds.FindStringSubmatch(text); m != nil {
		zone, _ := time.Parse("-0700", cmp.Or(m[2], "+0000"))
		ms, err := strconv.ParseInt(m[1], 10, 64)
		return Date{At: time.UnixMilli(ms).In(zone.Location()), Instant: true}, err == nil
	}
	m := iso.FindStringSubmatch(text)
	if m == nil {
		return Date{}, false
	}
	offset := "Z"
	if m[5] != "" {
		offset = m[5] + ":" + cmp.Or(m[6], "00")
	}
	t, err := time.Parse(time.RFC3339, m[1]+"T"+cmp.Or(m[2], "00:00")+cmp.Or(m[3], ":00")+offset)
	return Date{At: t, Instant: m[4] != ""}, err == nil
}

var (
	timeOfDay = regexp.MustCompile(`[Tt, ]+[0-9]{1,2}:.*$`)
	signs     = regexp.MustCompile(`[-./, ]+`)
)

// Any gives the days that a cell may mean, as people write them with any signs: nobody can tell of a
// number up to 12 whether it is the day or the month. A time behind the day is left out, but an
// instant may be of the next day where the clocks are ahead.
func Any(cell string) (days []Date) {
	cell = plainBlanks(cell)
	text := signs.ReplaceAllString(timeOfDay.ReplaceAllString(cell, ""), "-")
	for _, f := range usual().loose {
		if d, ok := f.parse(text); ok {
			days = append(days, d)
		}
	}
	if exact, ok := parseISO(cell); ok && exact.Instant {
		if days = append(days, exact); !isMidnight(exact.At) {
			days = append(days, Date{At: exact.At.UTC().Add(14 * time.Hour)})
		}
	}
	return days
}

// Within gives texts in a longer one that may be days, as [Any] reads them, or months by their names.
func Within(text string) iter.Seq2[string, []Date] {
	return func(yield func(string, []Date) bool) {
		words := strings.Fields(text)
		for from := range words {
			for n := range min(3, len(words)-from) {
				part := strings.Trim(strings.Join(words[from:from+n+1], " "), `.,;:()[]"'`)
				whole := part
				if part != "" && unicode.IsLetter(rune(part[0])) {
					whole = "1 " + part
				}
				if days := append(Any(part), Any(whole)...); strings.Trim(part, "0123456789") != "" && len(days) > 0 && !yield(part, days) {
					return
				}
			}
		}
	}
}

// plainBlanks makes one blank of all kinds and numbers, such as the narrow one before PM.
func plainBlanks(cell string) string { return strings.Join(strings.Fields(cell), " ") }
