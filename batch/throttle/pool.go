package throttle

import (
	"sync"
	"time"
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
	risk, tenant, mu := &budget{users: c.Users}, &pause{}, &sync.Mutex{}
	var even *evenly
	if c.Rate > 0 {
		even = &evenly{perSecond: c.Rate}
	}
	for i := range pool {
		g := &Controller{apps: len(pool), rate: even, tenant: tenant, budget: risk, width: newWidth(c.MaxWidth), mu: mu}
		g.wide = &g.pause
		for j, q := range c.Quotas {
			l := &limit{Quota: q, sharers: 1, log: &slidingLog{window: q.Window}}
			if q.Resource == Write && q.Limit > 0 {
				l.burst.step = firstStep(q.Limit, c.Users)
			}
			if q.Scope == Tenant {
				if l.sharers = len(pool); i > 0 {
					l = pool[0].limits[j]
				}
			}
			g.limits = append(g.limits, l)
		}
		pool[i] = g
	}
	return pool
}
