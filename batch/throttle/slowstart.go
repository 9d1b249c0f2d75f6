package throttle

import (
	"time"

	"offboard/batch"
)

// Slow start: few users are under way while it is not known how many the quota has
// room for. It comes twice.
//
// The first burst: another app may have used some of the quota before the run began. So
// the burst leaves in steps, and a limit that is met before the log reaches back a window
// is in doubt. It may be a lower limit, or what others have left of the stated one.
//
// A ramp: a refusal and the log contradict each other. Graph promises room within
// seconds, so for few users, while the log, held to what was learned, has room for
// thousands. The estimate is poor then. Another app may take what leaves the log, or so
// much leaves it in the second to which Retry-After is rounded that the estimate may be
// twice the truth.
const (
	burstSteps = 6         // parts in which the first burst leaves, each when the one before was answered
	leastStep  = 5 * chunk // so few go at once in any case
)

// firstStep is how many users of the first burst may be under way.
func firstStep(limit, users int) int {
	step := (min(limit, users) + burstSteps - 1) / burstSteps
	return max(leastStep, (step+chunk-1)/chunk*chunk)
}

// crowded tells whether cost users more would be too many of the first burst under way.
func (l *limit) crowded(now time.Time, cost int) bool {
	return l.burst.step > 0 && l.inFirstWindow(now) && l.log.underWay > 0 && l.log.underWay+cost > l.burst.step
}

// burstWords says that the first burst waits for answers.
func (l *limit) burstWords(now time.Time) string {
	if l.learnedLimit > 0 || !l.crowded(now, chunk) {
		return ""
	}
	return "; the first ones leave " + batch.Thousands(l.burst.step) + " at a time, to see whether others have used it"
}

// inFirstWindow tells whether the log of a limit that others may have used does not reach back a window yet.
func (l *limit) inFirstWindow(now time.Time) bool { return now.Sub(l.burst.firstCall) < l.Window }

// ramped tells whether cost users more would be too many under way in a ramp. As many go
// at once as were served since room opened. While the log has entries from before the
// refusal, all of them may be refused, so the budget bounds them as well.
func (l *limit) ramped(now time.Time, cost, budget int) bool {
	if !l.met.ramps || l.log.underWay == 0 {
		return false
	}
	most := l.log.served(l.met.opensAt)
	if l.oldEntries(now) {
		most = min(most, budget)
	}
	return l.log.underWay+cost > most
}

// climb ends the ramp when so much went well that the rest may go at once.
func (l *limit) climb(now time.Time) {
	if l.met.ramps && !l.oldEntries(now) && 2*l.log.served(l.met.opensAt) >= l.learnedLimit {
		l.met.ramps = false
	}
}

// oldEntries tells whether the log has entries from before the limit was met. A
// bucket does not go by them.
func (l *limit) oldEntries(now time.Time) bool {
	return l.bucket.rate == nil && now.Sub(l.met.at) < l.Window
}
