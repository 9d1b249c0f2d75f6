package intake

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct{ format, want string }{
		{"YYYY-MM-DD", ""},
		{" DD.MM.YYYY ", ""},
		{"M/D/YYYY h:mm:ss A", ""},
		{"D-MMM-YY", ""},
		{"YYYYMMDD", ""},
		{"DDMMYYYY", ""},
		{"dddd, D MMMM YYYY", ""},
		{"YYYY-MM-DDTHH:mm:ssZ", ""},

		{"dd.MM.yyyy", `unknown "dd", "yyyy"; YYYY is the year`},
		{"M/d/yyyy h:mm:ss tt", `unknown "d", "yyyy", "tt"`},
		{"%Y-%m-%d", `unknown "%", "Y", "%", "%", "d"`},
		{"YYYYY-MM-DD", `unknown "YYYYY"`},
		{"02.01.2006", `unknown "0", "2", "0", "1", "2", "00", "6"`},
		{"YYYY_MM_DD", `unknown "_", "_"`},
		{"Jan 2", `unknown "J", "n", "2"`},
		{"YYYY年", `unknown "年"`},
		{"DD.mm.YYYY", "it does not hold a whole date"},
		{"MM/YYYY", "it does not hold a whole date"},
		{"DD.MM", "it does not hold a whole date"},
		{"HH:mm", "it does not hold a whole date"},
		{"MDYYYY", "it does not hold a whole date"},
		{"D.M.YYYY h:mm", "h and A go together"},
		{"D.M.YYYY HH:mm A", "h and A go together"},
		{"YYYY-MM-DDZ", "an offset needs a time before it"},
	} {
		_, err := newDateFormat(c.format)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: %v, want %s", c.format, err, c.want)
		}
	}
}

// FuzzDate holds what is true of any text and format: no panic; what is read is
// written in the same way again; and an instant in ISO 8601 is the one that the
// library reads.
func FuzzDate(f *testing.F) {
	for _, format := range []string{"", "DD.MM.YYYY", "M/D/YYYY h:mm:ss A", "D.M.YYYY H:mm", "YYYY-MM-DDTHH:mm:ssZ", "DD-MMM-YY", "dddd, MMMM D, YYYY", "YYYYMMDD HHmm ZZ", "dd.MM.yyyy"} {
		for _, text := range []string{"2026-12-31", "2026-12-31T10:00:00.5Z", "2026-12-31 10:00+01", "31.12.2026", "8/19/2021 1:25:31 PM", "1.2.2026 9:05", "2026-12-31T10:00:00+00:00", "31-DEC-26", "Thursday, December 31, 2026", "20261231 1000 +0100", "0000-00-00", "-"} {
			f.Add(format, text)
		}
	}
	f.Fuzz(func(t *testing.T, layout, text string) {
		d, err := newDateGate(DateGate{Column: "end", Format: layout, AsOf: noon})
		if err != nil {
			return
		}
		d.rule(text)
		date, ok := d.parse(text)
		if !ok {
			return
		}
		if d.format != nil {
			if !slices.ContainsFunc(d.format.layouts, func(layout string) bool { return sameWords(writeDate(date.at, layout), text) }) {
				t.Fatalf("%q as %q is %v, which is written otherwise", text, layout, date)
			}
			return
		}
		if date.at.Format(time.DateOnly) != text[:len(time.DateOnly)] {
			t.Fatalf("%q is %v", text, date.at)
		}
		if want, err := time.Parse(time.RFC3339Nano, text); err == nil && !(date.instant && want.Equal(date.at)) {
			t.Fatalf("%q is %v, want %v", text, date.at, want)
		}
	})
}

// sameWords compares but for the case of letters and the kind of blanks.
func sameWords(a, b string) bool {
	return strings.EqualFold(plainBlanks(a), plainBlanks(b))
}
