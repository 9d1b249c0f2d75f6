package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// usualFormats are how many programs write dates, the plainer formats before: first those
// that do not begin with the month, then those that do, and those that begin with a short year.
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

// formatsFor gives the formats that read all cells, as people type them: the first of each kind of
// the usual ones. Days of Excel are those of 1970 to 2119. A cell without a digit is no date in
// any format.
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

// mostUnread is how many cells of a column of dates are asked how they are written.
const mostUnread = 1000

// dateCells are the cells of the column of dates, as far as the gate cannot read them.
type dateCells struct {
	read    bool     // the gate read one
	unread  []string // the first cells that it could not read
	swapped string   // the first of them that it reads with day and month exchanged
	line    int      // of that cell
	known   memo[bool]
}

func (d *dateCells) add(gate *dateGate, cell string, line int) {
	if cell == "" || saysNothing(cell) {
		return
	}
	if d.known == nil {
		d.known = memo[bool]{}
	}
	if d.known.of(cell, func(cell string) bool { _, ok := gate.parse(cell); return ok }) {
		d.read = true
		return
	}
	if len(d.unread) < mostUnread {
		d.unread = append(d.unread, cell)
	}
	if d.swapped == "" && gate.swapped != nil {
		if _, ok := gate.swapped.parse(plainBlanks(cell)); ok {
			d.swapped, d.line = cell, line
		}
	}
}

// err says that the gate can read no date of the column at all, and how the dates are
// written if that can be told; nil when it read one, or nothing was there to read. The
// cells are not shown: the wrong column may have been named. One that shows that day and month may
// have changed places in the others, too, is shown.
func (d *dateCells) err(gate *dateGate) error {
	if len(d.unread) == 0 || d.read && d.swapped == "" {
		return nil
	}
	form := "as in ISO 8601, such as 2026-12-31"
	if gate.format != nil {
		form = "of the form " + gate.format.text + " (--date-format)"
	}
	if d.read {
		return &InputError{Line: d.line, Reason: fmt.Sprintf("column %q: %s is no date %s, but one of the form %s, so other dates may have been read with day and month exchanged: if the column is written so, give --date-format %[4]q; else correct this cell", gate.Column, d.swapped, form, gate.swapped.text)}
	}
	next := cmp.Or(formatAdvice("it", d.unread...), "say how they are written with --date-format, or name another column")
	return &InputError{Option: "--date-column", Reason: fmt.Sprintf("the column %q holds no date %s; %s", gate.Column, form, next)}
}
