package batch

import (
	"cmp"
	"strings"
	"testing"
	"time"
)

func TestProved(t *testing.T) {
	at := func(s string) time.Time {
		if s == "" || s == "none" {
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
		read                          string // "" is the second of the stamp
		want                          bool
	}{
		{"moved to the call's second", "08:00:00", "12:00:00", "12:00:00", "", true},
		{"moved past it", "08:00:00", "12:00:05", "12:00:00", "", true},
		{"within the slack", "08:00:00", "11:59:00", "12:00:00", "", true},
		{"too early for this call: somebody else's", "08:00:00", "11:58:59", "12:00:00", "", false},
		{"has not moved", "08:00:00", "08:00:00", "12:00:00", "", false},
		{"has not moved, though recent", "12:00:00", "12:00:00", "12:00:00", "", false},
		{"moved backwards", "12:00:30", "12:00:00", "12:00:10", "", false},
		{"none before", "", "12:00:00", "12:00:00", "", true},
		{"none after", "08:00:00", "", "12:00:00", "", false},
		{"none at all", "", "", "12:00:00", "", false},
		{"a call without a Date proves nothing", "08:00:00", "12:00:00", "", "", false},
		{"ahead of the read-back by the slack", "08:00:00", "12:02:00", "12:00:00", "12:01:00", true},
		{"later than the read-back that shows it", "08:00:00", "12:02:01", "12:00:00", "12:01:00", false},
		{"a read-back without a Date proves nothing", "08:00:00", "12:00:00", "12:00:00", "none", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := User{Stamp: at(c.after), AsOf: at(cmp.Or(c.read, c.after))}
			if c.read == "none" {
				seen.AsOf = time.Time{}
			}
			if got := proves(at(c.before), seen, at(c.accepted)); got != c.want {
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
		{User{Type: Guest, UPN: "ada@contoso.example"}, true},
		{User{Type: InternalGuest, UPN: "ada@contoso.example"}, false},
		{User{Type: InternalGuest, UPN: "ada_x.example#EXT#@contoso.example"}, true},
		{User{Type: ExternalMember, UPN: "ada@contoso.example"}, true},
		{User{Type: "Member", UPN: "ada_x.example#EXT#@contoso.example"}, true},
		{User{UPN: "ada_x.example#ext#@contoso.example"}, true},
		{User{}, false},
	} {
		if got := c.user.External(); got != c.want {
			t.Errorf("%+v: got %v, want %v", c.user, got, c.want)
		}
	}
}

// One judge for the run's own proof and for the command verify.
func TestJudge(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	u := User{ID: ada, UPN: "ada@x.example", Stamp: at.Add(-time.Hour)}
	for _, c := range []struct {
		name     string
		user     User
		accepted time.Time
		seen     *User
		why      string
		trouble  bool
	}{
		{"proof", u, at, &User{ID: ada, Stamp: at}, "", false},
		{"an id in capitals, and a new name", u, at, &User{ID: strings.ToUpper(ada), UPN: "new@x.example", Stamp: at}, "", false},
		{"another user's stamp", u, at, &User{ID: bob, UPN: "bob@x.example", Stamp: at}, "the directory answered with another user, bob@x.example", true},
		{"another user of the same name", u, at, &User{ID: bob, UPN: "ada@x.example", Stamp: at}, "the directory answered with another user, ada@x.example", true},
		{"a stamp of nobody", u, at, &User{Stamp: at}, "the answer names no user", true},
		{"no answer", u, at, nil, "the answer names no user", true},
		{"known by name alone", User{UPN: "Ada@x.example"}, at, &User{ID: ada, UPN: "ada@X.example", Stamp: at}, "", false},
		{"known by name alone, another", User{UPN: "ada@x.example"}, at, &User{ID: ada, UPN: "bob@x.example", Stamp: at}, "the directory answered with another user, bob@x.example", true},
		{"nobody known", User{}, at, &User{ID: ada, Stamp: at}, "the directory answered with another user, " + ada, true},
		{"not moved", u, at, &User{ID: ada, Stamp: u.Stamp}, "the stamp has not moved", false},
		{"no stamp", u, at, &User{ID: ada}, "the directory has no stamp", false},
		{"too early", u, at, &User{ID: ada, Stamp: at.Add(-2 * Slack)}, "earlier than the revocation", false},
		{"a stamp from the future", u, at, &User{ID: ada, Stamp: at.AddDate(73, 0, 0)}, "later than the answer that showed it, of 2026-11-22T12:00:30Z", false},
		{"a call without a Date", u, time.Time{}, &User{ID: ada, Stamp: at}, "no Date", false},
	} {
		if c.seen != nil {
			c.seen.AsOf = at.Add(30 * time.Second)
		}
		why, trouble := c.user.Judge(c.accepted, c.seen)
		if trouble != c.trouble || why != c.why && (c.why == "" || !strings.Contains(why, c.why)) {
			t.Errorf("%s: got %q, trouble %v; want %q, %v", c.name, why, trouble, c.why, c.trouble)
		}
	}
}

// A state proves a write only when it is told, and of the very object written to.
func TestJudgeState(t *testing.T) {
	account := Item{User: User{ID: "u"}, Step: Disable}
	device := Item{User: User{ID: "u"}, Step: Devices, Target: Target{Step: Devices, ID: "d"}}
	group := Item{User: User{ID: "u"}, Step: Groups, Target: Target{Step: Groups, ID: "g"}}
	back := Item{User: User{ID: "u"}, Step: EnableDevices, Target: Target{Step: EnableDevices, ID: "d"}}
	for _, c := range []struct {
		name    string
		item    Item
		seen    *Shown
		why     string // "" proves it
		trouble bool
	}{
		{"disabled", account, &Shown{"u", StateDisabled}, "", false},
		{"still enabled", account, &Shown{"u", StateEnabled}, "the directory still shows it enabled", false},
		{"not told", account, &Shown{"u", ""}, "the directory does not tell its state", false},
		{"no answer", account, nil, "the answer holds nothing of it", true},
		{"another user", account, &Shown{"v", StateDisabled}, "the directory answered about another object, v", true},
		{"nobody", account, &Shown{"", StateDisabled}, "the directory answered about another object, which it does not name", true},
		{"a device", device, &Shown{"d", StateDisabled}, "", false},
		{"a device that is no more", device, &Shown{"d", StateGone}, "", false},
		{"the user instead of the device", device, &Shown{"u", StateDisabled}, "the directory answered about another object, u", true},
		{"out of the group", group, &Shown{"u", StateGone}, "", false},
		{"still in the group", group, &Shown{"u", StateThere}, "the directory still shows it there", false},
		{"a group's own state", group, &Shown{"u", StateDisabled}, "the directory still shows it disabled", false},
		{"a device enabled again", back, &Shown{"d", StateEnabled}, "", false},
		{"a device that is no more cannot be enabled", back, &Shown{"d", StateGone}, "the directory still shows it gone", false},
	} {
		why, _, shown, trouble := c.item.judge(time.Time{}, Reply{Status: 200, Shown: c.seen})
		if why != c.why || trouble != c.trouble || why == "" && shown != c.seen.State {
			t.Errorf("%s: %q, shown %q, trouble %v; want %q, %v", c.name, why, shown, trouble, c.why, c.trouble)
		}
	}
}
