package throttle

import (
	"time"

	"offboard/batch"
)

// Stats is what a controller has seen, for the end of a run.
type Stats struct {
	Accepted int // users with a 2xx reply
	Refused  int // users told to wait
	Probed   int // of these, users that were risked to find a higher limit
	Pauses   int // times that Graph made everything wait, by an answer to this app

	// How long a call was ready and had to wait, by what it waited for.
	Paused  time.Duration // a pause after a refusal
	Quota   time.Duration // a stated quota
	Learned time.Duration // a lower limit that was learned
	Rate    time.Duration // the operator's --rate
}

// Stats gives the counts so far.
func (c *Controller) Stats() Stats { return c.stats }

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
		c.stats.Paused += waited
	case byQuota:
		c.stats.Quota += waited
	case byLearned:
		c.stats.Learned += waited
	case byRate:
		c.stats.Rate += waited
	}
	c.asked = asked{}
}

// count takes a call's end into the counts; again tells a refusal that begins a new pause.
func (c *Controller) count(now time.Time, f batch.Feedback, again bool) {
	c.stats.Accepted += f.Accepted
	c.budget.accepted += f.Accepted
	c.stats.Refused += f.Throttled
	if f.Throttled > 0 && again {
		c.stats.Pauses++
	}
	if took := now.Sub(f.Sent); c.latency == 0 {
		c.latency = took
	} else {
		c.latency += (took - c.latency) / 16
	}
}
