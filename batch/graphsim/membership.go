package graphsim

import (
	"slices"
	"strings"
	"time"
)

// membership is that of a user in a group, directly. One that has ended stays, since reads
// show it for a while.
type membership struct {
	group string
	in    shown[bool]
}

// group finds a group that a test added, or one that seeded users share.
func (t *Tenant) group(id string) (Group, bool) {
	id = strings.ToLower(id)
	if g, ok := t.groups[id]; ok {
		return g, true
	}
	g, ok := sharedGroups[id]
	return g, ok && t.seeds > 0
}

func (t *Tenant) membership(id string, i int32) *membership {
	has := t.things(i)
	for k := range has.groups {
		if has.groups[k].group == id {
			return &has.groups[k]
		}
	}
	return nil
}

// isMember reports whether a user is in a group now, shown or not.
func (t *Tenant) isMember(id string, i int32) bool {
	m := t.membership(id, i)
	return m != nil && m.in.is
}

func (t *Tenant) join(id string, i int32, at time.Time) {
	m := t.membership(id, i)
	if m == nil {
		has := t.things(i)
		has.groups = append(has.groups, membership{group: id})
		m = &has.groups[len(has.groups)-1]
	}
	m.in.set(true, at, t.cfg.Lag)
}

func (t *Tenant) leave(id string, i int32, at time.Time) {
	if m := t.membership(id, i); m != nil {
		m.in.set(false, at, t.cfg.Lag)
	}
}

// groupsOf are the groups that a user is in, directly.
func (t *Tenant) groupsOf(user *entry) (groups []Group) {
	for _, m := range t.thingsOf(user).groups {
		if g, ok := t.group(m.group); ok && m.in.is {
			groups = append(groups, g)
		}
	}
	return groups
}

// membersOf are the users in a group, directly.
func (t *Tenant) membersOf(g Group) (members []int32) {
	if _, own := t.groups[g.ID]; !own {
		t.furnishAll()
	}
	for i := range t.dir.entries {
		if r := &t.dir.entries[i]; !r.gone && r.things != nil && t.isMember(g.ID, int32(i)) {
			members = append(members, int32(i))
		}
	}
	return members
}

var groupKind = &properties[Group]{"group", []property[Group]{
	{name: "id", usual: true, value: func(g Group) any { return g.ID }},
	{name: "displayName", usual: true, value: func(g Group) any { return orNull(g.Name) }},
	{name: "groupTypes", usual: true, value: func(g Group) any { return g.types() }},
	{name: "mailEnabled", usual: true, value: func(g Group) any { return g.Kind != SecurityGroup }},
	{name: "securityEnabled", usual: true, value: func(g Group) any { return g.Kind == SecurityGroup || g.Kind == MailSecurityGroup }},
	{name: "isAssignableToRole", usual: true, value: func(g Group) any { return orNull(g.RoleAssignable) }},
	{name: "onPremisesSyncEnabled", usual: true, value: func(g Group) any { return orNull(g.Synced) }},
	{name: "onPremisesSamAccountName", usual: true, value: func(g Group) any { return orNull(g.onPremises(g.Name)) }},
	{name: "onPremisesDomainName", usual: true, value: func(g Group) any { return orNull(g.onPremises("corp.example")) }},
	{name: "membershipRule", usual: true, value: func(g Group) any { return orNull(g.rule()) }},
	{name: "assignedLicenses", value: func(g Group) any { return g.gives() }},
	{name: "isManagementRestricted", value: func(g Group) any { return orNull(g.Restricted) }},
}}

// onPremises is what the group has of an Active Directory, if one is its master.
func (g Group) onPremises(value string) string {
	if !g.Synced {
		return ""
	}
	return value
}

func (g Group) types() []string {
	types := []string{}
	if g.Dynamic {
		types = append(types, "DynamicMembership")
	}
	if g.Kind == Microsoft365Group {
		types = append(types, "Unified")
	}
	return types
}

func (g Group) rule() string {
	if g.Dynamic {
		return "user.accountEnabled -eq true"
	}
	return ""
}

