package trace

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// shapes are what secrets look like wherever they stand: what they are called, and what matches
// them. A token has three parts in base64, the first of which begins as JSON does, or follows the
// word Bearer; Entra marks its client secrets with a digit and "Q~".
var shapes = []struct {
	called string
	match  *regexp.Regexp
}{
	{"a private key or certificate", regexp.MustCompile(`-----BEGIN [A-Z ]+-----(?s:.*?)(-----END [A-Z ]+-----|$)`)},
	{"a token", regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*|(?i:bearer\s+)[A-Za-z0-9._~+/=-]{8,}`)},
	{"a client secret", regexp.MustCompile(`[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{20,}`)},
	{"a user and password in an address", regexp.MustCompile(`(?i)\b(https?:/{1,2}[^\s/@"'<>]+|[a-z][a-z0-9+.-]+:/{1,2}[^\s/@:"'<>]*:[^\s/@"'<>]*)@`)},
}

// userInfo is what stands before the user of an address, and the user with the password.
var userInfo = regexp.MustCompile(`^([^/]*:/{1,2})(.*)@$`)

// unshaped is a text without what looks like a secret.
func unshaped(text string) string {
	for _, s := range shapes {
		text = s.match.ReplaceAllStringFunc(text, func(secret string) string {
			if m := userInfo.FindStringSubmatch(secret); m != nil {
				return m[1] + redacted + "@"
			}
			return redacted
		})
	}
	return text
}

// called matches what a program calls a secret, and what stands behind it. Without a sign between them it is
// prose, unless the value has more than letters.
var called = regexp.MustCompile(`(?i)((?:passw(?:or)?d|pwd|passphrase|secret|token|signature|credential|(?:api|access|account|private)[_-]?key)[a-z0-9_-]*["']?)(\s*[=:]\s*["']?|\s+["']?)([^\s"'<>,;&]+)`)

// Said is what another program said, without tokens, the secrets, the values in queries, and what it calls a password or
// a secret.
func Said(text string, secrets ...string) string {
	return called.ReplaceAllStringFunc(unqueried(Without(text, secrets...)), func(field string) string {
		part := called.FindStringSubmatch(field)
		if strings.TrimLeft(part[2], " \t\n\"'") == "" && !strings.ContainsFunc(strings.TrimRight(part[3], ".:)"), func(r rune) bool { return !unicode.IsLetter(r) }) {
			return field
		}
		return part[1] + part[2] + redacted
	})
}

// Kind is what of a secret a text looks like or has, such as "a token"; "" is nothing. It is for
// the value of a flag or a variable, as it was typed: of an address it also knows parameters
// that are secrets, and passwords that are not percent-encoded.
func Kind(value string) string {
	for _, s := range shapes {
		if s.match.MatchString(value) {
			return s.called
		}
	}
	scheme, rest, address := strings.Cut(value, "://")
	if address {
		_, query, _ := strings.Cut(rest, "?")
		for _, pair := range strings.Split(query, "&") {
			name, secret, _ := strings.Cut(pair, "=")
			if plain, err := url.QueryUnescape(name); secret != "" && (err != nil || isSecret(plain)) {
				return "a password or key in an address"
			}
		}
		if at := strings.LastIndex(rest, "@"); at > 0 && !strings.HasPrefix(scheme, "http") && strings.Contains(rest[:at], ":") {
			return "a user and password in an address"
		}
	}
	if conninfo.MatchString(value) {
		return "a password in an address"
	}
	return ""
}

// conninfo matches an address of a database in words and values, with a password.
var conninfo = regexp.MustCompile(`(?i)\b(host|server|dbname|data source)\s*=.*\b(password|pwd)\s*=\s*\S|\b(password|pwd)\s*=\s*\S.*\b(host|server|dbname|data source)\s*=`)

// Address is an address as people may see it: with its user, and without a password and
// without parameters that are secrets. What cannot be read as one is not shown.
func Address(address string) string {
	at, err := url.Parse(address)
	if err != nil || at.Scheme == "" || at.Opaque != "" {
		return "(an address that is not shown)"
	}
	if at.User != nil {
		at.User = url.User(at.User.Username())
	}
	query := at.Query()
	for name := range query {
		if isSecret(name) {
			query.Del(name)
		}
	}
	at.RawQuery = query.Encode()
	if bare := at.String(); Kind(bare) == "" {
		return bare
	}
	return at.Scheme + "://" + at.Host + at.Path
}
