package throttle

import (
	"math"
	"time"
)

// Other is a call that another run makes to the same tenant.
type Other struct {
	At    time.Time // when it ended
	Users int
	Open  bool // under way; At says nothing
}

// Count takes what became known of another run's call to the tenant into the logs of the app's
// limits there, or of the tenant's alone when an app that is foreign to the pool made it. In a pool tell the
// controller of the app, and of a foreign one any, but only one. was is what was counted of the call
// before: the zero Other when it is new, and else an open one. [Shared.Count] is told for the
// limits of the app over all tenants.
func (c *Controller) Count(was, is Other, foreign bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.limits {
		if l.Scope != App && (!foreign || l.Scope == Tenant) {
			l.log.count(was, is)
		}
	}
}

// Spent takes the last call that earlier sessions of the run sent into the operator's rate: otherwise each
// session would begin with a chunk at once. Those before it went at the rate of their time.
func (c *Controller) Spent(sent time.Time, users int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rate != nil {
		c.rate.enter(sent, users)
	}
}

// count puts what is known of another run's call in the place of what was.
func (w *slidingLog) count(was, is Other) {
	if was.Open {
		w.elsewhere -= was.Users
	}
	if is.Open {
		w.elsewhere += is.Users
		return
	}
	w.preload(is.At, is.Users)
}

// Room is how many users the windows have room for now; of what a pool shares, an even part. A limit that is followed
// drop by drop has none.
func (c *Controller) Room(now time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := math.MaxInt
	for _, l := range c.limits {
		if l.Limit > 0 || l.learnedLimit > 0 {
			n = min(n, l.free(now)/l.sharers)
		}
	}
	return n
}
