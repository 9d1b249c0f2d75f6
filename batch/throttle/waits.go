package throttle

import (
	"time"

	"offboard/batch"
)

// Waits is how long calls were ready and had to wait so far.
func (c *Controller) Waits() batch.Waits { return c.waits }

// reason is what a call waits for.
type reason int

const (
	byPause reason = iota
	byQuota
	byLearned
	byRate
)

// asked is the last wait that was told, to be counted when somebody asks again.
type asked struct {
	at   time.Time
	wait time.Duration
	why  reason
}

// account counts the time since a wait was told, and no more than was told: if
// nobody asked again, nobody waited.
func (c *Controller) account(now time.Time) {
	waited := max(0, min(now.Sub(c.asked.at), c.asked.wait))
	switch c.asked.why {
	case byPause:
		c.waits.Paused += waited
	case byQuota:
		c.waits.Quota += waited
	case byLearned:
		c.waits.Learned += waited
	case byRate:
		c.waits.Rate += waited
	}
	c.asked = asked{}
}

// count takes a call's end into the budget and the latency.
func (c *Controller) count(now time.Time, f batch.Feedback) {
	c.budget.accepted += f.Accepted
	if took := now.Sub(f.Sent); c.latency == 0 {
		c.latency = took
	} else {
		c.latency += (took - c.latency) / 16
	}
}
