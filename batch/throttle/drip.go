package throttle

import (
	"time"

	"golang.org/x/time/rate"

	"offboard/batch"
)

// dripMargin holds a drip, whose pace is an estimate, a little below it.
const dripMargin = 0.985

// dripping tells whether a refusal may be a bucket's: that has room for the next
// users soon, while windows name the time at which old users leave.
func (l *limit) dripping(now time.Time, f batch.Feedback) bool {
	if l.doubt(now) {
		return f.RetryAfter < l.Window/5 // refused users that were counted come first
	}
	return f.RetryAfter < l.Window/10
}

// follow keeps the pace of a bucket that was empty when the limit was met and is
// empty again now. What a scout gained between has flowed in since.
func (l *limit) follow(now time.Time, gained int) {
	l.got, l.from, l.settles, l.steps = gained, now, true, 0
	l.gain(now)
}

// gain sets the drip to what has flowed in, or to what was learned if that is more.
// Calls that were under way when the bucket was found empty still count.
func (l *limit) gain(now time.Time) {
	took := l.from.Sub(l.empty)
	pace := float64(l.got) / max(took, rounding).Seconds()
	if l.Limit > 0 && took < 5*rounding { // when it was empty is known to a second, so that this is a poor measure
		pace = min(pace, float64(l.Limit)/l.Window.Seconds())
	}
	pace = dripMargin * max(float64(l.learned)/l.Window.Seconds(), pace)
	l.learned = max(l.learned, int(pace*l.Window.Seconds()))
	l.drip = drip(now, pace)
}

// measure corrects the drip after a refusal. The bucket was empty when it was
// measured last and is empty now, so what was accepted between is what it
// gained. After a short time that is a poor measure, the more so when the call
// was refused in part only: it moves the pace less, and never up.
func (l *limit) measure(now time.Time, f batch.Feedback) {
	if l.doubt(now) {
		l.search(now)
		return
	}
	was := float64(l.drip.Limit())
	took := max(now.Sub(l.empty), time.Second)
	pace := dripMargin * float64(l.got) / took.Seconds()
	if enough := l.Window / 6; took < enough {
		weight := took.Seconds() / enough.Seconds() * float64(f.Throttled) / float64(max(1, f.Cost))
		pace = min(was+weight*(pace-was), dripMargin*was)
	} else {
		l.empty, l.got = now, 0
	}
	pace = max(pace, was/2)
	if l.Limit > 0 {
		pace = min(pace, float64(l.Limit)/l.Window.Seconds())
	}
	l.keep(now, pace)
}

// keep makes the drip one of so many a second.
func (l *limit) keep(now time.Time, pace float64) {
	l.learned = max(Chunk, int(pace*l.Window.Seconds()))
	l.drip = drip(now, pace)
	l.from, l.settles = now, false
}

// drip lets users go one chunk at a time, the first when the bucket, empty now, has gained it.
func drip(now time.Time, perSecond float64) *rate.Limiter {
	r := rate.NewLimiter(rate.Limit(perSecond), Chunk)
	r.AllowN(now, Chunk)
	return r
}
