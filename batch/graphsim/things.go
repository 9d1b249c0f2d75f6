package graphsim

import "time"

// things are what a user has besides its own properties. A user of a seeded tenant has
// them by the rule of [SeedRule], and they are made when a request first needs them, so
// that a million users who are only revoked cost nothing.
type things struct {
	account    power
	password   shown[time.Time] // lastPasswordChangeDateTime
	registered []*device
	owned      []*device
	groups     []membership
	licences   shown[[]license] // by direct assignment
	usage      string           // usageLocation
}

// things gives those of a user.
func (t *Tenant) things(i int32) *things {
	r := &t.dir.entries[i]
	if r.things == nil {
		r.things = &things{account: newPower(r.Enabled)}
		if r.seeded {
			t.furnish(i)
		}
	}
	return r.things
}

// thingsOf gives those of a user whose entry is known.
func (t *Tenant) thingsOf(user *entry) *things { return t.things(t.dir.byID[user.ID]) }

// furnishAll makes the things of every user.
func (t *Tenant) furnishAll() {
	for i := range t.dir.entries {
		if r := &t.dir.entries[i]; !r.gone && r.seeded {
			t.things(int32(i))
		}
	}
}

// shown is a value that reads show some time after it was written. Writes that follow
// one another within that time are shown together after the last of them.
type shown[T any] struct {
	is, was T
	at      time.Time
}

func (s *shown[T]) set(v T, at time.Time, lag time.Duration) {
	s.was = s.seen(at, lag)
	s.is, s.at = v, at
}

func (s *shown[T]) seen(now time.Time, lag time.Duration) T {
	if now.Sub(s.at) < lag {
		return s.was
	}
	return s.is
}

// power is accountEnabled of a user or device. Where the object is synchronized from an
// Active Directory, the next sync undoes what Graph wrote (azure-docs#56804, #60671).
type power struct {
	shown[bool]
	home bool // what Active Directory has
}

func newPower(on bool) power { return power{shown[bool]{is: on, was: on}, on} }

// settle lets a sync happen that is due.
func (p *power) settle(synced bool, now time.Time, cfg *Config) {
	if due := p.at.Add(cfg.SyncEvery); synced && p.is != p.home && !due.After(now) {
		p.set(p.home, due, cfg.Lag)
	}
}
