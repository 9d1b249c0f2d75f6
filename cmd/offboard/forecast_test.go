package main

import (
	"strings"
	"testing"

	"offboard/batch"
)

// A plan says of each step what is sent, what is not and why, and nothing else; that of
// a run that only revokes says no more than before.
func TestForecast(t *testing.T) {
	phones := "Graph lets no app disable it"
	hybrid := "mastered on premises"
	leaver := batch.Count{Kinds: map[batch.Kinds]int{
		{Step: batch.Disable, Outcome: batch.Already, Why: "before"}: 12,
		{Step: batch.Password}:                                                                         90,
		{Step: batch.Devices, Kind: "Windows"}:                                                         1381,
		{Step: batch.Devices, Kind: "Windows", Why: hybrid}:                                            7,
		{Step: batch.Devices, Kind: "iOS", Outcome: batch.NotPossible, Why: phones}:                    20,
		{Step: batch.Devices, Kind: "MacMDM", Outcome: batch.NotPossible, Why: phones}:                 11,
		{Step: batch.Devices, Kind: "Windows", Outcome: batch.Already, Why: "disabled before the run"}: 1,
		{Step: batch.Groups}:                                                           3,
		{Step: batch.Groups, Kind: "security group"}:                                   4,
		{Step: batch.Groups, Outcome: batch.Denied}:                                    2,
		{Step: batch.Groups, Kind: batch.RoleAssignable, Why: batch.WhyRoleAssignable}: 12,
	}, RoleGroups: map[batch.Mark]int{{Step: batch.Groups, Target: "a"}: 7, {Step: batch.Groups, Target: "b"}: 5, {Step: batch.Licences, Target: "b"}: 1}}
	for _, c := range []struct {
		name  string
		plan  batch.Plan
		count batch.Count
		steps string
	}{
		{"revoke alone", batch.Plan{Steps: []batch.Step{batch.Revoke}, Users: 5, Writes: 5}, batch.Count{}, "step     revoke: revoke sessions"},
		{"leaver", batch.Plan{Steps: batch.Leaver, Users: 100, Writes: 9000}, leaver, `step     disable: disable accounts: 88 users
         not sent 12: already, before
step     password: replace passwords: 90
step     revoke: revoke sessions: 100 users
step     devices: disable devices: 1,388 Windows
         among them 7 Windows: mastered on premises
         not sent 1 Windows: already, disabled before the run
         not sent 31 (20 iOS, 11 MacMDM): not_possible, Graph lets no app disable it
step     groups: remove group memberships: 19 (12 role-assignable group, 4 security group, 3 of no known kind)
         among them 12 memberships in 2 role-assignable groups: only with RoleManagement.ReadWrite.Directory, too (a signed-in user: Privileged Role Administrator), and refused with 403 without
         not sent 2: denied
step     licences: remove licences: none, since nothing is listed for any user`},
	} {
		if got := strings.Join(ofSteps(c.plan, c.count), "\n"); got != c.steps {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.steps)
		}
	}
}

// What is said of guests, synced accounts and holders of roles is what the steps make
// of them.
func TestForecastOfAccounts(t *testing.T) {
	one := batch.Count{Accounts: batch.Accounts{External: 1, Synced: 1, Privileged: 1, Restricted: 1}, Admins: []string{"a@x (Global Administrator)"}}
	const (
		guest  = "guest: Graph will say 200 and revoke nothing; it ends ineffective"
		synced = "mastered on premises: the next sync enables it again"
		denied = "Privileged Authentication Administrator"
		holds  = "1 of them holds privileged roles: a@x (Global Administrator)"
		unit   = "1 of them is in a restricted administrative unit: Graph denies every step"
	)
	if got := strings.Join(ofAccounts(batch.Plan{Steps: batch.Emergency, Terms: batch.Terms{User: "u"}}, one), "\n"); strings.Count(got, "unless the user who signed in holds ") != 2 {
		t.Errorf("of a user who signed in:\n%s", got)
	}
	for _, c := range []struct {
		steps    []batch.Step
		has, not []string
	}{
		{[]batch.Step{batch.Revoke}, []string{guest, holds, unit}, []string{synced, denied, "other steps"}},
		{batch.Emergency, []string{guest, holds, unit, synced, denied, "whatever the other steps do here"}, nil},
		{[]batch.Step{batch.Devices}, []string{holds, unit}, []string{guest, synced, denied}},
	} {
		got := strings.Join(ofAccounts(batch.Plan{Steps: c.steps}, one), "\n")
		for _, s := range c.has {
			if !strings.Contains(got, s) {
				t.Errorf("%v: %q is missing in\n%s", c.steps, s, got)
			}
		}
		for _, s := range c.not {
			if strings.Contains(got, s) {
				t.Errorf("%v: %q is in\n%s", c.steps, s, got)
			}
		}
		if none := ofAccounts(batch.Plan{Steps: c.steps}, batch.Count{}); none != nil {
			t.Errorf("%v: of nobody it says %q", c.steps, none)
		}
	}
}

