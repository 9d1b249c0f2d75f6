package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// What is believed of an answer: nothing but a user's own, whole, single reply.
func TestAnswers(t *testing.T) {
	header := http.Header{"Request-Id": {"R"}, "Date": {"Sun, 22 Nov 2026 12:00:00 GMT"}}
	date := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	none := batch.Reply{}
	reply := func(i int, r batch.Reply) batch.Reply {
		r.RequestID, r.Date = fmt.Sprintf("R/%d", i), date
		return r
	}
	ok := func(i int) batch.Reply { return reply(i, batch.Reply{Status: 200}) }
	for _, c := range []struct {
		name string
		body string // of the responses
		want [2]batch.Reply
	}{
		{"in order", `{"id":"1","status":200},{"id":"2","status":204}`, [2]batch.Reply{ok(1), reply(2, batch.Reply{Status: 204})}},
		{"out of order", `{"id":"2","status":404},{"id":"1","status":200}`, [2]batch.Reply{ok(1), reply(2, batch.Reply{Status: 404})}},
		{"one missing", `{"id":"2","status":200}`, [2]batch.Reply{none, ok(2)}},
		{"none", ``, [2]batch.Reply{}},
		{"ids nobody asked for", `{"id":"3","status":200},{"id":"0","status":200},{"id":"01","status":200},{"id":"x","status":200},{"id":null,"status":200},{"status":200}`, [2]batch.Reply{}},
		{"an id that is a number", `{"id":1,"status":200}`, [2]batch.Reply{ok(1), none}},
		{"answered twice alike", `{"id":"1","status":200},{"id":"1","status":200}`, [2]batch.Reply{ok(1), none}},
		{"answered twice, not alike", `{"id":"1","status":200},{"id":"1","status":403}`, [2]batch.Reply{reply(1, batch.Reply{Message: "answered twice, and not alike"}), none}},
		{"answered three times, not alike", `{"id":"1","status":403},{"id":"1","status":200},{"id":"1","status":403}`, [2]batch.Reply{reply(1, batch.Reply{Message: "answered twice, and not alike"}), none}},
		{"no status", `{"id":"1"},{"id":"2","status":null}`, [2]batch.Reply{reply(1, batch.Reply{Message: noStatus}), reply(2, batch.Reply{Message: noStatus})}},
		{"odd statuses", `{"id":"1","status":"200"},{"id":"2","status":2000}`, [2]batch.Reply{reply(1, batch.Reply{Message: noStatus}), reply(2, batch.Reply{Message: noStatus})}},
		{"value true means nothing", `{"id":"1","status":500,"body":{"value":true}}`, [2]batch.Reply{reply(1, batch.Reply{Status: 500}), none}},
		{"value false means nothing", `{"id":"1","status":200,"body":{"value":false}},{"id":"2","status":200,"body":{"value":true,"error":null}}`, [2]batch.Reply{ok(1), ok(2)}},
		{"a success that holds an error", `{"id":"1","status":200,"body":{"error":{"code":"C","message":"no"}}},{"id":"2","status":204,"body":{"error":{}}}`,
			[2]batch.Reply{reply(1, batch.Reply{Message: "the answer says HTTP 200 and holds an error: C no"}), reply(2, batch.Reply{Message: "the answer says HTTP 204 and holds an error"})}},
		{"odd pieces spoil no other", `7,null,"x",{"id":"1","status":200,"body":{}},{"id":"2","status":200,"headers":null,"body":null}`, [2]batch.Reply{ok(1), ok(2)}},
		{"headers that are none", `{"id":"1","status":200,"headers":"x"},{"id":"2","status":429,"headers":[1]}`, [2]batch.Reply{ok(1), reply(2, batch.Reply{Status: 429})}},
		{"a page in place of a body", `{"id":"1","status":200,"body":"<html>Sign in"},{"id":"2","status":200}`,
			[2]batch.Reply{reply(1, batch.Reply{Message: `the answer says HTTP 200 and holds what Graph does not say: "<html>Sign in"`}), ok(2)}},
		{"headers in any case, numbers too", `{"id":"1","status":429,"headers":{"Retry-After":"2.128","X-MS-Throttle-Scope":"Tenant/Write","x-ms-throttle-information":"WriteLimitExceeded","x-ms-throttle-limit-percentage":"1.2"}},{"id":"2","status":429,"headers":{"retry-after":3}}`,
			[2]batch.Reply{reply(1, batch.Reply{Status: 429, RetryAfter: 2128 * time.Millisecond, Scope: "Tenant/Write", Info: "WriteLimitExceeded", Percent: 1.2}), reply(2, batch.Reply{Status: 429, RetryAfter: 3 * time.Second})}},
		{"a redirect", `{"id":"1","status":307,"headers":{"location":"https://proxy.example:8/x"}},{"id":"2","status":302}`,
			[2]batch.Reply{reply(1, batch.Reply{Status: 307, Message: "it leads to proxy.example:8: a proxy or sign-in page stands between"}), reply(2, batch.Reply{Status: 302})}},
		{"an error body", `{"id":"1","status":403,"body":{"error":{"code":"Authorization_RequestDenied","message":"No.","innerError":{"code":"x"}}}}`,
			[2]batch.Reply{reply(1, batch.Reply{Status: 403, Code: "Authorization_RequestDenied", Message: "No."}), none}},
		{"an error whose code is a number", `{"id":"1","status":405,"body":{"error":{"code":405,"message":"No."}}}`,
			[2]batch.Reply{reply(1, batch.Reply{Status: 405, Code: "405", Message: "No."}), none}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, _ := answering(t, batch.Revoke, 200, header, `{"responses":[`+c.body+`]}`)
			got, err := client.Send(context.Background(), batch.Items(batch.Revoke, batch.User{ID: "a"}, batch.User{ID: "b"}))
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.want {
				if !reflect.DeepEqual(got[i], c.want[i]) {
					t.Errorf("user %d: got %+v, want %+v", i+1, got[i], c.want[i])
				}
			}
		})
	}
}