func (g Group) gives() []object {
	list := []object{}
	for _, sku := range g.Licences {
		list = append(list, object{"skuId": sku, "disabledPlans": []string{}})
	}
	return list
}

// unit is the restricted administrative unit, of which there is one.
var unit = IDFor("restricted administrative unit")

// listMemberOf lists what a user is in, directly: groups, and among them the user's roles
// and administrative units, which have none of a group's properties.
func (t *Tenant) listMemberOf(c *call, op *operation, user *entry) (any, *failure) {
	var objects []object
	add := func(kind string, o object) {
		o["@odata.type"] = "#microsoft.graph." + kind
		objects = append(objects, o)
	}
	other := func(kind, id, name string) {
		o := object{"id": id, "displayName": name}
		if op.query.fields != nil && !slices.Contains(op.query.fields, "displayName") {
			delete(o, "displayName")
		}
		add(kind, limited(o, c.token.may(readRoles), id))
	}
	for _, a := range t.assigned {
		if a.principal == user.ID {
			other("directoryRole", IDFor("directory role "+a.role), t.roles[slices.IndexFunc(t.roles, func(r role) bool { return r.id == a.role })].name)
		}
	}
	for _, m := range t.thingsOf(user).groups {
		if g, ok := t.group(m.group); ok && m.in.seen(c.date, t.cfg.Lag) {
			add("group", groupKind.object(g, op.query.fields))
		}
	}
	if user.Restricted {
		other("administrativeUnit", unit, "Restricted")
	}
	return t.page(c, op, "directoryObjects", len(objects), func(i int) object { return objects[i] }), nil
}

// mayEdit says what speaks against a change of a group's members (microsoft-graph-docs
// #14827, #15815; CIPP#1607).
func (g Group) mayEdit(c *call) *failure {
	switch {
	case g.Restricted, g.Dynamic, g.RoleAssignable && !c.token.may(manageRoles):
		return errDenied
	case g.Synced:
		return errOnPremises
	case g.Kind == MailSecurityGroup, g.Kind == DistributionList:
		return errMailEnabled
	}
	return nil
}

func (t *Tenant) removeMember(c *call, op *operation, user *entry) (any, *failure) {
	g, ok := t.group(op.keys[0])
	if !ok {
		return nil, notFound(op.keys[0])
	}
	i := t.dir.byID[user.ID]
	bad := g.mayEdit(c)
	switch {
	case bad != nil:
		return nil, bad
	case !t.isMember(g.ID, i):
		return nil, notFound(op.key)
	}
	if !t.frozen(user) {
		t.leave(g.ID, i, c.date)
	}
	return nil, nil
}

// addMember takes the link to a user that the body has.
func (t *Tenant) addMember(c *call, op *operation, _ *entry) (any, *failure) {
	g, ok := t.group(op.key)
	if !ok {
		return nil, notFound(op.key)
	}
	ref, isLink := referred(c, op)
	if !isLink || len(op.body) != 1 {
		return nil, errBadEncoding
	}
	i, ok := t.dir.find(ref)
	bad := g.mayEdit(c)
	switch {
	case bad != nil:
		return nil, bad
	case !ok:
		return nil, notFound(ref)
	case t.isMember(g.ID, i):
		return nil, errMemberAlready
	}
	if !t.frozen(&t.dir.entries[i]) {
		t.join(g.ID, i, c.date)
	}
	return nil, nil
}

// referred is the object id at the end of an @odata.id.
func referred(c *call, op *operation) (string, bool) {
	link, _ := op.body["@odata.id"].(string)
	for _, path := range []string{"/directoryObjects/", "/users/"} {
		if _, id, ok := strings.Cut(link, "/"+c.version+path); ok && strings.HasPrefix(link, "https://") || ok && strings.HasPrefix(link, "http://") {
			return parseGUID(id)
		}
	}
	return "", false
}

func aboutMember(t *Tenant, c *call, op *operation) about {
	a := about{user: nobody, action: op.action, target: strings.ToLower(op.keys[0])}
	key := op.key
	if op.action == actJoin {
		key, _ = referred(c, op)
	}
	if i, ok := t.dir.find(key); ok {
		a.user = i
	}
	return a
}
