package throttle

import "sync"

// Shared has what controllers of several goroutines share, each of another tenant: the
// limits of an app over all of its tenants, and the pause that such a limit brings. What one
// of them admits counts for all at once. Its lock guards each of them whole. The zero Shared
// is ready.
type Shared struct {
	mu   sync.Mutex
	apps map[string]*appWide
}

// appWide is what an app has for all of its tenants.
type appWide struct {
	pause  pause
	limits map[string]*limit // by the name of the quota
	users  int               // expected to pass, of all controllers
}

// of is what an app has. The caller holds the lock.
func (s *Shared) of(app string) *appWide {
	if s.apps == nil {
		s.apps = map[string]*appWide{}
	}
	if s.apps[app] == nil {
		s.apps[app] = &appWide{limits: map[string]*limit{}}
	}
	return s.apps[app]
}

// Share puts the limits that the app has over all tenants in the place of the controller's
// own. Where two controllers state a limit differently, the lower one holds for both. It
// comes before the first Admit, for each controller of a pool.
func (c *Controller) Share(s *Shared, app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.of(app)
	c.mu, c.wide = &s.mu, &w.pause
	w.users += c.budget.users
	for i, l := range c.limits {
		if l.Scope != App {
			continue
		}
		shared := w.limits[l.Name]
		if shared == nil {
			shared = l
			w.limits[l.Name] = l
		}
		if l.Limit < shared.Limit {
			shared.Quota = l.Quota
		}
		if l.burst.step > 0 {
			shared.burst.step = firstStep(shared.Limit, w.users)
		}
		c.limits[i] = shared
	}
}

// Count takes what became known of a call that another process or an earlier session made as
// the app, in whatever tenant, into the app's limits. was is what was counted of the call
// before: the zero Other when it is new, and else an open one.
func (s *Shared) Count(app string, was, is Other) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.of(app).limits {
		if l.Resource != ReadUnit {
			l.log.count(was, is)
		}
	}
}
