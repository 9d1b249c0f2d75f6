package graphsim

import (
	"net/http"
	"strings"
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
	self   string // path and query but for $skiptoken, to make links to other pages of
	bad    *failure
}

// route reads a method and a target relative to the version root, such as
// "/users/{key}/revokeSignInSessions". It is pure: what it refuses, Graph's
// router refuses without asking the directory.
func route(version, method, target string, eventual bool) operation {
	path, rawQuery := splitTarget(target)
	path = strings.TrimPrefix(path, "/")
	op := operation{action: actOther, key: path}

	raw := strings.Split(path, "/")
	segments := make([]string, len(raw))
	for i, r := range raw {
		s, bad := decodeSegment(r)
		if bad != nil {
			op.bad = bad
			return op
		}
		segments[i] = s
	}
	of := userEntity
	switch {
	case segments[0] == "roleManagement":
		of = roleEntity
	case version == "beta":
		of = betaUser
	}
	if op.query, op.bad = parseQuery(rawQuery, of); op.bad != nil {
		return op
	}
	op.self = selfLink(path, rawQuery)

	switch {
	case segments[0] == "groups":
		op.group(method, segments[1:], eventual)
		return op
	case segments[0] == "roleManagement":
		op.role(method, segments[1:])
		return op
	case op.query.expand != "", op.query.skip > 0 && !op.query.begins:
		op.bad = errNotSimulated
		return op
	}
	switch {
	case segments[0] == "users":
		op.users(version, method, segments[1:], eventual)
	case strings.HasPrefix(segments[0], "users("):
		key, bad := quotedKey(segments[0])
		if bad != nil {
			op.bad = bad
			return op
		}
		op.user(version, method, key, segments[1:])
	case segments[0] == "organization" && len(segments) == 1:
		op.get(method, actOrganization)
	case segments[0] == "me":
		op.bad = errMe
	default:
		op.bad = unknownSegment(segments[0])
	}
	return op
}

// users routes what follows "/users".
func (op *operation) users(version, method string, rest []string, eventual bool) {
	switch {
	case len(rest) == 0:
		op.find(method, eventual)
	case len(rest) == 1 && rest[0] == "$count":
		op.get(method, actCount)
		if op.bad == nil && !eventual {
			op.bad = errCount
		}
	default:
		if op.bad = pathKey(rest[0]); op.bad != nil {
			return
		}
		op.user(version, method, rest[0], rest[1:])
	}
}

// user routes what follows the key of a user.
func (op *operation) user(version, method, key string, rest []string) {
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
	case method != http.MethodPost:
		op.bad = errMethod
	case name == actInvalidate && version != "beta":
		// An action of the other API version is 405 (Microsoft Graph
		// documentation, JSON batching, sample reply 4).
		op.bad = errMethod
	case op.query.fields != nil || op.query.prop != "":
		op.bad = errQuery
	default:
		op.action = name
	}
}

// find routes the collection itself. Lists without a filter page through the
// whole tenant; that is not simulated.
func (op *operation) find(method string, eventual bool) {
	op.get(method, actFind)
	if op.bad != nil {
		return
	}
	switch {
	case op.query.count && !eventual:
		op.bad = errCount
	case op.query.begins && op.query.count:
		op.bad = errNotSimulated
	case op.query.begins:
		op.action, op.key = actNamed, op.query.value
	case op.query.prop == "":
		op.bad = errNotSimulated
	default:
		op.key = op.query.value
	}
}

func (op *operation) get(method, action string) {
	if method != http.MethodGet {
		op.bad = errMethod
		return
	}
	op.action = action
}
