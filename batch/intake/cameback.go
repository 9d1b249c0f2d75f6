package intake

import (
	"cmp"
	"fmt"
	"time"
)

// chooseHired marks the columns of days on which people began, that no gate looks at, and those of
// the days of leaving that they are held against: the one of the date gate, or without a date
// gate all that are known by their names. The report has them, since a row that is run again
// must say the same.
func (l *layout) chooseHired(opt parsedOptions) {
	var hired, left bool
	for _, c := range l.all {
		counts := c.key == "" && !c.ignored && !opt.AllRows
		c.hired = counts && c.hr == beganHeader && !c.gate
		c.left = counts && !c.hired && (c == l.date || l.date == nil && c.hr == leftHeader)
		hired, left = hired || c.hired, left || c.left
	}
	for _, c := range l.all { // one says nothing without the other
		if c.hired, c.left = c.hired && left, c.left && hired; c.hired || c.left {
			c.keep, c.why = true, cmp.Or(c.why, "tells who came back")
		}
	}
}

// cameBack says why a row tells of somebody who came back, or "". However the days are
// read, one on which the person began that is later than one of leaving is enough.
func (r *Reader) cameBack(cells []string) string {
	for i, hired := range r.columns {
		if !hired.hired {
			continue
		}
		for _, began := range daysOf(r.opt.dateGate, cells[i]) {
			for k, left := range r.columns {
				if !left.left {
					continue
				}
				for _, day := range daysOf(r.opt.dateGate, cells[k]) {
					if began.at.Format(time.DateOnly) > day.at.Format(time.DateOnly) && !standsForNone(began.at) && !standsForNone(day.at) {
						return fmt.Sprintf("%s is later than %s, so the person came back; correct the row, or take it out (--all-rows takes such rows)", hired.name, left.name)
					}
				}
			}
		}
	}
	return ""
}

// daysOf are those that a cell may mean: the one that the date gate reads, or else all that
// people may write so.
func daysOf(gate *dateGate, cell string) []readDate {
	if gate != nil && cell != "" {
		if exact, ok := gate.parse(cell); ok {
			return []readDate{gate.dayOf(exact)}
		}
	}
	return looseDays(cell)
}
