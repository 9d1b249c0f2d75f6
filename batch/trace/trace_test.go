package trace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
)

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// call makes one traced call, and gives what was written of it and what the caller got.
func call(t *testing.T, method, url string, header http.Header, body string, answer func(*http.Request) (*http.Response, error)) (written, got string) {
	t.Helper()
	var b bytes.Buffer
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := New(&b, func(err error) { t.Error(err) }).Through(tripper(func(r *http.Request) (*http.Response, error) {
		if sent, err := io.ReadAll(r.Body); string(sent) != body || err != nil {
			t.Errorf("%q was sent in the place of %q, error %v", sent, body, err)
		}
		return answer(r)
	})).RoundTrip(req)
	if err != nil {
		return b.String(), "error"
	}
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		return b.String(), string(all) + " and an error"
	}
	return b.String(), string(all)
}

func replies(status int, header http.Header, body string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{Proto: "HTTP/2.0", StatusCode: status, Status: fmt.Sprint(status), Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

// Each value with the word SECRET in it is one. None is written, and the rest is: the file
// is there to be read. What is called, and what answers, have all of it.
func TestNoSecretIsWritten(t *testing.T) {
	jsonType, formType := http.Header{"Content-Type": {"application/json; charset=utf-8"}}, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	const jwt = "eyJhbGciOiJub25lIn0.eyJTRUNSRVQiOjF9.c2ln"
	for what, c := range map[string]struct {
		url    string
		header http.Header
		body   string
		answer func(*http.Request) (*http.Response, error)
		keeps  []string
	}{
		"headers": {"https://graph.example/v1.0/users?$top=5", http.Header{"Authorization": {"Bearer SECRET-1"}, "Cookie": {"a=SECRET-2"}, "Proxy-Authorization": {"Basic SECRET-3"}, "Client-Request-Id": {"GUID"}}, "",
			replies(200, http.Header{"Set-Cookie": {"s=SECRET-4"}, "Request-Id": {"R"}}, ""), []string{"GET https://graph.example/v1.0/users?$top=5", "Client-Request-Id: GUID", "Authorization: REDACTED", "HTTP/2.0 200", "Request-Id: R"}},
		"a client secret": {"https://login.example/t/oauth2/v2.0/token", formType, "client_id=app&client_secret=SECRET%2B1&scope=x&client_assertion_type=jwt-bearer",
			replies(401, jsonType, `{"error":"invalid_client","error_description":"AADSTS7000215: SECRET+1 is wrong"}`), []string{"client_id=app", "scope=x", "client_assertion_type=jwt-bearer", "AADSTS7000215: REDACTED is wrong"}},
		"an assertion and tokens": {"https://login.example/token", formType, "client_assertion=SECRET-1&assertion=SECRET-2&refresh_token=SECRET-3&code=SECRET-4&code_verifier=SECRET-5&device_code=SECRET-6&password=SECRET-7&username=ada",
			replies(200, jsonType, `{"token_type":"Bearer","expires_in":3599,"access_token":"SECRET-A","refresh_token":"SECRET-B","id_token":"SECRET-C"}`), []string{"username=ada", `"token_type": "Bearer"`, `"expires_in": 3599`}},
		"a device code": {"https://login.example/devicecode", formType, "client_id=app",
			replies(200, jsonType, `{"user_code":"SECRET-1","device_code":"SECRET-2","verification_uri":"https://microsoft.com/devicelogin","message":"enter SECRET-0 there"}`), []string{"https://microsoft.com/devicelogin"}},
		"a query": {"https://graph.example/x?code=SECRET-1&access_token=SECRET-2&sig=SECRET-3&$skiptoken=next", http.Header{}, "", replies(302, http.Header{"Location": {"https://x.example/#"}}, ""), []string{"$skiptoken=next"}},
		"a password": {"https://graph.example/v1.0/$batch", jsonType, `{"requests":[{"id":"1","method":"PATCH","url":"/users/u1","body":{"accountEnabled":false,"passwordProfile":{"forceChangePasswordNextSignIn":true,"password":"SECRET-1<&"}}}]}`,
			replies(200, jsonType, `{"responses":[{"id":"1","status":400,"body":{"error":{"code":"Request_BadRequest","message":"SECRET-1<& is too weak"}}}]}`), []string{"/users/u1", `"accountEnabled": false`, "Request_BadRequest", "REDACTED is too weak"}},
		"a token anywhere": {"https://graph.example/", http.Header{}, "", replies(200, http.Header{"Content-Type": {"text/html"}}, "<p>"+jwt+" Bearer SECRET-123</p>"), []string{"<p>REDACTED REDACTED</p>"}},
		"JSON cut off":     {"https://graph.example/", jsonType, `{"password":"SECRET`, replies(200, jsonType, `{"access_token":"SECRET`), []string{"(19 bytes that are no JSON are not shown)"}},
		"a strange type":   {"https://graph.example/", http.Header{}, "", replies(200, http.Header{"Content-Type": {"application/octet-stream"}}, "SECRET"), []string{"6 bytes of type"}},
		"addresses in headers": {"https://login.example/authorize?client_id=app&state=SECRET-1&$top=5", http.Header{"Referer": {"https://x.example/?code=SECRET-2"}, "X-New": {"SECRET-3"}}, "",
			replies(302, http.Header{"Location": {"https://user:SECRET-4@x.example/cb?code=SECRET-5&client_id=app#id_token=SECRET-6"}, "Content-Location": {"/cb?code=SECRET-7&$skip=3"}, "Link": {"<blob?sv=SECRET-8&sig=SECRET%2B9>; rel=next"}}, ""),
			[]string{"client_id=app", "$top=5", "X-New: REDACTED", "https://REDACTED@x.example/cb?code=REDACTED&client_id=app#id_token=REDACTED", "/cb?code=REDACTED&$skip=3", "<blob?sv=REDACTED&sig=REDACTED>; rel=next"}},
		"addresses in bodies": {"https://graph.example/v1.0/$batch", jsonType, `{"url":"/users?$select=id&key=SECRET-1","to":"https://b.example/c?sig=SECRET-2"}`,
			replies(200, http.Header{"Content-Type": {"text/html"}}, `<a href="https://x/cb?code=SECRET-3&amp;state=SECRET-4&amp;$top=1">x</a> {"u":"/cb?a=SECRET-5\u0026b=SECRET-6"}`), []string{"/users?$select=id&key=REDACTED", "code=REDACTED&amp;state=REDACTED&amp;$top=1\">x</a>"}},
		"new fields of a sign-in": {"https://login.example/token", formType, "client_id=app&client_secret=SECRET-1&new_proof=SECRET-2&empty=",
			replies(200, jsonType, `{"token_type":"pop","new_key":"SECRET-3","expires_in":60,"of":{"k":"SECRET-4"},"error_description":"see https://x/?id=SECRET-5"}`), []string{"client_id=app", "new_proof=REDACTED&empty=", `"token_type": "pop"`, `"expires_in": 60`}},
		"shapes":    {"https://graph.example/", jsonType, `{"note":"SEC8Q~SECRET0123456789012345678901234567","host":"postgres://u:SECRET-1@db/x"}`, replies(200, http.Header{"Content-Type": {"text/plain"}}, "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY----- kept"), []string{"postgres://REDACTED@db/x", "REDACTED kept"}},
		"no answer": {"https://graph.example/", http.Header{"Authorization": {"Bearer SECRET-1"}}, "", func(*http.Request) (*http.Response, error) { return nil, errors.New("cannot send SECRET-1 on") }, []string{"no answer", "cannot send REDACTED on"}},
	} {
		written, _ := call(t, "GET", c.url, c.header, c.body, c.answer)
		if strings.Contains(written, "SECRET") || strings.Contains(written, jwt) {
			t.Errorf("%s: a secret is written\n%s", what, written)
		}
		for _, keep := range c.keeps {
			if !strings.Contains(written, keep) {
				t.Errorf("%s: %q is not written\n%s", what, keep, written)
			}
		}
	}
}

// The caller gets an answer whole, also one that is too long for the file, and an error where
// it breaks off.
func TestAnswersPass(t *testing.T) {
	long := `{"value":"` + strings.Repeat("é", 2*longest) + `"}`
	written, got := call(t, "POST", "https://graph.example/", http.Header{}, "", replies(200, http.Header{"Content-Type": {"application/json"}}, long))
	if got != long || len(written) > longest+1000 || !strings.Contains(written, "more bytes)") {
		t.Errorf("%d bytes came, and %d were written", len(got), len(written))
	}
	huge := strings.Repeat("x", mostRead+2)
	written, got = call(t, "POST", "https://graph.example/", http.Header{"Content-Type": {"text/plain"}}, huge, replies(200, http.Header{"Content-Type": {"text/plain"}}, huge))
	if got != huge || strings.Count(written, fmt.Sprintf("(a body of more than %d bytes is not shown", mostRead)) != 2 {
		t.Errorf("%d bytes of %d came, and it says %.1000s", len(got), len(huge), written)
	}
	_, got = call(t, "POST", "https://graph.example/", http.Header{}, "", func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader("half"), failing{errors.New("cut")}))}, nil
	})
	if got != "half and an error" {
		t.Errorf("of an answer that breaks off came %q", got)
	}
}

