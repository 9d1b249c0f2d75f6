package throttle

import "time"

// KeepFree makes this controller of reads leave units free for the writes of another one: a
// write costs a unit of the same account, and must not be refused for a read. Units are kept
// free for the writes that are under way or may leave at once; when there are none, reads
// may have all. So in a short run a read may be refused now and then, and never a write.
// The units of the smallest tenant are left to reads in any case: every tenant has more
// than those and a burst of writes together. With nil nothing is kept free.
func (c *Controller) KeepFree(writes *Controller) { c.writes = writes }

// keptFree is how many users of a limit are kept free.
func (c *Controller) keptFree(l *limit, now time.Time) int {
	if c.writes == nil || l.Resource != ReadUnit {
		return 0
	}
	return max(0, min(c.writes.unitsForWrites(now, l.Window), l.Limit-Units(0).Limit))
}

// unitsForWrites is how many units writes take in a window that ends now: those that left, and those that may
// leave at once. It is zero when none may and none is under way.
func (c *Controller) unitsForWrites(now time.Time, window time.Duration) int {
	soon := max(0, c.budget.users-c.budget.accepted)
	for _, l := range c.limits {
		if l.Limit > 0 || l.learnedLimit > 0 {
			soon = min(soon, l.free(now))
		}
	}
	l := c.limits[0]
	if soon == 0 && l.log.underWay == 0 {
		return 0
	}
	for _, e := range l.log.log[l.log.since(now.Add(-window)):] {
		soon += e.users
	}
	return soon + l.log.underWay
}