const noStatus = "the answer for this user has no status"

func TestLookupAnswer(t *testing.T) {
	client, _ := answering(t, batch.Revoke, 200, http.Header{}, `{"responses":[{"id":"1","status":200,"body":{"id":"0000000A-0000-4000-8000-000000000000","userPrincipalName":"a@x","userType":"Guest","accountEnabled":true,"onPremisesSyncEnabled":null,"signInSessionsValidFromDateTime":"2021-08-09T09:30:59Z"}},{"id":"2","status":200,"body":{"userPrincipalName":"b@x"}}]}`)
	got, err := client.Lookup(context.Background(), []batch.User{{UPN: "a@x"}, {UPN: "b@x"}})
	if err != nil {
		t.Fatal(err)
	}
	want := batch.User{ID: "0000000a-0000-4000-8000-000000000000", UPN: "a@x", Type: "Guest", Enabled: true, Stamp: time.Date(2021, 8, 9, 9, 30, 59, 0, time.UTC)}
	if got[0].User == nil || *got[0].User != want {
		t.Errorf("got %+v, want %+v", got[0].User, want)
	}
	if r := got[1]; r.User != nil || r.Status != 0 || r.Message != "the answer for this user has no object id" {
		t.Errorf("an answer without an id: %+v", r)
	}
}

// Of a run that invalidates the later one of both stamps counts, and is named. Of a
// run that revokes, only the one that was asked for.
func TestStampOfAnswer(t *testing.T) {
	const early, late = "2026-11-22T12:00:00Z", "2026-11-22T12:00:01Z"
	for _, c := range []struct {
		action          batch.Step
		signIn, refresh string
		want, of        string
	}{
		{batch.Invalidate, `"` + early + `"`, `"` + late + `"`, late, "refreshTokensValidFromDateTime"},
		{batch.Invalidate, `"` + late + `"`, `"` + early + `"`, late, "signInSessionsValidFromDateTime"},
		{batch.Invalidate, `"` + late + `"`, `"` + late + `"`, late, "refreshTokensValidFromDateTime and signInSessionsValidFromDateTime"},
		{batch.Invalidate, "null", `"` + early + `"`, early, "refreshTokensValidFromDateTime"},
		{batch.Invalidate, `"` + early + `"`, "null", early, "signInSessionsValidFromDateTime"},
		{batch.Revoke, `"` + early + `"`, `"` + late + `"`, early, ""},
		{batch.Revoke, "null", `"` + late + `"`, "0001-01-01T00:00:00Z", ""},
	} {
		user := `{"id":"0000000a-0000-4000-8000-000000000000","mail":"a@x","signInSessionsValidFromDateTime":` + c.signIn + `,"refreshTokensValidFromDateTime":` + c.refresh + `}`
		client, _ := answering(t, c.action, 200, http.Header{}, `{"responses":[{"id":"1","status":200,"body":`+user+`},{"id":"2","status":200,"body":{"value":[`+user+`]}}]}`)
		got, err := client.Lookup(t.Context(), []batch.User{{ID: "a"}, {By: batch.ByMail, Value: "a@x"}})
		if err != nil || got[0].User == nil || len(got[1].Hits) != 1 {
			t.Fatalf("got %+v, error %v", got, err)
		}
		for _, u := range []batch.User{*got[0].User, got[1].Hits[0]} {
			if at := u.Stamp.Format(time.RFC3339); at != c.want || u.StampOf != c.of {
				t.Errorf("%s, %s and %s: got %s of %q, want %s of %q", c.action, c.signIn, c.refresh, at, u.StampOf, c.want, c.of)
			}
		}
	}
}

