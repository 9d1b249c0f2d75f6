package trace

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A secret is taken out however a text spells it, and what stands around it stays.
func TestWithoutEachSpelling(t *testing.T) {
	spellings := map[string]func(string) string{
		"as it is":          func(s string) string { return s },
		"percent-encoded":   url.QueryEscape,
		"of a path":         url.PathEscape,
		"twice":             func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
		"in small letters":  func(s string) string { return strings.ToLower(url.QueryEscape("~")) + url.QueryEscape(s) },
		"each byte encoded": func(s string) string { return fmt.Sprintf("%%%x", s[0]) + fmt.Sprintf("%%%02X", s[1:2]) + s[2:] },
		"JSON": func(s string) string {
			b, _ := json.Marshal(s)
			return string(b[1 : len(b)-1])
		},
		"JSON in ASCII": func(s string) string {
			var b strings.Builder
			for _, r := range s {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
			return b.String()
		},
		"HTML":                 html.EscapeString,
		"HTML by number":       func(s string) string { return fmt.Sprintf("&#%d;&#x%x;%s", s[0], s[1], s[2:]) },
		"HTML in JSON":         func(s string) string { b, _ := json.Marshal(html.EscapeString(s)); return string(b) },
		"base64":               func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"base64 behind a user": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("usr:" + s)) },
		"base64 behind an id":  func(s string) string { return base64.URLEncoding.EncodeToString([]byte("id:" + s + ":x")) },
	}
	for _, secret := range []string{`S3cr~t+/Pl=us"x`, "a%41b c+d", `back\nslash<&>`, "pass wörter", "plain8Q~xyz.w_v-u"} {
		for name, spell := range spellings {
			said := spell(secret)
			if got := Without("before "+said+" after", "another", secret); strings.Contains(got, said) || !strings.Contains(got, redacted) || !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") || len(got) > len("before  after")+len(redacted)+16 {
				t.Errorf("%q %s: %q became %q", secret, name, said, got)
			}
		}
	}
	for text, want := range map[string]string{
		"nothing 100% of it &amp; \\u0041 %zz &x \\": "nothing 100% of it &amp; \\u0041 %zz &x \\",
		"it is S%C3%A9: no":                          withheld,
		"plain-T plain-Token":                        "REDACTED REDACTEDoken",
		"":                                           "",
	} {
		if got := Without(text, "Sé", "", "plain-T"); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// Of a short secret the place is redacted, and an answer that repeats it is left out; other
// answers are shown. What one sign-in sent, and what the process knows, no later call shows.
func TestAnswersOfSeveralCalls(t *testing.T) {
	var b bytes.Buffer
	log := New(&b, func(err error) { t.Error(err) }, "of-the proxy")
	ask := func(kind, body string, header http.Header, answer string, wrong error) string {
		b.Reset()
		req, err := http.NewRequest("POST", "https://login.example/x", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		header.Set("Content-Type", "application/json")
		_, _ = log.Through(tripper(func(*http.Request) (*http.Response, error) {
			if wrong != nil {
				return nil, wrong
			}
			return &http.Response{Proto: "HTTP/1.1", Status: "401 no q9z here", Header: header, Body: io.NopCloser(strings.NewReader(answer))}, nil
		})).RoundTrip(req)
		return b.String()
	}
	for _, c := range []struct {
		name, got  string
		has, hides []string
	}{
		{"a short secret", ask("application/x-www-form-urlencoded", "client_id=q9z-app&client_secret=q9z", http.Header{"Server": {"q9z"}, "X-Said": {"q9z"}, "Via": {"kept"}}, `{"error_description":"the secret q9z is wrong"}`, nil),
			[]string{"client_id=q9z-app&client_secret=REDACTED", withheld, "Via: kept"}, []string{"secret q9z", "X-Said: q9z", "Server: q9z", "no q9z"}},
		{"another call", ask("application/json", "{}", http.Header{}, `{"a":"q%39z"}`, nil), []string{withheld}, []string{"q%39z"}},
		{"a call without it", ask("application/json", "{}", http.Header{}, `{"a":"fine"}`, nil), []string{`"a": "fine"`}, nil},
		{"what the process knows", ask("application/json", "{}", http.Header{}, `{"a":"x","b":"of-the%20proxy"}`, nil), []string{`"b": "REDACTED"`}, []string{"proxy"}},
		{"in an error", ask("application/json", "{}", http.Header{}, "", errors.New("it says of-the+proxy")), []string{"it says REDACTED"}, nil},
		{"as a name, and before it is known", ask("application/json", "{}", http.Header{}, `{"a":"longer-one","longer-one":1,"client_secret":"longer-one"}`, nil), []string{`"client_secret": "REDACTED"`}, []string{"longer-one"}},
	} {
		for _, want := range c.has {
			if !strings.Contains(c.got, want) {
				t.Errorf("%s: %q is not there\n%s", c.name, want, c.got)
			}
		}
		for _, no := range c.hides {
			if strings.Contains(c.got, no) {
				t.Errorf("%s: %q is there\n%s", c.name, no, c.got)
			}
		}
	}
}
