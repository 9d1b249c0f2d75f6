package graphsim

import (
	"crypto/sha1"
	"encoding/hex"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// guid is an object id. Entra compares object ids without regard to case, so
// they are kept as bytes and printed in lower case.
type guid [16]byte

// parseGUID reads the one form that Graph takes as an object id, 8-4-4-4-12
// hexadecimal digits in any case. Braces or missing dashes make a name of it.
func parseGUID(s string) (guid, bool) {
	var g guid
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return g, false
	}
	var digits [32]byte
	n := copy(digits[:], s[:8])
	n += copy(digits[n:], s[9:13])
	n += copy(digits[n:], s[14:18])
	n += copy(digits[n:], s[19:23])
	copy(digits[n:], s[24:])
	if _, err := hex.Decode(g[:], digits[:]); err != nil {
		return guid{}, false
	}
	return g, true
}

// String prints the id in lower case.
func (g guid) String() string { return string(g.append(nil)) }

func (g guid) append(b []byte) []byte {
	for i, part := range [...][]byte{g[:4], g[4:6], g[6:8], g[8:10], g[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b
}

// IDFor is the object id that [Tenant.Add] gives to a user that has none. It
// depends on the user principal name alone (not on its case), so that two
// processes agree on it. It looks like a version 5 UUID.
func IDFor(upn string) string { return guidFor(upn).String() }

func guidFor(upn string) guid {
	sum := sha1.Sum([]byte("graphsim user " + strings.ToLower(upn)))
	g := guid(sum[:16])
	g[6] = g[6]&0x0f | 0x50
	g[8] = g[8]&0x3f | 0x80
	return g
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
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return "", errBadEncoding
		}
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
	plain := strings.ReplaceAll(inner, "''", "")
	if strings.Contains(plain, "'") {
		return "", errBadLiteral
	}
	return strings.ReplaceAll(inner, "''", "'"), nil
}
