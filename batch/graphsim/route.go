package graphsim

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// operation is what one request asks for: of a batch item, or of a call made
// directly. When bad is set, the request is refused whatever the state of the
// tenant, and endpoint is nil unless its query is what is wrong.
type operation struct {
	*endpoint
	action   string   // of the endpoint, as an [Event] names it
	key      string   // what is meant, decoded: the last of keys, or the value sought, or the path
	keys     []string // what stands in the path for the endpoint's placeholders
	query    query
	eventual bool   // with ConsistencyLevel: eventual
	target   string // as it was asked for
	body     object // what a write carries; nil for none
	bad      *failure
}

// route reads a method and a target relative to the version root, such as
// "/users/{key}/revokeSignInSessions". It is pure: what it refuses, Graph's
// router refuses without asking the directory.
func route(version, method, target string, eventual bool) operation {
	path, rawQuery := splitTarget(target)
	path = strings.TrimPrefix(path, "/")
	op := operation{action: actOther, key: path, eventual: eventual, target: target}
	segments := strings.Split(path, "/")
	for i, raw := range segments {
		if segments[i], op.bad = decodeSegment(raw); op.bad != nil {
			return op
		}
	}
	quoted := strings.HasPrefix(segments[0], "users(")
	if quoted {
		var key string
		if key, op.bad = quotedKey(segments[0]); op.bad != nil {
			return op
		}
		segments = append([]string{"users", key}, segments[1:]...)
	}
	e, bad := lookUp(version, method, segments, quoted)
	if op.bad = bad; e == nil {
		return op
	}
	for i, name := range e.segments {
		if isPlaceholder(name) {
			op.key = segments[i]
			op.keys = append(op.keys, op.key)
			if wrong := pathKey(op.key); wrong != nil && !quoted {
				op.bad = wrong
			}
		}
	}
	if op.bad != nil {
		return op
	}
	op.endpoint = e
	if op.query, op.bad = parseQuery(rawQuery, version, op.endpoint); op.bad != nil {
		return op
	}
	op.action = op.endpoint.action
	if op.check != nil {
		if op.bad = op.check(&op); op.bad != nil {
			op.action = actOther
		}
	}
	return op
}

// lookUp finds the endpoint of a path. An action of the other API version is refused
// like a method that the path does not take (Microsoft Graph documentation, JSON
// batching, sample reply 4); the endpoint beside errMethod is one that has the path.
func lookUp(version, method string, segments []string, quoted bool) (*endpoint, *failure) {
	known := 0 // how many segments some endpoint has
	var other *endpoint
	for i := range endpoints {
		e, n := &endpoints[i], 0
		for n < min(len(e.segments), len(segments)) && e.fits(n, method, segments[n], quoted && n == 1) {
			n++
		}
		known = max(known, n)
		if n < len(e.segments) || n < len(segments) {
			continue
		}
		if e.method == method && (!e.beta || version == "beta") {
			return e, nil
		}
		other = e
	}
	path := strings.Join(segments, "/")
	switch {
	case other != nil:
		return other, errMethod
	case segments[0] == "me":
		return nil, errMe
	case strings.HasPrefix(path, "groups/"), strings.HasPrefix(path, "roleManagement/entitlementManagement/"), known == len(segments):
		return nil, errNotSimulated
	}
	return nil, unknownSegment(segments[known])
}

// fits reports whether the n-th segment of a path can be that of the endpoint. A quoted
// one is always a key. Graph takes an action's name with and without its namespace
// (msgraph-sdk-powershell#834).
func (e *endpoint) fits(n int, method, segment string, quoted bool) bool {
	name := e.segments[n]
	if isPlaceholder(name) || quoted {
		return isPlaceholder(name)
	}
	return name == segment || method == http.MethodPost && n > 0 && segment == "microsoft.graph."+name
}

// isPlaceholder tells "{user}" from a name.
func isPlaceholder(segment string) bool { return segment[0] == '{' }

// namesUser reports whether the last key is that of a user.
func (op *operation) namesUser() bool {
	return op.endpoint != nil && strings.Contains(op.path, "{user}")
}

// units are the resource units that an operation costs by Graph's table (Microsoft
// Graph service-specific throttling limits): those of the endpoint, less one for
// $select, less one for $top below 20, one more for $expand, and never below one.
func (op *operation) units() int {
	units := 1
	if op.endpoint != nil {
		units = max(1, op.cost)
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

// pathSent is the path as it was asked for.
func (op *operation) pathSent() string {
	path, _ := splitTarget(op.target)
	return path
}

// link is the target without its $skiptoken, and open for another.
func (op *operation) link() string {
	path, rawQuery := splitTarget(op.target)
	link := "/" + strings.TrimPrefix(path, "/") + "?"
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
