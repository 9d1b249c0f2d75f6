package source

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// stylesheet is what a workbook says of the number formats of its styles.
type stylesheet struct {
	Formats []struct {
		ID   int    `xml:"numFmtId,attr"`
		Code string `xml:"formatCode,attr"`
	} `xml:"numFmts>numFmt"`
	Cells []struct {
		Format int `xml:"numFmtId,attr"`
	} `xml:"cellXfs>xf"`
}

// kinds of number format
const (
	unknown = iota
	general
	day      // of a calendar, perhaps with the time
	clock    // a time without a day
	rendered // anything else, as excelize shows it
)

type format struct {
	id   int
	code string // "" of a built-in format
	kind int
	cell string // in the scratch workbook
}

// numbers shows numbers as Excel does, but for dates.
type numbers struct {
	byStyle  []*format
	date1904 bool
	scratch  *excelize.File // has a cell for each format that is rendered
	cells    int
}

func newNumbers(s stylesheet, date1904 bool) numbers {
	n := numbers{date1904: date1904}
	codes := make(map[int]string, len(s.Formats))
	for _, f := range s.Formats {
		codes[f.ID] = f.Code
	}
	formats := map[int]*format{}
	for _, c := range s.Cells {
		f := formats[c.Format]
		if f == nil {
			f = &format{id: c.Format, code: codes[c.Format]}
			formats[c.Format] = f
		}
		n.byStyle = append(n.byStyle, f)
	}
	return n
}

// builtIn says what a format is that has no code in the file.
func builtIn(id int) int {
	switch {
	case id >= 14 && id <= 17, id == 22, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id >= 57 && id <= 58,
		id >= 71 && id <= 74, id == 77, id == 81:
		return day
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47, id == 55, id == 56, id == 75, id == 76, id == 78, id == 80:
		return clock
	case id >= 1 && id <= 13, id >= 37 && id <= 48, id >= 59 && id <= 70, id == 79:
		return rendered
	}
	return general // 49 is text; others mean nothing
}

// kindOf says what the code of a number format makes of a number above 0.
func kindOf(code string) int {
	if strings.EqualFold(code, "General") || code == "@" {
		return general
	}
	var letters strings.Builder
loop:
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"', '[':
			end := strings.IndexByte(code[i+1:], map[byte]byte{'"': '"', '[': ']'}[c])
			if end < 0 {
				return rendered
			}
			if inside := strings.ToLower(code[i+1 : i+1+end]); c == '[' && inside != "" && strings.Trim(inside, inside[:1]) == "" && strings.Contains("hms", inside[:1]) {
				return rendered // a duration, such as [h]:mm
			}
			i += end + 1
		case '\\', '_', '*':
			i++
		case ';':
			break loop
		default:
			letters.WriteByte(c | 0x20)
		}
	}
	has := func(any string) bool { return strings.ContainsAny(letters.String(), any) }
	switch {
	case strings.Contains(letters.String(), "general"):
		return rendered
	case has("yd"), has("m") && !has("hs"):
		return day
	case has("hs"):
		return clock
	}
	return rendered
}

// show gives the text of a number that is stored as text. A style that is not in the file is an
// error, since the number may have lost its zeros or be a date.
func (n *numbers) show(stored string, style int) (string, error) {
	f := &format{kind: general}
	switch {
	case style >= 0 && style < len(n.byStyle):
		f = n.byStyle[style]
	case style != 0:
		return "", fmt.Errorf("there is no style %d", style)
	}
	return n.in(f, stored), nil
}

// in gives the text of a number in a format.
func (n *numbers) in(f *format, stored string) string {
	if f.kind == unknown {
		if f.kind = builtIn(f.id); f.code != "" {
			f.kind = kindOf(f.code)
		}
	}
	if f.kind == general && plain(stored) {
		return stored
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(stored), 64)
	switch {
	case err != nil, math.IsNaN(v), math.IsInf(v, 0):
		return stored
	case f.kind == day || f.kind == clock:
		return n.date(v, f.kind)
	case f.kind == general, math.Abs(v) >= 1e15:
		return asGeneral(v)
	}
	return n.render(f, stored)
}

// plain reports whether Excel shows a stored number as it is: it is whole and has up to 11 digits.
func plain(stored string) bool {
	if len(stored) > 11 || stored == "" || stored[0] == '0' && stored != "0" {
		return false
	}
	for i := range len(stored) {
		if stored[i] < '0' || stored[i] > '9' {
			return false
		}
	}
	return true
}

// asGeneral shows a number in the format General, which has room for 11 characters.
func asGeneral(v float64) string {
	if size := math.Abs(v); size != 0 && (size >= 1e11 || size < 1e-4) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'E', 5, 64), "E")
		return strings.TrimRight(strings.TrimRight(mantissa, "0"), ".") + "E" + exponent
	}
	whole := len(strconv.Itoa(int(math.Abs(v))))
	text := strconv.FormatFloat(v, 'f', max(0, 10-whole), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// date gives a date in ISO 8601, with the time if there is one.
func (n *numbers) date(v float64, kind int) string {
	if v < 0 || v >= 2958466 { // 10000-01-01
		return "########" // as Excel shows it
	}
	whole, part := math.Modf(v)
	days, seconds := int(whole), int(math.Round(part*24*60*60))
	from := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case n.date1904:
		from = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days < 60: // Excel has a 29 February 1900
		days++
	}
	t := from.AddDate(0, 0, days).Add(time.Duration(seconds) * time.Second)
	switch {
	case whole == 0 && kind == clock:
		return t.Format(time.TimeOnly)
	case seconds%(24*60*60) == 0:
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02T15:04:05")
}

// render shows a number in a format that excelize knows. What it cannot show is no text that
// could be taken for a value.
func (n *numbers) render(f *format, stored string) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%s (in a number format that cannot be shown: %s)", stored, f.code)
		}
	}()
	const sheet = "Sheet1"
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	if f.cell == "" {
		if n.scratch == nil {
			n.scratch = excelize.NewFile()
		}
		style := &excelize.Style{NumFmt: f.id}
		if f.code != "" {
			style = &excelize.Style{CustomNumFmt: &f.code}
		}
		id, err := n.scratch.NewStyle(style)
		must(err)
		n.cells++
		cell := fmt.Sprintf("A%d", n.cells)
		must(n.scratch.SetCellStyle(sheet, cell, cell, id))
		f.cell = cell
	}
	must(n.scratch.SetCellDefault(sheet, f.cell, stored))
	text, err := n.scratch.GetCellValue(sheet, f.cell)
	must(err)
	return text
}
