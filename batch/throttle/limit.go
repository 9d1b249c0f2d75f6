package throttle

import (
	"strings"
	"time"

	"golang.org/x/time/rate"

	"offboard/batch"
)

// limit is one quota, its log, and what refusals have taught about it. The package
// comment has its states. The quota's own window holds in all of them.
type limit struct {
	Quota
	sharers      int // apps of the pool that share it; all of them for the tenant's
	log          *slidingLog
	burst        burst
	learnedLimit int         // users in a window; 0 while nothing lower than the quota is known
	countFrom    time.Time   // users whose call ended before do not count against learnedLimit
	bucket       bucketState // follows the limit in place of the log, while bucket.rate is not nil
	met          met
	probe        probe
	warnedUntil  time.Time // no probe goes before; see heed
}

// burst is how a limit that other apps may use is begun with; see slowstart.go.
type burst struct {
	step      int       // users of the first burst under way at the most; 0 where no other app uses the quota, as for reads
	firstCall time.Time // when the first call left, where step is set
}

// bucketState is a limit that opens little by little; see bucket.go.
type bucketState struct {
	rate       *rate.Limiter // its pace; nil while the log is followed
	inflow     int           // users served since it was empty
	emptySince time.Time     // when that was
	grewAt     time.Time     // when a pace in doubt last grew
	growths    int           // how often it did
}

// met is how the limit was met: what the refusals said of it.
type met struct {
	at          time.Time // the last refusal that taught something
	refusedAt   time.Time // the last refusal of all
	opensAt     time.Time // when Graph said that there is room
	windowBegan time.Time // when the window began that was full at the time at, if Graph's word is taken
	floor       int       // no estimate is lower
	settling    bool      // calls from before the time at may still correct the estimate
	ramps       bool      // few go at once; see ramped
	paid        bool      // that refusal, and those with it, are paid from the budget
	bill        int       // what the budget still pays of them
}

// untilLeave is the wait of a call that may go when another one has ended: the gate is
// asked again then, so it matters little how long this is.
func (l *limit) untilLeave() time.Duration { return l.Window }

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
	if l.learnedLimit == 0 {
		if wait := l.log.wait(now, cost, l.Limit); wait > 0 || !l.crowded(now, cost) {
			return wait
		}
		return l.untilLeave()
	}
	wait := l.waitLearned(now, cost)
	if wait > 0 {
		wait = l.waitOrProbe(now, cost, wait, budget)
	} else if l.ramped(now, cost, budget) {
		return l.untilLeave()
	}
	return max(wait, l.waitStated(now, cost))
}

// waitStated is the wait for the quota itself while a lower limit is in force. Refused
// users count against what was learned, and not here: those that the lower limit
// refused would hide the room that the quota has.
func (l *limit) waitStated(now time.Time, cost int) time.Duration {
	if l.Limit == 0 {
		return 0
	}
	return l.log.waitUnder(now, cost, l.Limit, time.Time{}, entry.good)
}

// waitLearned is the wait for what was learned, without any probing.
func (l *limit) waitLearned(now time.Time, cost int) time.Duration {
	if l.bucket.rate != nil {
		return max(until(l.bucket.rate, now, cost), l.met.opensAt.Sub(now))
	}
	return l.log.waitUnder(now, cost, l.learnedLimit, l.countFrom, entry.all)
}

// free is how many may go at once; zero for less than a chunk, and while a bucket is followed.
func (l *limit) free(now time.Time) int {
	l.log.expire(now)
	most, n := l.Limit, 0
	switch {
	case l.bucket.rate != nil:
		return 0
	case l.learnedLimit > 0:
		most, n = l.learnedLimit, l.log.free(l.learnedLimit, l.countFrom, entry.all)
	default:
		n = l.log.free(l.Limit, time.Time{}, entry.all)
	}
	if n < min(chunk, most) {
		return 0
	}
	return n
}

// enter counts an admitted call.
func (l *limit) enter(now time.Time, cost int) {
	if l.burst.step > 0 && l.burst.firstCall.IsZero() {
		l.burst.firstCall = now
	}
	if l.learnedLimit > 0 {
		switch extra := l.waitLearned(now, cost) > 0; {
		case extra:
			l.probe.enter(now, cost)
		case l.bucket.rate != nil:
			l.bucket.rate.AllowN(now, min(cost, chunk))
		case l.inFirstWindow(l.met.at):
			l.probe.stopScouting(now, 0)
		default:
			l.probe.stopScouting(now, l.Window)
		}
	}
	l.log.enter(cost)
}

// withdraw takes back what enter counted.
func (l *limit) withdraw(f batch.Feedback) {
	l.log.withdraw(f.Cost)
	l.probe.leave(f.Sent, f.Cost, 0)
}

// leave counts a call that has ended.
func (l *limit) leave(now time.Time, f batch.Feedback) {
	good := served(f)
	l.log.leave(now, f.Cost, good)
	l.heed(now, f)
	if l.learnedLimit == 0 {
		return
	}
	l.bucket.inflow += good
	switch {
	case l.met.settling && l.bucket.rate == nil && f.Sent.Before(l.met.at):
		l.estimate()
		return
	case l.met.settling && l.bucket.rate != nil && f.Sent.Before(l.countFrom):
		l.paceFromInflow(now)
		return
	case l.bucket.rate != nil && l.inFirstWindow(now) && f.Throttled == 0 && good > 0:
		l.speedUp(now, f.Sent)
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
