package batch

import (
	"fmt"
	"time"
)

// mostSkew is how far this machine's clock may be from Graph's where a date
// decides who is revoked.
const mostSkew = 5 * time.Minute

// Clock is this machine's clock held against Graph's, in one answer.
type Clock struct {
	Asked    time.Time // when the call left, by this machine
	Answered time.Time // when the answer was there, by this machine
	Graph    time.Time // the Date of the answer, in whole seconds; zero when it had none
}

// Skew is how far this machine's clock is ahead of Graph's, at the least: the
// answer was written at any moment between the two. It is negative for a clock
// that is behind, and zero where the answer had no Date.
func (c Clock) Skew() time.Duration {
	switch {
	case c.Graph.IsZero():
		return 0
	case c.Asked.After(c.Graph.Add(time.Second)):
		return c.Asked.Sub(c.Graph.Add(time.Second))
	case c.Answered.Before(c.Graph):
		return c.Answered.Sub(c.Graph)
	}
	return 0
}

// Off reports whether this machine's clock is wrong.
func (c Clock) Off() bool { return c.Skew() > mostSkew || c.Skew() < -mostSkew }

// Check refuses what counts from this machine's clock, when that is wrong. Flag is
// what counts from it, and lift what does without.
func (c Clock) Check(flag, lift string) Finding {
	k := Finding{Name: flag}
	if c.Off() {
		k.Lift = lift
		k.Refusal = fmt.Sprintf("%s counts from this machine's clock, which says %s where Graph's says %s; set the clock, or give the moment with %s",
			flag, c.Answered.UTC().Format(time.RFC3339), c.Graph.UTC().Format(time.RFC3339), lift)
	}
	return k
}
