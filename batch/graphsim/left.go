package graphsim

import (
	"fmt"
	"slices"
	"time"
)

// Left is what a run took from a user. A tenant that is seeded anew does not know it by
// itself.
type Left struct {
	Revoked  time.Time // the sessions, then; zero for never
	Password time.Time // was replaced then; zero for never
	Disabled bool      // the account is disabled
	Devices  []string  // ids of devices that are disabled
	Groups   []string  // ids of groups that the user is not in any more
	Licences []string  // SKUs that the user does not have any more by direct assignment
}

// SetLeft brings a user, by id or UPN, to what a run left of it. Devices that the user
// does not have are passed over.
func (t *Tenant) SetLeft(key string, l Left) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := t.dir.find(key)
	if !ok {
		return fmt.Errorf("no user %q", key)
	}
	has, never := t.things(i), time.Time{}
	if user := &t.dir.entries[i]; !t.frozen(user) {
		if !l.Revoked.IsZero() {
			write{l.Revoked, SignInStamp}.on(&user.User)
		}
		if !l.Password.IsZero() {
			has.password.set(l.Password.UTC().Truncate(time.Second), never, 0)
		}
	}
	if l.Disabled {
		has.account.set(false, never, 0)
	}
	for _, d := range slices.Concat(has.registered, has.owned) {
		if slices.Contains(l.Devices, d.ID) {
			d.enabled.set(false, never, 0)
		}
	}
	for _, id := range l.Groups {
		t.leave(id, i, never)
	}
	kept := slices.DeleteFunc(slices.Clone(has.licences.is), func(of license) bool { return slices.Contains(l.Licences, of.sku) })
	has.licences.set(kept, never, 0)
	return nil
}
