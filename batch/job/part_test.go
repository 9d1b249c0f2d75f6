package job

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
)

// part undoes steps of the first run for users; none of either is all.
func part(steps string, users ...string) func(*UndoOptions) {
	return func(u *UndoOptions) {
		if u.User = users; steps != "" {
			u.Steps = strings.Split(steps, ",")
		}
	}
}

// about counts the lines of a difference that have all of the words.
func about(diff []string, words ...string) (n int) {
	for _, line := range kept(diff) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line+" ", w) }) {
			n++
		}
	}
	return n
}

// An undo of some steps gives these back and nothing else. A second one finds nothing, an
// undo of the rest gives the rest back, and verify says of each target how it is.
func TestUndoOfSteps(t *testing.T) {
	inOffice(t, 30, func(o *office) {
		before := o.truth()
		o.finishes(o.run("leaver"))
		after := o.truth()
		if err := o.undo(part("disable,devices")); err != nil {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		now := o.truth()
		if n, m := about(before.Diff(now), "accountEnabled"), about(before.Diff(after), "accountEnabled"); n != 0 || m < 20 {
			t.Errorf("of %d accounts and devices %d are not given back", m, n)
		}
		for _, what := range []string{" group ", " licence "} {
			if n, m := about(before.Diff(now), what), about(before.Diff(after), what); n != m || n < 10 {
				t.Errorf("of %d that are%s %d are left", m, what, n)
			}
		}
		settings := ""
		for _, s := range o.said.end.Plan.Settings {
			settings += s.Name + " " + s.Value + " (" + s.Why + ")\n"
		}
		for _, want := range []string{"part disable,devices of all users (--steps, --user: the rest of run " + o.first() + " stays as it is)", "of the step groups (not in the part that is taken back)"} {
			if !strings.Contains(settings, want) {
				t.Errorf("%q is not said:\n%s", want, settings)
			}
		}

		all, failing, err := Verify(o.t.Context(), o.host(), &VerifyOptions{What: []string{o.first()}, Selection: Selection{Key: "auto", TimeZone: localZone}, Connection: o.connection()})
		if err != nil || len(failing) == 0 || len(failing) >= all {
			t.Fatalf("verify: %v; %d of %d do not hold", err, len(failing), all)
		}
		back, by := 0, "taken back by run "+o.runs()[1]+": the directory still shows it enabled"
		for _, k := range failing {
			switch step := batch.Step(k.Step); {
			case (step == batch.Disable || step == batch.Devices) && strings.Contains(k.Reason, by):
				back++
			case (step == batch.Groups || step == batch.Licences) && !strings.Contains(k.Reason, "no success to prove"):
				t.Errorf("%s of %s: %s", k.Step, k.UPN, k.Reason)
			}
		}
		if back < 20 {
			t.Errorf("%d are said to be taken back", back)
		}

		writes := o.tenant.Stats().Writes
		if err := o.undo(part("devices,disable")); err != nil || o.tenant.Stats().Writes != writes || !strings.Contains(o.said.said.String(), "nothing to undo: of what that part of run ") {
			t.Errorf("the second one: %v, and %d writes\n%s", err, o.tenant.Stats().Writes-writes, o.said.said.String())
		}
		if err := o.undo(nil); err != nil {
			t.Fatalf("the rest: %v\n%s", err, o.said.said.String())
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("after the undo of the rest %d things differ from before:\n%s", len(diff), strings.Join(diff, "\n"))
		}
	})
}

// An undo for some users, by id or name, gives them back alone.
func TestUndoOfUsers(t *testing.T) {
	inOffice(t, 30, func(o *office) {
		before := o.truth()
		o.finishes(o.run("disable", "devices", "groups", "licences"))
		users := o.lines(o.first())
		wrong := []string{o.people[2], o.people[5]}
		others := about(before.Diff(o.truth())) - about(before.Diff(o.truth()), wrong[0]+" ") - about(before.Diff(o.truth()), wrong[1]+" ")
		if err := o.undo(part("", strings.ToUpper(wrong[0]), users[wrong[1]].User.ID)); err != nil {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		left := before.Diff(o.truth())
		for _, upn := range wrong {
			if n := about(left, upn+" "); n > 0 {
				t.Errorf("%s has %d things not as before:\n%s", upn, n, strings.Join(left, "\n"))
			}
		}
		devices := 0
		for _, upn := range wrong {
			for _, w := range users[upn].Writes {
				if w.Record.Step == batch.Devices && w.Record.Outcome == batch.Verified {
					devices++
				}
			}
		}
		if n := len(kept(left)); n != others-devices || n < 40 {
			t.Errorf("%d things of the others differ from before, want %d", n, others-devices)
		}
		if back := o.lines(o.runs()[1]); len(back) != 2 {
			t.Errorf("the undo is of %d users", len(back))
		}
		if err := o.undo(nil); err != nil {
			t.Fatalf("the rest: %v\n%s", err, o.said.said.String())
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("after the undo of the rest %d things differ from before:\n%s", len(diff), strings.Join(diff, "\n"))
		}
	})
}

// An undo for one user says what is left to do for that user alone: the password, and what
// Active Directory may have done.
func TestUndoOfAUserSaysWhatIsLeft(t *testing.T) {
	inOffice(t, 20, func(o *office) {
		o.finishes(o.run("disable", "password", "revoke"))
		if err := o.undo(part("", o.people[1])); err != nil {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		if want := "left to do: set a new password for " + o.people[1] + ", whose old one run " + o.first() + " replaced\n"; !strings.Contains(o.said.said.String(), want) {
			t.Errorf("%q is not said:\n%s", want, o.said.said.String())
		}
		for _, s := range o.said.end.Plan.Settings {
			if s.Name == "not undone" && !strings.HasPrefix(s.Value, "1 write ") {
				t.Errorf("what was done to others is said to be left: %v", s)
			}
		}
		if err := o.undo(part("", o.people[1])); err != nil || !strings.Contains(o.said.said.String(), "1 write of the step password (passwords stay replaced") {
			t.Errorf("%v; the second undo says\n%s", err, o.said.said.String())
		}
	})
}

// What an undo gave back, and an administrator closed since, a second undo does not open.
func TestUndoOfWhatWasClosedSince(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		o.finishes(o.run("disable"))
		o.tookBack(o.undo(nil))
		o.somebody("PATCH", "/users/"+o.people[0], `{"accountEnabled":false}`)
		closed, writes := o.truth(), o.tenant.Stats().Writes
		if err := o.undo(nil); err != nil || o.tenant.Stats().Writes != writes || len(closed.Diff(o.truth())) > 0 {
			t.Errorf("%v; %d writes: %v\n%s", err, o.tenant.Stats().Writes-writes, closed.Diff(o.truth()), o.said.said.String())
		}
		if want := "undo " + o.runs()[1] + " gave it back"; !strings.Contains(o.said.said.String(), want) {
			t.Errorf("%q is not said:\n%s", want, o.said.said.String())
		}
	})
}

// A device stays disabled while one of its users stays contained: by the run itself, or by a
// later one.
func TestUndoOfASharedDevice(t *testing.T) {
	inOffice(t, 0, func(o *office) {
		shared, before := o.sharing(), o.truth()
		o.finishes(o.run("disable", "devices"))
		for i, upn := range o.people {
			o.tookBack(o.undo(part("", upn)))
			stays := about(before.Diff(o.truth()), shared) > 0
			if says := strings.Contains(fmt.Sprint(o.said.end.Plan.Settings), "another user of the run has the device, too, and stays contained"); stays != (i == 0) || says != stays {
				t.Errorf("after the undo of %s the device is disabled: %v; said: %v\n%v", upn, stays, says, o.said.end.Plan.Settings)
			}
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("after both undos: %v", diff)
		}
		_, failing, err := Verify(o.t.Context(), o.host(), &VerifyOptions{What: []string{o.first()}, Selection: Selection{Key: "auto", TimeZone: localZone}, Connection: o.connection()})
		told := 0
		for _, k := range failing {
			if k.Target == shared && strings.HasPrefix(k.Reason, "taken back by run "+o.runs()[2]) {
				told++
			}
		}
		if err != nil || told != len(o.people) {
			t.Errorf("%v: of the shared device verify tells %d of %d users who gave it back", err, told, len(o.people))
		}
	})
	inOffice(t, 0, func(o *office) {
		shared, before := o.sharing(), o.truth()
		o.lists(o.people[0])
		o.finishes(o.run("disable", "devices"))
		o.lists(o.people[1])
		o.finishes(o.run("disable", "devices"))
		err := o.undo(nil)
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "an undo would open them: "+o.people[0]+" (a device that somebody else has, too); give --despite-later") || about(before.Diff(o.truth()), shared) == 0 {
			t.Errorf("got %v, want a refusal that names %s", err, o.people[0])
		}
		o.tookBack(o.undo(func(u *UndoOptions) { u.RunName = o.runs()[1] })) // which found the device disabled
		if err := o.undo(nil); err != nil {
			t.Errorf("after the undo of the later run: %v", err)
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("after both undos: %v", diff)
		}
	})
}

