package intake

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"offboard/batch"
)

// dateWords are what a --date-format is made of, and their layouts in Go. H, the hour
// without a leading zero, has none: it stays H.
var dateWords = map[string]string{
	"YYYY": "2006", "YY": "06",
	"MMMM": "January", "MMM": "Jan", "MM": "01", "M": "1",
	"DD": "02", "D": "2", "dddd": "Monday", "ddd": "Mon",
	"HH": "15", "H": "H", "hh": "03", "h": "3", "A": "PM", "a": "pm",
	"mm": "04", "m": "4", "ss": "05", "s": "5",
	"Z": "Z07:00", "ZZ": "-0700",
	"T": "T",
}

// dateFormat is a --date-format that was understood.
type dateFormat struct {
	text    string
	instant bool     // it has an offset
	layouts []string // Go's, with H; two when an offset is +01:00 or Z
}

// newDateFormat understands a format, or says what in it cannot be. The error is an
// [*OptionError].
func newDateFormat(text string) (*dateFormat, error) {
	text = trim(text)
	bad := func(why string, args ...any) (*dateFormat, error) {
		return nil, &OptionError{"--date-format", fmt.Sprintf("%q: ", text) + fmt.Sprintf(why, args...)}
	}
	words, unknown := dateWordsOf(text)
	has := func(any ...string) bool {
		return slices.ContainsFunc(any, func(w string) bool { return slices.Contains(words, w) })
	}
	switch {
	case len(unknown) > 0:
		return bad("unknown %s; YYYY is the year, MM the month, DD the day, HH the hour, mm the minute, ss the second, A is AM or PM", quotedList(unknown))
	case has("h", "hh") != has("A", "a"):
		return bad("h and A go together; use HH for the hour of 24")
	case has("Z", "ZZ") && !has("HH", "H", "hh", "h"):
		return bad("an offset needs a time before it, such as HH:mm")
	}
	layout := ""
	for _, w := range words {
		if known, ok := dateWords[w]; ok {
			w = known
		}
		layout += w
	}
	f := &dateFormat{text, has("Z", "ZZ"), []string{layout}}
	if has("Z") {
		f.layouts = append(f.layouts, strings.ReplaceAll(layout, "Z07:00", "-07:00"))
	}
	if !f.readsDays() {
		return bad("it does not hold a whole date; it needs year, month and day, with a sign between those of one letter")
	}
	return f, nil
}

// dateWordsOf cuts a format into words and signs, and gives those that mean nothing.
func dateWordsOf(text string) (words, unknown []string) {
	for text != "" {
		first := rune(text[0])
		end := len(text) - len(strings.TrimLeft(text, string(first)))
		if first > unicode.MaxASCII {
			end = len(text)
		}
		word := text[:end]
		if _, known := dateWords[word]; known || strings.ContainsRune(" -/.:,", first) {
			words = append(words, word)
		} else {
			unknown = append(unknown, word)
		}
		text = text[end:]
	}
	return words, unknown
}

// readsDays reports whether what the format writes is read as the same day.
func (f *dateFormat) readsDays() bool {
	zone := time.FixedZone("", 5*60*60+30*60)
	for _, t := range []time.Time{
		time.Date(2026, 12, 31, 23, 59, 58, 0, zone),
		time.Date(2027, 1, 2, 3, 4, 5, 0, zone),
		time.Date(2024, 2, 29, 12, 0, 0, 0, zone),
	} {
		got, ok := f.parse(writeDate(t, f.layouts[0]))
		if !ok || got.at.Format(time.DateOnly) != t.Format(time.DateOnly) {
			return false
		}
	}
	return true
}

// parse reads text as the format writes it, in any case. [time.Parse] alone is
// generous with fractions and leading zeros, and knows no wrong day of the week.
func (f *dateFormat) parse(text string) (readDate, bool) {
	for _, layout := range f.layouts {
		t, err := time.Parse(parseLayout(layout), text)
		if err == nil && batch.LowerASCII(writeDate(t, layout)) == batch.LowerASCII(text) {
			return readDate{t, f.instant}, true
		}
	}
	return readDate{}, false
}

// outOfRange reports whether text has the look of the format, and names a day or a
// time that there is not.
func (f *dateFormat) outOfRange(text string) bool {
	return slices.ContainsFunc(f.layouts, func(layout string) bool {
		_, err := time.Parse(parseLayout(layout), text)
		wrong, ok := errors.AsType[*time.ParseError](err)
		return ok && strings.HasSuffix(wrong.Message, "out of range")
	})
}

// parseLayout is a layout as [time.Parse] knows it.
func parseLayout(layout string) string { return strings.ReplaceAll(layout, "H", "15") }

// writeDate writes a time by a layout. No name of a month or day has a capital H.
func writeDate(t time.Time, layout string) string {
	return strings.ReplaceAll(t.Format(layout), "H", strconv.Itoa(t.Hour()))
}
