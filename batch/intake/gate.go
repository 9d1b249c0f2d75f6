package intake

import (
	"strings"
	"time"

	"offboard/batch"
)

// ruling is what a gate says of a row.
type ruling struct {
	from      time.Time     // [batch.Row.From]
	outcome   batch.Outcome // Skipped, Ambiguous for somebody who came back, or "" for a cell that cannot be judged
	reason    string        // why the row is held back, or ""
	userStays bool          // the row is held back, and says that its user stays
}

// passes reports whether the row is not held back.
func (g ruling) passes() bool { return g.reason == "" }

// memo keeps what was said of cells. A column has few different words or days.
type memo[T any] map[string]T

func (m memo[T]) of(cell string, say func(string) T) T {
	said, known := m[cell]
	if !known {
		if said = say(cell); len(m) < 10_000 {
			m[strings.Clone(cell)] = said
		}
	}
	return said
}

// rule asks the gates; the first that holds the row back gives the reason. If a condition
// that only chooses rows holds it back, the row says nothing of staying, whatever the
// others say. Otherwise its user stays when any condition on an HR column says so. The
// date is asked last, and only if no condition held the row back; a date that cannot be
// judged may be one of somebody who stays. A row that passes them may still say that its
// user came back.
func (r *Reader) rule(cells []string) ruling {
	var first ruling
	for _, c := range r.where {
		h := c.rule(cells[c.place])
		if h.passes() {
			continue
		}
		stays := first.userStays || h.userStays
		if first.passes() {
			first = h
		}
		first.userStays = stays && c.tells
		if !c.tells {
			return first
		}
	}
	if r.date != nil && first.passes() {
		first = r.opt.dateGate.rule(cells[r.date.place])
		first.userStays = !first.passes()
	}
	if first.passes() {
		if why := r.cameBack(cells); why != "" {
			first.outcome, first.reason, first.userStays = batch.Ambiguous, why, true
		}
	}
	return first
}

// setGates tells the gates as settings.
func (r *Reader) setGates() {
	for _, c := range r.where {
		r.addSetting("where", c.name+" = "+c.value, c.from+": other rows are skipped")
	}
	if r.whose != nil {
		r.addSetting("rows of", r.whose.name+" = "+strings.Join(r.ours, " or "), "--rows-of: other rows are those of others")
	}
	d := r.opt.dateGate
	if d == nil {
		return
	}
	d.Column = r.date.name
	passes := "a row passes when the day is over; a time with an offset or Z is taken as it is, but midnight is the day"
	if d.StartOfDay {
		passes = "a row passes when the day begins; a time with an offset or Z is taken as it is, but midnight is the day"
	}
	if p := r.opt.preset; p.Date != "" {
		passes = p.who(trim(r.opt.DateGate.Column) != "", "--date-column") + ": " + passes
	}
	r.addSetting("date column", d.Column, passes)
	if d.format == nil {
		r.addSetting("date format", "ISO 8601, such as 2026-12-31", "no --date-format")
	} else {
		r.addSetting("date format", d.format.text, "--date-format")
	}
	r.addSetting("date zone", d.Zone.String(), "where the day begins and ends")
	r.addSetting("as of", d.asOfText(), "rows with a later date are skipped")
}
