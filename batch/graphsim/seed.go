package graphsim

import (
	"cmp"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// strangers is how many users a seeded tenant has for each person and one:
// rehearsals are of some of a tenant's users, not of all.
const strangers = 9

// SeedStamp is when the sessions of people whose stamp is not known were last revoked.
var SeedStamp = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// seedKeys say what names a person whom a row looks up by a property, and the UPN of one
// whose row has none.
var seedKeys = map[string]struct {
	property string
	upn      func(value string) string
}{
	"mail":            {"mail", func(v string) string { return v }},
	"employee-id":     {"employeeId", func(v string) string { return "employee" + hex.EncodeToString([]byte(v)) + "@" + DefaultDomain }},
	"on-premises-upn": {"onPremisesUserPrincipalName", func(v string) string { local, _, _ := strings.Cut(v, "@"); return local + "@" + DefaultDomain }},
}

// Seed makes the person that a row of a file names, once: a row that names somebody again
// makes nobody. By says which property the row is looked up by: "mail", "employee-id" or
// "on-premises-upn", or "" for the id or UPN. A rehearsal can show more than success:
// nobody...@ does not exist, admin...@ is a Global Administrator whose revocation is
// denied, and ...#EXT#...@ is a guest.
func (t *Tenant) Seed(by string, u User) error {
	if key, searched := seedKeys[by]; searched {
		value := sought[key.property](&u)
		if t.has(key.property, value) {
			return nil
		}
		u.Synced = u.Synced || by == "on-premises-upn"
		return t.seed(cmp.Or(u.UPN, value), u, key.upn(value))
	}
	return t.seed(cmp.Or(u.UPN, u.ID), u, u.ID+"@"+DefaultDomain)
}

func (t *Tenant) seed(name string, u User, upn string) error {
	u.UPN = cmp.Or(u.UPN, upn)
	_, sameUPN := t.User(u.UPN)
	_, sameID := t.User(u.ID)
	name = strings.ToLower(name)
	if sameUPN || sameID || strings.HasPrefix(name, "nobody") {
		return nil
	}
	u.Denied = strings.HasPrefix(name, "admin")
	u.draw()
	t.AddStrangers(strangers)
	err := t.addSeeded(u)
	if err == nil && u.Denied {
		err = t.Assign(globalAdministrator, u.UPN)
	}
	return err
}

// has reports whether some user has such a property.
func (t *Tenant) has(property, value string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.dir.filter(property, value)) > 0
}

// SeedPattern makes one user whose UPN a pattern with "*" fits.
func (t *Tenant) SeedPattern(pattern string) error {
	return t.Seed("", User{UPN: strings.ReplaceAll(pattern, "*", "1"), Enabled: true, Stamp: SeedStamp})
}

// SeedGroup makes a group of one member who is in no file; an id that is no GUID makes
// none.
func (t *Tenant) SeedGroup(id string) error {
	if _, ok := parseGUID(id); !ok {
		return nil
	}
	member := "member-of-" + id + "@" + DefaultDomain
	return errors.Join(t.Seed("", User{UPN: member, Enabled: true, Stamp: SeedStamp}), t.AddGroup(Group{ID: id, Members: []string{member}}))
}
