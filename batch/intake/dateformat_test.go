package intake

import (
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
		_, err := newDateFormat(c.format)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: %v, want %s", c.format, err, c.want)
		}
	}
}

// A workbook gives what it knows to be a date in ISO 8601, whatever the format of the others.
func TestDatesOfWorkbook(t *testing.T) {
	for _, format := range []string{"", "%d.%m.%Y", excel} {
		for cell, want := range map[string]bool{"2026-12-31": true, "2026-12-31T15:04:05": true, "31.12.2026": format == "%d.%m.%Y", "46387": format == excel, "2026-02-31": false} {
			d, err := newDateGate(DateGate{Column: "end", Format: format, AsOf: noon})
			if err != nil {
				t.Fatal(err)
			}
			date, got := d.parse(cell)
			if got != want || got && (date.instant || date.at.Format(time.DateOnly) != "2026-12-31") {
				t.Errorf("%q as %q: %v, %v", cell, format, date, got)
			}
		}
	}
}

// FuzzDate holds what is true of any text and format: no panic; what is read says the day that
// it is, whatever zeros and blanks stand in it; and an instant in ISO 8601 is the one that the
// library reads.
func FuzzDate(f *testing.F) {
	for _, format := range []string{"", "%d.%m.%Y", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z", "%d-%b-%y", "%A, %B %d, %Y", "%Y%m%d %H%M %:z", "%y%d%m", "dd.MM.yyyy", excel} {
		for _, text := range []string{"2026-12-31", "2026-12-31T10:00:00.5Z", "2026-12-31 10:00+01", "31.12.2026", "8/19/2021 1:25:31 PM", "1.2.2026 9:05", "2026-12-31T10:00:00+00:00", "31-DEC-26", "Thursday, December 31, 2026", "20261231 1000 +0100", "0000-00-00", "-", "46022.5"} {
			f.Add(format, text)
		}
	}
	f.Fuzz(func(t *testing.T, format, text string) {
		d, err := newDateGate(DateGate{Column: "end", Format: format, AsOf: noon})
		if err != nil {
			return
		}
		d.rule(text)
		date, ok := d.parse(text)
		if !ok {
			return
		}
		day := date.at.Format(time.DateOnly)
		isISO := d.format == nil
		if !isISO {
			_, own := d.format.parse(plainBlanks(text))
			isISO = !own // and so read beside the format
		}
		switch {
		case isISO:
			if !strings.HasPrefix(plainBlanks(text), day) {
				t.Fatalf("%q is %v", text, date.at)
			}
			if want, err := time.Parse(time.RFC3339Nano, text); err == nil && !(date.instant && want.Equal(date.at)) {
				t.Fatalf("%q is %v, want %v", text, date.at, want)
			}
		case d.format.text == excel:
			if date.at.Year() < 1900 || date.at.Year() > 9999 || date.instant {
				t.Fatalf("%q is %v", text, date)
			}
		default:
			// Each number of the text stands in the day or the time, and the other way round.
			if got, want := numbersOf(date.at.Format(d.format.layouts[0].write)), numbersOf(plainBlanks(text)); got != want && !d.format.instant {
				t.Fatalf("%q as %q is %v: %s, want %s", text, format, date, got, want)
			}
			for _, l := range d.format.layouts {
				again, ok := d.parse(date.at.Format(l.write))
				if !ok || l.write[len(l.write)-1] != 'Z' && again.at.Format(time.DateOnly) != day {
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
