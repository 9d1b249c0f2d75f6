package graphsim

import (
	"cmp"
	"fmt"
	"strings"
)

// directory finds users. Indexes for $filter are built when first asked for.
type directory struct {
	records []record
	byID    map[guid]int32
	byUPN   map[string]int32 // by lower case
	indexes map[string]index
}

// index holds the users that have a value, by lower case.
type index map[string][]int32

func (x index) add(value string, i int32) {
	if value != "" {
		value = strings.ToLower(value)
		x[value] = append(x[value], i)
	}
}

func (d *directory) add(u User) error {
	if u.UPN == "" || strings.ContainsAny(u.UPN, "/\x00") {
		return fmt.Errorf("a user needs a UPN without a slash")
	}
	rec := record{
		id: guidFor(u.UPN), upn: u.UPN, mail: u.Mail, employee: u.EmployeeID,
		onPrem: u.OnPremUPN, display: u.DisplayName, external: u.State, created: u.Created,
	}
	if strings.Contains(u.UPN, "#EXT#") {
		rec.external, rec.created = cmp.Or(u.State, "Accepted"), cmp.Or(u.Created, "Invitation")
	}
	if u.ID != "" {
		id, ok := parseGUID(u.ID)
		if !ok {
			return fmt.Errorf("id %q is no GUID", u.ID)
		}
		rec.id = id
	}
	switch u.Type {
	case "Guest", "Member":
	case "":
		if strings.Contains(u.UPN, "#EXT#") {
			u.Type = "Guest"
		}
	default:
		return fmt.Errorf("type %q is neither Member nor Guest", u.Type)
	}
	rec.set(isGuest, u.Type == "Guest")
	rec.set(isEnabled, u.Enabled)
	rec.set(isSynced, u.Synced)
	rec.set(isDenied, u.Denied)
	rec.set(isFrozen, u.Frozen)
	if !u.Stamp.IsZero() {
		rec.signIn = u.Stamp.Unix()
	}
	if !u.Refresh.IsZero() {
		rec.refresh = u.Refresh.Unix()
	}
	d.insert(rec)
	return nil
}

func (d *directory) insert(rec record) {
	lower := strings.ToLower(rec.upn)
	i, known := d.byID[rec.id]
	if holder, taken := d.byUPN[lower]; taken && (!known || holder != i) {
		d.remove(holder)
	}
	if known {
		old := &d.records[i]
		rec.writes, rec.refused, rec.lastStatus = old.writes, old.refused, old.lastStatus
		d.remove(i)
		d.records[i] = rec
	} else {
		i = int32(len(d.records))
		d.records = append(d.records, rec)
	}
	d.byID[rec.id] = i
	d.byUPN[lower] = i
	for prop, x := range d.indexes {
		x.add(d.records[i].field(prop), i)
	}
}

func (d *directory) remove(i int32) {
	rec := &d.records[i]
	rec.set(isGone, true)
	delete(d.byID, rec.id)
	delete(d.byUPN, strings.ToLower(rec.upn))
	clear(d.indexes) // deletions are rare; the next filter builds its index anew
}

// find looks a user up as the path of a request does: by object id when the
// key has that form, else by UPN. Neither regards case.
func (d *directory) find(key string) (int32, bool) {
	if id, ok := parseGUID(key); ok {
		i, ok := d.byID[id]
		return i, ok
	}
	i, ok := d.byUPN[strings.ToLower(key)]
	return i, ok
}

// filter returns the users whose property equals the value. Stricter than is
// documented: case is not regarded, so that more lookups are ambiguous.
func (d *directory) filter(prop, value string) []int32 {
	if prop == "userPrincipalName" {
		if i, ok := d.byUPN[strings.ToLower(value)]; ok {
			return []int32{i}
		}
		return nil
	}
	x, ok := d.indexes[prop]
	if !ok {
		x = make(index)
		for i := range d.records {
			if !d.records[i].is(isGone) {
				x.add(d.records[i].field(prop), int32(i))
			}
		}
		d.indexes[prop] = x
	}
	return x[strings.ToLower(value)]
}

// begin returns the users whose user principal name begins so, in any case.
func (d *directory) begin(with string) (users []int32) {
	with = strings.ToLower(with)
	for i := range d.records {
		if r := &d.records[i]; !r.is(isGone) && strings.HasPrefix(strings.ToLower(r.upn), with) {
			users = append(users, int32(i))
		}
	}
	return users
}
