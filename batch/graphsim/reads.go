package graphsim

import (
	"slices"
	"strconv"
	"strings"
)

const metadataRoot = "https://graph.microsoft.com/"

// context is what the metadata calls the things of a reply.
func (c *call) context(set string, fields []string) string {
	if len(fields) > 0 {
		set += "(" + strings.Join(fields, ",") + ")"
	}
	return metadataRoot + c.version + "/$metadata#" + set
}

// userObject is a user in a reply, as reads show it now.
func (t *Tenant) userObject(c *call, op *operation, user *entry) object {
	user.reveal(c.date, t.cfg.Lag)
	user.settle(c.date, &t.cfg)
	return userKind.object(shownUser{&user.User, user, t, c.date}, op.query.fields)
}

func (t *Tenant) readUser(c *call, op *operation, user *entry) (any, *failure) {
	o := t.userObject(c, op, user)
	o["@odata.context"] = c.context("users", op.query.fields) + "/$entity"
	return o, nil
}

func (t *Tenant) findUsers(c *call, op *operation, _ *entry) (any, *failure) {
	var hits []int32
	if op.query.begins {
		hits = t.dir.startingWith(op.query.value)
	} else {
		hits = t.dir.filter(op.query.prop, op.query.value)
	}
	list := t.page(c, op, "users", len(hits), func(i int) object { return t.userObject(c, op, &t.dir.entries[hits[i]]) })
	if op.query.count {
		list["@odata.count"] = len(hits)
	}
	return list, nil
}

// countUsers is text in a direct answer; inside a batch it is taken to be a bare number
// (unverified).
func (t *Tenant) countUsers(*call, *operation, *entry) (any, *failure) {
	return len(t.dir.byID) + t.strangers, nil
}

func (t *Tenant) readOrganization(c *call, _ *operation, _ *entry) (any, *failure) {
	domain := object{"name": t.cfg.Domain, "isInitial": true, "isDefault": true}
	organization := object{"id": t.cfg.TenantID, "displayName": "Contoso", "verifiedDomains": []object{domain}}
	return object{"@odata.context": c.context("organization", nil), "value": []object{organization}}, nil
}

func (t *Tenant) listMembers(c *call, op *operation, _ *entry) (any, *failure) {
	id, ok := parseGUID(op.key)
	if _, known := t.group(id); !ok || !known {
		return nil, notFound(op.key)
	}
	members := t.transitive(id)
	list := t.page(c, op, "users", len(members), func(i int) object { return t.member(c, op, members[i]) })
	list["@odata.count"] = len(members)
	return list, nil
}

func (t *Tenant) listAssignments(c *call, op *operation, _ *entry) (any, *failure) {
	holders := slices.DeleteFunc(append(t.holders(), t.own(c.token)...), func(a roleAssignment) bool {
		return op.query.prop != "" && a.principal != strings.ToLower(op.query.value)
	})
	return t.page(c, op, op.path, len(holders), func(i int) object { return t.assignment(c, op, holders[i]) }), nil
}

func (t *Tenant) listRoles(c *call, op *operation, _ *entry) (any, *failure) {
	return t.page(c, op, op.path, len(t.roles), func(i int) object { return roleKind.object(t.roles[i], op.query.fields) }), nil
}

// listPage is the most that a page holds when the client asks for no number, as
// for the members of a group. For roles nothing is documented.
const listPage = 100

// page is one page of n objects of a set, and the link to the next one.
func (t *Tenant) page(c *call, op *operation, set string, n int, each func(i int) object) object {
	size := listPage
	if op.query.top > 0 {
		size = op.query.top
	}
	if t.cfg.PageSize > 0 && op.action != actFind {
		size = min(size, t.cfg.PageSize)
	}
	from := min(op.query.skip, n)
	to := min(from+size, n)
	list := object{"@odata.context": c.context(set, op.query.fields)}
	if to < n {
		list["@odata.nextLink"] = c.origin + "/" + c.version + op.link() + "$skiptoken=" + tokenPrefix + strconv.Itoa(to)
	}
	value := make([]object, 0, to-from)
	for i := from; i < to; i++ {
		value = append(value, each(i))
	}
	list["value"] = value
	return list
}

// member is a member of a group. An app that may not read users sees their ids.
func (t *Tenant) member(c *call, op *operation, i int32) object {
	o := t.userObject(c, op, &t.dir.entries[i])
	return limited(o, c.token.may(readUsers), t.dir.entries[i].ID)
}

// assignment is a role assignment, with its principal when that is expanded. An
// inner $select would change nothing (microsoft-graph-docs-contrib#8876).
func (t *Tenant) assignment(c *call, op *operation, a roleAssignment) object {
	o := object{
		"id": a.role + "-" + a.principal + "-1", "principalId": a.principal,
		"directoryScopeId": "/", "roleDefinitionId": a.role,
	}
	switch op.query.expand {
	case "":
		return o
	case "roleDefinition":
		at := slices.IndexFunc(t.roles, func(r role) bool { return r.id == a.role })
		o["roleDefinition"] = roleKind.object(t.roles[at], nil)
		return o
	}
	principal, kind := object{"id": a.principal}, "group"
	if i, isUser := t.dir.byID[a.principal]; isUser {
		principal, kind = t.member(c, op, i), "user"
	} else if a.app {
		kind = "servicePrincipal"
	}
	principal["@odata.type"] = "#microsoft.graph." + kind
	o["principal"] = principal
	return o
}
