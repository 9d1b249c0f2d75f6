package graphsim

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// State is all that a tenant has, as plain words: what by which property, such as
// "user anna@contoso.com accountEnabled" and "true".
type State map[string]string

// State is the truth at this moment, also of what reads do not show yet. It makes the
// things of every seeded user, so it is for tests.
func (t *Tenant) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.furnishAll()
	now, s := t.now(), make(State)
	for i := range t.dir.entries {
		r := &t.dir.entries[i]
		if r.gone {
			continue
		}
		r.settle(now, &t.cfg)
		u, of := r.state(), "user "+r.UPN+" "
		s[of+"accountEnabled"] = fmt.Sprint(u.Enabled)
		s[of+"signInSessionsValidFromDateTime"] = stateTime(u.Stamp)
		s[of+"refreshTokensValidFromDateTime"] = stateTime(u.Refresh)
		s[of+"lastPasswordChangeDateTime"] = stateTime(time.Time{})
		if r.things == nil {
			continue
		}
		s[of+"lastPasswordChangeDateTime"] = stateTime(r.things.password.is)
		for _, m := range r.things.groups {
			if m.in.is {
				s[of+"group "+m.group] = "member"
			}
		}
		for _, l := range r.things.licences.is {
			s[of+"licence "+l.sku] = l.String()
		}
	}
	for id, d := range t.devices {
		d.enabled.settle(d.Synced, now, &t.cfg)
		s["device "+id+" accountEnabled"] = fmt.Sprint(d.enabled.is)
	}
	return s
}

func stateTime(at time.Time) string {
	if at.IsZero() {
		return "null"
	}
	return at.UTC().Format(time.RFC3339)
}

// Diff lists what differs, a line each, in order: what, how it was in s and how it is in
// after. "-" stands for what is not there.
func (s State) Diff(after State) (lines []string) {
	all := maps.Clone(s)
	maps.Copy(all, after)
	for _, what := range slices.Sorted(maps.Keys(all)) {
		was, had := s[what]
		is, has := after[what]
		if !had {
			was = "-"
		}
		if !has {
			is = "-"
		}
		if was != is {
			lines = append(lines, what+": "+was+" -> "+is)
		}
	}
	return lines
}
