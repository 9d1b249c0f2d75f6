package dates

import (
	"iter"
	"strings"
	"testing"
	"time"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct{ format, want string }{
		{"%Y-%m-%d", ""},
		{" %d.%m.%Y ", ""},
		{"%m/%d/%Y %I:%M:%S %p", ""},
		{"%d-%b-%y", ""},
		{"%Y%m%d%H%M%S", ""},
		{"%d%m%Y", ""},
		{"%A, %d %B %Y", ""},
		{"%Y-%m-%dT%H:%M:%S%z", ""},
		{"%Y-%m-%dT%H:%M:%SZ", ""},
		{" Excel", ""},

		{"DD.MM.YYYY", `unknown "DD", "MM", "YYYY": write "%d.%m.%Y"`},
		{"dd.MM.yyyy", `unknown "dd", "MM", "yyyy": write "%d.%m.%Y"`},
		{"M/d/yyyy h:mm:ss tt", `: write "%m/%d/%Y %I:%M:%S %p"`},
		{"D-MMM-YY", `: write "%d-%b-%y"`},
		{"YYYY-MM-DDTHH:mm:ssZZ", `: write "%Y-%m-%dT%H:%M:%S%z"`},
		{"%%d.%%m.%%Y", `unknown "%", "%", "%": write "%d.%m.%Y"`},
		{`\%d.\%m.\%Y`, `: write "%d.%m.%Y"`},
		{"'%d.%m.%Y'", `: write "%d.%m.%Y"`},
		{"%-d.%-m.%Y", `: write "%d.%m.%Y"`},
		{"m.Y", `unknown "m", "Y"; known are %Y %y (year), %m %B %b (month), %d (day)`},
		{"dd.mm.yyyy", `unknown "dd", "mm", "yyyy"; known are %Y`},
		{"YYYYY-MM-DD", `unknown "YYYYY", "MM", "DD"; known are`},
		{"02.01.2006", `unknown "02", "01", "2006"; known are`},
		{"%Y_%m_%d", `unknown "_", "_"; known are`},
		{"%x", `unknown "%x"; known are`},
		{"%d.%m.%Y %Z", `unknown "%Z"; known are`},
		{"%Y年", `unknown "年"; known are`},
		{"%d.%M.%Y", "it does not hold a whole date"},
		{"%m/%Y", "it does not hold a whole date"},
		{"%d.%m", "it does not hold a whole date"},
		{"%d.%Y", "it does not hold a whole date"},
		{"%H:%M", "it does not hold a whole date"},
		{"%d.%m.%Y %I:%M", "%I and %p go together"},
		{"%d.%m.%Y %H:%M %p", "%I and %p go together"},
		{"%Y-%m-%d%z", "an offset needs a time before it"},
	} {
		_, err := NewFormat(c.format)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: %v, want %s", c.format, err, c.want)
		}
	}
}

// A workbook gives what it knows to be a date in ISO 8601, whatever the format of the others.
func TestDatesOfWorkbook(t *testing.T) {
	for _, format := range []string{"", "%d.%m.%Y", Excel} {
		for cell, want := range map[string]bool{"2026-12-31": true, "2026-12-31T15:04:05": true, "31.12.2026": format == "%d.%m.%Y", "46387": format == Excel, "2026-02-31": false} {
			f, err := NewFormat(format)
			if err != nil {
				t.Fatal(err)
			}
			date, got := f.Read(cell)
			if got != want || got && (date.Instant || date.At.Format(time.DateOnly) != "2026-12-31") {
				t.Errorf("%q as %q: %v, %v", cell, format, date, got)
			}
		}
	}
}

