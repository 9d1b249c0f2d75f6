package intake

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"offboard/batch"
)

// Go's layouts for an offset from UTC.
const (
	offsetOrZ   = "Z07:00"
	offsetColon = "-07:00"
	offsetPlain = "-0700"
	offsetHours = "-07"
)

// hour24 stands for the hour without a leading zero, for which Go has no layout.
const hour24 = "H"

// form is a Go layout in pieces, each of them one word or one sign.
type form []string

// iso is a date or date-time as in ISO 8601, in the extended form.
var iso = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:([T ])[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?(Z|[-+][0-9]{2}(:?)([0-9]{2})?)?)?$`)

// isoForm is the form in which a match of iso is written.
func isoForm(m []string) form {
	sep, seconds, fraction, offset := m[1], m[2], m[3], m[4]
	f := form{"2006-01-02"}
	if sep != "" {
		f = append(f, sep, "15:04")
	}
	if seconds != "" {
		last := ":05"
		if fraction != "" {
			last += fraction[:1] + strings.Repeat("0", len(fraction)-1)
		}
		f = append(f, last)
	}
	switch {
	case offset == "Z":
		f = append(f, offsetOrZ)
	case len(offset) == len("-07:00"):
		f = append(f, offsetColon)
	case len(offset) == len("-0700"):
		f = append(f, offsetPlain)
	case offset != "":
		f = append(f, offsetHours)
	}
	return f
}

// parse reads text as the form writes it. time.Parse alone is generous (with
// fractions, with leading zeros), and a day that is not there must not pass.
func (f form) parse(text string) (date, bool) {
	t, err := time.Parse(f.layout(), text)
	if err != nil || batch.LowerASCII(f.write(t)) != batch.LowerASCII(text) {
		return date{}, false
	}
	return date{t, f.has(offsetOrZ, offsetColon, offsetPlain, offsetHours)}, true
}

// layout is the form as one Go layout.
func (f form) layout() string { return strings.ReplaceAll(strings.Join(f, ""), hour24, "15") }

func (f form) write(t time.Time) string {
	var b strings.Builder
	for _, piece := range f {
		if piece == hour24 {
			fmt.Fprint(&b, t.Hour())
			continue
		}
		b.WriteString(t.Format(piece))
	}
	return b.String()
}

// has reports whether one of the layouts is a piece of the form.
func (f form) has(layouts ...string) bool {
	return slices.ContainsFunc(f, func(piece string) bool { return slices.Contains(layouts, piece) })
}
