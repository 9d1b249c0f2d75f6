package graphsim

import (
	"strconv"
	"strings"
)

// listPage is the most that a page holds when the client asks for no number, as
// for the members of a group. For roles nothing is documented.
const listPage = 100

// list answers a read of many objects with one page of them.
func (t *Tenant) list(c *call, op *operation) ([]byte, *failure) {
	switch op.action {
	case actNamed:
		users := t.dir.begin(op.query.value)
		b := appendContext(nil, c.version, "users", "", op.query.fields)
		return t.page(b, c, op, len(users), func(b []byte, i int) []byte {
			return t.dir.records[users[i]].appendJSON(b, op.query.fields, c.date, t.cfg.Lag)
		}), nil
	case actMembers:
		id, ok := parseGUID(op.key)
		if _, known := t.groups[id]; !ok || !known {
			return nil, notFound(op.key)
		}
		members := t.transitive(id)
		b := appendContext(nil, c.version, "users", "", op.query.fields)
		b = append(b, `"@odata.count":`...)
		b = append(strconv.AppendInt(b, int64(len(members)), 10), ',')
		return t.page(b, c, op, len(members), func(b []byte, i int) []byte {
			return t.appendMember(b, c, op, members[i])
		}), nil
	case actAssignments:
		holders := t.holders()
		b := appendContext(nil, c.version, "roleManagement/directory/roleAssignments", "", nil)
		return t.page(b, c, op, len(holders), func(b []byte, i int) []byte {
			return t.appendAssignment(b, c, op, holders[i])
		}), nil
	}
	b := appendContext(nil, c.version, "roleManagement/directory/roleDefinitions", "", op.query.fields)
	return t.page(b, c, op, len(t.roles), func(b []byte, i int) []byte {
		return t.roles[i].appendJSON(b, op.query.fields)
	}), nil
}

// page adds the objects of one page of n, and the link to the next one.
func (t *Tenant) page(b []byte, c *call, op *operation, n int, add func([]byte, int) []byte) []byte {
	size := listPage
	if op.query.top > 0 {
		size = op.query.top
	}
	if t.cfg.PageSize > 0 {
		size = min(size, t.cfg.PageSize)
	}
	from := min(op.query.skip, n)
	to := min(from+size, n)
	if to < n {
		mark := "?"
		if strings.Contains(op.self, "?") {
			mark = "&"
		}
		b = append(b, `"@odata.nextLink":`...)
		b = appendString(b, c.origin+"/"+c.version+op.self+mark+"$skiptoken="+tokenPrefix+strconv.Itoa(to))
		b = append(b, ',')
	}
	b = append(b, `"value":[`...)
	for i := from; i < to; i++ {
		if i > from {
			b = append(b, ',')
		}
		b = append(add(append(b, '{'), i), '}')
	}
	return append(b, `]}`...)
}

// appendMember adds a member of a group. An app that may not read users sees
// their ids and nothing else (Microsoft Graph documentation, "Limited
// information returned for inaccessible member objects").
func (t *Tenant) appendMember(b []byte, c *call, op *operation, i int32) []byte {
	rec := &t.dir.records[i]
	if c.bearer.grants.read {
		return rec.appendJSON(b, op.query.fields, c.date, t.cfg.Lag)
	}
	b = appendString(append(b, `"id":`...), rec.id.String())
	for _, name := range op.query.fields {
		if name != "id" {
			b = append(b, `,"`+name+`":null`...)
		}
	}
	return b
}

// appendAssignment adds a role assignment, with its principal when that is
// expanded. An inner $select would change nothing (microsoft-graph-docs-contrib#8876).
func (t *Tenant) appendAssignment(b []byte, c *call, op *operation, a roleAssignment) []byte {
	principal := a.principal.String()
	b = appendString(append(b, `"id":`...), a.role.String()+"-"+principal+"-1")
	b = appendString(append(b, `,"principalId":`...), principal)
	b = append(b, `,"directoryScopeId":"/"`...)
	b = appendString(append(b, `,"roleDefinitionId":`...), a.role.String())
	if op.query.expand == "" {
		return b
	}
	b = append(b, `,"principal":{"@odata.type":"#microsoft.graph.`...)
	i, isUser := t.dir.byID[a.principal]
	switch {
	case isUser:
		b = t.appendMember(append(b, `user",`...), c, op, i)
	case a.app:
		b = appendString(append(b, `servicePrincipal","id":`...), principal)
	default:
		b = appendString(append(b, `group","id":`...), principal)
	}
	return append(b, '}')
}

// appendJSON adds the properties that were selected, or all.
func (r role) appendJSON(b []byte, fields []string) []byte {
	if fields == nil {
		fields = roleEntity.fields
	}
	for i, name := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `"`+name+`":`...)
		switch name {
		case "isBuiltIn":
			b = strconv.AppendBool(b, r.builtIn)
		case "displayName":
			b = appendString(b, r.name)
		default: // the template's id is that of the definition
			b = appendString(b, r.id.String())
		}
	}
	return b
}