// An object id goes into the paths of later requests: an answer with any other
// thing in its place is unreadable, whatever was asked.
func TestObjectIDsOfAnswers(t *testing.T) {
	const bad = `"id":"../me"`
	client := func(body string) *Client {
		c, _ := answering(t, batch.Revoke, 200, http.Header{"Content-Type": {"application/json"}}, body)
		return c
	}
	got, err := client(`{"responses":[{"id":"1","status":200,"body":{`+bad+`,"userPrincipalName":"a@x"}}]}`).Lookup(t.Context(), []batch.User{{UPN: "a@x"}})
	if err != nil || got[0].Status != 0 || got[0].User != nil || !strings.Contains(got[0].Message, "../me") {
		t.Errorf("lookup: got %+v, error %v", got, err)
	}
	list := client(`{"value":[{` + bad + `,"principalId":"../me","userPrincipalName":"a@x","displayName":"Evil"}]}`)
	for name, read := range map[string]func() error{
		"members":      func() error { _, _, err := list.Members(t.Context(), outer, ""); return err },
		"named":        func() error { _, _, err := list.Named(t.Context(), "a", ""); return err },
		"role holders": func() error { _, _, err := list.RoleHolders(t.Context(), ""); return err },
		"organization": func() error { _, err := list.Organization(t.Context()); return err },
		"tenant":       func() error { _, err := client(`{"tenantId":"../me"}`).Information(t.Context(), outer); return err },
	} {
		if err := read(); !errors.Is(err, batch.ErrUnreadable) || !strings.Contains(err.Error(), "../me") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// Where an account signs in, by what Graph says of how it came to be.
func TestKindOfAccount(t *testing.T) {
	for body, want := range map[string]string{
		`"userType":"Member","externalUserState":null,"creationType":null`:                       batch.Member,
		`"userType":"Guest","externalUserState":null,"creationType":null`:                        batch.InternalGuest,
		`"userType":"Guest","externalUserState":null,"creationType":"LocalAccount"`:              batch.InternalGuest,
		`"userType":"Guest","externalUserState":"PendingAcceptance","creationType":"Invitation"`: batch.Guest,
		`"userType":"Guest","externalUserState":"Accepted","creationType":null`:                  batch.Guest,
		`"userType":"Guest","externalUserState":null,"creationType":"Invitation"`:                batch.Guest,
		`"userType":"Guest","externalUserState":null,"creationType":"SelfServiceSignUp"`:         batch.Guest,
		`"userType":"Guest"`:                     batch.Guest,
		`"userType":"Guest","creationType":null`: batch.Guest,
		`"userType":"Guest","externalUserState":null,"creationType":null,"userPrincipalName":"a_x#EXT#@y.example"`:  batch.Guest,
		`"userType":"Member","externalUserState":"Accepted","creationType":"Invitation"`:                            batch.ExternalMember,
		`"userType":"Member","externalUserState":null,"creationType":null,"userPrincipalName":"a_x#EXT#@y.example"`: batch.ExternalMember,
		`"userType":null,"externalUserState":null,"creationType":null`:                                              "",
	} {
		client, _ := answering(t, batch.Revoke, 200, http.Header{}, `{"responses":[{"id":"1","status":200,"body":{"id":"0000000a-0000-4000-8000-000000000000",`+body+`}}]}`)
		got, err := client.Lookup(context.Background(), []batch.User{{ID: "a"}})
		if err != nil || got[0].User == nil || got[0].User.Type != want {
			t.Errorf("%s: got %+v and error %v, want %q", body, got, err, want)
		}
	}
}

// Calls that bring no replies, and what is known of them.
func TestCallErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		header http.Header
		body   string
		want   batch.CallError // without Err
	}{
		{"truncated", 200, http.Header{}, `{"responses":[{"id":"1","status":200}`, batch.CallError{}},
		{"empty", 200, http.Header{}, ``, batch.CallError{}},
		{"HTML", 200, http.Header{"Content-Type": {"text/html"}}, `<html>`, batch.CallError{}},
		{"no responses", 200, http.Header{}, `{"value":[]}`, batch.CallError{}},
		{"responses that are no list", 200, http.Header{}, `{"responses":{"id":"1","status":200}}`, batch.CallError{}},
		{"an answer that is a list", 200, http.Header{}, `[{"id":"1","status":200}]`, batch.CallError{}},
		{"null responses", 200, http.Header{}, `{"responses":null}`, batch.CallError{}},
		{"more after the end", 200, http.Header{}, `{"responses":[]}{"responses":[{"id":"1","status":200}]}`, batch.CallError{}},
		{"redirect", 302, http.Header{"Location": {"https://elsewhere.example"}}, ``, batch.CallError{Status: 302}},
		{"400", 400, http.Header{}, `{"error":{"code":"BadRequest","message":"M"}}`, batch.CallError{Status: 400, Code: "BadRequest", Message: "M"}},
		{"401 with a claims challenge", 401, http.Header{"Www-Authenticate": {`Bearer realm="", error="insufficient_claims", claims="e30="`}}, ``, batch.CallError{Status: 401, Code: "insufficient_claims"}},
		{"401 with words in the challenge alone", 401, http.Header{"Www-Authenticate": {`Bearer errorDescription="Continuous access", error="insufficient_claims"`}}, `x`, batch.CallError{Status: 401, Code: "insufficient_claims", Message: "Continuous access"}},
		{"a code that is a number", 404, http.Header{}, `{"error":{"code":404,"message":"M"}}`, batch.CallError{Status: 404, Code: "404", Message: "M"}},
		{"an error that is a text", 400, http.Header{}, `{"error":"invalid_request","error_description":"M"}`, batch.CallError{Status: 400, Code: "invalid_request", Message: "M"}},
		{"a message that is none", 400, http.Header{}, `{"error":{"code":"C","message":null}}`, batch.CallError{Status: 400, Code: "C"}},
		{"429", 429, http.Header{"Retry-After": {"10"}, "X-Ms-Throttle-Scope": {"Tenant_Application/Write/a/b"}, "X-Ms-Throttle-Information": {"CPULimitExceeded"}}, ``, batch.CallError{Status: 429, RetryAfter: 10 * time.Second, Scope: "Tenant_Application/Write/a/b", Info: "CPULimitExceeded"}},
		{"503 in HTML", 503, http.Header{"Request-Id": {"R"}}, `<html>`, batch.CallError{Status: 503, RequestID: "R"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, _ := answering(t, batch.Revoke, c.status, c.header, c.body)
			replies, err := client.Send(context.Background(), batch.Items(batch.Revoke, batch.User{ID: "a"}))
			got, ok := errors.AsType[*batch.CallError](err)
			if !ok || replies != nil {
				t.Fatalf("got %v and error %v, want a CallError", replies, err)
			}
			if got.Err == nil {
				t.Error("the error has no cause")
			}
			e := *got
			e.Err = nil
			if e != c.want {
				t.Errorf("got %+v, want %+v", e, c.want)
			}
		})
	}
}

