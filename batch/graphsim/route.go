package graphsim

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The actions that an [Event] can name.
const (
	actRevoke       = "revokeSignInSessions"
	actInvalidate   = "invalidateAllRefreshTokens"
	actRead         = "read"         // GET /users/{key}
	actFind         = "find"         // GET /users?$filter=...
	actNamed        = "named"        // GET /users?$filter=startswith(...)
	actCount        = "count"        // GET /users/$count
	actOrganization = "organization" // GET /organization
	actMembers      = "members"      // GET /groups/{id}/transitiveMembers/microsoft.graph.user
	actAssignments  = "assignments"  // GET /roleManagement/directory/roleAssignments
	actRoles        = "roles"        // GET /roleManagement/directory/roleDefinitions
	actOther        = "other"        // refused before it meant anything
)

// operation is what one request asks for: of a batch item, or of a call made
// directly. When bad is set, the request is refused whatever the state of the
// tenant.
type operation struct {
	action string
	key    string // who is meant, decoded; for a find the value sought
	query  query
	self   string // path and query, to put another $skiptoken behind
	bad    *failure
}

// route reads a method and a target relative to the version root, such as
// "/users/{key}/revokeSignInSessions". It is pure: what it refuses, Graph's
// router refuses without asking the directory.
func route(version, method, target string, eventual bool) operation {
	path, rawQuery := splitTarget(target)
	path = strings.TrimPrefix(path, "/")
	op := operation{action: actOther, key: path, self: selfLink(path, rawQuery)}
	segments := strings.Split(path, "/")
	for i, raw := range segments {
		if segments[i], op.bad = decodeSegment(raw); op.bad != nil {
			return op
		}
	}
	first, rest := segments[0], segments[1:]
	if op.query, op.bad = parseQuery(rawQuery, typeOf(version, first)); op.bad != nil {
		return op
	}
	switch {
	case first == "groups":
		op.routeGroup(method, rest, eventual)
	case first == "roleManagement":
		op.routeRole(method, rest)
	case op.query.expand != "", op.query.skip > 0 && !op.query.begins:
		op.bad = errNotSimulated
	case first == "users":
		op.routeUsers(version, method, rest, eventual)
	case strings.HasPrefix(first, "users("):
		key, bad := quotedKey(first)
		if op.bad = bad; bad == nil {
			op.routeUser(version, method, key, rest)
		}
	case first == "organization" && len(rest) == 0:
		op.get(method, actOrganization)
	case first == "me":
		op.bad = errMe
	default:
		op.bad = unknownSegment(first)
	}
	return op
}

// routeUsers routes what follows "/users".
func (op *operation) routeUsers(version, method string, rest []string, eventual bool) {
	switch {
	case len(rest) == 0:
		op.routeFind(method, eventual)
	case len(rest) == 1 && rest[0] == "$count":
		op.get(method, actCount)
		if op.bad == nil && !eventual {
			op.bad = errCount
		}
	default:
		if op.bad = pathKey(rest[0]); op.bad == nil {
			op.routeUser(version, method, rest[0], rest[1:])
		}
	}
}

// routeUser routes what follows the key of a user.
func (op *operation) routeUser(version, method, key string, rest []string) {
	op.key = key
	if len(rest) == 0 {
		op.get(method, actRead)
		return
	}
	// Graph takes an action's name with and without its namespace
	// (msgraph-sdk-powershell#834).
	name := strings.TrimPrefix(rest[0], "microsoft.graph.")
	switch {
	case len(rest) > 1:
		op.bad = unknownSegment(rest[1])
	case name != actRevoke && name != actInvalidate:
		op.bad = unknownSegment(rest[0])
	case method != http.MethodPost, name == actInvalidate && version != "beta":
		// An action of the other API version is 405 too (Microsoft Graph
		// documentation, JSON batching, sample reply 4).
		op.bad = errMethod
	case op.query.fields != nil || op.query.prop != "":
		op.bad = errQuery
	default:
		op.action = name
	}
}

// routeFind routes the collection itself. Lists without a filter page through the
// whole tenant; that is not simulated.
func (op *operation) routeFind(method string, eventual bool) {
	op.get(method, actFind)
	switch {
	case op.bad != nil:
	case op.query.count && !eventual:
		op.bad = errCount
	case op.query.prop == "", op.query.begins && op.query.count:
		op.bad = errNotSimulated
	case op.query.begins:
		op.action = actNamed
	}
	if op.bad == nil {
		op.key = op.query.value
	}
}

