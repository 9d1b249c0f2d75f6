package graphsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const bearer = "static"

// newTenant has a handful of users and lets "static" in.
func newTenant(t testing.TB, cfg Config) *Tenant {
	t.Helper()
	cfg.StaticToken = bearer
	tenant := New(cfg)
	err := tenant.Add(
		User{UPN: "anna@contoso.com", ID: "aaaaaaaa-0000-0000-0000-000000000001", Enabled: true, Mail: "a@contoso.com", Stamp: time.Date(1999, 1, 2, 3, 4, 5, 6e8, time.UTC)},
		User{UPN: "Bob@contoso.com", EmployeeID: "7", Mail: "shared@contoso.com", Synced: true, OnPremUPN: "bob@corp.local"},
		User{UPN: "cy.o'brien@contoso.com", Mail: "o'brien@contoso.com", EmployeeID: "7"},
		User{UPN: "admin@contoso.com", Denied: true},
		User{UPN: "guest_fabrikam.com#EXT#@contoso.com"},
		User{UPN: "guest_fabrikam.com"}, // whom a raw "#" would hit
		User{UPN: "$cash@contoso.com"},
	)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

// many adds n users u0, u1, ... and returns their keys.
func many(t testing.TB, tenant *Tenant, n int) []string {
	t.Helper()
	var users []User
	var keys []string
	for i := range n {
		upn := fmt.Sprintf("u%d@contoso.com", i)
		users = append(users, User{UPN: upn})
		keys = append(keys, upn)
	}
	if err := tenant.Add(users...); err != nil {
		t.Fatal(err)
	}
	return keys
}

type itemReply struct {
	ID      string
	Status  int
	Headers map[string]any
	Body    json.RawMessage
}

// header finds a header in any case.
func (r itemReply) header(name string) string {
	for k, v := range r.Headers {
		if strings.EqualFold(k, name) {
			return fmt.Sprint(v)
		}
	}
	return ""
}

func (r itemReply) code() string { return errorOf(r.Body).Code }

type graphError struct {
	Code, Message string
	InnerError    map[string]string
}

func errorOf(body []byte) graphError {
	var e struct{ Error graphError }
	_ = json.Unmarshal(body, &e)
	return e.Error
}

type answered struct {
	status int
	header http.Header
	body   []byte
}

func request(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Content-Type", "application/json")
	return r
}

// do sends one request without a socket.
func do(t testing.TB, rt http.RoundTripper, r *http.Request) (answered, error) {
	t.Helper()
	resp, err := rt.RoundTrip(r)
	if err != nil {
		return answered{}, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	return answered{resp.StatusCode, resp.Header, body}, err
}

func get(t testing.TB, tenant *Tenant, target string) answered {
	t.Helper()
	a, err := do(t, tenant, request(t, "GET", "https://graph.microsoft.com"+target, ""))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func post(t testing.TB, tenant *Tenant, target, body string) answered {
	t.Helper()
	a, err := do(t, tenant, request(t, "POST", "https://graph.microsoft.com"+target, body))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// revokeItem is an item as a correct client writes it.
func revokeItem(id, url string) string {
	return fmt.Sprintf(`{"id":%q,"method":"POST","url":%q,"headers":{"Content-Type":"application/json"},"body":{}}`, id, url)
}

func readItem(id, url string) string {
	return fmt.Sprintf(`{"id":%q,"method":"GET","url":%q}`, id, url)
}

func batchOf(items ...string) string { return `{"requests":[` + strings.Join(items, ",") + `]}` }

// revokeAll is one batch of revocations with ids "0", "1", ...
func revokeAll(keys ...string) string {
	var items []string
	for i, key := range keys {
		items = append(items, revokeItem(fmt.Sprint(i), "/users/"+key+"/revokeSignInSessions"))
	}
	return batchOf(items...)
}

// replies indexes a batch answer by id; an id twice is an error.
func replies(t testing.TB, a answered) map[string]itemReply {
	t.Helper()
	if a.status != 200 {
		t.Fatalf("outer status %d: %s", a.status, a.body)
	}
	byID := make(map[string]itemReply)
	for _, r := range listReplies(t, a) {
		if _, twice := byID[r.ID]; twice {
			t.Fatalf("id %q answered twice", r.ID)
		}
		byID[r.ID] = r
	}
	return byID
}

func listReplies(t testing.TB, a answered) []itemReply {
	t.Helper()
	var out struct{ Responses []itemReply }
	if err := json.Unmarshal(a.body, &out); err != nil {
		t.Fatalf("parse %s: %v", a.body, err)
	}
	return out.Responses
}

func user(t testing.TB, tenant *Tenant, key string) UserState {
	t.Helper()
	u, ok := tenant.User(key)
	if !ok {
		t.Fatalf("no user %q", key)
	}
	return u
}
