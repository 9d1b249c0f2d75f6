package intake

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ncruces/go-strftime"

	"offboard/batch"
)

// excel is the --date-format of the numbers by which a workbook keeps days, and epoch that of the
// seconds or milliseconds since 1970.
const (
	excel = "excel"
	epoch = "epoch"
)

// dateFormat is a --date-format that was understood.
type dateFormat struct {
	text    string
	instant bool         // it has an offset
	layouts []dateLayout // none for excel and epoch; several when an offset is +0100, +01:00 or Z
}

// dateLayout is a format in Go's words. Numbers of one digit are read, too.
type dateLayout struct{ read, write string }

var (
	// dateWord is a word or a sign of a format. The words of strptime for the habits of a
	// country (%x) and the name of a zone (%Z) are none: they say different things. The group
	// is of words that are unknown, though their letter is a sign.
	dateWord = regexp.MustCompile(`%:z|%[YymBbdAaHIpMSz]|(%[TZ])|[-/.:, TZ]`)
	readWord = strings.NewReplacer("%d", "%-d", "%m", "%-m", "%I", "%-I", "%M", "%-M", "%S", "%-S", "%p", "%P", "T", "t", "Z", "z")
	offset   = regexp.MustCompile(`%:?z`)

	// Words of .NET, Java and Excel, and what shells leave of a format, in ours.
	shellWord = strings.NewReplacer("%%", "%", `\%`, "%", "'", "", "%-", "%")
	otherWord = strings.NewReplacer("YYYY", "%Y", "yyyy", "%Y", "YY", "%y", "yy", "%y", "MMMM", "%B", "MMM", "%b", "MM", "%m", "M", "%m",
		"dddd", "%A", "ddd", "%a", "DD", "%d", "dd", "%d", "D", "%d", "d", "%d", "HH", "%H", "H", "%H", "hh", "%I", "h", "%I", "mm", "%M", "m", "%M", "ss", "%S", "s", "%S",
		"tt", "%p", "A", "%p", "a", "%p", "ZZ", "%z", "zzz", "%z")
)

// newDateFormat understands a format, or says what in it cannot be. The error is an
// [*InputError].
func newDateFormat(text string) (*dateFormat, error) {
	text = plainBlanks(text)
	if word := strings.ToLower(text); word == excel || word == epoch {
		return &dateFormat{text: word}, nil
	}
	bad := func(why string) (*dateFormat, error) {
		return nil, &InputError{Option: "--date-format", Reason: fmt.Sprintf("%q: %s", text, why)}
	}
	has := func(word string) bool { return strings.Contains(text, word) }
	f := &dateFormat{text: text, instant: offset.MatchString(text) || has("Z")}
	unknown := func(text string) []string { return strings.Fields(dateWord.ReplaceAllString(text, " $1 ")) }
	if wrong := unknown(text); len(wrong) > 0 {
		why, ours := "unknown "+quotedList(wrong), otherWord.Replace(text)
		if has("%") {
			ours = shellWord.Replace(text)
		}
		if len(unknown(ours)) == 0 {
			if _, err := newDateFormat(ours); err == nil {
				return bad(fmt.Sprintf("%s: write %q", why, ours))
			}
		}
		return bad(why + `; known are %Y %y (year), %m %B %b (month), %d (day), %A %a (weekday), %H, or %I and %p, %M %S (time), %z (offset), as in "%d.%m.%Y"; and excel and epoch. In a .cmd file and a unit of systemd a % is written %%, in a crontab \%`)
	}
	switch {
	case has("%I") != has("%p"):
		return bad("%I and %p go together; use %H for the hour of 24")
	case f.instant && !has("%H") && !has("%I"):
		return bad("an offset needs a time before it, such as %H:%M")
	}
	for _, z := range []string{"%z", "%:z", "Z"} {
		form := offset.ReplaceAllString(text, z)
		read, _ := strftime.Layout(readWord.Replace(form)) // all words are known
		write, _ := strftime.Layout(form)
		f.layouts = append(f.layouts, dateLayout{read, write})
	}
	f.layouts = slices.Compact(f.layouts)
	day := time.Date(2026, 12, 31, 23, 59, 58, 0, time.UTC)
	if got, ok := f.parse(day.Format(f.layouts[0].write)); !ok || got.at.YearDay() != 365 || got.at.Year() != 2026 {
		return bad("it does not hold a whole date; it needs year, month and day")
	}
	return f, nil
}

// parse reads text as the format writes it, in any case and with zeros before numbers or
// without. [time.Parse] alone is generous with fractions, and knows no wrong weekday.
func (f *dateFormat) parse(text string) (readDate, bool) {
	switch {
	case f.text == excel:
		return parseSerial(text)
	case f.text == epoch && len(text) == len("1767139200"):
		return parseISO("/DATE(" + text + "000)/")
	case f.text == epoch && len(text) == len("1767139200000"):
		return parseISO("/DATE(" + text + ")/")
	}
	text = batch.LowerASCII(text)
	for _, l := range f.layouts {
		t, err := time.Parse(l.read, text)
		if err == nil && withoutZeros(batch.LowerASCII(t.Format(l.write))) == withoutZeros(text) {
			date := readDate{at: t}
			if strings.Contains(f.text, "%y") {
				date = shortYear(t)
			}
			date.instant = f.instant
			return date, true
		}
	}
	return readDate{}, false
}

// outOfRange reports whether text has the look of the format, and names a day or a
// time that there is not.
func (f *dateFormat) outOfRange(text string) bool {
	return slices.ContainsFunc(f.layouts, func(l dateLayout) bool {
		_, err := time.Parse(l.read, batch.LowerASCII(text))
		wrong, ok := errors.AsType[*time.ParseError](err)
		return ok && strings.HasSuffix(wrong.Message, "out of range")
	})
}

// withoutZeros leaves out the zeros before each number.
func withoutZeros(text string) string {
	number := false
	return strings.Map(func(r rune) rune {
		if r == '0' && !number {
			return -1
		}
		number = '0' <= r && r <= '9'
		return r
	}, text)
}

// parseSerial reads the number of a day: 1 is 1900-01-01, and 60 a leap day that never was.
// What stands behind the point is the time of the day, which does not count without a zone.
func parseSerial(text string) (readDate, bool) {
	n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	if err != nil || strings.Trim(text, "0123456789.,") != "" || n < 1 || n >= 2958466 { // 10000-01-01
		return readDate{}, false
	}
	days := int(n)
	if days < 60 {
		days++
	}
	return readDate{at: time.Date(1899, 12, 30+days, 0, 0, 0, 0, time.UTC)}, true
}
