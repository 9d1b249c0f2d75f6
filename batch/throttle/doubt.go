package throttle

import (
	"time"

	"golang.org/x/time/rate"

	"offboard/batch"
)

// What was left of a quota when the run began is not known: somebody else may have used
// some of it. So the first burst leaves in steps, and a limit that is met before the log
// reaches back a window is in doubt: it may be a lower limit, or what others have left of the
// stated one. Which of the two, and how much comes free, is searched for.

const (
	burstSteps = 6         // parts in which the first burst leaves, each when the one before was answered
	leastStep  = 5 * Chunk // so few go at once in any case
)

// firstStep is how many users of the first burst may be under way.
func firstStep(limit, users int) int {
	step := (min(limit, users) + burstSteps - 1) / burstSteps
	return max(leastStep, (step+Chunk-1)/Chunk*Chunk)
}

// crowded tells whether cost users more would be too many of the first burst under way.
func (l *limit) crowded(now time.Time, cost int) bool {
	return l.step > 0 && l.doubt(now) && l.log.underWay > 0 && l.log.underWay+cost > l.step
}

// growing says that the first burst waits for answers.
func (l *limit) growing(now time.Time) string {
	if l.learned > 0 || !l.crowded(now, Chunk) {
		return ""
	}
	return "; the first ones leave " + batch.Thousands(l.step) + " at a time, to see whether others have used it"
}

// doubt tells whether the log of a limit that others may have used does not reach back a window yet.
func (l *limit) doubt(now time.Time) bool { return now.Sub(l.first) < l.Window }

// emptyAt is when a bucket that refused now is empty, and no more. Graph may count
// refused users too, and says by Retry-After when the first is let in again.
func (l *limit) emptyAt(now time.Time) time.Time {
	if l.doubt(now) {
		return later(now, l.opens)
	}
	return now
}

// search corrects a pace in doubt after a refusal. What was accepted since the bucket was
// empty is a measure that is worth the more, the more users it is of.
func (l *limit) search(now time.Time) {
	was := float64(l.drip.Limit())
	took := max(now.Sub(l.empty), time.Second/10).Seconds()
	weight := min(1, max(float64(l.got), was*took)/(2*Chunk))
	pace := min(was, (1-weight)*was+weight*float64(l.got)/took)
	pace = max(dripMargin*pace, Chunk/l.Window.Seconds())
	l.empty, l.got = l.emptyAt(now), 0
	l.keep(now, pace)
	l.drip.ReserveN(now, Chunk/2) // who was refused comes back, too
}

// faster makes a pace in doubt grow after a call that went well, once in a round trip; the
// longer it is followed, the less.
func (l *limit) faster(now, sent time.Time) {
	if sent.Before(l.grown) || sent.Before(l.from) {
		return
	}
	l.grown = now
	if l.steps++; l.got <= Chunk {
		return
	}
	l.drip.SetLimitAt(now, l.drip.Limit()*rate.Limit(1+1.2/(8+float64(l.steps))))
}
