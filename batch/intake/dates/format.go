package dates

import (
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

// Format says how dates are written.
type Format struct {
	Text    string       // in the words of strptime; "" for ISO 8601, or one of the two below
	instant bool         // it has an offset
	layouts []dateLayout // none for the three others; several when an offset is +0100, +01:00 or Z
}

// Excel is the Text of the numbers by which a workbook keeps days, and Epoch that of the seconds or
// milliseconds since 1970.
const Excel, Epoch = "excel", "epoch"

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

// NewFormat understands a Text in any case and with any blanks. The error says what in it cannot be.
func NewFormat(text string) (*Format, error) {
	text = plainBlanks(text)
	if word := strings.ToLower(text); word == "" || word == Excel || word == Epoch {
		return &Format{Text: word}, nil
	}
	bad := func(why string) (*Format, error) { return nil, fmt.Errorf("%q: %s", text, why) }
	has := func(word string) bool { return strings.Contains(text, word) }
	f := &Format{Text: text, instant: offset.MatchString(text) || has("Z")}
	unknown := func(text string) []string { return strings.Fields(dateWord.ReplaceAllString(text, " $1 ")) }
	if wrong := unknown(text); len(wrong) > 0 {
		why, ours := "unknown "+quoted(wrong, ", "), otherWord.Replace(text)
		if has("%") {
			ours = shellWord.Replace(text)
		}
		if len(unknown(ours)) == 0 {
			if _, err := NewFormat(ours); err == nil {
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
	if got, ok := f.parse(day.Format(f.layouts[0].write)); !ok || got.At.YearDay() != 365 || got.At.Year() != 2026 {
		return bad("it does not hold a whole date; it needs year, month and day")
	}
	return f, nil
}

// String says how dates are, as in "a date of the form %d.%m.%Y".
func (f *Format) String() string {
	if f.Text == "" {
		return "such as 2026-12-31 (ISO 8601)"
	}
	return "of the form " + f.Text + " (--date-format)"
}

// Swapped has day and month in each other's place; nil if that is no format.
func (f *Format) Swapped() *Format {
	text := f.Text
	if text == "" {
		text = "%Y-%m-%d"
	}
	swapped, _ := NewFormat(strings.NewReplacer("%d", "%m", "%m", "%d").Replace(text))
	return swapped
}

// Read reads a cell. ISO 8601 is read beside another format: so a workbook's dates come, and so
// retry.csv has them.
func (f *Format) Read(cell string) (date Date, ok bool) {
	cell = plainBlanks(cell)
	if date, ok = f.parse(cell); !ok && !strings.HasPrefix(f.Text, "%Y") { // which may write the same for another day
		date, ok = parseISO(cell)
	}
	return date, ok
}

// Own reads a cell by the format alone.
func (f *Format) Own(cell string) (Date, bool) { return f.parse(plainBlanks(cell)) }

// parse reads text as the format writes it, in any case and with zeros before numbers or without.
// [time.Parse] alone is generous with fractions, and knows no wrong weekday.
func (f *Format) parse(text string) (Date, bool) {
	switch {
	case f.Text == "":
		return parseISO(text)
	case f.Text == Excel:
		return parseSerial(text)
	case f.Text == Epoch && len(text) == len("1767139200"):
		return parseISO("/DATE(" + text + "000)/")
	case f.Text == Epoch && len(text) == len("1767139200000"):
		return parseISO("/DATE(" + text + ")/")
	}
	text = batch.LowerASCII(text)
	for _, l := range f.layouts {
		t, err := time.Parse(l.read, text)
		if err == nil && withoutZeros(batch.LowerASCII(t.Format(l.write))) == withoutZeros(text) {
			date := Date{At: t}
			if strings.Contains(f.Text, "%y") {
				date = shortYear(t)
			}
			date.Instant = f.instant
			return date, true
		}
	}
	return Date{}, false
}

// leadingZeros are those before a number.
var leadingZeros = regexp.MustCompile(`(^|[^0-9])0+`)

func withoutZeros(text string) string { return leadingZeros.ReplaceAllString(text, "$1") }

// parseSerial reads the number of a day: 1 is 1900-01-01, and 60 a leap day that never was. The
// time behind the point does not count without a zone.
func parseSerial(text string) (Date, bool) {
	n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	if err != nil || strings.Trim(text, "0123456789.,") != "" || n < 1 || n >= 2958466 { // 10000-01-01
		return Date{}, false
	}
	days := int(n)
	if days < 60 {
		days++
	}
	return Date{At: time.Date(1899, 12, 30+days, 0, 0, 0, 0, time.UTC)}, true
}

// numeric is a date of numbers, whatever their order, perhaps with a time.
var numeric = regexp.MustCompile(`^[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}( ?T?[0-9]{1,2}:[0-9:.,]+)?( ?([AP]M|UTC|Z|[-+][0-9]{1,2}(:?[0-9]{2})?))?`)

// WhyUnread says why a cell is no date, and shows it where it looks like one: it may be of any
// column.
func (f *Format) WhyUnread(cell string) string {
	text := strings.ToUpper(plainBlanks(cell))
	shown := numeric.FindString(text)
	why := strings.TrimPrefix(shown+" is not a date "+f.String(), " is ")
	outOfRange := slices.ContainsFunc(f.layouts, func(l dateLayout) bool {
		_, err := time.Parse(l.read, batch.LowerASCII(text))
		wrong, ok := errors.AsType[*time.ParseError](err)
		return ok && strings.HasSuffix(wrong.Message, "out of range")
	})
	switch {
	case iso.MatchString(text), outOfRange:
		return why + ": there is no such day or time"
	case f.Text != "":
		return why
	}
	if advice := Advice(shown, cell); advice != "" && shown != "" {
		return advice
	}
	return why + ": say how dates are written with --date-format"
}

// usual are the formats in which programs write dates: with the day first, with the month, and with a
// short year; and those of a whole day, with every sign made a hyphen.
var usual = sync.OnceValue(func() (all struct {
	kinds [3][]*Format
	loose []*Format
}) {
	known := map[string]bool{}
	for i, days := range []string{
		"%d.%m.%Y|%d/%m/%Y|%d-%m-%Y|%Y/%m/%d|%Y%m%d|%d-%b-%Y|%d %b %Y|%d %B %Y|%d.%m.%y|%d/%m/%y|%d-%m-%y|%d-%b-%y|%d %b %y|excel|epoch",
		"%m.%d.%Y|%m/%d/%Y|%m-%d-%Y|%b %d, %Y|%B %d, %Y|%b %d %Y|%m.%d.%y|%m/%d/%y|%m-%d-%y", "%y.%m.%d|%y/%m/%d|%y-%m-%d|%y%m%d",
	} {
		for _, clock := range strings.Split(",%H:%M,%H:%M:%S,%I:%M %p,%I:%M:%S %p", ",") {
			for day := range strings.SplitSeq(days, "|") {
				if f, err := NewFormat(day + " " + clock); err == nil { // excel has no clock
					all.kinds[i] = append(all.kinds[i], f)
				}
				loose, _ := NewFormat(signs.ReplaceAllString(day, "-"))
				if !known[loose.Text] && loose.layouts != nil && i < 2 {
					known[loose.Text], all.loose = true, append(all.loose, loose)
				}
			}
		}
	}
	return all
})

// For gives the formats that read all cells with a digit: the first of each kind of the usual
// ones. Days of Excel are those of 1970 to 2119.
func For(cells []string) (found []string) {
	cells = slices.DeleteFunc(slices.Clone(cells), func(c string) bool { return !strings.ContainsAny(c, "0123456789") })
	if len(cells) == 0 {
		return nil
	}
	for _, formats := range usual().kinds {
		i := slices.IndexFunc(formats, func(f *Format) bool {
			return !slices.ContainsFunc(cells, func(c string) bool {
				_, ok := f.Own(c)
				return !ok || f.Text == Excel && (len(c) != 5 || c < "25569" || c > "80000")
			})
		})
		if i >= 0 {
			found = append(found, formats[i].Text)
		}
	}
	return found
}

// Advice says which format cells need, or "".
func Advice(what string, cells ...string) string {
	switch found := For(cells); len(found) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%s needs --date-format %q", what, found[0])
	default:
		return what + " does not say which number is the day: say it with " + Flags(found)
	}
}

// Flags are the ones of which one has to be chosen.
func Flags(formats []string) string { return "--date-format " + quoted(formats, " or ") }

func quoted(texts []string, between string) string {
	var all []string
	for _, t := range texts {
		all = append(all, strconv.Quote(t))
	}
	return strings.Join(all, between)
}
