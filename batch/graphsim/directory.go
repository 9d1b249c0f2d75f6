package graphsim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// directory finds users.
type directory struct {
	entries []entry
	byID    map[string]int32          // by lower case
	byUPN   map[string]int32          // by lower case
	holding map[propertyValue][]int32 // users who have, or once had, such a property
}

// propertyValue is a property that $filter may compare, with a value in lower case.
type propertyValue struct{ name, value string }

// Add puts users into the directory. A user whose id is there already replaces
// it and keeps its counters. A UPN that another user holds passes to the new
// one, and the earlier holder is deleted: Entra never has two users of one UPN.
// Add refuses what Entra could not hold, and then adds nothing from there on.
func (t *Tenant) Add(users ...User) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dir.entries = slices.Grow(t.dir.entries, len(users))
	for _, u := range users {
		if _, err := t.dir.add(u); err != nil {
			return fmt.Errorf("add user %q: %w", u.UPN, err)
		}
	}
	return nil
}

// AddStrangers adds users that only /users/$count knows of, so that a rehearsal of
// some users can happen in a tenant of many.
func (t *Tenant) AddStrangers(n int) {
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
	t.dir.entries[i].settle(t.now(), &t.cfg)
	return t.dir.entries[i].state(), true
}

func (d *directory) add(u User) (int32, error) {
	if u.UPN == "" || strings.ContainsAny(u.UPN, "/\x00") {
		return 0, fmt.Errorf("a user needs a UPN without a slash")
	}
	if strings.Contains(u.UPN, "#EXT#") {
		u.Type, u.State, u.Created = cmp.Or(u.Type, "Guest"), cmp.Or(u.State, "Accepted"), cmp.Or(u.Created, "Invitation")
	}
	if u.Type = cmp.Or(u.Type, "Member"); u.Type != "Member" && u.Type != "Guest" {
		return 0, fmt.Errorf("type %q is neither Member nor Guest", u.Type)
	}
	id, ok := parseGUID(cmp.Or(u.ID, IDFor(u.UPN)))
	if !ok {
		return 0, fmt.Errorf("id %q is no GUID", u.ID)
	}
	u.ID = id
	u.Stamp, u.Refresh = u.Stamp.UTC().Truncate(time.Second), u.Refresh.UTC().Truncate(time.Second)
	return d.insert(entry{UserState: UserState{User: u}}), nil
}

func (d *directory) insert(rec entry) int32 {
	lower := strings.ToLower(rec.UPN)
	i, known := d.byID[rec.ID]
	if holder, taken := d.byUPN[lower]; taken && (!known || holder != i) {
		d.remove(holder)
	}
	if known {
		rec.Writes, rec.Refused = d.entries[i].Writes, d.entries[i].Refused
		if rec.things = d.entries[i].things; rec.things != nil {
			rec.things.account = newPower(rec.Enabled)
		}
		d.remove(i)
		d.entries[i] = rec
	} else {
		i = int32(len(d.entries))
		d.entries = append(d.entries, rec)
	}
	d.byID[rec.ID], d.byUPN[lower] = i, i
	for name, of := range sought {
		if value := of(&rec.User); value != "" && name != "userPrincipalName" {
			p := propertyValue{name, strings.ToLower(value)}
			d.holding[p] = append(d.holding[p], i)
		}
	}
	return i
}

func (d *directory) remove(i int32) {
	rec := &d.entries[i]
	rec.gone = true
	delete(d.byID, rec.ID)
	delete(d.byUPN, strings.ToLower(rec.UPN))
}

// find looks a user up as the path of a request does: by object id when the
// key has that form, else by UPN. Neither regards case.
func (d *directory) find(key string) (int32, bool) {
	by := d.byUPN
	if _, ok := parseGUID(key); ok {
		by = d.byID
	}
	i, ok := by[strings.ToLower(key)]
	return i, ok
}

// filter returns the users whose property equals the value. Stricter than is
// documented: case is not regarded, so that more lookups are ambiguous.
func (d *directory) filter(name, value string) (users []int32) {
	if i, ok := d.byUPN[strings.ToLower(value)]; ok && name == "userPrincipalName" {
		return []int32{i}
	}
	for _, i := range d.holding[propertyValue{name, strings.ToLower(value)}] {
		r := &d.entries[i]
		if !r.gone && strings.EqualFold(sought[name](&r.User), value) && !slices.Contains(users, i) {
			users = append(users, i)
		}
	}
	return users
}

// startingWith returns the users whose user principal name begins so, in any case.
func (d *directory) startingWith(with string) (users []int32) {
	with = strings.ToLower(with)
	for i := range d.entries {
		if r := &d.entries[i]; !r.gone && strings.HasPrefix(strings.ToLower(r.UPN), with) {
			users = append(users, int32(i))
		}
	}
	return users
}