// The people whom a run alone will not contain are counted, with why and what is to be done,
// and named where they are few.
func TestForecastOfContainment(t *testing.T) {
	plan := batch.Plan{Steps: batch.Leaver}
	count := batch.Count{Containable: 1400, Uncontained: 1203, Obstacles: map[batch.Obstacle]batch.Some{
		batch.OtherSystem:   {Count: 1200, Names: []string{"x", "y", "z"}},
		batch.SyncedAccount: {Count: 2, Names: []string{"ada@x", "bob@x"}},
		batch.RoleHolder:    {Count: 1, Names: []string{"root@x"}},
	}}
	const (
		head = "         1,203 of 1,400 people will not be contained by this run alone: 2 synced, ada@x, bob@x ("
		tail = "); 1 with a privileged role, root@x (unless the app or user that signs in holds Privileged Authentication Administrator: give it that first);" +
			" 1,200 with a device that no app can disable (retire it in Intune)"
	)
	for next, steps := range map[string][]batch.Step{
		"disable the account in Active Directory, and reset the password there, twice": batch.Leaver,
		"disable the account in Active Directory":                                      batch.Emergency,
		"reset the password in Active Directory, twice":                                {batch.Password, batch.Devices},
	} {
		plan.Steps = steps
		if got := ofContainment(plan, count); got != head+next+tail {
			t.Errorf("%v: got\n%s\nwant\n%s", steps, got, head+next+tail)
		}
	}
	for _, o := range batch.Obstacles {
		one := batch.Count{Containable: 1, Uncontained: 1, Obstacles: map[batch.Obstacle]batch.Some{o: {Count: 1, Names: []string{"ada@x"}}}}
		got := ofContainment(plan, one)
		if begin := "         1 of 1 person will not be contained by this run alone: 1 "; !strings.HasPrefix(got, begin) || strings.Contains(got, "()") || !strings.Contains(got, ", ada@x (") {
			t.Errorf("%s: %q", o, got)
		}
	}
	count.Uncontained = 1202
	if got := ofContainment(plan, count); !strings.Contains(got, "alone, some for several reasons: 2 synced") {
		t.Errorf("of one user with two reasons: %q", got)
	}
	if got := ofContainment(plan, batch.Count{Containable: 3}); got != "" {
		t.Errorf("of a run that contains everybody: %q", got)
	}
}

// Few people are all named, in lines that fit a terminal; of many the first and the special
// ones are.
func TestOfPeople(t *testing.T) {
	few := batch.Count{Users: 3, People: batch.People{Names: []string{strings.Repeat("a", 50), strings.Repeat("b", 60), "c"}}}
	if got, want := strings.Join(ofPeople(few), "\n"), "people   "+strings.Repeat("a", 50)+",\n         "+strings.Repeat("b", 60)+", c"; got != want {
		t.Errorf("few:\n%s\nwant\n%s", got, want)
	}
	many := batch.Count{Users: 40, Idle: 1, People: batch.People{
		Names: []string{"a", "b", "c", "d", "e", "f"}, Caller: "me", Guests: batch.Some{Count: 4, Names: []string{"g"}}, Found: batch.Some{Count: 1, Names: []string{"h (found by mail i)"}},
	}}
	want := `people   a, b, c, d, e and 34 more
         among them me, the account that is signed in
         among them 4 guests: g and 3 more
         among them 1 user found by another value than the name: h (found by mail i)`
	if got := strings.Join(ofPeople(many), "\n"); got != want {
		t.Errorf("many:\n%s\nwant\n%s", got, want)
	}
	if got := ofPeople(batch.Count{}); len(got) != 0 {
		t.Errorf("nobody: %q", got)
	}
}