// pieces keeps each write. It fails from the write of this number on.
type pieces struct {
	all   []string
	fails int
}

func (p *pieces) Write(b []byte) (int, error) {
	if len(p.all)+1 == p.fails {
		return 0, errors.New("disk full")
	}
	p.all = append(p.all, string(b))
	return len(b), nil
}

// An entry is one write, whole, whatever else goes on. A file that cannot be written ends the
// trace and no call.
func TestEntriesAreWhole(t *testing.T) {
	to, failed := &pieces{}, 0
	log := New(to, func(error) { failed++ })
	rt := log.Through(tripper(replies(200, http.Header{}, "{}")))
	many := func() {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				req, _ := http.NewRequest("GET", "https://graph.example/", nil)
				if _, err := rt.RoundTrip(req); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	many()
	whole := regexp.MustCompile(`^=== \S+, call (\d+), (request\nGET|response\nHTTP)(?s:.*)\n\n$`)
	seen := map[string]bool{}
	for _, p := range to.all {
		m := whole.FindStringSubmatch(p)
		if m == nil || strings.Count(p, "===") != 1 || seen[m[1]+m[2]] {
			t.Fatalf("an entry is not whole, or is there twice: %q", p)
		}
		seen[m[1]+m[2]] = true
	}
	if len(to.all) != 100 {
		t.Errorf("%d entries of 50 calls", len(to.all))
	}
	to.fails = len(to.all) + 1
	if many(); failed != 1 {
		t.Errorf("told of the failure %d times", failed)
	}
}
