package intake

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ncruces/go-strftime"

	"offboard/batch"
)

// readDate is what a cell says: a day, or an instant.
type readDate struct {
	at      time.Time // as written; without an offset, only the day of it counts
	instant bool
	untold  bool // two digits are all of the year, and do not tell it
}

// shortYear is a date of two digits for the year. Up to 68 they mean one of this century. The others
// may be those of 1999 as well as of a placeholder, 2099 or 9999; so may those of an origin.
func shortYear(t time.Time) readDate {
	origin := slices.ContainsFunc(origins, func(o string) bool { return o[2:] == t.Format("06-01-02") })
	return readDate{at: t, untold: origin || t.Year() < 2000}
}

// iso is a date or date-time as in ISO 8601, in the extended form: day, time, seconds, offset.
var iso = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:[.,][0-9]{1,9})?)?(Z|([-+][0-9]{2})(?::?([0-5][0-9]))?)?)?$`)

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
	offset := "Z"
	if m[5] != "" {
		offset = m[5] + ":" + cmp.Or(m[6], "00")
	}
	t, err := time.Parse(time.RFC3339, m[1]+"T"+cmp.Or(m[2], "00:00")+cmp.Or(m[3], ":00")+offset)
	return readDate{at: t, instant: m[4] != ""}, err == nil
}

const (
	farFuture = 2900 // from this year on, a date is a placeholder: 2999-12-31, 9999-12-31
	farPast   = 1970 // before this year, a date is a birthday, or was misread
)

// origins are where the calendars of programs begin. They stand for no date.
var origins = []string{"0001-01-01", "1601-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01"}

// standsForNone reports whether a day is one that programs write for no date.
func standsForNone(t time.Time) bool {
	return t.Year() >= farFuture || slices.Contains(origins, t.Format(time.DateOnly))
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

var (
	timeOfDay = regexp.MustCompile(`[Tt, ]+[0-9]{1,2}:.*$`)
	dateSigns = regexp.MustCompile(`[-./, ]+`)
)

// looseForms are how people write dates, with every sign made a hyphen. Nobody can tell of a
// number up to 12 whether it is the day or the month.
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

// excel is the --date-format of the numbers by which a workbook keeps days, and epoch that of the
// seconds or milliseconds since 1970.
const excel, epoch = "excel", "epoch"

// dateFormat is a --date-format that was understood.
type dateFormat struct {
	text    string
	instant bool         // it has an offset
	layouts []dateLayout // none for excel and epoch; several when an offset is +0100, +01:00 or Z
}

// dateLayout is a format in Go's words. Numbers of one digit are read, too.
type dateLayout struct{ read, write string }

var (
	// dateWord is a word or a sign of a format. The words of strptime for the habits of a country
	// (%x) and the name of a zone (%Z) are none: they say different things. The group is of words
	// that are unknown, though their letter is a sign.
	dateWord = regexp.MustCompile(`%:z|%[YymBbdAaHIpMSz]|(%[TZ])|[-/.:, TZ]`)
	readWord = strings.NewReplacer("%d", "%-d", "%m", "%-m", "%I", "%-I", "%M", "%-M", "%S", "%-S", "%p", "%P", "T", "t", "Z", "z")
	offset   = regexp.MustCompile(`%:?z`)

	// Words of .NET, Java and Excel, and what shells leave of a format, in ours.
	shellWord = strings.NewReplacer("%%", "%", `\%`, "%", "'", "", "%-", "%")
	otherWord = strings.NewReplacer("YYYY", "%Y", "yyyy", "%Y", "YY", "%y", "yy", "%y", "MMMM", "%B", "MMM", "%b", "MM", "%m", "M", "%m",
		"dddd", "%A", "ddd", "%a", "DD", "%d", "dd", "%d", "D", "%d", "d", "%d", "HH", "%H", "H", "%H", "hh", "%I", "h", "%I", "mm", "%M", "m", "%M", "ss", "%S", "s", "%S",
		"tt", "%p", "A", "%p", "a", "%p", "ZZ", "%z", "zzz", "%z")
)

// newDateFormat understands a format, or says in an [*InputError] what in it cannot be.
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

// parse reads text as the format writes it, in any case and with zeros before numbers or without.
// [time.Parse] alone is generous with fractions, and knows no wrong weekday.
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

// outOfRange reports whether text has the form, and names a day or a time that there is not.
func (f *dateFormat) outOfRange(text string) bool {
	return slices.ContainsFunc(f.layouts, func(l dateLayout) bool {
		_, err := time.Parse(l.read, batch.LowerASCII(text))
		wrong, ok := errors.AsType[*time.ParseError](err)
		return ok && strings.HasSuffix(wrong.Message, "out of range")
	})
}

// leadingZeros are those before a number.
var leadingZeros = regexp.MustCompile(`(^|[^0-9])0+`)

func withoutZeros(text string) string { return leadingZeros.ReplaceAllString(text, "$1") }

// parseSerial reads the number of a day: 1 is 1900-01-01, and 60 a leap day that never was. The
// time behind the point does not count without a zone.
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

// usualFormats are how programs write dates: with the day first, with the month, and with a short
// year.
var usualFormats = sync.OnceValue(func() (all [3][]*dateFormat) {
	for i, days := range []string{
		"%d.%m.%Y|%d/%m/%Y|%d-%m-%Y|%Y/%m/%d|%Y%m%d|%d-%b-%Y|%d %b %Y|%d %B %Y|%d.%m.%y|%d/%m/%y|%d-%m-%y|%d-%b-%y|%d %b %y|excel|epoch",
		"%m.%d.%Y|%m/%d/%Y|%m-%d-%Y|%b %d, %Y|%B %d, %Y|%b %d %Y|%m.%d.%y|%m/%d/%y|%m-%d-%y", "%y.%m.%d|%y/%m/%d|%y-%m-%d|%y%m%d",
	} {
		for _, clock := range strings.Split(",%H:%M,%H:%M:%S,%I:%M %p,%I:%M:%S %p", ",") {
			for day := range strings.SplitSeq(days, "|") {
				if f, err := newDateFormat(day + " " + clock); err == nil { // excel has no clock
					all[i] = append(all[i], f)
				}
			}
		}
	}
	return all
})

// formatsFor gives the formats that read all cells with a digit: the first of each kind of the usual
// ones. Days of Excel are those of 1970 to 2119.
func formatsFor(cells []string) (found []string) {
	cells = slices.DeleteFunc(slices.Clone(cells), func(c string) bool { return !strings.ContainsAny(c, "0123456789") })
	if len(cells) == 0 {
		return nil
	}
	for _, formats := range usualFormats() {
		i := slices.IndexFunc(formats, func(f *dateFormat) bool {
			return !slices.ContainsFunc(cells, func(c string) bool {
				_, ok := f.parse(plainBlanks(c))
				return !ok || f.text == excel && (len(c) != 5 || c < "25569" || c > "80000")
			})
		})
		if i >= 0 {
			found = append(found, formats[i].text)
		}
	}
	return found
}

// formatAdvice says which format cells need, or "".
func formatAdvice(what string, cells ...string) string {
	switch found := formatsFor(cells); len(found) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%s needs --date-format %q", what, found[0])
	default:
		return fmt.Sprintf("%s does not say which number is the day: say it with --date-format %s", what, strings.ReplaceAll(quotedList(found), ", ", " or "))
	}
}
