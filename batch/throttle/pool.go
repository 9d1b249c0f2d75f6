package throttle

import (
	"sort"
	"time"

	"golang.org/x/time/rate"
)

// NewPool makes a controller for each of so many app registrations that work
// side by side in one tenant; fewer than 1 means 1. All of them are for the same
// goroutine.
//
// Each has its own pause, width and limits, but those of the [Tenant] scope, the
// rate, and what may be risked to find higher limits are the pool's: what one
// app sends counts for all, and a refusal that names the tenant pauses all and
// teaches all. So a wait is worth asking about again after the next Leave of any
// of them. MaxWidth is for each app, Rate and Users are for all together.
//
// [Controller.Pace] gives an app its even part of what is shared: the sum over
// the pool is the pace of the pool.
func NewPool(c Config, apps int) []*Controller {
	if len(c.Quotas) == 0 {
		c.Quotas = []Quota{{Name: "none", Window: 150 * time.Second}}
	}
	if c.Users <= 0 {
		c.Users = 10_000
	}
	pool := make([]*Controller, max(1, apps))
	risk, tenant := &budget{users: c.Users}, &pause{}
	var smooth *rate.Limiter
	if c.Rate > 0 {
		smooth = rate.NewLimiter(rate.Limit(c.Rate), Chunk)
	}
	for i := range pool {
		g := &Controller{apps: len(pool), rate: smooth, tenant: tenant, budget: risk, width: newWidth(c.MaxWidth)}
		for j, q := range c.Quotas {
			l := &limit{Quota: q, apps: 1, log: NewWindow(q.Limit, q.Window)}
			if q.Resource == Write && q.Limit > 0 {
				l.step = firstStep(q.Limit, c.Users)
			}
			if q.Scope == Tenant {
				if l.apps = len(pool); i > 0 {
					l = pool[0].limits[j]
				}
			}
			g.limits = append(g.limits, l)
		}
		pool[i] = g
	}
	return pool
}

// Earliest is how long it takes a pool at least until the last of so many users
// can leave, however they are spread over its apps; see [Controller.Earliest].
func Earliest(pool []*Controller, users int, now time.Time) time.Duration {
	return together(pool, users, func(c *Controller, own, all int) time.Duration {
		return c.after(own, all, now, 0)
	})
}

// TimeLeft is the time that so many users will still take a pool, as far as can be
// said; see [Controller.TimeLeft].
func TimeLeft(pool []*Controller, users int, now time.Time) time.Duration {
	return together(pool, users, func(c *Controller, own, all int) time.Duration {
		return c.timeLeft(own, all, now)
	})
}

// together finds the first moment at which the apps can be done with all users.
// need says how long a controller needs for users of its own, and for all of
// them what the pool shares.
func together(pool []*Controller, users int, need func(c *Controller, own, all int) time.Duration) time.Duration {
	alone, least := need(pool[0], users, users), need(pool[0], 0, users)
	for _, c := range pool[1:] {
		alone, least = min(alone, need(c, users, users)), max(least, need(c, 0, users))
	}
	if len(pool) == 1 || users <= 0 {
		return alone
	}
	const step = 100 * time.Millisecond // finer is of no use to anybody
	steps := sort.Search(max(0, int((alone-least)/step)), func(i int) bool {
		limit, done := least+time.Duration(i)*step, 0
		for _, c := range pool {
			done += sort.Search(users-done, func(n int) bool { return need(c, n+1, 0) > limit })
		}
		return done >= users
	})
	return min(alone, least+time.Duration(steps)*step)
}
