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
func (l *limit) dripping(f batch.Feedback) bool {
	return f.RetryAfter < l.Window/10
}

// follow keeps the pace of a bucket that is empty now, as it was when the limit
// was met. What a scout gained between has flowed in since, and is the better measure
// where what was learned is less.
func (l *limit) follow(now time.Time, gained int) {
	pace := dripMargin * max(float64(l.learned)/l.Window.Seconds(), float64(gained)/now.Sub(l.met).Seconds())
	l.learned = max(l.learned, int(pace*l.Window.Seconds()))
	l.drip = drip(now, pace)
	l.from, l.dripped, l.got = now, now, 0
}

// measure corrects the drip after a refusal. The bucket was empty when it was
// measured last and is empty now, so what was accepted between is what it
// gained. After a short time that is a poor measure, the more so when the call
// was refused in part only: it moves the pace less, and never up.
func (l *limit) measure(now time.Time, f batch.Feedback) {
	was := float64(l.drip.Limit())
	took := now.Sub(l.dripped)
	pace := dripMargin * float64(l.got) / took.Seconds()
	if enough := l.Window / 6; took < enough {
		weight := took.Seconds() / enough.Seconds() * float64(f.Throttled) / float64(max(1, f.Cost))
		pace = min(was+weight*(pace-was), dripMargin*was)
	} else {
		l.dripped, l.got = now, 0
	}
	pace = max(pace, was/2)
	if l.Limit > 0 {
		pace = min(pace, float64(l.Limit)/l.Window.Seconds())
	}
	l.learned = max(Chunk, int(pace*l.Window.Seconds()))
	l.drip = drip(now, pace)
	l.from = now
}

// drip lets users go one chunk at a time, the first when the bucket, empty now, has gained it.
func drip(now time.Time, perSecond float64) *rate.Limiter {
	r := rate.NewLimiter(rate.Limit(perSecond), Chunk)
	r.AllowN(now, Chunk)
	return r
}