// What the run did not do, or to whom, is refused by name, with what can be named.
func TestUndoOfAPartThatIsNone(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		o.finishes(o.run("disable", "revoke", "devices"))
		o.finishes(o.run("revoke"))
		calls := o.tenant.Stats().Calls
		for _, c := range []struct {
			run    int
			change func(*UndoOptions)
			words  string
		}{
			{0, part("groups"), "--steps groups: run RUN did disable,revoke,devices, and that run did no such step; what can be taken back of it is disable,devices"},
			{0, part("devices,enable"), "--steps enable: run RUN did disable,revoke,devices, and a step is named here as the run did it; what enable takes back is disable"},
			{0, part("disable,revoke"), "--steps revoke: run RUN did disable,revoke,devices, and nothing takes that step back; what can be taken back of it is disable,devices"},
			{1, part("revoke"), "nothing takes that step back; none of its steps can be taken back"},
			{0, part("", o.people[0], " "), `--user " " names nobody`},
			{0, part("", o.people[0], "Stranger@contoso.example"), "--user: run RUN has no Stranger@contoso.example; its users are listed by show RUN"},
		} {
			run := o.runs()[c.run]
			err := o.undo(func(u *UndoOptions) { c.change(u); u.RunName = run })
			if want := strings.ReplaceAll(c.words, "RUN", run); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
		if o.tenant.Stats().Calls != calls {
			t.Error("somebody signed in")
		}
	})
}

