package graph

import (
	"slices"
	"strings"
	"testing"

	"offboard/batch"
)

// Every permission that a step, or a guard, needs at the least can be given by its id, and every role of
// the tables has one.
func TestEveryNeedCanBeGranted(t *testing.T) {
	needs := []Need{NeedRead, NeedRoles, NeedMembers}
	for _, s := range batch.AllSteps() {
		needs = append(needs, NeedTo(s), NeedList(s), NeedShow(s))
	}
	for _, n := range needs {
		least := n.Permissions[0]
		if id := PermissionID(least, false); !batch.IsGUID(id) {
			t.Errorf("to %s: %s has the id %q for an app", n.Do, least, id)
		}
		ofUser := slices.ContainsFunc(append(n.Permissions, n.OfUsers...), func(p string) bool { return batch.IsGUID(PermissionID(p, true)) })
		if !ofUser {
			t.Errorf("to %s: no permission has an id for a user's sign-in", n.Do)
		}
	}
	for _, row := range permissions() {
		for _, id := range row[1:] {
			if id != "" && !batch.IsGUID(id) {
				t.Errorf("%s has the id %q", row[0], id)
			}
		}
	}
	for _, ofUser := range []bool{false, true} {
		for _, d := range Duties(batch.AllSteps(), ofUser) {
			for _, name := range d.Roles {
				if !batch.IsGUID(RoleID(name)) {
					t.Errorf("the role %q has no id", name)
				}
			}
		}
	}
}

// What a denied user is told to get is the least of the tables.
func TestMissingOfAUserIsTheLeast(t *testing.T) {
	for _, s := range batch.AllSteps() {
		says := s.Missing(true)
		if least := (Identity{User: "u"}).Allowing(NeedTo(s))[0]; !strings.HasSuffix(says, " "+least) {
			t.Errorf("%s: %q, and %s is the least permission", s, says, least)
		}
		for _, d := range Duties([]batch.Step{s}, true) {
			if !d.Admins && !strings.Contains(says, "such as "+d.Roles[0]+",") {
				t.Errorf("%s: %q, and %s is the least role", s, says, d.Roles[0])
			}
		}
	}
}

// Who may do what: STEPS of an app of its own, and of a user who signs in.
func TestDuties(t *testing.T) {
	held := func(names ...string) (all []HeldRole) {
		for _, name := range names {
			all = append(all, HeldRole{RoleID(name), name, "/"})
		}
		return all
	}
	for _, c := range []struct {
		steps  []batch.Step
		ofUser bool
		held   []HeldRole
		lacks  int
	}{
		{[]batch.Step{batch.Revoke, batch.Devices, batch.Groups, batch.Licences}, false, nil, 0},
		{[]batch.Step{batch.Disable}, false, nil, 1},
		{[]batch.Step{batch.Disable}, false, held("User Administrator"), 1},
		{[]batch.Step{batch.Disable, batch.Password}, false, nil, 2},
		{[]batch.Step{batch.Disable, batch.Password}, false, held("User Administrator"), 1},
		{[]batch.Step{batch.Disable, batch.Password}, false, held("Privileged Authentication Administrator"), 0},
		{[]batch.Step{batch.Password}, false, []HeldRole{{RoleID("Global Administrator"), "", "/administrativeUnits/x"}}, 2},
		{[]batch.Step{batch.Revoke}, true, nil, 2},
		{[]batch.Step{batch.Revoke}, true, held("Helpdesk Administrator"), 1},
		{batch.Leaver, true, held("Helpdesk Administrator", "Privileged Authentication Administrator"), 3},
		{batch.Leaver, true, held("Global Administrator"), 0},
	} {
		lacks := 0
		for _, d := range Duties(c.steps, c.ofUser) {
			if !d.HeldBy(c.held) {
				lacks++
			}
		}
		if lacks != c.lacks {
			t.Errorf("%v, of a user %v, with %v: %d duties are not met, want %d", c.steps, c.ofUser, c.held, lacks, c.lacks)
		}
	}
}
