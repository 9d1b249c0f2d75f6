package graphsim

import (
	"fmt"
	"slices"
)

// builtIn are some of Entra's built-in roles, whose definition and template
// have one id everywhere (Microsoft Entra documentation, built-in roles).
var builtIn = []struct{ id, name string }{
	{"62e90394-69f5-4237-9190-012177145e10", "Global Administrator"},
	{"f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"},
	{"729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"},
	{"966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator"},
	{"fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"},
	{"88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers"},
	{"95e79109-95c0-4d8e-aee3-d01accf2d47b", "Guest Inviter"},
	{"4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader"},
}

// role is a definition; a custom one is made when it is first assigned.
type role struct {
	id      guid
	name    string
	builtIn bool
}

func builtInRoles() []role {
	var roles []role
	for _, b := range builtIn {
		id, _ := parseGUID(b.id) // a constant
		roles = append(roles, role{id, b.name, true})
	}
	return roles
}

// roleAssignment gives a role to a user, a group or, when app is set, a service
// principal.
type roleAssignment struct {
	role, principal guid
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
	_, isGroup := t.groups[id]
	switch {
	case isUser:
		a.principal = t.dir.records[i].id
	case isID:
		a.principal, a.app = id, !isGroup
	default:
		return fmt.Errorf("assign role %s: no user %q", a.role, principal)
	}
	if !slices.ContainsFunc(t.roles, func(r role) bool { return r.id == a.role }) {
		t.roles = append(t.roles, role{id: a.role, name: "Custom role " + a.role.String()[:8]})
	}
	if !slices.Contains(t.assigned, a) {
		t.assigned = append(t.assigned, a)
	}
	return nil
}

// holders are the assignments whose principal is still there.
func (t *Tenant) holders() []roleAssignment {
	var live []roleAssignment
	for _, a := range t.assigned {
		_, isUser := t.dir.byID[a.principal]
		_, isGroup := t.groups[a.principal]
		if a.app || isUser || isGroup {
			live = append(live, a)
		}
	}
	return live
}
