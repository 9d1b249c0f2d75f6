package throttle

import (
	"fmt"
	"testing"
)

// tenancy is Graph for several apps in a tenant: each has a service of its own,
// and the tenant's counts them all. A user refused by either is counted by none.
type tenancy struct {
	apps   []countable
	tenant countable
	mute   bool // names no scope
}

func (s *tenancy) takeFrom(app int, t float64, n int) (int, float64, string) {
	mine, wait := s.apps[app].take(t, n)
	ok, longer := s.tenant.take(t, mine)
	if ok < mine {
		s.apps[app].count(t, ok-mine)
	}
	scope := ""
	switch {
	case s.mute || ok == n:
	case ok < mine:
		scope = "Tenant/Write/tenant"
	default:
		scope = "Tenant_Application/Write/app/tenant"
	}
	return ok, max(wait, longer), scope
}

// take lets users in through whichever app has room; for optimum.
func (s *tenancy) take(t float64, n int) (int, float64) {
	ok := 0
	for app := range s.apps {
		some, _, _ := s.takeFrom(app, t, n-ok)
		ok += some
	}
	return ok, 0
}

// ways are the ways in which both an app and a tenant may be counted.
var ways = []struct {
	name string
	make func(l limitAt, width float64) countable
}{
	{"sliding", func(l limitAt, w float64) countable { return &sliding{limit: l, width: w} }},
	{"fixed", func(l limitAt, w float64) countable { return &fixed{limit: l, width: w, phase: w / 3} }},
	{"bucket", func(l limitAt, w float64) countable { return &bucket{limit: l, width: w} }},
}

// newTenancy makes Graph as documented, but with the first app held to its own limit.
func newTenancy(way, apps int, first limitAt) *tenancy {
	s := &tenancy{tenant: ways[way].make(steady(18_000), 300)}
	for i := range apps {
		limit := steady(3_000)
		if i == 0 && first != nil {
			limit = first
		}
		s.apps = append(s.apps, ways[way].make(limit, modelWidth))
	}
	return s
}

func newPool(apps, users int) []*Controller {
	return NewPool(Config{Quotas: quota, MaxWidth: wide, Users: users}, apps)
}

// TestPoolDocumented has apps alone in their tenant: three of them can use 60
// users a second, as the tenant allows, and seven no more than that.
func TestPoolDocumented(t *testing.T) {
	t.Parallel()
	const users = 100_000
	some := sample{oneIn: 5}
	for _, apps := range []int{3, 7} {
		best := optimum(newTenancy(0, apps, nil), users)
		for w, way := range ways {
			for _, l := range latencies {
				if some.skips() {
					continue
				}
				r := loopPool(newPool(apps, users), newTenancy(w, apps, nil), users, l.draw)
				check(t, fmt.Sprintf("%d apps, %s", apps, way.name), users, l.name, best, r, 1.02, 0)
				if perSecond := users / r.seconds; perSecond < 59 {
					t.Errorf("%d apps, %s, %s: %.1f users/s, want 60", apps, way.name, l.name, perSecond)
				}
			}
		}
	}
}

// TestPoolOtherApp has somebody else's app that takes half of what the tenant may
// write. See TestOtherApp for what is met. Room trickles, so that a probe is known
// to have failed only after a call's time at the full pace: slow calls get more refused.
func TestPoolOtherApp(t *testing.T) {
	t.Parallel()
	const users = 100_000
	some := sample{oneIn: 2}
	for _, apps := range []int{3, 7} {
		for _, w := range []int{0, 2} {
			for _, mute := range []bool{false, true} {
				if mute && (apps > 3 || w > 0) {
					continue // seven apps blame the tenant anyhow
				}
				world := func() *tenancy {
					s := newTenancy(w, apps, nil)
					s.tenant, s.mute = &shared{service: s.tenant, perSecond: 30}, mute
					return s
				}
				best := optimum(world(), users)
				for _, l := range latencies {
					if some.skips() {
						continue
					}
					r := loopPool(newPool(apps, users), world(), users, l.draw, 0, 300)
					name := fmt.Sprintf("%d apps, half a tenant, %s", apps, ways[w].name)
					if mute {
						name += ", unnamed"
					}
					share := 0.01
					switch {
					case mute:
						share = 0.09 // which app is refused is chance, and each takes it for its own limit
					case r.slowest > 1, apps > 3:
						share = 0.03
					}
					r.met = max(r.met, min(r.refused, 2*wide*chunk)) // see TestOtherApp
					check(t, name, users, l.name, best, r, 1.10, share)
				}
			}
		}
	}
}

// TestPoolOneApp has one app that Graph holds to a tenth. The others go on as if
// it was not there.
func TestPoolOneApp(t *testing.T) {
	t.Parallel()
	const users = 60_000
	for w, way := range ways {
		for _, mute := range []bool{false, true} {
			if mute && w > 0 {
				continue
			}
			world := func() *tenancy {
				s := newTenancy(w, 3, steady(300))
				s.mute = mute
				return s
			}
			best := max(optimum(world(), users), optimum(newTenancy(0, 3, steady(300)), users))
			for _, l := range latencies {
				r := loopPool(newPool(3, users), world(), users, l.draw, 0)
				name := "3 apps, one at 300, " + way.name
				if mute {
					name += ", unnamed"
				}
				check(t, name, users, l.name, best, r, 1.02, 0.01)
				for i, a := range r.apps[1:] {
					if perSecond := float64(a.accepted) / r.seconds; perSecond < 19.5 || a.refused > 0 {
						t.Errorf("%s, %s: app %d had %.1f users/s and %d refused", name, l.name, i+1, perSecond, a.refused)
					}
				}
			}
		}
	}
}
