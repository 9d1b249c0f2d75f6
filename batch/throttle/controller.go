package throttle

import (
	"strings"
	"sync"
	"time"

	"offboard/batch"
)

// Config is what a controller is made from. The zero Config sets no limit but
// those that Graph teaches.
type Config struct {
	Quotas   []Quota // every one of them covers every call; see For
	Rate     float64 // users a second that the operator allows, evenly spread; 0 for no limit
	MaxWidth int     // calls under way at most; less than 1 means 1
	Users    int     // users expected to pass: it sets what may be risked to find a higher limit, and the steps of the first burst; 0: not known, taken as 10,000
}

// Controller is a [batch.Gate] over any number of quotas. It is for one
// goroutine; others may have controllers that share limits with it ([Shared]). Use [New] or
// [NewPool].
type Controller struct {
	limits   []*limit    // those of the tenant are the pool's
	rate     *evenly     // what the operator asked for, of the pool; nil for no limit
	pause    pause       // of the app
	tenant   *pause      // of the pool
	wide     *pause      // of the app in all tenants; where nothing is shared, pause
	mu       *sync.Mutex // guards all of it; see Shared
	budget   *budget     // of the pool
	apps     int         // in the pool
	width    width
	waits    batch.Waits
	lastWait toldWait
	latency  time.Duration // of a call, smoothed; for TimeLeft only
	writes   *Controller   // see KeepFree
}

var _ batch.Gate = (*Controller)(nil)

// New makes a controller. With no quota at all it still learns from refusals,
// in a window of 150 s, that of Graph's writes.
func New(c Config) *Controller { return NewPool(c, 1)[0] }

// Admit implements [batch.Gate].
func (c *Controller) Admit(now time.Time, cost int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accountWait(now)
	wait, why := c.ask(now, cost)
	if wait > 0 {
		c.lastWait = toldWait{now, wait, why}
		return wait
	}
	if c.rate != nil {
		c.rate.enter(now, cost)
	}
	for _, l := range c.limits {
		l.enter(now, cost)
	}
	return 0
}

// ask gives the longest wait that anything demands, and what demands it.
func (c *Controller) ask(now time.Time, cost int) (time.Duration, reason) {
	if wait := c.longerPause().remaining(now); wait > 0 {
		return wait, byPause
	}
	longest, why := time.Duration(0), byQuota
	if c.rate != nil {
		longest, why = c.rate.wait(now), byRate
	}
	for _, l := range c.limits {
		if wait := l.ask(now, cost+c.keptFree(l, now), c.budget.remaining()); wait > longest {
			longest, why = wait, byQuota
			if l.learnedLimit > 0 {
				why = byLearned
			}
		}
	}
	return longest, why
}

// Leave implements [batch.Gate]. A call that never left gives its place in
// every window back; what it took of a smooth rate is time, and gone.
func (c *Controller) Leave(now time.Time, f batch.Feedback) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.Unsent {
		for _, l := range c.limits {
			l.withdraw(f)
		}
		return
	}
	blamed := c.blame(f.Scope)
	p := c.pauseOf(f, blamed)
	newRefusal := pauses(f) && p.newRefusal(f)
	c.observe(now, f)
	c.width.leave(now, f)
	c.pause.calm(f)
	c.tenant.calm(f)
	c.wide.calm(f)
	for _, l := range c.limits {
		l.leave(now, f)
	}
	if pauses(f) {
		p.extend(now, f, newRefusal)
	}
	if f.Throttled == 0 || f.Outer != 0 || !blamed.teaches(f) {
		return // quotas refuse users; a call refused as a whole speaks of load, which is the width's
	}
	blamed.refuse(now, *p, f, newRefusal, c.budget.remaining())
	if blamed.met.paid {
		c.budget.spent += blamed.charge(f.Throttled, newRefusal)
	}
}

// observe takes a call's end into the budget and the latency.
func (c *Controller) observe(now time.Time, f batch.Feedback) {
	c.budget.accepted += f.Accepted
	if took := now.Sub(f.Sent); c.latency == 0 {
		c.latency = took
	} else {
		c.latency += (took - c.latency) / latencyCalls
	}
}

// latencyCalls is about how many calls the smoothed latency remembers: TimeLeft is told
// every second, and should not jump with a slow call.
const latencyCalls = 16

// Width implements [batch.Gate].
func (c *Controller) Width() int { return c.width.calls() }

// blame finds the limit that a throttled reply names, and without a name, or
// with one that no quota has, the limit that allows the app least over time.
func (c *Controller) blame(scope string) *limit {
	var least *limit
	for _, l := range c.limits {
		if (scope == "" || l.named(scope)) && (least == nil || l.perSecond() < least.perSecond()) {
			least = l
		}
	}
	if least == nil {
		return c.blame("")
	}
	return least
}

// longerPause gives the pause that ends last: the app's own, the tenant's, or the app's in
// all tenants.
func (c *Controller) longerPause() *pause {
	longest := &c.pause
	for _, p := range []*pause{c.tenant, c.wide} {
		if p.until.After(longest.until) {
			longest = p
		}
	}
	return longest
}

// pauseOf gives the pause that a refusal blamed on l is for. A call refused as
// a whole is the app's trouble in this tenant unless it names another scope.
func (c *Controller) pauseOf(f batch.Feedback, l *limit) *pause {
	name, _, _ := strings.Cut(f.Scope, "/")
	is := func(s Scope) bool { return strings.EqualFold(name, s.header()) || f.Outer == 0 && l.Scope == s }
	switch {
	case is(Tenant):
		return c.tenant
	case is(App):
		return c.wide
	}
	return &c.pause
}

// served is how many users of a call Graph did not turn away. A 404 was served
// and counted. A call refused as a whole served no user.
func served(f batch.Feedback) int {
	if f.Outer != 0 {
		return f.Accepted
	}
	return max(0, f.Cost-f.Throttled)
}

// Restate puts quotas in the place of those of the same name and window, and keeps what was
// counted and learned: the size of the tenant may become known while lookups are made. It
// changes nothing for other tenants.
func (c *Controller) Restate(quotas []Quota) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.limits {
		for _, q := range quotas {
			if q.Name == l.Name && q.Window == l.Window && q.Scope != App {
				l.Quota = q
			}
		}
	}
}
