package batch

import (
	"slices"
	"time"
)

// Timing is how long a run took its users, counted from the first call.
type Timing struct {
	Started time.Time     // when the first call left; zero when none did
	Median  time.Duration // until half of the users who were sent were settled
	P95     time.Duration // until 95 % of them were
	Last    time.Duration // until the last one was
	Users   int           // sent and settled
	Refused int           // times that a user was told to wait; refused writes count against the quota too
	Waits   Waits
}

// Waits is how long calls were ready and had to wait, by what they waited for,
// all sessions of a run together. A session that crashed has told nothing.
type Waits struct {
	Paused  time.Duration // a pause after a refusal
	Quota   time.Duration // a stated quota
	Learned time.Duration // a lower limit, learned from refusals
	Rate    time.Duration // the operator's --rate

	Interruptions []Interruption // in order of time
}

// Plus adds the waits of another gate or session.
func (w Waits) Plus(v Waits) Waits {
	return Waits{w.Paused + v.Paused, w.Quota + v.Quota, w.Learned + v.Learned, w.Rate + v.Rate, slices.Concat(w.Interruptions, v.Interruptions)}
}

// Each calls f with every wait that was, and its reason in words.
func (w Waits) Each(f func(reason string, d time.Duration)) {
	for _, x := range []struct {
		reason string
		d      time.Duration
	}{
		{"the documented quota", w.Quota}, {"a lower limit, learned", w.Learned},
		{"pauses that Graph asked for", w.Paused}, {"--rate", w.Rate},
	} {
		if x.d > 0 {
			f(x.reason, x.d)
		}
	}
}
