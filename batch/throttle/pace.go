package throttle

import (
	"math"
	"strconv"
	"time"

	"offboard/batch"
)

// perSecond is what the limit allows one app over time, in users; infinite for none.
func (l *limit) perSecond() float64 { return l.allows() / float64(l.sharers) }

func (l *limit) allows() float64 {
	stated := math.Inf(1)
	if l.Limit > 0 {
		stated = float64(l.Limit) / l.Window.Seconds()
	}
	switch {
	case l.bucket.rate != nil:
		return min(float64(l.bucket.rate.Limit()), stated) // a pace in doubt may grow beyond, for a while
	case l.learnedLimit > 0:
		return float64(l.learnedLimit) / l.Window.Seconds()
	}
	return stated
}

// words says why the limit is what it is.
func (l *limit) words(now time.Time) string {
	among := ""
	if l.sharers > 1 {
		among = ", for " + strconv.Itoa(l.sharers) + " apps"
	}
	if l.learnedLimit == 0 {
		return l.Quota.words() + among
	}
	bucket := ""
	if l.bucket.rate != nil {
		bucket = " (as they come free, " + strconv.FormatFloat(float64(l.bucket.rate.Limit()), 'f', 1, 64) + " a second)"
	}
	if l.inFirstWindow(now) {
		return l.Quota.words() + among + ", but a 429 came before they were used up; finding out what is left" + bucket
	}
	return "learned limit " + l.amount(l.learnedLimit) + among + " after a 429" + bucket + ", probing up"
}

// Pace implements [batch.Gate]. The speed is that over time, by the slowest
// limit; the reason is what holds now, if that is another. A log with room lets
// users go at once, so the reason says how many.
func (c *Controller) Pace(now time.Time) batch.Pace {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := batch.Pace{PerSecond: math.Inf(1), Reason: "no quota is set: as fast as Graph answers"}
	var full time.Duration
	free := 0
	for _, l := range c.limits {
		kept := c.keptFree(l, now)
		s, wait := l.perSecond(), l.fullFor(now, kept)
		if kept > 0 {
			s = min(s, float64(l.Limit-kept)/l.Window.Seconds()/float64(l.sharers))
		}
		if wait > full || full == 0 && s < p.PerSecond {
			full, free = wait, max(0, l.free(now)-kept)
			p.Reason = l.words(now)
			if kept > 0 {
				p.Reason += ", " + batch.Thousands(kept) + " of them kept free for writes"
			}
			p.Reason += roomWords(full, free) + l.burstWords(now)
		}
		p.PerSecond = min(p.PerSecond, s)
	}
	if full > 0 {
		p.Room = now.Add(full)
	}
	if c.rate != nil {
		p = c.smooth(p, full, free)
	}
	if math.IsInf(p.PerSecond, 1) {
		p.PerSecond = 0
	}
	if c.longerPause().remaining(now) > 0 {
		p.Until = c.longerPause().until
		p.Reason = c.longerPause().words(now)
	}
	return p
}

// smooth puts the operator's rate into a pace. Over time the slower one binds; at
// the moment a full log does, and if a burst has room in it, the rate.
func (c *Controller) smooth(p batch.Pace, full time.Duration, free int) batch.Pace {
	r := c.rate.perSecond
	words := "--rate " + strconv.FormatFloat(r, 'g', -1, 64)
	if c.apps > 1 {
		words += ", for " + strconv.Itoa(c.apps) + " apps"
	}
	r /= float64(c.apps)
	switch {
	case full > 0: // neither pace is of any use now
	case r < p.PerSecond:
		p.Reason = words
	case free > 0:
		p.Reason = words + " now; over time " + p.Reason
	}
	p.PerSecond = min(p.PerSecond, r)
	return p
}

// fullFor is how long a log has no room beside what is kept free; zero for less than a
// second.
func (l *limit) fullFor(now time.Time, kept int) time.Duration {
	wait := time.Duration(0)
	switch {
	case l.learnedLimit == 0:
		wait = l.log.wait(now, chunk+kept, l.Limit)
	case l.bucket.rate == nil:
		wait = max(l.waitStated(now, chunk+kept), l.waitLearned(now, chunk+kept))
	}
	if wait < time.Second {
		return 0
	}
	return wait
}

// roomWords says how many may go at once, or when a full log has room again: waiting
// without a word looks like hanging.
func roomWords(full time.Duration, free int) string {
	switch {
	case full > 0:
		return "; used up, room again in " + seconds(full.Round(time.Second))
	case free > 0:
		return ", " + batch.Thousands(free) + " left in it now"
	}
	return ""
}
