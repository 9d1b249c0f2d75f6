package job

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/graphsim"
)

// One refusal names all that is missing, of every app: the first one reads, and all of
// them write. A token that says nothing of its permissions is let through.
func TestMay(t *testing.T) {
	apps := func(can ...string) *tenant {
		t := &tenant{}
		for i, c := range can {
			t.apps = append(t.apps, app{identity: graph.Identity{App: string(rune('a' + i)), Can: c}})
		}
		return t
	}
	const every = "User.ReadWrite.All Device.ReadWrite.All Directory.Read.All GroupMember.ReadWrite.All"
	making := func(steps ...batch.Step) errand { return all(batch.Plan{Steps: steps, Resolve: true, Verify: true}) }
	reads := []string{"to read devices", "to read group memberships"}
	for _, c := range []struct {
		name   string
		tenant *tenant
		what   errand
		want   []string // "": nothing is missing
	}{
		{"all", apps(every), making(batch.Leaver...), nil},
		{"says nothing", apps(""), making(batch.Leaver...), nil},
		{"reads alone", apps("User.Read.All Directory.Read.All"), looking(batch.Plan{Steps: batch.Leaver, Resolve: true}), nil},
		{"list", apps("User.Read.All"), looking(batch.Plan{Steps: batch.Leaver, Resolve: true}), reads},
		{"every step", apps("User.Read.All"), making(batch.Leaver...), append(slices.Clip(reads),
			"to disable accounts", "to replace passwords", "to revoke sessions", "to disable devices", "to remove group memberships", "to remove licences")},
		{"second app reads nothing", apps(every, "User.RevokeSessions.All User.EnableDisableAccount.All Device.ReadWrite.All"), making(batch.Emergency...), nil},
		{"second app", apps(every, "User.ReadWrite.All"), making(batch.Emergency...), []string{"to disable devices, the token of app b"}},
		{"both apps", apps("User.ReadWrite.All Device.Read.All", "User.ReadWrite.All"), errand{ToDo: batch.ToDo{Sent: []batch.Step{batch.Devices}}}, []string{"the token of app a", "the token of app b"}},
		{"nothing is left", apps("Mail.Send"), errand{verify: true}, nil},
		{"proofs are left", apps("User.Read.All"), errand{verify: true, ToDo: batch.ToDo{Proven: []batch.Step{batch.Disable, batch.Devices}}}, reads[:1]},
		{"direct licences", apps("User.Read.All LicenseAssignment.ReadWrite.All"), errand{verify: true, ToDo: batch.ToDo{Sent: []batch.Step{batch.Licences}}}, nil},
		{"a repeat is read before", apps("GroupMember.ReadWrite.All", "GroupMember.ReadWrite.All"), errand{ToDo: batch.ToDo{Sent: []batch.Step{batch.Licences}}},
			[]string{"to read users", "to remove licences, the token of app b"}},
	} {
		err := c.tenant.may(c.what)
		if (err == nil) != (c.want == nil) || err != nil && !errors.Is(err, batch.ErrPermission) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, w := range c.want {
			if strings.Count(err.Error(), w) != 1 {
				t.Errorf("%s: %q is not once in %v", c.name, w, err)
			}
		}
	}
}

// A resume asks for the permissions of what is open and of nothing else: what is done takes
// none, a group that gives licences takes those of groups, and what must not be repeated
// blindly is read first, proof or not.
func TestResumeAsksForWhatIsOpen(t *testing.T) {
	const revokes, accounts = "User.RevokeSessions.All", "User.EnableDisableAccount.All"
	for _, c := range []struct {
		name  string
		steps []string
		cut   string // stopped when this is sent
		can   []string
		lacks string // "": nothing
	}{
		{"accounts are done", []string{"disable", "revoke"}, "/revokeSignInSessions", []string{revokes, "User.Read.All"}, ""},
		{"sessions are not", []string{"disable", "revoke"}, "/revokeSignInSessions", []string{accounts, "User.Read.All"}, "to revoke sessions"},
		{"licences of groups", []string{"licences"}, "/members/", []string{"LicenseAssignment.ReadWrite.All", "User.Read.All", "Directory.Read.All"}, "to remove group memberships"},
		{"only groups are left", []string{"licences"}, "again /members/", []string{"GroupMember.ReadWrite.All", "User.Read.All"}, ""},
		{"a repeat is read", []string{"groups"}, "/members/", []string{"User.RevokeSessions.All"}, "to read group memberships"},
	} {
		inOffice(t, 3, func(o *office) {
			time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour)
			for _, upn := range o.people {
				if err := o.tenant.AddGroup(graphsim.Group{ID: graphsim.IDFor("gives " + upn), Name: "gives", Members: []string{upn}, Licences: []string{"b05e124f-c7cc-45a0-a6aa-8cf78c946968"}}); err != nil {
					t.Fatal(err)
				}
			}
			ctx, kill := context.WithCancel(o.t.Context())
			defer kill()
			cut, again := strings.CutPrefix(c.cut, "again ")
			o.sees = func(body []byte) {
				if bytes.Contains(body, []byte(cut)) {
					if !again {
						kill()
					}
					again = false
				}
			}
			if err := o.runIn(ctx, c.steps...); err == nil {
				t.Fatalf("%s: it was not killed", c.name)
			}
			o.sees = nil
			o.tenant.Grant(c.can...)
			writes := o.tenant.Stats().Writes
			err := Resume(o.t.Context(), o.host(), &ResumeOptions{RunName: o.first(), Guards: Guards{MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
			if c.lacks == "" {
				o.finishes(err)
				return
			}
			if n := o.tenant.Stats().Writes - writes; !errors.Is(err, batch.ErrPermission) || !strings.Contains(err.Error(), c.lacks) || n > 0 {
				t.Errorf("%s: %v after %d writes, want %q\n%s", c.name, err, n, c.lacks, o.said.said.String())
			}
		})
	}
}
