package batch

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// What the steps do to one user, by what is known of the user and the things: each
// target as "step id", with the outcome where it ended at planning.
func TestWorkOf(t *testing.T) {
	set := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	member := User{Type: Member, Enabled: true, PasswordSet: set, Licences: "[]"}
	with := func(change func(*User)) User {
		u := member
		change(&u)
		return u
	}
	dev := func(id, kind, before string) Target { return Target{Step: Devices, ID: id, Kind: kind, Before: before} }
	grp := func(id string, change func(*Target)) Target {
		g := Target{Step: Groups, ID: id, Name: "group " + id}
		if change != nil {
			change(&g)
		}
		return g
	}
	gives := func(g *Target) { g.GivesLicences = true }
	refused := &Record{Outcome: Denied, Reason: "HTTP 403"}
	const one = `[{"skuId":"s"}]`
	for _, c := range []struct {
		name  string
		steps []Step
		user  User
		lists lists
		want  string // targets and records
		why   string // a part of one reason
	}{
		{"steps at the user need no target", []Step{Disable, Revoke}, member, lists{}, "", ""},
		{"an account that is disabled already", []Step{Disable, Revoke}, with(func(u *User) { u.Enabled, u.Disabled = false, true }), lists{}, "disable: already", "before the run"},
		{"an account of which it was not told is disabled", []Step{Disable}, with(func(u *User) { u.Enabled = false }), lists{}, "", ""},
		{"a password", []Step{Password}, member, lists{}, "password <2026-01-02T03:04:05Z>", ""},
		{"a password whose time was not told", []Step{Password}, with(func(u *User) { u.PasswordSet = time.Time{} }), lists{}, "password", ""},
		{"a guest's password", []Step{Password}, with(func(u *User) { u.Type = Guest }), lists{}, "password <2026-01-02T03:04:05Z>: not_possible", "home tenant"},
		{"a synced password", []Step{Password}, with(func(u *User) { u.Synced = true }), lists{}, "password <2026-01-02T03:04:05Z>: not_possible", "Active Directory"},
		{"no devices", []Step{Devices}, member, lists{}, "", ""},
		{"devices by an app", []Step{Devices}, member, lists{appOnly: true, devices: []Target{dev("w", "Windows", StateEnabled), dev("p", "iOS", StateEnabled), dev("n", "", ""), dev("x", "WINDOWS 11", ""), dev("i", "IPhone", StateDisabled)}},
			"devices w <enabled>, devices p <enabled>: not_possible, devices n, devices x, devices i <disabled>: already", "retire it in Intune"},
		{"devices by a person", []Step{Devices}, member, lists{devices: []Target{dev("p", "iOS", StateEnabled), dev("d", "Windows", StateDisabled)}}, "devices p <enabled>, devices d <disabled>: already", "before the run"},
		{"devices of others", []Step{Devices}, member, lists{devices: []Target{{Step: Devices, ID: "k", Kind: "Windows", Before: StateEnabled, RegisteredOnly: true},
			{Step: Devices, ID: "h", Kind: "Windows", Before: StateEnabled, RegisteredOnly: true, OnPremises: true}}}, "devices k <enabled>: skipped, devices h <enabled>", "does not own it"},
		{"devices that could not be listed", []Step{Devices}, member, lists{noDevices: refused}, "devices: denied", "the devices could not be listed: HTTP 403"},
		{"groups of all kinds", []Step{Groups}, member, lists{groups: []Target{
			grp("a", nil), grp("dyn", func(g *Target) { g.Dynamic = true }), grp("ad", func(g *Target) { g.OnPremises = true }), grp("mail", func(g *Target) { g.MailOnly = true }),
			grp("role", func(g *Target) { g.Kind = RoleAssignable }), grp("lic", gives)}},
			"groups a, groups dyn: not_possible, groups ad: not_possible, groups mail: not_possible, groups role, groups lic: skipped", "the step licences removes it"},
		{"a group that gives licences and is dynamic", []Step{Groups}, member, lists{groups: []Target{grp("g", func(g *Target) { g.GivesLicences, g.Dynamic = true, true })}}, "groups g: not_possible", "a rule decides"},
		{"groups that could not be listed", []Step{Groups}, member, lists{noGroups: refused}, "groups: denied", "the groups could not be listed: HTTP 403"},
		{"no licences", []Step{Licences}, member, lists{}, "", ""},
		{"licences of which nothing was told", []Step{Licences}, with(func(u *User) { u.Licences = "" }), lists{}, "licences: failed", "did not tell"},
		{"direct licences first", []Step{Licences}, with(func(u *User) { u.Licences = one }), lists{groups: []Target{grp("a", nil), grp("l", gives)}}, "licences <" + one + ">, licences l", ""},
		{"groups that give licences are of the step licences alone", []Step{Groups, Licences}, with(func(u *User) { u.Licences = one }),
			lists{groups: []Target{grp("l", gives), grp("a", nil), grp("ad", func(g *Target) { g.GivesLicences, g.OnPremises = true, true })}},
			"groups a, licences <" + one + ">, licences l, licences ad: not_possible", "remove the user in Active Directory"},
		{"licence groups that could not be listed", []Step{Licences}, member, lists{noGroups: refused}, "licences groups: denied", "the groups that give licences could not be listed"},
		{"groups that could not be listed are told of both steps", []Step{Groups, Licences}, member, lists{noGroups: refused}, "groups: denied, licences groups: denied", "the groups that give licences could not be listed"},
		{"everything is planned in order", Leaver, with(func(u *User) { u.Licences = one }), lists{devices: []Target{dev("d", "Windows", StateEnabled)}, groups: []Target{grp("a", nil), grp("l", gives)}},
			"password <2026-01-02T03:04:05Z>, devices d <enabled>, groups a, licences <" + one + ">, licences l", ""},
	} {
		w := workOf(c.steps, c.user, c.lists)
		ends := map[Mark]Record{}
		reasons := ""
		for _, r := range w.records {
			if _, twice := ends[r.Mark()]; twice {
				t.Errorf("%s: two records of %+v", c.name, r.Mark())
			}
			ends[r.Mark()] = r
			reasons += r.Reason + "\n"
		}
		var got []string
		line := func(m Mark, before string) {
			s := string(m.Step)
			if m.Target != "" {
				s += " " + m.Target
			}
			if before != "" {
				s += " <" + before + ">"
			}
			if r, ok := ends[m]; ok {
				s += ": " + string(r.Outcome)
			}
			delete(ends, m)
			got = append(got, s)
		}
		for _, tg := range w.targets {
			line(Mark{Step: tg.Step, Target: tg.ID}, tg.Before)
		}
		for _, r := range w.records {
			if _, left := ends[r.Mark()]; left && !r.Step.Listed() {
				line(r.Mark(), "")
			}
		}
		if len(ends) > 0 {
			t.Errorf("%s: records of no target: %v", c.name, ends)
		}
		if s := strings.Join(got, ", "); s != c.want || !strings.Contains(reasons, c.why) {
			t.Errorf("%s:\n got %s (%q)\nwant %s (%q)", c.name, s, reasons, c.want, c.why)
		}
	}
}