// routeGroup routes what follows "/groups": the transitive members of a group that
// are users, and nothing else. The cast needs the advanced query parameters
// (Microsoft Graph documentation, list group transitive members; that it goes
// without has been seen, microsoft-graph-docs#11881).
func (op *operation) routeGroup(method string, rest []string, eventual bool) {
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

// routeRole routes what follows "/roleManagement". Of the options the pages of the
// two lists name $filter, $expand and $select, so $top and $count are refused;
// the documentation is silent about more than one $expand, and a report says
// that it fails (microsoft-graph-docs#16186).
func (op *operation) routeRole(method string, rest []string) {
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

func (op *operation) get(method, action string) {
	if method != http.MethodGet {
		op.bad = errMethod
		return
	}
	op.action = action
}

// units are the resource units that an operation costs by Graph's table (Microsoft
// Graph service-specific throttling limits): one, but for lists of users two and
// for transitive members five; less one for $select, less one for $top below 20,
// one more for $expand, and never below one.
func (op *operation) units() int {
	units := 1
	switch op.action {
	case actFind, actNamed:
		units = 2
	case actMembers:
		units = 5
	}
	if op.query.fields != nil {
		units--
	}
	if op.query.top > 0 && op.query.top < 20 {
		units--
	}
	if op.query.expand != "" {
		units++
	}
	return max(1, units)
}

// tokenPrefix begins every $skiptoken.
const tokenPrefix = "graphsim-"

// selfLink is a request's target without its $skiptoken, and open for another.
func selfLink(path, rawQuery string) string {
	link := "/" + path + "?"
	for option := range strings.SplitSeq(rawQuery, "&") {
		if option != "" && !strings.HasPrefix(option, "$skiptoken=") && !strings.HasPrefix(option, "%24skiptoken=") {
			link += option + "&"
		}
	}
	return link
}

// splitTarget divides a request target as a URL parser does. A raw "#" begins
// a fragment, which no server sees: "/users/a@x#EXT#@y" reads as "/users/a@x"
// and names another user (msgraph-sdk-dotnet#1515, graph-explorer-v4#979).
func splitTarget(target string) (path, query string) {
	target, _, _ = strings.Cut(target, "#")
	path, query, _ = strings.Cut(target, "?")
	return path, query
}

// decodeSegment undoes the percent-encoding of one path segment, once.
//
// Stricter than is known of Graph: bytes that RFC 3986 does not allow in a
// path (spaces, quotes, anything beyond ASCII) are refused rather than guessed
// at, and so is an encoded slash, which Graph's broker takes for a separator
// (microsoft-graph-docs#10167). "%252F" stays the text "%2F".
func decodeSegment(raw string) (string, *failure) {
	if strings.ContainsFunc(raw, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", c) }) {
		return "", errBadEncoding
	}
	if strings.Contains(raw, "%2F") || strings.Contains(raw, "%2f") {
		return "", errEncodedSlash
	}
	s, err := url.PathUnescape(raw)
	if err != nil || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", errBadEncoding
	}
	return s, nil
}

// pathKey checks the key of "/users/{key}".
func pathKey(key string) *failure {
	switch {
	case key == "", key == ".", key == "..":
		return errBadEncoding
	case key[0] == '$':
		// A key that starts with "$" reads as a system segment, encoded or not
		// (Microsoft Graph known issues; msgraph-sdk-dotnet#2635).
		return errDollarKey
	}
	return nil
}

// quotedKey reads "users('key')", where an apostrophe in the key is doubled.
func quotedKey(segment string) (key string, bad *failure) {
	inner, open := strings.CutPrefix(segment, "users('")
	inner, closed := strings.CutSuffix(inner, "')")
	if !open || !closed || inner == "" {
		return "", unknownSegment(segment)
	}
	return unquote(inner)
}

// unquote undoubles the apostrophes of an OData string literal's inside
// (Microsoft Graph documentation, "Escaping single quotes").
func unquote(inner string) (string, *failure) {
	if strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") {
		return "", errBadLiteral
	}
	return strings.ReplaceAll(inner, "''", "'"), nil
}
