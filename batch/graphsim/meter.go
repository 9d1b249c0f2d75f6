package graphsim

import (
	"math"
	"time"
)

// meter is a quota with what it has counted, for each app where the scope
// tells apps apart.
type meter struct {
	quota    Quota
	counters map[string]counter
}

func (m *meter) counter(app string) counter {
	if m.quota.Scope == AllApps {
		app = ""
	}
	c, ok := m.counters[app]
	if !ok {
		c = newCounter(m.quota.Model)
		m.counters[app] = c
	}
	return c
}

// meters are all quotas of a tenant, and the other apps that use them up.
type meters struct {
	list   []*meter
	others float64   // writes a second by other apps in the tenant
	since  time.Time // when the others began
	fed    float64   // how many writes of the others have been counted
}

func (ms *meters) set(q Quota) {
	if q.Model == "" {
		q.Model = SlidingWindow
	}
	for _, m := range ms.list {
		if m.quota.Scope != q.Scope || m.quota.Resource != q.Resource {
			continue
		}
		if m.quota.Model != q.Model {
			m.counters = make(map[string]counter)
		}
		m.quota = q
		return
	}
	ms.list = append(ms.list, &meter{quota: q, counters: make(map[string]counter)})
}

// cost is what one request counts.
type cost struct{ writes, units int }

func (c cost) amount(r Resource) int {
	if r == Writes {
		return c.writes
	}
	return c.units
}

// take counts one request. It is admitted only if every quota admits it; if
// not, take returns the quota that keeps it out longest, and for how long.
func (ms *meters) take(now time.Time, app string, c cost) (by Quota, wait time.Duration) {
	ms.feed(now)
	admitted := true
	for _, m := range ms.list {
		if n := c.amount(m.quota.Resource); n > 0 && m.counter(app).wait(m.quota, now, n) > 0 {
			admitted = false
		}
	}
	for _, m := range ms.list {
		if n := c.amount(m.quota.Resource); n > 0 {
			m.counter(app).count(m.quota, now, n, admitted)
		}
	}
	if admitted {
		return Quota{}, 0
	}
	// Asked again after counting, since a refused request counts as well and
	// moves the moment at which it can be accepted.
	for _, m := range ms.list {
		if n := c.amount(m.quota.Resource); n > 0 {
			if w := m.counter(app).wait(m.quota, now, n); w > wait {
				by, wait = m.quota, w
			}
		}
	}
	return by, wait
}

// feed counts the writes that the other apps made since it was last called:
// the k-th at since + k/others. Nothing runs between calls.
func (ms *meters) feed(now time.Time) {
	if ms.others <= 0 {
		return
	}
	if ms.since.IsZero() {
		ms.since = now
	}
	due := math.Floor(now.Sub(ms.since).Seconds() * ms.others)
	for _, m := range ms.list {
		if m.quota.Scope != AllApps || m.quota.Resource != Writes {
			continue
		}
		// What lies more than a window back has no effect on any model.
		first := max(ms.fed, due-math.Ceil(m.quota.Window.Seconds()*ms.others))
		for k := first; k < due; k++ {
			at := ms.since.Add(time.Duration((k + 1) / ms.others * float64(time.Second)))
			m.counter("").count(m.quota, at, 1, true)
		}
	}
	ms.fed = due
}
