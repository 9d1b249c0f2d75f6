package graphsim

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query holds the OData options that the simulator knows.
type query struct {
	fields []string // $select; nil asks for the default set
	prop   string   // $filter=prop eq 'value'
	value  string
	begins bool   // $filter=startswith(prop,'value') instead
	top    int    // $top; 0 when absent
	count  bool   // $count=true
	expand string // $expand
	skip   int    // how many the earlier pages held, from $skiptoken
}

// entity is what $select may name of a kind of object.
type entity struct {
	kind   string
	fields []string
}

var (
	userEntity = entity{"user", userFields}
	betaUser   = entity{"user", append(slices.Clone(userFields), refreshStamp)}
	roleEntity = entity{"unifiedRoleDefinition", []string{"id", "displayName", "isBuiltIn", "templateId"}}
)

// parseQuery reads a raw query. Option names may be encoded ("%24select"), as
// the Go SDK sends them. An unknown name that starts with "$" is refused; any
// other is a custom option, which OData ignores. A "select" without its "$" is
// ignored too: on v1.0 only some paths take that form (Microsoft Graph
// documentation, "Use query parameters").
func parseQuery(raw string, of entity) (query, *failure) {
	var q query
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return q, errBadEncoding
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return q, errBadEncoding
		}
		if !strings.HasPrefix(name, "$") {
			continue
		}
		if seen[name] {
			return q, errQuery // OData 4.01 URL conventions: an option appears at most once
		}
		seen[name] = true
		if bad := q.set(name, value, of); bad != nil {
			return q, bad
		}
	}
	return q, nil
}

func (q *query) set(name, value string, of entity) (bad *failure) {
	switch name {
	case "$select":
		return q.selectFields(value, of)
	case "$expand":
		q.expand = value
	case "$skiptoken":
		return q.skipTo(value)
	case "$filter":
		q.prop, q.value, q.begins, bad = parseFilter(value)
		return bad
	case "$top":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > 999 { // 999 is the page limit of /users
			return errQuery
		}
		q.top = n
	case "$count":
		if value != "true" && value != "false" {
			return errQuery
		}
		q.count = value == "true"
	default:
		return errQuery
	}
	return nil
}

// skipTo reads a token that [Tenant] made. A client must not look into it.
func (q *query) skipTo(token string) *failure {
	digits, ok := strings.CutPrefix(token, tokenPrefix)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 {
		return errQuery
	}
	q.skip = n
	return nil
}

func (q *query) selectFields(value string, of entity) *failure {
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(of.fields, name) {
			return unknownProperty(name, of.kind)
		}
		if !slices.Contains(q.fields, name) {
			q.fields = append(q.fields, name)
		}
	}
	return nil
}

// parseFilter reads "prop eq 'value'" or "startswith(userPrincipalName,'value')", and
// nothing else.
func parseFilter(expr string) (prop, value string, begins bool, bad *failure) {
	expr = strings.TrimSpace(expr)
	var literal string
	if call, ok := cutCall(expr); ok {
		prop, literal, _ = strings.Cut(call, ",")
		if begins = true; prop != "userPrincipalName" {
			return "", "", false, errFilter // of the other properties nobody asked
		}
	} else {
		var rest, op string
		prop, rest, _ = strings.Cut(expr, " ")
		op, literal, _ = strings.Cut(strings.TrimLeft(rest, " "), " ")
		if !slices.Contains(filterFields, prop) || op != "eq" {
			return "", "", false, errFilter
		}
	}
	literal = strings.TrimSpace(literal)
	if len(literal) < 2 || literal[0] != '\'' || literal[len(literal)-1] != '\'' {
		return "", "", false, errFilter
	}
	value, bad = unquote(literal[1 : len(literal)-1])
	if bad != nil || value == "" {
		return "", "", false, errFilter // Graph refuses eq '' on several properties; here on all
	}
	return prop, value, begins, nil
}

// cutCall gives what stands between the brackets of startswith, which Graph's
// documentation writes startsWith too.
func cutCall(expr string) (inner string, ok bool) {
	for _, name := range []string{"startswith(", "startsWith("} {
		if inner, ok = strings.CutPrefix(expr, name); ok {
			return strings.CutSuffix(inner, ")")
		}
	}
	return "", false
}
