package throttle

import (
	"time"

	"golang.org/x/time/rate"

	"offboard/batch"
)

// bucketMargin holds a bucket, whose pace is an estimate, a little below it.
const bucketMargin = 0.985

// These numbers were found by make bench, which holds a controller against services that
// count in different ways.
const (
	soon              = 10           // a Retry-After below this part of a window is a bucket's
	soonInFirstWindow = 5            // the same, where refused users that were counted come first
	poorMeasure       = 5 * rounding // when a bucket was empty is known to a second: what it gained in less time than this tells little
	goodMeasure       = 6            // what it gained in this part of a window, or in more, tells its pace
	growthMost        = 1.2          // a pace in doubt grows by growthMost/(growthSlack+n) the nth time
	growthSlack       = 8
)

// until says how long before the limiter has room for cost users, of which no
// more than a chunk is asked.
func until(r *rate.Limiter, now time.Time, cost int) time.Duration {
	missing := float64(min(cost, chunk)) - r.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing/float64(r.Limit())*float64(time.Second)) + 1
}

// newBucket lets users go one chunk at a time, the first when the bucket, empty now, has gained it.
func newBucket(now time.Time, perSecond float64) *rate.Limiter {
	r := rate.NewLimiter(rate.Limit(perSecond), chunk)
	r.AllowN(now, chunk)
	return r
}

// likeBucket tells whether a refusal may be a bucket's: that has room for the next
// users soon, while windows name the time at which old users leave.
func (l *limit) likeBucket(now time.Time, f batch.Feedback) bool {
	if l.inFirstWindow(now) {
		return f.RetryAfter < l.Window/soonInFirstWindow
	}
	return f.RetryAfter < l.Window/soon
}

// startBucket begins to follow a bucket that was empty when the limit was met and is
// empty now. What a scout gained between has flowed in since.
func (l *limit) startBucket(now time.Time, gained int) {
	l.bucket.inflow, l.countFrom, l.met.settling, l.bucket.growths = gained, now, true, 0
	l.paceFromInflow(now)
}

// paceFromInflow sets the pace to what has flowed in, or to what was learned if that is more.
// Calls that were under way when the bucket was found empty still count.
func (l *limit) paceFromInflow(now time.Time) {
	took := l.countFrom.Sub(l.bucket.emptySince)
	pace := float64(l.bucket.inflow) / max(took, rounding).Seconds()
	if l.Limit > 0 && took < poorMeasure {
		pace = min(pace, float64(l.Limit)/l.Window.Seconds())
	}
	pace = bucketMargin * max(float64(l.learnedLimit)/l.Window.Seconds(), pace)
	l.learnedLimit = max(l.learnedLimit, int(pace*l.Window.Seconds()))
	l.bucket.rate = newBucket(now, pace)
}

// measure corrects the pace after a refusal. The bucket was empty when it was
// measured last and is empty now, so what was served between is what it
// gained. After a short time that is a poor measure, the more so when the call
// was refused in part only: it moves the pace less, and never up.
func (l *limit) measure(now time.Time, f batch.Feedback) {
	if l.inFirstWindow(now) {
		l.slowDown(now)
		return
	}
	was := float64(l.bucket.rate.Limit())
	took := max(now.Sub(l.bucket.emptySince), time.Second)
	pace := bucketMargin * float64(l.bucket.inflow) / took.Seconds()
	if enough := l.Window / goodMeasure; took < enough {
		weight := took.Seconds() / enough.Seconds() * float64(f.Throttled) / float64(max(1, f.Cost))
		pace = min(was+weight*(pace-was), bucketMargin*was)
	} else {
		l.bucket.emptySince, l.bucket.inflow = now, 0
	}
	pace = max(pace, was/2) // one refusal is too poor a measure for more
	if l.Limit > 0 {
		pace = min(pace, float64(l.Limit)/l.Window.Seconds())
	}
	l.setPace(now, pace)
}

// setPace makes the bucket one of so many users a second.
func (l *limit) setPace(now time.Time, pace float64) {
	l.learnedLimit = max(chunk, int(pace*l.Window.Seconds()))
	l.bucket.rate = newBucket(now, pace)
	l.countFrom, l.met.settling = now, false
}

// emptyAt is when a bucket that refused now is empty, and no more. Graph may count
// refused users too, and says by Retry-After when the first is let in again.
func (l *limit) emptyAt(now time.Time) time.Time {
	if l.inFirstWindow(now) {
		return later(now, l.met.opensAt)
	}
	return now
}

// slowDown corrects a pace in doubt after a refusal. What was served since the bucket was
// empty is a measure that is worth the more, the more users it is of.
func (l *limit) slowDown(now time.Time) {
	was := float64(l.bucket.rate.Limit())
	took := max(now.Sub(l.bucket.emptySince), time.Second/10).Seconds()
	weight := min(1, max(float64(l.bucket.inflow), was*took)/(2*chunk)) // two chunks count in full
	pace := min(was, (1-weight)*was+weight*float64(l.bucket.inflow)/took)
	pace = max(bucketMargin*pace, chunk/l.Window.Seconds())
	l.bucket.emptySince, l.bucket.inflow = l.emptyAt(now), 0
	l.setPace(now, pace)
	l.bucket.rate.ReserveN(now, chunk/2) // refused users come back, too
}

// speedUp makes a pace in doubt grow after a call that went well, once in a round trip; the
// longer it is followed, the less.
func (l *limit) speedUp(now, sent time.Time) {
	if sent.Before(l.bucket.grewAt) || sent.Before(l.countFrom) {
		return
	}
	l.bucket.grewAt = now
	if l.bucket.growths++; l.bucket.inflow <= chunk {
		return
	}
	l.bucket.rate.SetLimitAt(now, l.bucket.rate.Limit()*rate.Limit(1+growthMost/(growthSlack+float64(l.bucket.growths))))
}
