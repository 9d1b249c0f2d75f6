package graphsim

import (
	"strings"
	"testing"
	"time"
)

func TestAddRefuses(t *testing.T) {
	for want, u := range map[string]User{
		"UPN":    {},
		"slash":  {UPN: "a/b@c"},
		"GUID":   {UPN: "a@b", ID: "7"},
		"Member": {UPN: "a@b", Type: "member"},
	} {
		if err := New(Config{}).Add(u); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", u, err, want)
		}
	}
}

func TestAddReplaces(t *testing.T) {
	tenant := newTenant(t, Config{})
	replies(t, postBatch(t, tenant, revokeAll("anna@contoso.com")))
	const id = "aaaaaaaa-0000-0000-0000-000000000001"

	if err := tenant.Add(User{ID: id, UPN: "anna.new@contoso.com"}); err != nil {
		t.Fatal(err)
	}
	if _, ok := tenant.User("anna@contoso.com"); ok {
		t.Error("the former UPN still names somebody")
	}
	if u := user(t, tenant, "ANNA.NEW@contoso.com"); u.ID != id || u.Writes != 1 {
		t.Errorf("renamed user: %+v", u)
	}

	// A UPN that is given to another object leaves its former holder deleted.
	if err := tenant.Add(User{ID: "bbbbbbbb-0000-0000-0000-000000000002", UPN: "Anna.New@contoso.com"}); err != nil {
		t.Fatal(err)
	}
	if _, ok := tenant.User(id); ok {
		t.Error("two users hold one UPN")
	}
	if u := user(t, tenant, "anna.new@contoso.com"); u.Writes != 0 {
		t.Errorf("the newcomer inherited: %+v", u)
	}
}

func TestRemove(t *testing.T) {
	tenant := newTenant(t, Config{})
	if !tenant.Remove("anna@contoso.com") || tenant.Remove("anna@contoso.com") {
		t.Error("Remove must report whether there was such a user")
	}
	for _, key := range []string{"anna@contoso.com", "aaaaaaaa-0000-0000-0000-000000000001"} {
		if r := replies(t, postBatch(t, tenant, revokeAll(key)))["0"]; r.Status != 404 {
			t.Errorf("%s: %d", key, r.Status)
		}
	}
}

// One user's stamp stands still while all is answered as usual.
func TestFrozenUser(t *testing.T) {
	tenant := newTenant(t, Config{})
	stamp := time.Date(1999, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := tenant.Add(User{UPN: "stuck@contoso.com", Stamp: stamp, Frozen: true}); err != nil {
		t.Fatal(err)
	}
	r := replies(t, postBatch(t, tenant, revokeAll("stuck@contoso.com", "anna@contoso.com")))
	stuck, anna := user(t, tenant, "stuck@contoso.com"), user(t, tenant, "anna@contoso.com")
	if r["0"].Status != 200 || stuck.Writes != 1 || !stuck.Stamp.Equal(stamp) || anna.Stamp.Year() == 1999 {
		t.Errorf("%+v, %+v, %+v", r["0"], stuck, anna)
	}
}
