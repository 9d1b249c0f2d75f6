package throttle

import (
	"math"
	"strconv"
	"time"

	"offboard/batch"
)

// perSecond is what the limit allows over time, in users; infinite for none.
func (l *limit) perSecond() float64 {
	if l.drip != nil {
		return float64(l.drip.Limit())
	}
	n := l.Limit
	if l.learned > 0 {
		n = l.learned
	}
	if n == 0 {
		return math.Inf(1)
	}
	return float64(n) / l.Window.Seconds()
}

// words says why the limit is what it is.
func (l *limit) words() string {
	if l.learned == 0 {
		return l.Quota.words()
	}
	next := ", probing up"
	if l.drip != nil {
		next = " (as they come free, " + strconv.FormatFloat(float64(l.drip.Limit()), 'f', 1, 64) + " a second), probing up"
	}
	return "learned limit " + l.amount(l.learned) + " after a 429" + next
}

// Pace implements [batch.Gate].
func (c *Controller) Pace(now time.Time) batch.Pace {
	p := batch.Pace{PerSecond: math.Inf(1), Reason: "no quota is set: as fast as Graph answers"}
	for _, l := range c.limits {
		if s := l.perSecond(); s < p.PerSecond {
			p = batch.Pace{PerSecond: s, Reason: l.words() + l.room(now)}
		}
	}
	if c.rate != nil && float64(c.rate.Limit()) < p.PerSecond {
		r := float64(c.rate.Limit())
		p = batch.Pace{PerSecond: r, Reason: "--rate " + strconv.FormatFloat(r, 'g', -1, 64)}
	}
	if math.IsInf(p.PerSecond, 1) {
		p.PerSecond = 0
	}
	if c.pause.left(now) > 0 {
		p.Until = c.pause.until
		p.Reason = c.pause.words()
	}
	return p
}

// room says when a full log has room again; waiting without a word looks like hanging.
func (l *limit) room(now time.Time) string {
	wait := time.Duration(0)
	switch {
	case l.learned == 0:
		wait = l.log.Wait(now, Chunk)
	case l.drip == nil:
		wait = max(l.stated(now, Chunk), l.base(now, Chunk))
	}
	if wait < time.Second {
		return ""
	}
	return "; used up, room again in " + seconds(wait.Round(time.Second))
}

// words says what the pause is for.
func (p *pause) words() string {
	s := "paused until " + p.until.Format(time.TimeOnly) + ": Graph said " + strconv.Itoa(p.status)
	switch {
	case p.said <= 0:
		s += " without a Retry-After"
	default:
		s += " with Retry-After " + seconds(p.said)
	}
	if p.repeats > 0 {
		s += ", " + strconv.Itoa(p.repeats+1) + " times in a row"
	}
	return s
}

// seconds writes a time as people read it here: "150 s", "2.1 s".
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}

// thousands writes 18000 as "18,000".
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
