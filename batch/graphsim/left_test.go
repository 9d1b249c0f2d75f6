package graphsim

import (
	"strings"
	"testing"
	"time"
)

// A tenant that is told what a run left is as the one in which the run took place.
func TestLeft(t *testing.T) {
	seeded := func() *Tenant {
		tenant := New(Config{StaticToken: "T"})
		for _, upn := range []string{"user1@contoso.example", "user5@contoso.example"} {
			if err := tenant.Seed("", User{UPN: upn, Enabled: true, Stamp: SeedStamp}); err != nil {
				t.Fatal(err)
			}
		}
		return tenant
	}
	before := seeded().State()
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	left := Left{Disabled: true, Revoked: at, Password: at}
	for what := range before {
		switch words := strings.Fields(what); {
		case words[0] == "device":
			left.Devices = append(left.Devices, words[1])
		case words[1] == "user1@contoso.example" && words[2] == "group":
			left.Groups = append(left.Groups, words[3])
		case words[1] == "user1@contoso.example" && words[2] == "licence":
			left.Licences = append(left.Licences, words[3])
		}
	}
	tenant := seeded()
	if err := tenant.SetLeft("user1@contoso.example", left); err != nil {
		t.Fatal(err)
	}
	after := tenant.State()
	for what, was := range before {
		words := strings.Fields(what)
		want := was
		switch {
		case words[0] == "device" && was == "true": // of user1 or of the other
			want = "false"
			if ownerOf(t, seeded(), words[1]) != "user1@contoso.example" {
				want = was
			}
		case words[1] != "user1@contoso.example":
		case words[2] == "accountEnabled":
			want = "false"
		case words[2] == "signInSessionsValidFromDateTime", words[2] == "lastPasswordChangeDateTime":
			want = stateTime(at)
		case words[2] == "group", words[2] == "licence":
			want = ""
		}
		if after[what] != want {
			t.Errorf("%s: %q, want %q", what, after[what], want)
		}
	}
	if err := tenant.SetLeft("nobody@contoso.example", left); err == nil {
		t.Error("somebody who is not there was left something")
	}
}

// ownerOf is the user who registered a device.
func ownerOf(t *testing.T, tenant *Tenant, id string) string {
	t.Helper()
	tenant.furnishAll()
	d, ok := tenant.device(id)
	if !ok || len(d.users) == 0 {
		t.Fatalf("device %s has no user", id)
	}
	return tenant.dir.entries[d.users[0]].UPN
}