// One call is one round trip, whatever comes back: nothing below retries.
func TestNothingBelowRetries(t *testing.T) {
	for _, status := range []int{0, 401, 429, 500, 502, 503, 504} {
		calls := 0
		client, err := New(Config{Root: "https://graph.example", Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: tripper(func(r *http.Request) (*http.Response, error) {
			calls++
			if status == 0 {
				return nil, io.ErrUnexpectedEOF
			}
			return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {"0"}, "Www-Authenticate": {`Bearer claims="e30="`}}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Send(t.Context(), batch.Items(batch.Revoke, batch.User{ID: "a"})); err == nil {
			t.Errorf("status %d: no error", status)
		}
		if calls != 1 {
			t.Errorf("status %d: %d round trips", status, calls)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	date := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Duration{
		"10": 10 * time.Second, "0.249": 249 * time.Millisecond, "2.128": 2128 * time.Millisecond, " 1 ": time.Second,
		"Sun, 22 Nov 2026 12:00:27 GMT": 27 * time.Second, "Sun, 22 Nov 2026 11:00:00 GMT": 0,
		"": 0, "-1": 0, "NaN": 0, "soon": 0, "1e99": 24 * time.Hour, "Sun, 29 Nov 2026 12:00:00 GMT": 24 * time.Hour,
	} {
		if got := retryAfter(s, date); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}

func TestParseRoot(t *testing.T) {
	for s, want := range map[string]string{
		"https://graph.microsoft.com/v1.0":  "https://graph.microsoft.com",
		"https://graph.microsoft.us":        "https://graph.microsoft.us",
		"https://graph.microsoft.com/beta/": "https://graph.microsoft.com",
		"http://127.0.0.1:8080/v1.0":        "http://127.0.0.1:8080",
		"http://localhost:1/v1.0":           "http://localhost:1",
		"http://[::1]:1/v1.0":               "http://[::1]:1",
		"http://graph.microsoft.com/v1.0":   "",
		"http://127.0.0.1.evil.example":     "",
		"http://10.0.0.1":                   "",
		"http://localhost.evil.example":     "",
		"https://user:pw@graph.example":     "",
		"https://graph.example/?x=1":        "",
		"graph.microsoft.com":               "",
		"ftp://127.0.0.1":                   "",
		"":                                  "",
	} {
		got, err := ParseRoot(s)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, error %v; want %q", s, got, err, want)
		}
	}
}
