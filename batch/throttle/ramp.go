package throttle

import "time"

// A ramp is for a refusal and a log that contradict each other: Graph promises
// room within seconds, so for a few, while the log, held to what was learned,
// has room for thousands. The estimate is poor then. Somebody else may take what leaves
// the log, or so much leaves it in the second to which Retry-After is
// rounded that the estimate may be twice the truth.

// ramped tells whether cost users more would be too many under way. No more go at
// once than were accepted since room opened. While the log has entries from before
// the refusal, they may all be refused, and are no more than may be risked.
func (l *limit) ramped(now time.Time, cost, budget int) bool {
	if !l.ramps || l.log.underWay == 0 {
		return false
	}
	most := l.log.accepted(l.opens)
	if l.doubtful(now) {
		most = min(most, budget)
	}
	return l.log.underWay+cost > most
}

// climb ends the ramp when so much went well that the rest may go at once.
func (l *limit) climb(now time.Time) {
	if l.ramps && !l.doubtful(now) && 2*l.log.accepted(l.opens) >= l.learned {
		l.ramps = false
	}
}

// doubtful tells whether the log has entries from before the limit was met. A drip
// does not go by them.
func (l *limit) doubtful(now time.Time) bool { return l.drip == nil && now.Sub(l.met) < l.Window }
