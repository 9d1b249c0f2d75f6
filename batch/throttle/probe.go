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
	gained int // users accepted in it
}

// rareProbe is the number of windows after which a chunk is risked even if the
// budget is spent. It doubles from one such probe to the next, so that a limit
// which came back is found in a time in proportion to that spent below it.
const rareProbe = 12

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
		if l.bucket.rate == nil && (l.log.underWay > 0 || learned-wait < l.Window/20) {
			return learned // calls under way would be mistaken for the probe; or the log has room soon enough
		}
		return min(learned, wait)
	}
	if l.bucket.rate == nil && l.crossing(now, cost) {
		return learned
	}
	growth := 2
	if l.bucket.rate != nil {
		growth = 4 // what a bucket gained meanwhile is soon used up
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
	share := 1.2 * float64(cost) / float64(l.learnedLimit)
	bucket := l.met.at.Add(time.Duration(min(share, 0.1) * float64(l.Window)))
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
		rare = min(p.rare+1, 10)
	}
	scarce := float64(2*chunk) / float64(max(budget, chunk))
	*p = probe{since: now, next: now.Add(time.Duration(max(1, scarce) * float64(window))), rare: rare}
}

// riskShare is the part of a run's users that probes may have refused; one
// chunk is allowed in any case. Some probes have more than a chunk under way
// when they fail, and some come when nothing is left; with both it stays about 1 %.
const riskShare = 0.006

// budget is what a run, with all of its apps, may pay for probes.
type budget struct {
	users    int // expected to pass
	accepted int // that have passed
	spent    int // that probes had refused
}

// remaining is how many users a probe may risk now.
func (b *budget) remaining() int {
	earned := riskShare * float64(max(b.users, b.accepted))
	return max(chunk, int(earned)) - b.spent
}

// charge is what the budget pays of a refusal: three chunks for all that were
// under way together, so that one noisy moment does not end all probing.
func (l *limit) charge(refused int, newRefusal bool) int {
	if newRefusal {
		l.met.bill = 3 * chunk
	}
	part := min(l.met.bill, refused)
	l.met.bill -= part
	return part
}
