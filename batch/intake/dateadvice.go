package intake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// usualFormat is a way in which many programs write dates.
type usualFormat struct {
	dayFirst bool
	*format
}

// usualFormats are those with the day or the month first, the plainer ones before.
var usualFormats = sync.OnceValue(func() []usualFormat {
	var all []usualFormat
	for _, clock := range []string{"", " HH:mm", " HH:mm:ss", " H:mm", " H:mm:ss", " h:mm A", " h:mm:ss A"} {
		for _, sign := range []string{".", "/", "-"} {
			for _, order := range []string{"DD MM YYYY", "D M YYYY", "MM DD YYYY", "M D YYYY"} {
				f, err := newFormat(strings.ReplaceAll(order, " ", sign) + clock)
				if err != nil {
					panic(err) // the words above are all known
				}
				all = append(all, usualFormat{order[0] == 'D', f})
			}
		}
	}
	return all
})

// formatsFor gives of each order the first format that reads all the cells, as people
// type it.
func formatsFor(cells []string) []string {
	var dayFirst, monthFirst string
	for _, f := range usualFormats() {
		of := &monthFirst
		if f.dayFirst {
			of = &dayFirst
		}
		if *of == "" && !slices.ContainsFunc(cells, func(c string) bool { _, ok := f.parse(strings.Map(plainBlank, c)); return !ok }) {
			*of = f.text
			if strings.Contains(f.text, " ") {
				*of = strconv.Quote(f.text)
			}
		}
	}
	return slices.DeleteFunc([]string{dayFirst, monthFirst}, func(s string) bool { return s == "" })
}

// mostDates is of how many cells a column is asked how it writes dates.
const mostDates = 1000

// dates is what the column of dates holds, as far as the gate cannot read it.
type dates struct {
	read   bool     // the gate read one
	unread []string // the first cells that it could not read
}

func (d *dates) count(gate *dateGate, cell string) {
	if d.read || cell == "" || saysNothing(cell) {
		return
	}
	if _, d.read = gate.parse(cell); !d.read && len(d.unread) < mostDates {
		d.unread = append(d.unread, cell)
	}
}

// none says that the gate can read no date of the column at all, and how the dates are
// written if that can be told; nil when there is one, or nothing to read. The cells
// are not shown: the wrong column may have been named.
func (d *dates) none(gate *dateGate) error {
	if d.read || len(d.unread) == 0 {
		return nil
	}
	how := "ISO 8601, such as 2026-12-31"
	if gate.format != nil {
		how = "the form " + gate.format.text + " (--date-format)"
	}
	next := "say how they are written with --date-format, or name another column"
	switch found := formatsFor(d.unread); len(found) {
	case 1:
		next = fmt.Sprintf("it needs --date-format %s", found[0])
	case 2:
		next = fmt.Sprintf("they do not say which number is the day: it needs --date-format %s or %s", found[0], found[1])
	}
	return &OptionError{"--date-column", fmt.Sprintf("no date in the column %q is one of %s; %s", gate.column, how, next)}
}
