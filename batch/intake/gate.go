package intake

import (
	"time"

	"offboard/batch"
)

// ruling is why a gate holds a row back; without a reason the row passes.
type ruling struct {
	from      time.Time     // [batch.Row.From]
	outcome   batch.Outcome // Skipped, or "" for a cell that cannot be judged
	reason    string
	userStays bool // the row says that its user stays
}

// rule asks the gates. A condition on a column of HR statuses says that somebody
// stays when the cell does; any other condition only chooses rows, and a row that it
// does not choose says nothing of whether its user leaves. A date that cannot be
// judged may be one of somebody who stays.
func (r *Reader) rule(cells []string) ruling {
	var first ruling
	for _, c := range r.where {
		h := c.rule(cells[c.place])
		if h.reason == "" {
			continue
		}
		keeps := first.userStays || h.userStays
		if first.reason == "" {
			first = h
		}
		first.userStays = keeps && c.hr
		if !c.hr {
			return first
		}
	}
	if r.datePlace < 0 || first.reason != "" {
		return first
	}
	h := r.opt.dateGate.rule(cells[r.datePlace])
	h.userStays = h.reason != ""
	return h
}

// setGates tells the gates as settings.
func (r *Reader) setGates() {
	for _, c := range r.where {
		r.addSetting("where", c.column+" = "+c.value, "--where: other rows are skipped")
	}
	d := r.opt.dateGate
	if d == nil {
		return
	}
	d.Column = r.columns[r.datePlace].name
	passes := "a row passes when the day is over; a time with an offset or Z is taken as it is"
	if d.StartOfDay {
		passes = "a row passes when the day begins; a time with an offset or Z is taken as it is"
	}
	r.addSetting("date column", d.Column, passes)
	if d.format == nil {
		r.addSetting("date format", "YYYY-MM-DD (ISO 8601)", "no --date-format")
	} else {
		r.addSetting("date format", d.format.text, "--date-format")
	}
	r.addSetting("date zone", d.Zone.String(), "where the day begins and ends")
	r.addSetting("as of", d.asOfText(), "rows with a later date are skipped")
}