// An undo of a part ends a run that had stopped, and says so before and after: no resume
// sends the part again, or the rest.
func TestUndoOfAPartEndsTheRun(t *testing.T) {
	inOffice(t, 20, func(o *office) {
		resume := func(run string) error {
			return Resume(o.t.Context(), o.host(), &ResumeOptions{RunName: run, Guards: Guards{MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
		}
		o.cut = 5
		if err := o.run("disable", "devices"); err == nil {
			t.Fatal("it was not killed")
		}
		var first string
		for upn, l := range o.lines(o.first()) {
			if _, _, ok := l.Writes[0].Undo(l.User); ok && !l.User.Synced { // a synced account is for others to give back
				first = upn
			}
		}
		if err := o.undo(part("disable", first)); err != nil {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		said := ""
		for _, s := range o.said.end.Plan.Settings {
			said += s.Name + " " + s.Value + " (" + s.Why + ")\n"
		}
		const next = "to do the rest, run its input again, without the rows or steps that are to stay taken back"
		if !strings.Contains(said, "ends run "+o.first()+" (it is not at its end, and nothing goes on with it after an undo; "+next) {
			t.Errorf("that the run ends is not said:\n%s", said)
		}
		now := o.truth()
		err := resume(o.first())
		if want := "was taken back in part by run " + o.runs()[1] + "; " + next; !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("resume: %v, want %q", err, want)
		}
		if diff := now.Diff(o.truth()); len(diff) > 0 {
			t.Errorf("the resume wrote %v", diff)
		}
	})
}

// A part of which nothing was changed ends a run that had stopped, too: a resume would do to
// these users what they were to be spared.
func TestUndoOfAPartNotYetDone(t *testing.T) {
	inOffice(t, 20, func(o *office) {
		o.cut = 3 // the first write
		if err := o.run("disable", "groups"); err == nil {
			t.Fatal("it was not killed")
		}
		for _, dry := range []bool{true, false} {
			if err := o.undo(func(u *UndoOptions) { u.Steps, u.User, u.DryRun = []string{"groups"}, o.people[:1], dry }); err != nil || !strings.Contains(o.said.said.String(), "nothing to undo: no record of that part") {
				t.Fatalf("%v\n%s", err, o.said.said.String())
			}
			err := Resume(o.t.Context(), o.host(), &ResumeOptions{RunName: o.first(), Guards: Guards{MaxUsers: new(1), MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
			want := "--max-users is 1" // it could go on
			if !dry {
				want = "was taken back in part by an undo that found no change; "
			}
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) {
				t.Errorf("dry run %v: %v, want %q", dry, err, want)
			}
		}
	})
}

// A later undo of the same run gives up one that had stopped: what that one planned may not
// be so any more.
func TestLaterUndoGivesUpAStoppedOne(t *testing.T) {
	inOffice(t, 40, func(o *office) {
		before := o.truth()
		o.finishes(o.run("disable", "groups"))
		for o.cut = 6; len(o.runs()) < 2; o.cut += 2 {
			cut := o.cut
			if err := o.undo(part("groups")); !errors.Is(err, batch.ErrStopped) {
				t.Fatalf("it was not stopped: %v", err)
			}
			o.cut = cut
		}
		o.cut = 0
		if left := kept(before.Diff(o.truth())); len(left) == 0 {
			t.Fatal("nothing is left to go on with")
		}
		stopped := o.runs()[1]
		if err := o.undo(nil); err != nil {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("after the undo %d things differ from before:\n%s", len(diff), strings.Join(diff, "\n"))
		}
		err := Resume(o.t.Context(), o.host(), &ResumeOptions{RunName: stopped, Guards: Guards{MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
		if want := "was given up for run " + o.runs()[2] + "; this takes back what is left: undo " + o.first() + " --steps groups"; !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a refusal with %q", err, want)
		}
	})
}
