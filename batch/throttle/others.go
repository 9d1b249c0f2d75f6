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

// Count takes what became known of another run's call into the logs of the app's limits, or
// of the tenant's alone when an app that is foreign to the pool made it. In a pool tell the
// controller of the app, and of a foreign one any, but only one. was is what was counted of the call
// before: the zero Other when it is new, and else an open one.
func (c *Controller) Count(was, is Other, foreign bool) {
	for _, l := range c.limits {
		if foreign && l.Scope != Tenant {
			continue
		}
		if was.Open {
			l.log.elsewhere -= was.Users
		}
		if is.Open {
			l.log.elsewhere += is.Users
			continue
		}
		l.log.preload(is.At, is.Users)
	}
}

// Room is how many users the windows have room for now; of what a pool shares, an even part. A limit that is followed
// drop by drop has none.
func (c *Controller) Room(now time.Time) int {
	n := math.MaxInt
	for _, l := range c.limits {
		if l.Limit > 0 || l.learnedLimit > 0 {
			n = min(n, l.free(now)/l.sharers)
		}
	}
	return n
}
