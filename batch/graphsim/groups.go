package graphsim

import (
	"fmt"
	"slices"
)

// Group is a group as a test sets it up. Its members are users, by id or UPN,
// and other groups, by id.
type Group struct {
	ID      string   `json:"id"` // object id, a GUID
	Members []string `json:"members"`
	Groups  []string `json:"groups"`
}

type group struct {
	members []guid
	groups  []guid
}

// AddGroup puts a group into the directory, or replaces the one of its id. Its
// members must be there already; groups that contain each other take a second
// call. A user who is removed leaves every group.
func (t *Tenant) AddGroup(g Group) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	id, ok := parseGUID(g.ID)
	if !ok {
		return fmt.Errorf("add group %q: the id is no GUID", g.ID)
	}
	var made group
	for _, key := range g.Members {
		i, ok := t.dir.find(key)
		if !ok {
			return fmt.Errorf("add group %s: no user %q", id, key)
		}
		made.members = append(made.members, t.dir.records[i].id)
	}
	for _, key := range g.Groups {
		inner, ok := parseGUID(key)
		if _, known := t.groups[inner]; !ok || !known {
			return fmt.Errorf("add group %s: no group %q", id, key)
		}
		made.groups = append(made.groups, inner)
	}
	t.groups[id] = made
	return nil
}

// transitive returns the users in a group and in the groups within it, each
// once, in the order of the directory.
func (t *Tenant) transitive(id guid) []int32 {
	var members []int32
	seen := map[guid]bool{id: true}
	for todo := []guid{id}; len(todo) > 0; {
		g := t.groups[todo[0]]
		todo = todo[1:]
		for _, m := range g.members {
			if i, ok := t.dir.byID[m]; ok {
				members = append(members, i)
			}
		}
		for _, inner := range g.groups {
			if !seen[inner] {
				seen[inner] = true
				todo = append(todo, inner)
			}
		}
	}
	slices.Sort(members)
	return slices.Compact(members)
}
