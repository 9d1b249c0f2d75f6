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

// parseQuery reads a raw query. Option names may be encoded ("%24select"), as
// the Go SDK sends them. An unknown name that starts with "$" is refused; any
// other is a custom option, which OData ignores. A "select" without its "$" is
// ignored too: on v1.0 only some paths take that form (Microsoft Graph
// documentation, "Use query parameters").
//
// An option that the endpoint does not take is refused, too.
func parseQuery(raw, version string, of *endpoint) (query, *failure) {
	var q query
	if raw == "" {
		return q, nil
	}
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(raw, "&") {
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
		switch takes, known := of.options[name]; {
		case !known:
			return q, errQuery
		case !takes:
			return q, errNotSimulated
		}
		if bad := q.set(name, value, version, of); bad != nil {
			return q, bad
		}
	}
	return q, nil
}

func (q *query) set(name, value, version string, of *endpoint) (bad *failure) {
	switch name {
	case "$select":
		return q.selectFields(value, version, of.of)
	case "$expand":
		q.expand = value
	case "$filter":
		return q.filter(value, of.filters)
	case "$skiptoken": // a token that a page gave; a client must not look into it
		digits, ok := strings.CutPrefix(value, tokenPrefix)
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 1 {
			return errQuery
		}
		q.skip = n
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

func (q *query) selectFields(value, version string, of kind) *failure {
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if !of.has(name, version) {
			return unknownProperty(name, of.typeName())
		}
		if !slices.Contains(q.fields, name) {
			q.fields = append(q.fields, name)
		}
	}
	return nil
}

// filter reads "prop eq 'value'" or "startswith(userPrincipalName,'value')", and
// nothing else. Properties are those that the endpoint filters by; "" is those of users.
func (q *query) filter(expr, properties string) *failure {
	expr = strings.TrimSpace(expr)
	var literal string
	if call, ok := cutCall(expr); ok {
		q.prop, literal, _ = strings.Cut(call, ",")
		if q.begins = true; q.prop != "userPrincipalName" || properties != "" {
			return errFilter // the only property that is simulated
		}
	} else {
		var rest, op string
		q.prop, rest, _ = strings.Cut(expr, " ")
		op, literal, _ = strings.Cut(strings.TrimLeft(rest, " "), " ")
		known := sought[q.prop] != nil
		if properties != "" {
			known = q.prop == properties
		}
		if !known || op != "eq" {
			return errFilter
		}
	}
	literal = strings.TrimSpace(literal)
	if len(literal) < 2 || literal[0] != '\'' || literal[len(literal)-1] != '\'' {
		return errFilter
	}
	var bad *failure
	if q.value, bad = unquote(literal[1 : len(literal)-1]); bad != nil || q.value == "" {
		return errFilter // Graph refuses eq '' on several properties; here on all
	}
	return nil
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