// FuzzDate holds what is true of any text and format: no panic; what is read says the day that
// it is, whatever zeros and blanks stand in it; and an instant in ISO 8601 is the one that the
// library reads.
func FuzzDate(f *testing.F) {
	for _, format := range []string{"", "%d.%m.%Y", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z", "%d-%b-%y", "%A, %B %d, %Y", "%Y%m%d %H%M %:z", "%y%d%m", "dd.MM.yyyy", Excel, Epoch} {
		for _, text := range []string{"2026-12-31", "2026-12-31T10:00:00.5Z", "2026-12-31 10:00+01", "31.12.2026", "8/19/2021 1:25:31 PM", "1.2.2026 9:05", "2026-12-31T10:00:00+00:00", "31-DEC-26", "Thursday, December 31, 2026", "20261231 1000 +0100", "0000-00-00", "-", "46022.5"} {
			f.Add(format, text)
		}
	}
	f.Fuzz(func(t *testing.T, format, text string) {
		d, err := NewFormat(format)
		if err != nil {
			return
		}
		for _, any := range Any(text) {
			any.None()
		}
		if d.WhyUnread(text) == "" || d.String() == "" {
			t.Fatal("nothing is said of what is not read")
		}
		date, ok := d.Read(text)
		if !ok {
			return
		}
		zone := time.FixedZone("CET", 60*60)
		if in := date.In(zone); in.Instant && !in.At.Equal(date.At) || !in.Begins(0, zone).Before(in.Begins(1, zone)) {
			t.Fatalf("%q is %v, and in the zone %v", text, date, in)
		}
		day := date.At.Format(time.DateOnly)
		isISO := d.Text == ""
		if !isISO {
			_, own := d.Own(text)
			isISO = !own // and so read beside the format
		}
		switch {
		case isISO:
			if !strings.HasPrefix(plainBlanks(text), day) {
				t.Fatalf("%q is %v", text, date.At)
			}
			if want, err := time.Parse(time.RFC3339Nano, text); err == nil && !(date.Instant && want.Equal(date.At)) {
				t.Fatalf("%q is %v, want %v", text, date.At, want)
			}
		case d.Text == Excel:
			if date.At.Year() < 1900 || date.At.Year() > 9999 || date.Instant {
				t.Fatalf("%q is %v", text, date)
			}
		default:
			// Each number of the text stands in the day or the time, and the other way round.
			if got, want := numbersOf(date.At.Format(d.layouts[0].write)), numbersOf(plainBlanks(text)); got != want && !d.instant {
				t.Fatalf("%q as %q is %v: %s, want %s", text, format, date, got, want)
			}
			for _, l := range d.layouts {
				again, ok := d.Read(date.At.Format(l.write))
				if !ok || l.write[len(l.write)-1] != 'Z' && again.At.Format(time.DateOnly) != day {
					t.Fatalf("%q as %q is %v, and written again %v", text, format, date, again)
				}
			}
		}
	})
}

// numbersOf are the numbers of a text, with no zeros before them.
func numbersOf(text string) string {
	var all []string
	for _, n := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		all = append(all, strings.TrimLeft(n, "0"))
	}
	return strings.Join(all, " ")
}

// TestStartOfDay holds the days around every change of the clocks against the
// calendar itself: the day begins when it has not been before, and is from then on.
func TestStartOfDay(t *testing.T) {
	for _, name := range []string{"Europe/Oslo", "Africa/Cairo", "America/Havana", "America/St_Johns", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Pacific/Kwajalein", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for day := range days(1993, 2010, 2011, 2018, 2024) {
			begins := StartOfDay(day.Year(), day.Month(), day.Day(), zone)
			if before := begins.Add(-1).In(zone); dayNumber(before) >= dayNumber(day) {
				t.Fatalf("%s: %s begins at %s, and %s is of it", name, day.Format(time.DateOnly), begins.In(zone), before)
			}
			for after := begins; after.Sub(begins) < 26*time.Hour; after = after.Add(30 * time.Minute) {
				if dayNumber(after.In(zone)) < dayNumber(day) {
					t.Fatalf("%s: %s begins at %s, and %s is before it", name, day.Format(time.DateOnly), begins.In(zone), after.In(zone))
				}
			}
		}
	}
}

// dayNumber is a number that grows with the days.
func dayNumber(t time.Time) int {
	year, month, day := t.Date()
	return (year*12+int(month))*31 + day
}

// days yields the midnights in UTC of all days of the years.
func days(years ...int) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for _, y := range years {
			for day := time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == y; day = day.AddDate(0, 0, 1) {
				if !yield(day) {
					return
				}
			}
		}
	}
}
