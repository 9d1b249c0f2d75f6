package graphsim

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Group is a group as a test sets it up. Its members are users, by id or UPN,
// and other groups, by id.
type Group struct {
	ID      string // object id, a GUID
	Members []string
	Groups  []string

	Name           string
	Kind           GroupKind // empty means SecurityGroup
	Dynamic        bool      // a rule says who its members are
	Synced         bool      // by Active Directory
	RoleAssignable bool
	Restricted     bool     // in a restricted unit
	Licences       []string // SKUs that it gives to its members
}

// GroupKind is what a group is for.
type GroupKind string

// The kinds of groups.
const (
	SecurityGroup     GroupKind = "security"
	Microsoft365Group GroupKind = "microsoft365"
	MailSecurityGroup GroupKind = "mail-enabled security"
	DistributionList  GroupKind = "distribution"
)

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
	made := g
	made.ID, made.Members, made.Groups, made.Kind = id, nil, nil, cmp.Or(g.Kind, SecurityGroup)
	for _, m := range t.groups[id].Members {
		if i, ok := t.dir.byID[m]; ok {
			t.leave(id, i, time.Time{})
		}
	}
	var members []int32
	for _, key := range g.Members {
		i, ok := t.dir.find(key)
		if !ok {
			return fmt.Errorf("add group %s: no user %q", id, key)
		}
		made.Members = append(made.Members, t.dir.entries[i].ID)
		members = append(members, i)
	}
	for _, key := range g.Groups {
		inner, ok := parseGUID(key)
		if _, known := t.group(inner); !ok || !known {
			return fmt.Errorf("add group %s: no group %q", id, key)
		}
		made.Groups = append(made.Groups, inner)
	}
	t.groups[id] = made
	for _, i := range members {
		t.join(id, i, time.Time{})
	}
	return nil
}

// transitive returns the users in a group and in the groups within it, each
// once, in the order of the directory.
func (t *Tenant) transitive(id string) []int32 {
	var members []int32
	seen := map[string]bool{id: true}
	for todo := []string{id}; len(todo) > 0; {
		g, _ := t.group(todo[0])
		todo = todo[1:]
		members = append(members, t.membersOf(g)...)
		for _, inner := range g.Groups {
			if !seen[inner] {
				seen[inner] = true
				todo = append(todo, inner)
			}
		}
	}
	slices.Sort(members)
	return slices.Compact(members)
}

// role is a definition; a custom one is made when it is first assigned.
type role struct {
	id, name string
	builtIn  bool
}

// roleKind has what a reply may say of a role.
var roleKind = &properties[role]{"unifiedRoleDefinition", []property[role]{
	{name: "id", usual: true, value: func(r role) any { return r.id }},
	{name: "displayName", usual: true, value: func(r role) any { return r.name }},
	{name: "isBuiltIn", usual: true, value: func(r role) any { return r.builtIn }},
	{name: "templateId", usual: true, value: func(r role) any { return r.id }},
}}

// builtInRoles are some of Entra's built-in roles, whose definition and template
// have one id everywhere (Microsoft Entra documentation, built-in roles).
func builtInRoles() []role {
	return []role{
		{"62e90394-69f5-4237-9190-012177145e10", "Global Administrator", true},
		{"f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader", true},
		{"729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator", true},
		{"966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator", true},
		{UserAdministrator, "User Administrator", true},
		{PrivilegedAuthAdministrator, "Privileged Authentication Administrator", true},
		{"88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers", true},
		{"95e79109-95c0-4d8e-aee3-d01accf2d47b", "Guest Inviter", true},
		{"4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader", true},
	}
}

// roleAssignment gives a role to a user, a group or, when app is set, a service
// principal.
type roleAssignment struct {
	role, principal string
	app             bool
}

// Assign gives a role to a principal: a user by id or UPN, a group by id, or,
// with any other GUID, a service principal. A role id that is none of the
// built-in ones known here makes a custom role. A user who is removed loses
// every role.
func (t *Tenant) Assign(roleID, principal string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var a roleAssignment
	var ok bool
	if a.role, ok = parseGUID(roleID); !ok {
		return fmt.Errorf("assign role %q: the id is no GUID", roleID)
	}
	i, isUser := t.dir.find(principal)
	id, isID := parseGUID(principal)
	_, isGroup := t.group(id)
	switch {
	case isUser:
		a.principal = t.dir.entries[i].ID
	case isID:
		a.principal, a.app = id, !isGroup
	default:
		return fmt.Errorf("assign role %s: no user %q", a.role, principal)
	}
	if !slices.ContainsFunc(t.roles, func(r role) bool { return r.id == a.role }) {
		t.roles = append(t.roles, role{a.role, "Custom role " + a.role[:8], false})
	}
	if !slices.Contains(t.assigned, a) {
		t.assigned = append(t.assigned, a)
	}
	return nil
}

// own are the assignments of the app that calls: see [Config.AppRoles].
func (t *Tenant) own(tok *token) (all []roleAssignment) {
	for _, id := range t.cfg.AppRoles {
		if tok.user == "" && slices.ContainsFunc(t.roles, func(r role) bool { return r.id == id }) {
			all = append(all, roleAssignment{id, IDFor("service principal " + tok.app), true})
		}
	}
	return all
}

// holders are the assignments whose principal is still there.
func (t *Tenant) holders() []roleAssignment {
	return slices.DeleteFunc(slices.Clone(t.assigned), func(a roleAssignment) bool {
		_, isUser := t.dir.byID[a.principal]
		_, isGroup := t.group(a.principal)
		return !a.app && !isUser && !isGroup
	})
}
