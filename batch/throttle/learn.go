package throttle

import (
	"time"

	"offboard/batch"
)

// lifted is the part of a quota at which a learned limit is forgotten. Where another app
// used some of it before, refused users may have taken a tenth.
const (
	lifted              = 0.97
	liftedInFirstWindow = 0.9
)

// rounding is how much Retry-After may be too long: it is in whole seconds, rounded up.
const rounding = time.Second

// trickle is what a scout gains at least before a fixed window is said to have
// begun anew, where Graph promised room within seconds, as a bucket would. A limit
// that drops while the log is empty is first taken for a chunk or two, half of which a
// bucket has in a moment.
const trickle = 20 * chunk

// refuse learns from a throttled call. The pause has it in already; again tells
// that the call left after the pause before.
func (l *limit) refuse(now time.Time, p pause, f batch.Feedback, newRefusal bool, budget int) {
	newRefusal = newRefusal || l.met.refusedAt.Before(p.at) // another trouble may have begun the pause
	l.met.refusedAt = now
	l.met.opensAt = later(p.until, now.Add(f.RetryAfter))
	if began := f.Sent.Add(max(0, f.RetryAfter-rounding) - l.Window); newRefusal || began.After(l.met.windowBegan) {
		l.met.windowBegan = began
	}
	if l.bucket.rate != nil && f.Sent.Before(l.countFrom) {
		if l.inFirstWindow(now) {
			l.bucket.emptySince, l.bucket.inflow = l.emptyAt(now), 0
		}
		return // under way when the bucket was measured
	}
	if !newRefusal && l.bucket.rate == nil {
		if l.met.settling {
			l.bucket.emptySince = l.emptyAt(now)
			l.estimate()
		}
		return
	}
	l.learn(now, p, f, budget)
}

// scattered tells whether Graph took most of a call: then a refusal is about the
// users whom it names, and no others wait. A service under load refuses some users
// here and there, at any pace; a limit that is full refuses all.
func scattered(f batch.Feedback) bool { return f.Outer == 0 && 2*f.Throttled < f.Cost }

// pauses tells whether all users wait after a call.
func pauses(f batch.Feedback) bool {
	return f.Throttled > 0 && !scattered(f) || outerTrouble(f.Outer)
}

// teaches tells whether a refusal may say something about the limit. In a small
// call, refusals by chance soon meet every user. A bucket is followed so near to what
// there is that its refusals are scattered.
func (l *limit) teaches(f batch.Feedback) bool {
	return l.bucket.rate != nil || !scattered(f) && f.Cost >= chunk/2
}

// learn draws the conclusion from a refusal that began a new pause:
//
//	refused                                      then
//	a call at a bucket's pace (1)                measure: the pace is corrected
//	a scout that had gained users                startBucket: a bucket is followed
//	a scout that had gained none                 the log was right: nothing changes
//	anything else                                meet: the limit is met anew
//
// The first three need a refusal that is likeBucket, too. In the first window a scout
// starts a bucket whatever it gained. (1) Unless two pauses in a row have ended in a refusal.
func (l *limit) learn(now time.Time, p pause, f batch.Feedback, budget int) {
	probed := l.probe.on && !f.Sent.Before(l.probe.start)
	was, before := l.probe, l.learnedLimit
	l.met.paid = probed || l.bucket.rate != nil
	l.met.settling = false
	fromBucket := l.likeBucket(now, f)
	switch {
	case l.bucket.rate != nil && fromBucket && p.repeats < 2:
		l.measure(now, f)
	case probed && was.scout && fromBucket && (was.gained >= chunk || l.inFirstWindow(now)):
		l.startBucket(now, was.gained)
	case probed && was.scout && fromBucket: // the log was right
	default:
		l.meet(now, fromBucket, probed && !was.scout && l.bucket.rate == nil)
	}
	if probed {
		l.pay(now, was, before, budget)
	}
}

