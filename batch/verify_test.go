package batch

import (
	"testing"
	"time"
)

func TestProved(t *testing.T) {
	at := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		v, err := time.Parse(time.TimeOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.AddDate(2026, 0, 0)
	}
	for _, c := range []struct {
		name, before, after, accepted string
		want                          bool
	}{
		{"moved to the call's second", "08:00:00", "12:00:00", "12:00:00", true},
		{"moved past it", "08:00:00", "12:00:05", "12:00:00", true},
		{"within the slack", "08:00:00", "11:59:00", "12:00:00", true},
		{"too early for this call: somebody else's", "08:00:00", "11:58:59", "12:00:00", false},
		{"has not moved", "08:00:00", "08:00:00", "12:00:00", false},
		{"has not moved, though recent", "12:00:00", "12:00:00", "12:00:00", false},
		{"moved backwards", "12:00:30", "12:00:00", "12:00:10", false},
		{"none before", "", "12:00:00", "12:00:00", true},
		{"none after", "08:00:00", "", "12:00:00", false},
		{"none at all", "", "", "12:00:00", false},
		{"a call without a Date proves nothing", "08:00:00", "12:00:00", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Proved(at(c.before), at(c.after), at(c.accepted)); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestExternal(t *testing.T) {
	for _, c := range []struct {
		user User
		want bool
	}{
		{User{Type: "Member", UPN: "ada@contoso.example"}, false},
		{User{Type: "Guest", UPN: "ada@contoso.example"}, true},
		{User{Type: "Member", UPN: "ada_x.example#EXT#@contoso.example"}, true},
		{User{UPN: "ada_x.example#ext#@contoso.example"}, true},
		{User{}, false},
	} {
		if got := c.user.External(); got != c.want {
			t.Errorf("%+v: got %v, want %v", c.user, got, c.want)
		}
	}
}
