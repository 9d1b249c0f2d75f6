package graphsim

import (
	"slices"
	"strings"
	"testing"
)

// A new request is a row and a function: the path's keys, the body and the user reach the
// function, and an answer without a body is a 204, alone and in a batch.
func TestNewEndpoint(t *testing.T) {
	before := endpoints
	t.Cleanup(func() { endpoints = before })
	row := func(method, path string, serve func(*Tenant, *call, *operation, *entry) (any, *failure)) endpoint {
		return endpoint{method: method, path: path, segments: strings.Split(path, "/"), action: "new", roles: readUsers, serve: serve}
	}
	var keys []string
	endpoints = append(slices.Clone(before),
		row("PATCH", "users/{user}/manager", func(_ *Tenant, _ *call, op *operation, user *entry) (any, *failure) {
			user.Enabled = op.body["accountEnabled"] == true
			return nil, nil
		}),
		row("DELETE", "groups/{group}/owners/{user}/$ref", func(_ *Tenant, _ *call, op *operation, _ *entry) (any, *failure) {
			keys = op.keys
			return nil, nil
		}))
	tenant := newTenant(t, Config{})
	a, err := do(t, tenant, request(t, "PATCH", "https://graph.microsoft.com/v1.0/users/anna@contoso.com/manager", `{"accountEnabled":false}`))
	if err != nil || a.status != 204 || len(a.body) != 0 || user(t, tenant, "anna@contoso.com").Enabled {
		t.Errorf("direct: %d %q, %v, %+v", a.status, a.body, err, user(t, tenant, "anna@contoso.com"))
	}
	got := replies(t, postBatch(t, tenant, batchOf(
		`{"id":"on","method":"PATCH","url":"/users/anna@contoso.com/manager","headers":{"Content-Type":"application/json"},"body":{"accountEnabled":true}}`,
		`{"id":"out","method":"DELETE","url":"/groups/`+groupA+`/owners/anna@contoso.com/$ref"}`,
		`{"id":"no one","method":"DELETE","url":"/groups/`+groupA+`/owners/nobody@contoso.com/$ref"}`,
		`{"id":"user","method":"DELETE","url":"/groups/`+groupA+`/owners/anna@contoso.com"}`)))
	for id, want := range map[string]int{"on": 204, "out": 204, "no one": 404, "user": 501} {
		if got[id].Status != want || want == 204 && len(got[id].Body) > 0 && string(got[id].Body) != "null" {
			t.Errorf("%s: %d %s, want %d", id, got[id].Status, got[id].Body, want)
		}
	}
	if u := user(t, tenant, "anna@contoso.com"); !u.Enabled || u.Writes != 3 {
		t.Errorf("after the batch: %+v", u)
	}
	if want := []string{groupA, "anna@contoso.com"}; !slices.Equal(keys, want) {
		t.Errorf("keys %q, want %q", keys, want)
	}
}
