package graphsim

import "strings"

// tokenPrefix begins every $skiptoken.
const tokenPrefix = "graphsim-"

// selfLink is a request's target without its $skiptoken.
func selfLink(path, rawQuery string) string {
	link := "/" + path
	mark := "?"
	for part := range strings.SplitSeq(rawQuery, "&") {
		if part == "" || strings.HasPrefix(part, "$skiptoken=") || strings.HasPrefix(part, "%24skiptoken=") {
			continue
		}
		link += mark + part
		mark = "&"
	}
	return link
}

// group routes what follows "/groups": the transitive members of a group that
// are users, and nothing else. The cast needs the advanced query parameters
// (Microsoft Graph documentation, list group transitive members; that it goes
// without has been seen, microsoft-graph-docs#11881).
func (op *operation) group(method string, rest []string, eventual bool) {
	if len(rest) != 3 || rest[1] != "transitiveMembers" || rest[2] != "microsoft.graph.user" {
		op.bad = errNotSimulated
		return
	}
	op.key = rest[0]
	op.get(method, actMembers)
	switch {
	case op.bad != nil:
	case !eventual || !op.query.count:
		op.bad = errCast
	case op.query.prop != "", op.query.expand != "":
		op.bad = errNotSimulated
	}
}

// role routes what follows "/roleManagement". Of the options the pages of the
// two lists name $filter, $expand and $select, so $top and $count are refused;
// the documentation is silent about more than one $expand, and a report says
// that it fails (microsoft-graph-docs#16186).
func (op *operation) role(method string, rest []string) {
	if len(rest) != 2 || rest[0] != "directory" {
		op.bad = errNotSimulated
		return
	}
	switch rest[1] {
	case "roleAssignments":
		op.get(method, actAssignments)
	case "roleDefinitions":
		op.get(method, actRoles)
	default:
		op.bad = unknownSegment(rest[1])
	}
	q := &op.query
	switch {
	case op.bad != nil:
	case q.top > 0, q.count, strings.Contains(q.expand, ","):
		op.bad = errQuery
	case q.prop != "", op.action == actAssignments && q.fields != nil,
		q.expand != "" && (op.action != actAssignments || q.expand != "principal"):
		op.bad = errNotSimulated
	}
}