// What a plan counts is what it sends, by step and kind, with what ended at planning and
// why, and what will be in vain. A plan that is read from a file counts the same.
func TestCountOfWork(t *testing.T) {
	steps := []Step{Disable, Revoke, Devices, Groups}
	d := func(s Step, id, kind string) Target { return Target{Step: s, ID: id, Kind: kind} }
	hybrid := Target{Step: Devices, ID: "4", Kind: "Windows", OnPremises: true}
	planned := []Planned{
		{Targets: []Target{d(Devices, "1", "Windows"), d(Devices, "2", "iOS"), d(Groups, "3", "security group"), d(Groups, "5", RoleAssignable)},
			Records: []Record{{Step: Disable, Outcome: Already, Reason: "before"}, {Step: Devices, Target: "2", Outcome: NotPossible, Reason: "no app"}}},
		{Targets: []Target{d(Devices, "1", "Windows"), hybrid, d(Groups, "6", "")}, Records: []Record{{Step: Groups, Target: "6", Outcome: Denied, Reason: "HTTP 403 of one user"}}},
		{},
	}
	var c, again Count
	for _, p := range planned {
		c.addWork(steps, p)
		again.AddPlanned(steps, p)
	}
	if want := (1 + 3) + (2 + 2) + 2; c.Writes != want {
		t.Errorf("%d writes, want %d", c.Writes, want)
	}
	want := map[Kinds]int{
		{Step: Disable, Outcome: Already, Why: "before"}: 1, {Step: Devices, Kind: "Windows"}: 2, {Step: Devices, Kind: "Windows", Why: hybrid.caution()}: 1,
		{Devices, "iOS", NotPossible, "no app"}: 1, {Step: Groups, Kind: "security group"}: 1, {Step: Groups, Outcome: Denied}: 1,
		{Step: Groups, Kind: RoleAssignable, Why: Target{Step: Groups, Kind: RoleAssignable}.caution()}: 1,
	}
	if !maps.Equal(c.Kinds, want) || !maps.Equal(again.Kinds, want) {
		t.Errorf("counted %v and %v, want %v", c.Kinds, again.Kinds, want)
	}
	again.AddPlanned(steps, Planned{DuplicateOf: 1})
	again.AddPlanned(steps, Planned{User: User{UPN: "admin@x", Privileged: true, Synced: true}})
	again.AddPlanned(steps, Planned{User: User{UPN: "bg@x"}, Record: &Record{Outcome: Protected, Reason: "why"}})
	again.AddPlanned(steps, Planned{Record: &Record{Outcome: NotFound}})
	if again.Rows != 7 || again.Users != 4 || again.Duplicates != 1 || again.Synced != 1 || again.Ended[NotFound] != 1 ||
		!slices.Equal(again.Admins, []string{"admin@x"}) || !slices.Equal(again.Protected, []string{"bg@x (why)"}) {
		t.Errorf("counted %+v", again)
	}
}

// Steps are taken in one order, however they are typed, and what stops a step stands
// in front of it.
func TestInOrder(t *testing.T) {
	typed := slices.Clone(Leaver)
	slices.Reverse(typed)
	if got := InOrder(append(typed, Revoke, "odd")); !slices.Equal(got, Leaver) {
		t.Errorf("got %v, want %v", got, Leaver)
	}
	var before []Step
	for _, r := range stepRules {
		for _, s := range r.stoppedBy {
			if !slices.Contains(before, s) {
				t.Errorf("%s is stopped by %s, which does not come before it", r.step, s)
			}
		}
		if r.undo != "" && !r.undo.Known() {
			t.Errorf("%s is undone by %s, which is no step", r.step, r.undo)
		}
		if r.words == "" || r.write == "" || r.reads == "" {
			t.Errorf("%s: words %q, permissions %q and %q", r.step, r.words, r.write, r.reads)
		}
		if r.rereads && r.proof == "" {
			t.Errorf("%s is read before a repeat, and no state says that it is done", r.step)
		}
		before = append(before, r.step)
	}
}
