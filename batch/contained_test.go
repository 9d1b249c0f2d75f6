package batch

import (
	"maps"
	"slices"
	"testing"
)

// What keeps a run from containing a user is told before it, and is what the run then
// shows: a user without an obstacle whose writes all succeed is contained.
func TestObstacles(t *testing.T) {
	user := func(change func(*User)) User {
		u := User{ID: "u", Type: Member, Enabled: true}
		if change != nil {
			change(&u)
		}
		return u
	}
	dev := func(change func(*Target)) Target {
		d := Target{ID: "d", Kind: "Windows", Before: StateEnabled}
		if change != nil {
			change(&d)
		}
		return d
	}
	synced := user(func(u *User) { u.Synced = true })
	guest := user(func(u *User) { u.Type = Guest })
	admin := user(func(u *User) { u.Privileged = true })
	off := func(u User) User { u.Enabled, u.Disabled = false, true; return u }
	denied := &Record{Outcome: Denied, Reason: "HTTP 403"}
	roles := []Target{{ID: "g", Kind: RoleAssignable, Before: StateThere}}
	for _, tt := range []struct {
		what  string
		steps []Step
		user  User
		lists lists
		want  []Obstacle
	}{
		{"a member", Leaver, user(nil), lists{devices: []Target{dev(nil)}}, nil},
		{"steps that only end sessions", []Step{Revoke, Groups}, guest, lists{}, nil},
		{"a synced account", Emergency, synced, lists{}, []Obstacle{SyncedAccount}},
		{"one that is disabled", Emergency, off(synced), lists{}, []Obstacle{SyncedAccount}},
		{"a disabled member", Emergency, off(user(nil)), lists{}, nil},
		{"disable alone", []Step{Disable}, off(synced), lists{}, []Obstacle{SyncedAccount}},
		{"the password alone", []Step{Password, Revoke}, synced, lists{}, []Obstacle{SyncedAccount}},
		{"each once", Leaver, synced, lists{}, []Obstacle{SyncedAccount}},
		{"a guest", Leaver, guest, lists{}, []Obstacle{HomeTenant}},
		{"a guest whose sessions stay", []Step{Disable}, guest, lists{}, nil},
		{"an administrator", Emergency, admin, lists{}, []Obstacle{RoleHolder}},
		{"an administrator who is disabled", Emergency, off(admin), lists{}, nil},
		{"an administrator's devices", []Step{Revoke, Devices}, admin, lists{devices: []Target{dev(nil)}}, nil},
		{"a member of a role-assignable group", Leaver, user(nil), lists{groups: roles}, []Obstacle{RoleGroupMember}},
		{"an administrator in one", Leaver, admin, lists{groups: roles}, []Obstacle{RoleHolder}},
		{"a restricted unit", Emergency, user(func(u *User) { u.Restricted = true }), lists{}, []Obstacle{RestrictedUnit}},
		{"a device in one", Emergency, user(nil), lists{devices: []Target{dev(func(d *Target) { d.Restricted = true })}}, []Obstacle{RestrictedUnit}},
		{"a phone", Emergency, user(nil), lists{appOnly: true, devices: []Target{dev(func(d *Target) { d.Kind = "iOS" })}}, []Obstacle{OtherSystem}},
		{"a phone, for a signed-in user", Emergency, user(nil), lists{devices: []Target{dev(func(d *Target) { d.Kind = "iOS" })}}, nil},
		{"a device that others may use", Emergency, user(nil), lists{devices: []Target{dev(func(d *Target) { d.RegisteredOnly = true })}}, []Obstacle{SharedDevice}},
		{"a hybrid device", Emergency, user(nil), lists{devices: []Target{dev(func(d *Target) { d.OnPremises = true })}}, []Obstacle{SyncedComputer}},
		{"one that is disabled", Emergency, user(nil), lists{devices: []Target{dev(func(d *Target) { d.OnPremises, d.Before = true, StateDisabled })}}, []Obstacle{SyncedComputer}},
		{"a disabled device", Emergency, user(nil), lists{devices: []Target{dev(func(d *Target) { d.Before = StateDisabled })}}, nil},
		{"devices that could not be listed", Emergency, user(nil), lists{noDevices: denied}, []Obstacle{UnlistedDevices}},
		{"several", Emergency, synced, lists{appOnly: true, devices: []Target{dev(func(d *Target) { d.Kind = "iOS" })}}, []Obstacle{SyncedAccount, OtherSystem}},
	} {
		for i := range tt.lists.devices {
			tt.lists.devices[i].Step = Devices
		}
		w := workOf(tt.steps, tt.user, tt.lists)
		p := Planned{User: tt.user, Targets: w.targets, Records: w.records}
		if got := p.obstacles(tt.steps); !slices.Equal(got, tt.want) && Contains(tt.steps) {
			t.Errorf("%s: %q, want %q", tt.what, got, tt.want)
		}
		var c Count
		c.addObstacles(tt.steps, p)
		if got := slices.Sorted(maps.Keys(c.Obstacles)); !slices.Equal(got, slices.Sorted(slices.Values(tt.want))) {
			t.Errorf("%s: counted %q, want %q", tt.what, got, tt.want)
		}
		if own := p.bestEnd(tt.steps); Contains(tt.steps) && tt.steps[0] == Disable && len(tt.steps) > 1 && !needsRight(tt.want) && own.Contained(tt.steps) != (len(tt.want) == 0) {
			t.Errorf("%s: at best the run ends with contained %t, and %q is foretold", tt.what, own.Contained(tt.steps), tt.want)
		}
	}
}

// needsRight reports whether an obstacle is one of rights, which planning does not know.
func needsRight(all []Obstacle) bool {
	return slices.ContainsFunc(all, func(o Obstacle) bool { return o == RoleHolder || o == RoleGroupMember || o == RestrictedUnit })
}

// bestEnd is the line of a user of whom everything that is sent is accepted and shown.
func (p Planned) bestEnd(steps []Step) *Line {
	ended := map[Mark]Record{}
	for _, r := range p.Records {
		ended[Mark{Step: r.Step, Target: r.Target}] = r
	}
	l := &Line{User: p.User}
	add := func(t Target) {
		rec, over := ended[Mark{Step: t.Step, Target: t.ID}]
		if !over {
			rec.Outcome = Verified
			if (Item{User: p.User, Step: t.Step, Target: t}).WithoutEffect() != "" {
				rec.Outcome = Ineffective
			}
		}
		l.Writes = append(l.Writes, Write{t, rec})
	}
	for _, s := range steps {
		if !s.Listed() {
			add(Target{Step: s})
		}
	}
	for _, t := range p.Targets {
		add(t)
	}
	return l
}

// The first few users with an obstacle are named.
func TestObstaclesAreCounted(t *testing.T) {
	var c Count
	for _, name := range []string{"a", "b", "c", "d"} {
		c.addObstacles(Emergency, Planned{User: User{UPN: name, Synced: true, Type: Guest}})
	}
	c.addObstacles(Emergency, Planned{User: User{UPN: "e"}})
	c.addObstacles([]Step{Revoke}, Planned{User: User{UPN: "f", Type: Guest}})
	some := c.Obstacles[SyncedAccount]
	if c.Uncontained != 4 || c.Containable != 5 || some.Count != 4 || !slices.Equal(some.Names, []string{"a", "b", "c"}) || c.Obstacles[HomeTenant].Count != 4 {
		t.Errorf("counted %+v", c)
	}
}
