package graphsim

import (
	"math"
	"time"
)

// counter is one way of counting. Calls come in the order of time.
type counter interface {
	// wait tells how long it is until n more would be admitted; 0 means now.
	wait(q Quota, now time.Time, n int) time.Duration
	// count notes n that arrived, whether they were admitted or not.
	count(q Quota, now time.Time, n int, admitted bool)
}

func newCounter(m Model) counter {
	switch m {
	case FixedWindow:
		return &fixedWindow{}
	case TokenBucket, DebtBucket:
		return &tokenBucket{}
	}
	return &slidingLog{}
}

// slidingLog remembers every arrival of the last window. An arrival at T has
// left at T + window exactly.
type slidingLog struct {
	entries []arrival
	used    int
}

type arrival struct {
	at time.Time
	n  int
}

func (l *slidingLog) evict(q Quota, now time.Time) {
	gone := 0
	for gone < len(l.entries) && !l.entries[gone].at.Add(q.Window).After(now) {
		l.used -= l.entries[gone].n
		gone++
	}
	l.entries = l.entries[gone:]
}

func (l *slidingLog) wait(q Quota, now time.Time, n int) time.Duration {
	l.evict(q, now)
	over := l.used + n - q.Limit
	if over <= 0 {
		return 0
	}
	for _, e := range l.entries {
		if over -= e.n; over <= 0 {
			return e.at.Add(q.Window).Sub(now)
		}
	}
	return q.Window // n alone is beyond the limit
}

func (l *slidingLog) count(q Quota, now time.Time, n int, _ bool) {
	l.evict(q, now)
	l.used += n
	if last := len(l.entries) - 1; last >= 0 && l.entries[last].at.Equal(now) {
		l.entries[last].n += n
		return
	}
	l.entries = append(l.entries, arrival{now, n})
}

// fixedWindow counts from one multiple of the window to the next.
type fixedWindow struct {
	index int64
	used  int
}

func (f *fixedWindow) roll(q Quota, now time.Time) {
	if index := now.UnixNano() / int64(q.Window); index != f.index {
		f.index, f.used = index, 0
	}
}

func (f *fixedWindow) wait(q Quota, now time.Time, n int) time.Duration {
	f.roll(q, now)
	if f.used+n <= q.Limit {
		return 0
	}
	return time.Duration((f.index+1)*int64(q.Window) - now.UnixNano())
}

func (f *fixedWindow) count(q Quota, now time.Time, n int, _ bool) {
	f.roll(q, now)
	f.used += n
}

// tokenBucket keeps the tokens that were taken, so that a changed limit
// changes the capacity at once.
type tokenBucket struct {
	taken float64
	at    time.Time
}

// grain forgives the rounding of floating point when a wait has just passed.
const grain = 1e-6

func (b *tokenBucket) refill(q Quota, now time.Time) {
	if now.After(b.at) {
		gain := now.Sub(b.at).Seconds() * float64(q.Limit) / q.Window.Seconds()
		b.taken = max(0, b.taken-gain)
		b.at = now
	}
	b.taken = min(b.taken, q.deepest())
}

// deepest is how many tokens may be missing in a bucket.
func (q Quota) deepest() float64 {
	if q.Model == DebtBucket {
		return 1.1 * float64(q.Limit)
	}
	return float64(q.Limit)
}

func (b *tokenBucket) wait(q Quota, now time.Time, n int) time.Duration {
	b.refill(q, now)
	over := b.taken + float64(n) - float64(q.Limit)
	if over <= grain {
		return 0
	}
	return time.Duration(math.Ceil(over / float64(q.Limit) * float64(q.Window)))
}

func (b *tokenBucket) count(q Quota, now time.Time, n int, admitted bool) {
	b.refill(q, now)
	if admitted || q.Model == DebtBucket {
		b.taken = min(b.taken+float64(n), q.deepest())
	}
}
