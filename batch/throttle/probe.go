package throttle

import (
	"time"

	"offboard/batch"
)

// probe is the search for room beyond what was learned. It runs from the first
// call that goes in excess until a refusal; all calls in between belong to it.
type probe struct {
	scout  bool      // looks for room when Graph said it opens, before the log has any
	since  time.Time // the last one ended
	rare   int       // probes that failed since the budget is spent
	next   time.Time // none begins before
	on     bool
	start  time.Time
	risk   int // users under way in it
	gained int // users served in it
}

// rareProbe is the number of windows after which a chunk is risked even if the
// budget is spent. It doubles from one such probe to the next, so that a limit
// which came back is found in a time in proportion to that spent below it.
const rareProbe = 12

// These numbers were found by make bench, as those of bucket.go.
const (
	soonEnough   = 20  // no probe goes for less than this part of a window
	probeGrowth  = 2   // a probe may have this part of what it gained at risk
	bucketGrowth = 4   // the same beside a bucket: what that gained meanwhile is soon used up
	scoutShare   = 1.2 // a scout goes when a bucket would have gained so much of a call
	scoutLatest  = 0.1 // of a window, and no later
)

// waitOrProbe says how long until cost users may go in excess of what was learned;
// base is the wait for what was learned.
func (l *limit) waitOrProbe(now time.Time, cost int, learned time.Duration, budget int) time.Duration {
	p := &l.probe
	if now.Before(l.warnedUntil) {
		return learned
	}
	if !p.on {
		if budget < cost && now.Sub(p.since) < rareProbe<<p.rare*l.Window {
			if p.next.Before(now) {
				p.next = now
			}
			return learned
		}
		start := p.next
		if p.scout {
			start = l.scoutAt(cost)
		}
		wait := max(0, start.Sub(now))
		if l.bucket.rate == nil && (l.log.underWay > 0 || learned-wait < l.Window/soonEnough) {
			return learned // calls under way would be mistaken for the probe; or the log has room soon enough
		}
		return min(learned, wait)
	}
	if l.bucket.rate == nil && l.crossing(now, cost) {
		return learned
	}
	growth := probeGrowth
	if l.bucket.rate != nil {
		growth = bucketGrowth
	}
	allowed := max(chunk, p.gained/growth)
	if p.scout && p.gained > 0 {
		// A bucket would have gained this much by now; a fixed window more.
		bucket := float64(l.learnedLimit) * now.Sub(l.met.at).Seconds() / l.Window.Seconds()
		allowed = max(allowed, p.gained/2, min(int(bucket), l.learnedLimit)-p.gained)
		if l.inFirstWindow(now) {
			allowed = max(allowed, 2*p.gained)
		}
	}
	if p.risk+cost <= allowed {
		return 0
	}
	return learned
}

// heed stops probing for a window when Graph says that a limit is used up,
// though it refused no user. It does nothing else: the header is documented, but it is
// on record that it never came (docs#15823), so nothing may rest on it. It does not
// name its limit, so all limits are warned. A call from before the last refusal brings no news.
func (l *limit) heed(now time.Time, f batch.Feedback) {
	if f.Percent >= 1 && f.Throttled == 0 && f.Sent.After(l.met.at) {
		l.warnedUntil = now.Add(l.Window)
	}
}

// crossing tells whether cost users would take a probe past the learned limit
// while calls are under way. That is where a fixed window that began anew is
// full, or, for a scout, a log that does not count refused users; so one call
// goes first and is waited for.
func (l *limit) crossing(now time.Time, cost int) bool {
	if l.log.underWay == 0 {
		return false
	}
	from := l.probe.start
	if l.probe.scout && !l.inFirstWindow(now) {
		from = now.Add(-l.Window)
	}
	sum := l.log.served(from)
	return sum <= l.learnedLimit && sum+l.log.underWay+cost > l.learnedLimit
}

// scoutAt is when a first chunk looks for room: at the time that Graph named, or
// later, when a bucket would have gained a chunk.
func (l *limit) scoutAt(cost int) time.Time {
	if l.inFirstWindow(l.met.opensAt) && l.Limit > 0 {
		return l.met.opensAt.Add(time.Duration(float64(cost) / 2 / float64(l.Limit) * float64(l.Window)))
	}
	share := scoutShare * float64(cost) / float64(l.learnedLimit)
	bucket := l.met.at.Add(time.Duration(min(share, scoutLatest) * float64(l.Window)))
	if bucket.After(l.met.opensAt) {
		return bucket
	}
	return l.met.opensAt
}

// enter counts users that go in excess, and starts the probe if none is on.
func (p *probe) enter(now time.Time, cost int) {
	if !p.on {
		p.on, p.start, p.risk, p.gained = true, now, 0, 0
	}
	p.risk += cost
}

// leave counts the end of a call. Calls that were not in excess cannot be told
// apart, so no more is gained than was at risk.
func (p *probe) leave(sent time.Time, cost, served int) {
	if p.on && !sent.Before(p.start) {
		part := min(p.risk, cost)
		p.risk -= part
		p.gained += min(part, served)
	}
}

// stopScouting ends the scouting when the log has room first; the next probe comes a while later.
func (p *probe) stopScouting(now time.Time, later time.Duration) {
	if p.scout && !p.on {
		*p = probe{since: now, next: now.Add(later)}
	}
}

// scoutNext sends a scout after a limit was met.
func (p *probe) scoutNext(now time.Time) {
	*p = probe{scout: true, since: now, next: now, rare: p.rare}
}

// succeeded ends a probe that went well; the next may begin at once.
func (p *probe) succeeded(now time.Time) { *p = probe{since: now, next: now, rare: p.rare} }

// failed ends a probe that met a refusal. The next comes a window later, and
// the less there is left to risk, the later.
func (p *probe) failed(now time.Time, window time.Duration, budget int) {
	rare := 0
	if budget < chunk {
		rare = min(p.rare+1, 10) // the wait doubles with each, and must not overflow
	}
	// From two chunks down, the next one comes the later, the less is left.
	scarce := float64(2*chunk) / float64(max(budget, chunk))
	*p = probe{since: now, next: now.Add(time.Duration(max(1, scarce) * float64(window))), rare: rare}
}
