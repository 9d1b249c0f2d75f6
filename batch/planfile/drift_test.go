package planfile

import (
	"testing"
	"time"

	"offboard/batch"
)

func TestDrift(t *testing.T) {
	planned := batch.User{Seq: 7, ID: "1", UPN: "ada@contoso.com", By: batch.ByMail, Value: "a@x", Type: "Member", Enabled: true, Stamp: noon}
	cases := []struct {
		name   string
		change func(*batch.User)
		want   string
	}{
		{"nothing", func(*batch.User) {}, ""},
		{"place", func(u *batch.User) { u.Seq = 0 }, ""},
		{"how it was found", func(u *batch.User) { u.By, u.Value = "", "" }, ""},
		{"stamp", func(u *batch.User) { u.Stamp = noon.Add(time.Hour) }, ""},
		{"id", func(u *batch.User) { u.ID = "2" }, `object id was "1" and is "2"`},
		{"renamed", func(u *batch.User) { u.UPN = "bob@contoso.com" }, `UPN was "ada@contoso.com" and is "bob@contoso.com"`},
		{"case", func(u *batch.User) { u.UPN = "Ada@contoso.com" }, `UPN was "ada@contoso.com" and is "Ada@contoso.com"`},
		{"type", func(u *batch.User) { u.Type = "Guest" }, `user type was "Member" and is "Guest"`},
		{"disabled", func(u *batch.User) { u.Enabled = false }, "no longer enabled"},
		{"synced", func(u *batch.User) { u.Synced = true }, "now synced from on-premises"},
		{"privileged", func(u *batch.User) { u.Privileged = true }, "now privileged"},
		{"all", func(u *batch.User) { *u = batch.User{} },
			`object id was "1" and is ""; UPN was "ada@contoso.com" and is ""; user type was "Member" and is ""; no longer enabled`},
	}
	for _, c := range cases {
		now := planned
		c.change(&now)
		if got := Drift(planned, now); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
