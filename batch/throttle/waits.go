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

// toldWait is the last wait that was told, to be counted when the loop asks again.
type toldWait struct {
	at   time.Time
	wait time.Duration
	why  reason
}

// accountWait counts the time since a wait was told, and no more than was told. A wait
// after which the loop did not ask again is not counted.
func (c *Controller) accountWait(now time.Time) {
	waited := max(0, min(now.Sub(c.lastWait.at), c.lastWait.wait))
	switch c.lastWait.why {
	case byPause:
		c.waits.Paused += waited
	case byQuota:
		c.waits.Quota += waited
	case byLearned:
		c.waits.Learned += waited
	case byRate:
		c.waits.Rate += waited
	}
	c.lastWait = toldWait{}
}
