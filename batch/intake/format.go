package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// dateWords are what a date format is made of, and their layouts in Go.
var dateWords = map[string]string{
	"YYYY": "2006", "YY": "06",
	"MMMM": "January", "MMM": "Jan", "MM": "01", "M": "1",
	"DD": "02", "D": "2", "dddd": "Monday", "ddd": "Mon",
	"HH": "15", "H": hour24, "hh": "03", "h": "3", "A": "PM", "a": "pm",
	"mm": "04", "m": "4", "ss": "05", "s": "5",
	"Z": offsetOrZ, "ZZ": offsetPlain,
	"T": "T",
}

// format is a --date-format that was understood.
type format struct {
	text  string
	forms []form // more than one where the same word is written in two ways
}

// newFormat understands a format, or says what in it cannot be. The error is an
// [*OptionError].
func newFormat(text string) (*format, error) {
	text = trim(text)
	bad := func(why string, args ...any) (*format, error) {
		return nil, &OptionError{"--date-format", fmt.Sprintf("%q: ", text) + fmt.Sprintf(why, args...)}
	}
	f, unknown := formOf(text)
	if len(unknown) > 0 {
		return bad("unknown %s; YYYY is the year, MM the month, DD the day, HH the hour, mm the minute, ss the second, A is AM or PM", list(unknown))
	}
	if f.has("3", "03") != f.has("PM", "pm") {
		return bad("h and A go together; use HH for the hour of 24")
	}
	if f.has(offsetOrZ, offsetPlain) && !f.has("15", hour24, "3", "03") {
		return bad("an offset needs a time before it, such as HH:mm")
	}
	forms := []form{f}
	if f.has(offsetOrZ) {
		numeric := append(form(nil), f...)
		for i := range numeric {
			if numeric[i] == offsetOrZ {
				numeric[i] = offsetColon
			}
		}
		forms = append(forms, numeric)
	}
	for _, form := range forms {
		if !form.readable() {
			return bad("it does not hold a whole date; it needs year, month and day, with a sign between those of one letter")
		}
	}
	return &format{text, forms}, nil
}

// formOf cuts a format into words and signs, and gives those that mean nothing.
func formOf(text string) (f form, unknown []string) {
	for text != "" {
		first := rune(text[0])
		end := len(text) - len(strings.TrimLeft(text, string(first)))
		if first > unicode.MaxASCII {
			end = len(text)
		}
		word := text[:end]
		layout, known := dateWords[word]
		switch {
		case known:
			f = append(f, layout)
		case strings.ContainsRune(" -/.:,", first):
			f = append(f, word)
		default:
			unknown = append(unknown, word)
		}
		text = text[end:]
	}
	return f, unknown
}

// readable reports whether what the form writes is read as the same day.
func (f form) readable() bool {
	zone := time.FixedZone("", 5*60*60+30*60)
	for _, t := range []time.Time{
		time.Date(2026, 12, 31, 23, 59, 58, 0, zone),
		time.Date(2027, 1, 2, 3, 4, 5, 0, zone),
		time.Date(2024, 2, 29, 12, 0, 0, 0, zone),
	} {
		got, ok := f.parse(f.write(t))
		if !ok || got.at.Format(time.DateOnly) != t.Format(time.DateOnly) {
			return false
		}
	}
	return true
}

// parse reads text by the first form that fits.
func (f *format) parse(text string) (date, bool) {
	for _, form := range f.forms {
		if d, ok := form.parse(text); ok {
			return d, true
		}
	}
	return date{}, false
}

// beyond reports whether text has the look of one of the forms, and names a day or a
// time that there is not.
func (f *format) beyond(text string) bool {
	return slices.ContainsFunc(f.forms, func(form form) bool {
		_, err := time.Parse(form.layout(), text)
		wrong, ok := errors.AsType[*time.ParseError](err)
		return ok && strings.HasSuffix(wrong.Message, "out of range")
	})
}
