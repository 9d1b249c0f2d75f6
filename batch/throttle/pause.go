package throttle

import (
	"strconv"
	"time"

	"offboard/batch"
)

const (
	pauseStart = 3 * time.Second   // where Graph names no time: Microsoft's SDK design, RetryHandler
	pauseMost  = 180 * time.Second // the longest that growth alone reaches, from there too
)

// pause is the time in which nothing leaves.
type pause struct {
	at      time.Time     // when the refusal became known that began it
	until   time.Time     // nothing leaves before; zero when there was no pause yet
	said    time.Duration // the Retry-After that decided, 0 when none was named
	status  int           // what Graph answered
	info    string        // and why, in its own word; often empty
	repeats int           // pauses in a row that ended in a refusal
	quiet   bool          // some user was served since the pause ended
}

// remaining says how long the pause still lasts.
func (p *pause) remaining(now time.Time) time.Duration { return max(0, p.until.Sub(now)) }

// Paused says how long nothing leaves since Graph said so, and whether that is so for the app in
// all tenants; 0 for no pause.
func (c *Controller) Paused(now time.Time) (left time.Duration, appWide bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.longerPause()
	return p.remaining(now), p == c.wide && p != &c.pause
}

// newRefusal tells a refusal that begins a new pause from that of a call that was under way
// when the last one began.
func (p *pause) newRefusal(f batch.Feedback) bool { return !f.Sent.Before(p.until) }

// calm takes users served after the pause as the end of the trouble.
func (p *pause) calm(f batch.Feedback) {
	if served(f) > 0 && !f.Sent.Before(p.until) {
		p.repeats, p.quiet = 0, true
	}
}

// extend pauses for what f asks. Graph has been seen to answer "1" again and
// again, so refusals in a row make the pause grow by themselves.
func (p *pause) extend(now time.Time, f batch.Feedback, newRefusal bool) {
	if newRefusal {
		if !p.until.IsZero() && !p.quiet {
			p.repeats++
		}
		p.at, p.quiet = now, false
	}
	grown := time.Duration(0)
	if p.repeats > 0 || f.RetryAfter <= 0 {
		grown = min(pauseMost, pauseStart<<min(p.repeats, 10))
	}
	end := now.Add(max(f.RetryAfter, grown))
	if !end.After(p.until) {
		return
	}
	p.until, p.said, p.status, p.info = end, f.RetryAfter, 429, f.Info
	if f.Outer != 0 {
		p.status = f.Outer
	}
}

// words says what the pause is for.
func (p *pause) words(now time.Time) string {
	layout := time.TimeOnly
	if p.until.Format(time.DateOnly) != now.In(p.until.Location()).Format(time.DateOnly) {
		layout = time.DateTime
	}
	s := "paused until " + p.until.Format(layout) + ": Graph said " + strconv.Itoa(p.status)
	if p.info != "" {
		s += " (" + p.info + ")"
	}
	switch {
	case p.said <= 0:
		s += " without a Retry-After"
	case p.said >= batch.LongestRetryAfter:
		s += " with a Retry-After of " + seconds(batch.LongestRetryAfter) + " or more"
	default:
		s += " with Retry-After " + seconds(p.said)
	}
	if p.repeats > 0 {
		s += ", " + strconv.Itoa(p.repeats+1) + " times in a row"
	}
	return s
}
