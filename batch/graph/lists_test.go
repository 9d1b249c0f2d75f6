package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/graphsim"
)

const (
	inner   = "c0000000-0000-4000-8000-000000000001"
	outer   = "c0000000-0000-4000-8000-000000000002"
	app     = "c0000000-0000-4000-8000-000000000003"
	custom  = "c0000000-0000-4000-8000-000000000004"
	global  = "62e90394-69f5-4237-9190-012177145e10"
	readers = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
)

// guarded is a tenant with five users, two groups in each other and some roles.
func guarded(t *testing.T, cfg graphsim.Config) (*graphsim.Tenant, *Client) {
	t.Helper()
	cfg.StaticToken = "T"
	tenant := graphsim.New(cfg)
	for i := range 5 {
		if err := tenant.Add(graphsim.User{UPN: upn(i)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		tenant.AddGroup(graphsim.Group{ID: inner, Members: []string{upn(0), upn(1), upn(2)}}),
		tenant.AddGroup(graphsim.Group{ID: outer, Members: []string{upn(2), upn(3)}, Groups: []string{inner}}),
		tenant.AddGroup(graphsim.Group{ID: inner, Members: []string{upn(0), upn(1), upn(2)}, Groups: []string{outer}}),
		tenant.Assign(global, upn(4)), tenant.Assign(readers, upn(4)), tenant.Assign(custom, upn(3)),
		tenant.Assign(global, app), tenant.Assign(readers, outer),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	client, err := New(Config{Root: "https://graph.microsoft.com", Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: tenant})
	if err != nil {
		t.Fatal(err)
	}
	return tenant, client
}

func upn(i int) string { return fmt.Sprintf("u%d@contoso.example", i) }

// all follows the pages, and counts them.
func all[T any](t *testing.T, next func(string) ([]T, string, error)) (found []T, pages int) {
	t.Helper()
	for more := ""; ; {
		some, link, err := next(more)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		if found, more = append(found, some...), link; more == "" {
			return found, pages
		}
	}
}

func TestMembers(t *testing.T) {
	for size, want := range map[int]int{0: 1, 1: 4, 2: 2, 3: 2, 4: 1} {
		tenant, client := guarded(t, graphsim.Config{PageSize: size})
		found, pages := all(t, func(next string) ([]batch.User, string, error) { return client.Members(t.Context(), outer, next) })
		if pages != want {
			t.Errorf("page size %d: %d pages, want %d", size, pages, want)
		}
		for i, u := range found {
			if i > 3 || u != (batch.User{ID: graphsim.IDFor(upn(i)), UPN: upn(i)}) {
				t.Errorf("page size %d: member %d is %+v", size, i, u)
			}
		}
		if len(found) != 4 {
			t.Errorf("page size %d: %d members, want 4", size, len(found))
		}
		if s := tenant.Stats(); s.RefusedReads != 0 || s.Calls != pages {
			t.Errorf("page size %d: %+v", size, s)
		}
	}
}

func TestCountUsers(t *testing.T) {
	for body, want := range map[string]int{
		"5": 5, "\ufeff1234": 1234, " 7\r\n": 7, "0": 0,
		"": -1, "-1": -1, "+1": -1, "1e3": -1, "1,234": -1, "<html>": -1, `{"value":5}`: -1, "99999999999": -1,
	} {
		client, sent := answering(t, batch.Revoke, 200, http.Header{}, body)
		n, err := client.CountUsers(t.Context())
		if want < 0 {
			if _, ok := errors.AsType[*batch.CallError](err); !ok || n != 0 {
				t.Errorf("%q: got %d and error %v", body, n, err)
			}
		} else if err != nil || n != want {
			t.Errorf("%q: got %d and error %v, want %d", body, n, err, want)
		}
		if !strings.HasPrefix(*sent, "GET https://graph.example/v1.0/users/$count Bearer T") {
			t.Errorf("sent %s", *sent)
		}
	}
	for range 8 { // some of the tenant's answers begin with a mark
		_, client := guarded(t, graphsim.Config{})
		if n, err := client.CountUsers(t.Context()); err != nil || n != 5 {
			t.Errorf("got %d and error %v", n, err)
		}
	}
}

// A link to a next page is followed on the client's own root, or not at all,
// wherever it came from.
func TestLinks(t *testing.T) {
	const root = "https://graph.example/v1.0"
	for link, own := range map[string]bool{
		root + "/groups/x?$skiptoken=a%2Fb":               true,
		"https://GRAPH.example/v1.0/groups?$skiptoken=a":  true,
		"https://graph.example.evil.test/v1.0/groups?x":   false,
		"https://evil.test/v1.0/groups?x":                 false,
		"http://graph.example/v1.0/groups?x":              false,
		"https://graph.example:8443/v1.0/groups?x":        false,
		"https://graph.example@evil.test/v1.0/groups?x":   false,
		"https://user:pw@graph.example/v1.0/groups?x":     false,
		"https://graph.example/beta/groups?x":             false,
		"https://graph.example/v1.0evil/groups?x":         false,
		"https://graph.example/v1.0/../oauth2?x":          false,
		"https://graph.example/v1.0/%2e%2e/oauth2?x":      false,
		"https://graph.example/v1.0/groups#x":             false,
		"//evil.test/v1.0/groups":                         false,
		"/v1.0/groups?x":                                  false,
		"https://evil.test\\@graph.example/v1.0/groups?x": false,
		"ftp://graph.example/v1.0/groups":                 false,
		"%":                                               false,
	} {
		client, _ := answering(t, batch.Revoke, 200, http.Header{}, `{"value":[],"@odata.nextLink":`+fmt.Sprintf("%q", link)+`}`)
		_, more, err := client.Roles(t.Context(), "")
		if got := err == nil && more == link; got != own || !own && more != "" {
			t.Errorf("%s, received: got %q and error %v", link, more, err)
		}
		if _, ok := errors.AsType[*batch.CallError](err); !ok && !own {
			t.Errorf("%s: %v is no CallError", link, err)
		}
		client, sent := answering(t, batch.Revoke, 200, http.Header{}, `{"value":[]}`)
		_, _, err = client.Members(t.Context(), inner, link)
		if own {
			if err != nil || !strings.Contains(*sent, "$skiptoken=a") {
				t.Errorf("%s, given: sent %s, error %v", link, *sent, err)
			}
		} else if !errors.Is(err, batch.ErrUnsendable) || *sent != "" {
			t.Errorf("%s, given: sent %s, error %v", link, *sent, err)
		}
	}
	_, err := page1(t, `{"value":[],"@odata.nextLink":"https://graph.example/v1.0/roleManagement/directory/roleDefinitions?$select=id,displayName"}`)
	if err == nil {
		t.Error("a page may name itself as the next one")
	}
}

func page1(t *testing.T, body string) ([]Role, error) {
	t.Helper()
	client, _ := answering(t, batch.Revoke, 200, http.Header{}, body)
	roles, more, err := client.Roles(t.Context(), "")
	if err != nil && (roles != nil || more != "") {
		t.Errorf("%s: got %v and %q beside an error", body, roles, more)
	}
	return roles, err
}

// A page that is not whole is an error: whom it leaves out would be unprotected.
func TestPagesThatAreNotWhole(t *testing.T) {
	for _, body := range []string{``, `{`, `null`, `{}`, `{"value":null}`, `{"value":true}`, `{"value":[7]}`, `{"value":[]}{}`, `<html>`, `{"error":{"code":"x"}}`} {
		if _, err := page1(t, body); err == nil {
			t.Errorf("%s: no error", body)
		} else if _, ok := errors.AsType[*batch.CallError](err); !ok {
			t.Errorf("%s: %v is no CallError", body, err)
		}
	}
	for _, value := range []string{`{"userPrincipalName":"a@x"}`, `null`} {
		client, _ := answering(t, batch.Revoke, 200, http.Header{}, `{"value":[{"id":"`+outer+`"},`+value+`]}`)
		if users, _, err := client.Members(t.Context(), inner, ""); err == nil || users != nil {
			t.Errorf("%s: got %v", value, users)
		}
		client, _ = answering(t, batch.Revoke, 200, http.Header{}, `{"value":[`+value+`]}`)
		if holders, _, err := client.RoleHolders(t.Context(), ""); err == nil || holders != nil {
			t.Errorf("%s: got %v", value, holders)
		}
	}
}

// reads are the calls that are no batch.
var reads = map[string]func(context.Context, *Client) error{
	"count":   func(ctx context.Context, c *Client) error { _, err := c.CountUsers(ctx); return err },
	"members": func(ctx context.Context, c *Client) error { _, _, err := c.Members(ctx, outer, ""); return err },
	"holders": func(ctx context.Context, c *Client) error { _, _, err := c.RoleHolders(ctx, ""); return err },
	"roles":   func(ctx context.Context, c *Client) error { _, _, err := c.Roles(ctx, ""); return err },
}

// One read is one round trip, and its error says what a caller must know.
func TestReadErrors(t *testing.T) {
	for name, read := range reads {
		for kind, status := range map[graphsim.FaultKind]int{
			graphsim.LostAnswer: 0, graphsim.DropBefore: 0, graphsim.Truncated: 0, graphsim.HTML503: 503,
			graphsim.Outer429: 429, graphsim.Expired401: 401, graphsim.Item500: 500, graphsim.Item504: 504,
		} {
			tenant, client := guarded(t, graphsim.Config{Faults: []graphsim.Fault{{Kind: kind}}})
			e, ok := errors.AsType[*batch.CallError](read(t.Context(), client))
			if !ok || e.Status != status {
				t.Errorf("%s under %s: got %+v, want status %d", name, kind, e, status)
			}
			if kind == graphsim.Outer429 && e.RetryAfter == 0 {
				t.Errorf("%s: no Retry-After", name)
			}
			if n := tenant.Stats().Calls; n != 1 {
				t.Errorf("%s under %s: %d calls", name, kind, n)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, client := guarded(t, graphsim.Config{})
		if e, ok := errors.AsType[*batch.CallError](read(ctx, client)); !ok || e.Status != 0 {
			t.Errorf("%s with a context that has ended: %v", name, e)
		}
	}
}

// Each read needs its own permission, and says 403 without it.
func TestReadPermissions(t *testing.T) {
	for role, allowed := range map[string][]string{
		"User.Read.All":                 {"count"},
		"GroupMember.Read.All":          {"members"},
		"RoleManagement.Read.Directory": {"holders", "roles"},
		"Directory.Read.All":            {"count", "members", "holders", "roles"},
		"User.RevokeSessions.All":       nil,
	} {
		_, client := guarded(t, graphsim.Config{Roles: []string{role}})
		for name, read := range reads {
			err := read(t.Context(), client)
			if slices.Contains(allowed, name) {
				if err != nil {
					t.Errorf("%s with %s: %v", name, role, err)
				}
			} else if e, ok := errors.AsType[*batch.CallError](err); !ok || e.Status != 403 || e.Code != "Authorization_RequestDenied" {
				t.Errorf("%s with %s: %v, want 403", name, role, err)
			}
		}
	}
	_, client := guarded(t, graphsim.Config{Roles: []string{"GroupMember.Read.All", "RoleManagement.Read.Directory"}})
	members, _, err := client.Members(t.Context(), inner, "")
	if err != nil || len(members) != 4 || members[0] != (batch.User{ID: graphsim.IDFor(upn(0))}) {
		t.Errorf("without users' names: got %+v and error %v", members, err)
	}
}

func TestMembersOfNoGroup(t *testing.T) {
	tenant, client := guarded(t, graphsim.Config{})
	_, _, err := client.Members(t.Context(), custom, "")
	if e, ok := errors.AsType[*batch.CallError](err); !ok || e.Status != 404 {
		t.Errorf("a group that does not exist: %v", err)
	}
	for _, group := range []string{"", "Sales", "../users", inner + "/", "{" + inner + "}"} {
		if _, _, err := client.Members(t.Context(), group, ""); !errors.Is(err, batch.ErrUnsendable) {
			t.Errorf("group %q: %v", group, err)
		}
	}
	if n := tenant.Stats().Calls; n != 1 {
		t.Errorf("%d calls", n)
	}
}

// A redirect is no page: the token must not follow it.
func TestReadsFollowNoRedirect(t *testing.T) {
	for name, read := range reads {
		calls := 0
		client, err := New(Config{Root: "https://graph.example", Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: tripper(func(r *http.Request) (*http.Response, error) {
			calls++
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"https://evil.test/"}}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := errors.AsType[*batch.CallError](read(t.Context(), client)); !ok || e.Status != 302 || calls != 1 {
			t.Errorf("%s: %v after %d calls", name, e, calls)
		}
	}
}

// Named pages through the users whose names begin so, in any case and with an
// apostrophe, and asks nothing without a beginning.
func TestNamed(t *testing.T) {
	for size, want := range map[int]int{0: 1, 1: 5, 2: 3} {
		tenant, client := guarded(t, graphsim.Config{PageSize: size})
		found, pages := all(t, func(next string) ([]batch.User, string, error) { return client.Named(t.Context(), "U", next) })
		if len(found) != 5 || pages != want || found[4] != (batch.User{ID: graphsim.IDFor(upn(4)), UPN: upn(4)}) {
			t.Errorf("page size %d: %d pages of %+v, want %d pages of 5 users", size, pages, found, want)
		}
		if err := tenant.Add(graphsim.User{UPN: "o'brien@contoso.example"}); err != nil {
			t.Fatal(err)
		}
		if found, _ := all(t, func(next string) ([]batch.User, string, error) { return client.Named(t.Context(), "o'b", next) }); len(found) != 1 {
			t.Errorf("page size %d: %+v, want the one with an apostrophe", size, found)
		}
		calls := tenant.Stats().Calls
		if _, _, err := client.Named(t.Context(), "", ""); !errors.Is(err, batch.ErrUnsendable) || tenant.Stats().Calls != calls {
			t.Errorf("without a beginning: error %v, %d calls more", err, tenant.Stats().Calls-calls)
		}
	}
}
