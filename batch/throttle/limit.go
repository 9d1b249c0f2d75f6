package throttle

import (
	"strings"
	"time"

	"golang.org/x/time/rate"

	"offboard/batch"
)

// limit is one quota, its log, and what refusals have taught about it. It
// follows the log held to learned, or the drip when room was seen to open little by
// little. The quota's own window holds in any case.
type limit struct {
	Quota
	apps    int // of the pool that share it; all of them for the tenant's
	log     *Window
	step    int           // users of the first burst under way at the most; 0 where nobody else is feared, as for reads
	first   time.Time     // when the first call left, where step is set
	learned int           // users in a window; 0 while nothing lower than the quota is known
	from    time.Time     // users whose call ended before do not count against learned
	drip    *rate.Limiter // the pace of a bucket; nil while the log is followed
	got     int           // users accepted since the bucket was empty
	empty   time.Time     // when that was
	grown   time.Time     // when a pace in doubt last grew
	steps   int           // how often it did

	met     time.Time // the last refusal that taught something
	heard   time.Time // the last refusal of all
	opens   time.Time // when Graph said that there is room
	began   time.Time // when the window began that was full at met, if Graph's word is taken
	floor   int       // no estimate is lower
	settles bool      // calls from before met may still correct the estimate
	ramps   bool      // few go at once; see ramped
	paid    bool      // that refusal, and those with it, are paid from the budget
	bill    int       // what the budget still pays of them
	probe   probe
	warned  time.Time // no probe goes before; see heed
}

// named tells whether x-ms-throttle-scope ("Tenant_Application/Write/...") speaks of the quota.
func (l *limit) named(scope string) bool {
	name, rest, _ := strings.Cut(scope, "/")
	if !strings.EqualFold(name, l.Scope.header()) {
		return false
	}
	kind, _, _ := strings.Cut(rest, "/")
	return l.Resource != Call || !strings.EqualFold(kind, "Write")
}

// ask says how long until cost users may go.
func (l *limit) ask(now time.Time, cost, budget int) time.Duration {
	if l.learned == 0 {
		if wait := l.log.Wait(now, cost); wait > 0 || !l.crowded(now, cost) {
			return wait
		}
		return l.Window // ask again when a call has ended
	}
	wait := l.base(now, cost)
	if wait > 0 {
		wait = l.mayProbe(now, cost, wait, budget)
	} else if l.ramped(now, cost, budget) {
		return l.Window // ask again when a call has ended
	}
	return max(wait, l.stated(now, cost))
}

// stated is the wait for the quota itself while a lower limit is in force. Refused
// users do not count here, or those that the lower limit refused would
// hide the room that it has. They count against what was learned.
func (l *limit) stated(now time.Time, cost int) time.Duration {
	if l.Limit == 0 {
		return 0
	}
	return l.log.wait(now, cost, l.Limit, time.Time{}, entry.good)
}

// base is the wait for what was learned, without any probing.
func (l *limit) base(now time.Time, cost int) time.Duration {
	if l.drip != nil {
		return max(until(l.drip, now, cost), l.opens.Sub(now))
	}
	return l.log.wait(now, cost, l.learned, l.from, entry.all)
}

// enter counts an admitted call.
func (l *limit) enter(now time.Time, cost int) {
	if l.step > 0 && l.first.IsZero() {
		l.first = now
	}
	if l.learned > 0 {
		switch extra := l.base(now, cost) > 0; {
		case extra:
			l.probe.enter(now, cost)
		case l.drip != nil:
			l.drip.AllowN(now, min(cost, Chunk))
		case l.doubt(l.met):
			l.probe.settle(now, 0)
		default:
			l.probe.settle(now, l.Window)
		}
	}
	l.log.Enter(cost)
}

// withdraw takes back what enter counted.
func (l *limit) withdraw(f batch.Feedback) {
	l.log.Withdraw(f.Cost)
	l.probe.leave(f.Sent, f.Cost, 0)
}

// leave counts a call that has ended.
func (l *limit) leave(now time.Time, f batch.Feedback) {
	good := served(f)
	l.log.Leave(now, f.Cost, good)
	l.heed(now, f)
	if l.learned == 0 {
		return
	}
	l.got += good
	switch {
	case l.settles && l.drip == nil && f.Sent.Before(l.met):
		l.estimate()
		return
	case l.settles && l.drip != nil && f.Sent.Before(l.from):
		l.gain(now)
		return
	case l.drip != nil && l.doubt(now) && f.Throttled == 0 && good > 0:
		l.faster(now, f.Sent)
	}
	l.climb(now)
	l.probe.leave(f.Sent, f.Cost, good)
	if f.Throttled == 0 && l.probe.on {
		l.grow(now)
	}
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
