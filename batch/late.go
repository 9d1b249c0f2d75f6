package batch

import "time"

// ContainedAt is the moment at which the directory had shown all urgent steps done for a
// contained user: that of the last write of this run. Where the run wrote nothing, since
// all of it was so already, wrote is false, and the moment is when that was seen.
func (l *Line) ContainedAt(steps []Step) (at time.Time, wrote, contained bool) {
	all := l.AllWrites(steps)
	if !Contains(steps) || len(all) == 0 || !l.Contained(steps) {
		return at, false, false
	}
	for _, w := range all {
		k := w.Record
		verified := k.Outcome == Verified
		if !w.Target.Step.Urgent() || wrote && !verified {
			continue
		}
		if verified && !wrote || k.SettledAt.After(at) {
			at = k.SettledAt
		}
		wrote = wrote || verified
	}
	return at, wrote, true
}

// ContainedAfter is how long after the date of its row a user was contained. It is not known
// without a date gate, of users who are not contained, and of those whom the run found
// contained. A user who was contained before that date is so after no time.
func (l *Line) ContainedAfter(p Plan) (after time.Duration, known bool) {
	at, wrote, contained := l.ContainedAt(p.Steps)
	if !contained || !wrote || l.Row.From.IsZero() {
		return 0, false
	}
	return max(0, at.Sub(l.Row.From)), true
}

// InTime says whether a user was contained within the plan's SLA.
type InTime int

// The zero InTime is not known: there is no SLA or no date, the row was left alone on
// purpose, the user was contained at an unknown time before the run, or may still be in time.
const (
	TimeUnknown InTime = iota
	Late               // contained after the time, or not contained when it was over
	Timely             // contained within the time
)

// InTime holds the line's user against the plan's SLA, as of the last word on the user.
func (l *Line) InTime(p Plan) InTime {
	if p.SLA == 0 || l.Row.From.IsZero() || l.Record.Outcome.Kind() == Neutral {
		return TimeUnknown
	}
	at, wrote, contained := l.ContainedAt(p.Steps)
	if !contained {
		at = l.Record.SettledAt
		if at.IsZero() {
			at = p.Created
		}
	}
	switch late := at.Sub(l.Row.From) > p.SLA; {
	case contained && !late:
		return Timely
	case late && (wrote || !contained):
		return Late
	}
	return TimeUnknown
}
