package batch

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"time"
)

// RetryPolicy turns a reply into a verdict. It is pure: what it needs to know
// of the past is in the trial, and chance comes in as a number.
type RetryPolicy struct {
	Attempts int           // calls that a user is worth; a throttle is none
	Base     time.Duration // first backoff when Graph names no time
	Cap      time.Duration // longest backoff
}

// throttleWait is how long a user waits when Graph named no time: Microsoft's SDK
// design, RetryHandler.
const throttleWait = 3 * time.Second

// LongestRetryAfter is the longest that a Retry-After is heeded: then the service is
// asked again.
const LongestRetryAfter = 24 * time.Hour

// DefaultRetry waits about five minutes in all before it gives a user up. Base
// and growth are those of Microsoft's own retry handlers, cut at a minute.
var DefaultRetry = RetryPolicy{Attempts: 10, Base: time.Second, Cap: time.Minute}

// Verdict is what a reply leads to: an outcome, or wait and again, or (both
// empty) a 2xx, whose worth is not for this policy to say.
type Verdict struct {
	Outcome Outcome
	Again   bool
	Wait    time.Duration
	Reason  string
}

// Decide gives the verdict on a reply to a user whose trial, this reply
// counted, is t. Jitter is a random number in [0, 1).
func (p RetryPolicy) Decide(t Trial, r Reply, jitter float64) Verdict {
	c, outcome := classify(r)
	switch c {
	case accepted:
		return Verdict{}
	case throttled: // the gate says whether all users wait, and how fast they come back
		return Verdict{Again: true, Wait: cmp.Or(r.RetryAfter, throttleWait), Reason: "throttled"}
	case stale, transient:
		if t.Attempts >= p.Attempts {
			return Verdict{Outcome: GaveUp, Reason: fmt.Sprintf("%d attempts, the last one: %s", t.Attempts, describe(r))}
		}
		return Verdict{Again: true, Wait: max(r.RetryAfter, p.backoff(t.Attempts, r, jitter)), Reason: describe(r)}
	}
	return Verdict{Outcome: outcome, Reason: describe(r)}
}

// backoff doubles from Base to Cap, and takes between half and all of it, so
// that users who failed together do not come back together. A time that Graph
// named replaces the first step only.
func (p RetryPolicy) backoff(n int, r Reply, jitter float64) time.Duration {
	if n <= 1 && r.RetryAfter > 0 {
		return 0
	}
	d := p.Base
	for i := 1; i < n && d < p.Cap; i++ {
		d *= 2
	}
	d = min(d, p.Cap)
	return d/2 + time.Duration(float64(d/2)*jitter)
}

// jitter is a number in [0, 1).
func jitter() float64 { return rand.Float64() }
