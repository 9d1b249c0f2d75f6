package graph

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"offboard/batch"
)

// A password is long, of all classes of characters, and never the same.
func TestPasswords(t *testing.T) {
	seen := make(map[password]bool)
	for range 100 {
		p := drawPassword()
		var upper, lower, digit, other bool
		for _, r := range string(p) {
			switch {
			case unicode.IsUpper(r):
				upper = true
			case unicode.IsLower(r):
				lower = true
			case unicode.IsDigit(r):
				digit = true
			default:
				other = true
			}
		}
		if len(p) < 50 || !upper || !lower || !digit || !other || seen[p] || escape(string(p)) != string(p) {
			t.Fatalf("drew %q", string(p))
		}
		seen[p] = true
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %v"} {
			for _, printed := range []string{fmt.Sprintf(verb, p), fmt.Sprintf(verb, map[string]any{"password": p}), fmt.Sprintf(verb, []password{p})} {
				if p.told(printed) || strings.Contains(printed, fmt.Sprintf("%x", string(p))) {
					t.Errorf("%s printed it", verb)
				}
			}
		}
	}
}

// Whatever a service does with a password, no reply and no error repeats it, nor a good
// part of it.
func TestPasswordIsRepeatedNowhere(t *testing.T) {
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	item2 := func(body string) string { return `{"responses":[{"id":"2","status":400,"body":` + body + `}]}` }
	for name, c := range map[string]struct {
		status int
		header http.Header
		body   string // with P for the password
		err    error  // of the transport
		is     error
	}{
		"a refusal of the item":     {status: 200, body: one(400, `{"error":{"code":"Request_BadRequest","message":"The password 'P' is not complex enough."}}`)},
		"a refusal of another item": {status: 200, body: item2(`{"error":{"code":"P","message":"P"}}`)},
		"half of it":                {status: 200, body: one(400, `{"error":{"code":"c","message":"it begins with HALF"}}`)},
		"in small letters":          {status: 200, body: one(400, `{"error":{"code":"c","message":"SMALL"}}`)},
		"a success":                 {status: 200, body: one(200, `"P"`)},
		"a success with an error":   {status: 200, body: one(200, `{"error":{"code":"c","message":"P"}}`)},
		"headers of the item":       {status: 200, body: `{"responses":[{"id":"1","status":429,"headers":{"x-ms-throttle-scope":"P","x-ms-throttle-information":"P","Location":"https://P/"}}]}`},
		"a redirect of the item":    {status: 200, body: `{"responses":[{"id":"1","status":302,"headers":{"Location":"https://P/"}}]}`},
		"the request-id":            {status: 200, header: header("Request-Id", "P"), body: one(204, "null")},
		"a refusal of the call":     {status: 400, body: `{"error":{"code":"BadRequest","message":"cannot read {\"password\":\"P\"}"}}`},
		"throttling of the call":    {status: 429, header: http.Header{"X-Ms-Throttle-Scope": {"P"}, "X-Ms-Throttle-Information": {"P"}}, body: ``},
		"a page of a proxy":         {status: 403, header: header("Content-Type", "text/html"), body: `<html><title>blocked: P</title></html>`},
		"a page for an answer":      {status: 200, header: header("Content-Type", "text/html"), body: `<html><title>blocked: P</title></html>`, is: batch.ErrNotGraph},
		"a redirect of the call":    {status: 302, header: header("Location", "https://P/"), body: ``},
		"a challenge":               {status: 401, header: header("Www-Authenticate", `Bearer error="P", error_description="P"`), body: ``},
		"an error of the transport": {err: errors.New("cannot write P"), is: nil},
		"an answer that is none":    {status: 200, body: `P`, is: batch.ErrUnreadable},
	} {
		var secret password
		fill := func(s string) string {
			p := string(secret)
			return strings.NewReplacer("P", p, "HALF", p[:len(p)/2], "SMALL", strings.ToLower(p)).Replace(s)
		}
		client, err := New(Config{Root: "https://graph.example", Steps: allSteps, Auth: FixedToken("T"), Transport: tripper(func(r *http.Request) (*http.Response, error) {
			b, _ := io.ReadAll(r.Body)
			secret = password(between(string(b), `"password":"`, `"`))
			if c.err != nil {
				return nil, errors.New(fill(c.err.Error()))
			}
			h := http.Header{}
			for k, v := range c.header {
				h.Set(k, fill(v[0]))
			}
			return &http.Response{StatusCode: c.status, Header: h, Body: io.NopCloser(strings.NewReader(fill(c.body))), Request: r}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		replies, err := client.Send(t.Context(), batch.Items(batch.Password, batch.User{Seq: 1, ID: ada}, batch.User{Seq: 2, ID: laptop}))
		if len(secret) < 50 {
			t.Fatalf("%s: sent %q", name, string(secret))
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: error %v is not %v", name, err, c.is)
		}
		texts := []string{fmt.Sprintf("%+v %#v", replies, replies)}
		for _, e := range causes(err) {
			texts = append(texts, e.Error(), fmt.Sprintf("%+v %#v", e, e))
		}
		if e, ok := errors.AsType[*batch.CallError](err); ok {
			texts = append(texts, fmt.Sprintf("%+v", *e), fmt.Sprint(e.Err))
			if want := c.status; e.Status != want && want != 200 {
				t.Errorf("%s: the error says HTTP %d, want %d", name, e.Status, want)
			}
		}
		for _, text := range texts {
			if secret.told(text) {
				t.Errorf("%s: repeated in %s", name, text)
			}
		}
		if err == nil && len(replies) != 2 {
			t.Errorf("%s: %d replies", name, len(replies))
		}
		if strings.Contains(fmt.Sprintf("%#v", client), string(secret)) {
			t.Errorf("%s: the client holds it", name)
		}
	}
}

// A refusal that repeats no password keeps its words.
func TestRefusalKeepsItsWords(t *testing.T) {
	const words = "The specified password does not comply with password complexity requirements."
	client, _ := scripted(t, always(one(400, `{"error":{"code":"Request_BadRequest","message":"`+words+`"}}`)))
	got, err := client.Send(t.Context(), batch.Items(batch.Password, batch.User{Seq: 1, ID: ada}))
	if err != nil || got[0].Message != words || got[0].Code != "Request_BadRequest" {
		t.Errorf("got %+v and error %v", got, err)
	}
}

// causes are an error and all that it wraps.
func causes(err error) []error {
	if err == nil {
		return nil
	}
	all := []error{err}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		all = append(all, causes(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, e := range e.Unwrap() {
			all = append(all, causes(e)...)
		}
	}
	return all
}