// meet follows the log again, held to an estimate of the limit that was met. After a
// refused probe that is no lower than what was learned, which was served: where refused
// users count, those of the probe take room of it.
func (l *limit) meet(now time.Time, fromBucket, probed bool) {
	l.met.floor = chunk
	if probed {
		l.met.floor = l.learnedLimit
	}
	l.bucket.rate, l.countFrom = nil, time.Time{}
	l.met.at, l.met.settling = now, true
	l.bucket.emptySince = l.emptyAt(now)
	l.met.ramps = fromBucket && !l.met.paid
	l.estimate()
	if !l.met.paid {
		l.probe.scoutNext(now)
	}
}

// pay ends a probe that was refused, and says whether the budget pays for it. It does not
// for a scout, nor when the probe found something: a limit a fifth higher than before, or
// half of it beside a bucket. In the first window nothing is paid, and the next scout goes
// at once.
func (l *limit) pay(now time.Time, was probe, before, budget int) {
	if l.bucket.rate == nil && l.inFirstWindow(now) && !(was.scout && was.gained == 0) {
		l.met.paid = false
		l.probe.scoutNext(now)
		return
	}
	l.probe.failed(now, l.Window, budget)
	higher := 5*l.learnedLimit >= 6*before || l.bucket.rate != nil && 2*was.gained >= before
	l.met.paid = !higher && !was.scout
}

// estimate sets the learned limit to what was served since one window before
// room opens. In a fixed window that is its start, in a sliding one its oldest entry.
func (l *limit) estimate() {
	sum := l.log.served(l.met.windowBegan)
	l.learnedLimit = max(l.met.floor, sum)
	if l.Limit > 0 && (l.learnedLimit >= l.Limit || l.inFirstWindow(l.met.at) && l.whole(l.learnedLimit)) {
		l.learnedLimit = l.Limit
		l.liftIfWhole() // the quota itself was met, by the log's count: nothing is learned
	}
}

// grow draws the conclusion from a probe that goes well. What was found in excess
// of the learned limit must have lasted a window: a fixed window that began
// anew in the middle of the probe looks like a higher limit until then. A scout's
// room is a new window only if it is more than a log that does not count refused
// users would have had; see trickle as well.
func (l *limit) grow(now time.Time) {
	window := now.Add(-l.Window)
	switch {
	case l.probe.scout && l.inFirstWindow(now) && l.waitStated(now, chunk) == 0: // it goes on until it is refused
	case l.probe.scout:
		enough := l.learnedLimit / 2
		if l.met.ramps {
			enough = max(enough, trickle)
		}
		if l.probe.gained >= enough && l.log.served(window) > l.learnedLimit {
			l.countFrom = l.probe.start // a fixed window began anew
			l.learnedLimit = max(l.learnedLimit, l.probe.gained)
			l.probe.succeeded(now)
			l.liftIfWhole()
		}
	case l.bucket.rate == nil && l.probe.start.Before(window):
		l.learnedLimit = max(l.learnedLimit, l.log.served(window))
		l.probe.succeeded(now)
		l.liftIfWhole()
	case l.bucket.rate != nil && l.Limit > 0 && l.countFrom.Before(window):
		if sum := l.log.served(window); l.whole(sum) {
			l.learnedLimit = sum
			l.liftIfWhole()
		}
	}
}

// liftIfWhole forgets the learned limit when it is as good as the quota.
func (l *limit) liftIfWhole() {
	if l.Limit > 0 && l.whole(l.learnedLimit) {
		l.learnedLimit, l.bucket.rate, l.countFrom = 0, nil, time.Time{}
		l.probe = probe{}
		l.met.settling = false
	}
}

// whole tells whether so many users are as many as the quota allows.
func (l *limit) whole(users int) bool {
	part := lifted
	if l.inFirstWindow(l.met.at) {
		part = liftedInFirstWindow
	}
	return float64(users) >= part*float64(l.Limit)
}
