package trace

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// shown are the headers, and the fields of queries and forms, whose values are written, and of a
// sign-in's answer the keys. Of all others only the name is: what is new, or somebody's own, may be a secret.
var (
	shownHeaders = regexp.MustCompile(`(?i)^(accept(-.+)?|age|allow|cache-control|(return-)?client-request-id|connection|consistencylevel|content-.+|date|etag|expires|host|if-(none-)?match|link|location|odata-.+|pragma|prefer|preference-applied|proxy-authenticate|ratelimit-.+|request-id|retry-after|sdkversion|server|strict-transport-security|transfer-encoding|user-agent|vary|via|warning|www-authenticate|x-client-(cpu|os|sku|ver)|x-content-type-options|x-ms-(ags-diagnostic|clitelem|(client-)?request-id|ests-server|resource-unit|srs|throttle-.+))$`)
	shownFields  = regexp.MustCompile(`(?i)^(\$(count|expand|filter|format|orderby|search|select|skip|skiptoken|deltatoken|top)|api-version|client_assertion_type|client_id|client_info|grant_type|instance_aware|prompt|requested_token_use|resource|response_(mode|type)|scope|tenant|username|x-client-.+)$`)
	shownAnswers = regexp.MustCompile(`^(claims|correlation_id|error|error_codes|error_description|error_uri|(ext_)?expires_(in|on)|interval|not_before|resource|scope|suberror|timestamp|token_type|trace_id|verification_ur[il])$`)
)

// secretName matches the names in JSON whose values are secrets, and what is known of a call
// once it had them: its answer may repeat it.
var secretName = regexp.MustCompile(`(?i)^(.*authorization|.*cookie.*|.*(access|refresh|id|session|bearer)_?token|token|.*secret.*|.*assertion|.*password.*|device_?code|user_?code|code|code_verifier|sig|signature|nonce|proof|api_?key|.*private_?key|.*credential|verification_uri_complete)$`)

// harmless are names that secretName matches and whose values people need.
var harmless = regexp.MustCompile(`(?i)^(lastPasswordChangeDateTime|passwordPolicies|forceChangePasswordNextSignIn.*|client_assertion_type)$`)

// inQuery matches a field of the query or the fragment of an address, wherever in a text it stands.
var inQuery = regexp.MustCompile(`([?&#]|&amp;|\\u0026)([^\s?&#=;"'<>]+)=([^\s&#"'<>\\]*)`)

const redacted = "REDACTED"

// redactor takes secrets out of one call. What its request held is taken out of all that
// comes back, too: a service may repeat what it refuses.
type redactor struct {
	secrets  []string // those of the process first
	answered bool     // what is read comes from the service
	signsIn  bool     // the request was a form, as a sign-in's is
}

// gone stands for a secret, which is known until the call is over.
func (r *redactor) gone(secret string) string {
	r.secrets = append(r.secrets, secret)
	return redacted
}

func isSecret(name string) bool { return secretName.MatchString(name) && !harmless.MatchString(name) }

// sweep takes tokens and the known secrets out of a text. What a request has beside the place
// of a short secret repeats nothing.
func (r *redactor) sweep(text string) string {
	secrets := r.secrets
	if !r.answered {
		secrets = slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return len(s) < shortest })
	}
	return unqueried(Without(text, secrets...))
}

// unqueried is a text without the values in queries, but for those that are shown.
func unqueried(text string) string {
	return inQuery.ReplaceAllStringFunc(text, func(field string) string {
		part := inQuery.FindStringSubmatch(field)
		if name, err := url.QueryUnescape(part[2]); err == nil && shownFields.MatchString(name) {
			return field
		}
		return part[1] + part[2] + "=" + redacted
	})
}

// url is an address without the secrets of its query.
func (r *redactor) url(u *url.URL) string {
	bare := *u
	bare.User, bare.RawQuery = nil, r.form(u.RawQuery)
	return r.sweep(bare.String())
}

// form is a query or a form.
func (r *redactor) form(text string) string {
	pairs := strings.Split(text, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err == nil && shownFields.MatchString(plain) || value == "" {
			continue
		}
		if pairs[i] = name + "=" + redacted; err != nil || isSecret(plain) {
			whole, err := url.QueryUnescape(value)
			if err != nil {
				whole = value
			}
			r.gone(whole)
		}
	}
	return r.sweep(strings.Join(pairs, "&"))
}

// header is a line for each value, sorted by name.
func (r *redactor) header(h http.Header) string {
	var lines []string
	for name, values := range h {
		for _, v := range values {
			if isSecret(name) {
				scheme, bare, _ := strings.Cut(v, " ")
				if r.gone(v); strings.HasSuffix(strings.ToLower(name), "authorization") {
					r.gone(bare)
				}
				if strings.EqualFold(scheme, "basic") {
					user, _ := base64.StdEncoding.DecodeString(bare)
					_, password, _ := strings.Cut(string(user), ":")
					r.gone(password)
				}
			}
			if !shownHeaders.MatchString(name) {
				v = redacted
			}
			lines = append(lines, name+": "+r.sweep(v)+"\n")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// body is a body for people. One that cannot be read by its type is not shown: no rule could
// find a secret in it.
func (r *redactor) body(kind string, body []byte) string {
	kind, _, _ = strings.Cut(strings.ToLower(kind), ";")
	start := bytes.TrimSpace(body)
	switch {
	case len(start) == 0:
		return ""
	case len(body) > mostRead:
		return fmt.Sprintf("(a body of more than %d bytes is not shown; it was passed on whole)", mostRead)
	case strings.HasSuffix(kind, "json") || start[0] == '{' || start[0] == '[':
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		var doc any
		if d.Decode(&doc) != nil || d.More() {
			return fmt.Sprintf("(%d bytes that are no JSON are not shown)", len(body))
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(r.value(doc)); err != nil {
			return fmt.Sprintf("(%d bytes are not shown)", len(body))
		}
		return r.sweep(strings.TrimSpace(b.String())) // once all secrets of it are known
	case kind == formType:
		return r.form(string(body))
	case strings.HasPrefix(kind, "text/") || start[0] == '<':
		return r.sweep(string(body))
	}
	return fmt.Sprintf("(%d bytes of type %q are not shown)", len(body), kind)
}

// value is a value of JSON. Of a secret that is an object or a list nothing is kept. The code
// of an error is none.
func (r *redactor) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			hidden := r.signsIn && r.answered && !shownAnswers.MatchString(name)
			if secret := isSecret(name) && name != "code"; inner != nil && (secret || hidden) {
				if secret {
					r.learn(inner)
				}
				v[name] = redacted
				continue
			}
			v[name] = r.value(inner)
		}
	case []any:
		for i := range v {
			v[i] = r.value(v[i])
		}
	}
	return v
}

// learn keeps each text in a secret.
func (r *redactor) learn(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			r.learn(inner)
		}
	case []any:
		for _, inner := range v {
			r.learn(inner)
		}
	case string:
		r.gone(v)
	}
}
