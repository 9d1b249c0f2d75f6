package graphsim

import (
	"fmt"
	"slices"
	"time"
)

// User is a directory object as a test sets it up. Empty strings are null in
// Graph's replies.
type User struct {
	ID          string    `json:"id"` // object id, a GUID; empty means [IDFor] of the UPN
	UPN         string    `json:"upn"`
	Type        string    `json:"type"`    // "Member" or "Guest"; empty means by the UPN ("#EXT#" is a guest)
	State       string    `json:"state"`   // externalUserState; empty means by the UPN ("Accepted" for "#EXT#", else null)
	Created     string    `json:"created"` // creationType; empty means by the UPN ("Invitation" for "#EXT#", else null)
	Enabled     bool      `json:"enabled"` // accountEnabled
	Synced      bool      `json:"synced"`  // onPremisesSyncEnabled: true, or null when false
	Stamp       time.Time `json:"stamp"`   // signInSessionsValidFromDateTime; zero means null
	Refresh     time.Time `json:"refresh"` // refreshTokensValidFromDateTime, which beta alone shows; zero means null
	Mail        string    `json:"mail"`
	EmployeeID  string    `json:"employee_id"`
	OnPremUPN   string    `json:"on_prem_upn"`
	DisplayName string    `json:"display_name"`
	Denied      bool      `json:"denied"` // a protected administrator: every revocation answers 403
	Frozen      bool      `json:"frozen"` // the stamps never move, although revocations answer 200
}

// UserState is a user as the directory has it now, with what happened to it.
// Its Stamp and Refresh are the true ones, also while reads still show older ones.
type UserState struct {
	User
	Writes       int    `json:"writes"`        // revocations executed
	Refused      int    `json:"refused"`       // revocations that arrived and were not executed
	LastStatus   int    `json:"last_status"`   // of the last revocation whose answer was delivered; 0 for none
	VisibleStamp string `json:"visible_stamp"` // the Stamp that a read shows now; empty for null
}

// Add puts users into the directory. A user whose id is there already replaces
// it and keeps its counters. A UPN that another user holds passes to the new
// one, and the earlier holder is deleted: Entra never has two users of one UPN.
// Add refuses what Entra could not hold, and then adds nothing from there on.
func (t *Tenant) Add(users ...User) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dir.records = slices.Grow(t.dir.records, len(users))
	for _, u := range users {
		if err := t.dir.add(u); err != nil {
			return fmt.Errorf("add user %q: %w", u.UPN, err)
		}
	}
	return nil
}

// Strangers adds users that only /users/$count knows of, so that a rehearsal of
// some users can happen in a tenant of many.
func (t *Tenant) Strangers(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strangers += n
}

// Remove deletes a user, named by id or UPN, as an administrator would in the
// middle of a run: from then on it answers 404. It reports whether there was
// such a user.
func (t *Tenant) Remove(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := t.dir.find(key)
	if ok {
		t.dir.remove(i)
	}
	return ok
}

// User returns a user, named by id or UPN.
func (t *Tenant) User(key string) (UserState, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := t.dir.find(key)
	if !ok {
		return UserState{}, false
	}
	return t.dir.records[i].state(t.now(), t.cfg.Lag), true
}
