package job

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
)

// An undo does not open users whom a later run found contained, unless that is said. A
// later run that was taken back, or that has other steps, is no reason.
func TestUndoDespiteALaterRun(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		o.finishes(o.run("disable", "groups"))
		o.finishes(o.run("devices"))
		if err := o.undo(func(u *UndoOptions) { u.RunName, u.DryRun = o.first(), true }); err != nil {
			t.Fatalf("after a run of other steps: %v", err)
		}
		o.finishes(o.run("disable", "revoke"))
		runs := o.runs()
		later, before := runs[len(runs)-1], o.truth()
		err := o.undo(nil)
		want := "3 users of this run were contained again by run " + later + " of "
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), o.people[2]) || !strings.Contains(err.Error(), "give --despite-later") {
			t.Errorf("got %v, want a refusal with %q", err, want)
		}
		if diff := before.Diff(o.truth()); len(diff) > 0 || len(o.runs()) != len(runs) {
			t.Errorf("something was written: %v", diff)
		}
		if err := o.undo(func(u *UndoOptions) { u.DespiteLater = true }); err != nil {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		if diff := before.Diff(o.truth()); len(diff) < 3 {
			t.Errorf("the undo changed %v", diff)
		}
	})
	inOffice(t, 3, func(o *office) {
		o.finishes(o.run("disable", "devices"))
		first := o.first()
		o.somebody("PATCH", "/users/"+o.lines(first)[o.people[0]].User.ID, `{"accountEnabled":true}`)
		o.finishes(o.run("disable", "devices"))
		o.finishes(o.undo(func(u *UndoOptions) { u.RunName = o.runs()[1] }))
		o.tookBack(o.undo(func(u *UndoOptions) { u.RunName = first })) // the later run was taken back
	})
}

// A later run that was denied every write to a user contained nobody, whatever it found done
// already: it does not keep the user from being taken back.
func TestUndoAfterALaterRunThatWasDenied(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		o.finishes(o.run("disable", "devices"))
		o.somebody("PATCH", "/users/"+o.lines(o.first())[o.people[0]].User.ID, `{"accountEnabled":true}`)
		if err := o.tenant.Assign("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", o.people[0]); err != nil { // Application Administrator
			t.Fatal(err)
		}
		o.finishes(o.run("password", "disable", "devices"))
		kai := o.lines(o.runs()[1])[o.people[0]]
		found := slices.ContainsFunc(kai.Writes, func(w batch.Write) bool { return w.Record.Outcome == batch.Already })
		if kai.Record.Outcome != batch.Denied || !found {
			t.Fatalf("%s was not denied, with something done already: %+v", o.people[0], kai.Writes)
		}
		err := o.undo(nil)
		if want := "2 users of this run were contained again by run "; !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), o.people[0]) {
			t.Errorf("got %v, want a refusal for the others alone", err)
		}
		o.tookBack(o.undo(func(u *UndoOptions) { u.User = o.people[:1] }))
	})
}

// Of a later run that was taken back in part the rest still counts, and so does what its
// undo was to give back and did not.
func TestUndoDespiteALaterRunTakenBackInPart(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		o.finishes(o.run("disable", "devices"))
		first := o.first()
		for _, upn := range o.people { // so that the later run has changed something, too
			o.somebody("PATCH", "/users/"+o.lines(first)[upn].User.ID, `{"accountEnabled":true}`)
		}
		o.finishes(o.run("disable"))
		last, list := o.runs()[1], filepath.Join(o.dir, "kept.txt")
		if err := os.WriteFile(list, []byte(o.people[1]+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		o.finishes(o.undo(func(u *UndoOptions) { u.RunName, u.User, u.Protect = last, o.people[:2], []string{list} }))
		before := o.truth()
		err := o.undo(func(u *UndoOptions) { u.RunName = first })
		if !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), o.people[0]) || !strings.Contains(err.Error(), "2 users of this run were contained again by run "+last+" of ") {
			t.Fatalf("got %v, want a refusal that names all but %s", err, o.people[0])
		}
		if diff := before.Diff(o.truth()); len(diff) > 0 {
			t.Errorf("something was written: %v", diff)
		}
	})
}

// An undo that goes on asks once more whether a later run counts on what it would open.
func TestResumedUndoDespiteALaterRun(t *testing.T) {
	for _, same := range []bool{false, true} { // the same command, or resume
		inOffice(t, 40, func(o *office) {
			o.again = true
			o.finishes(o.run("disable"))
			for o.cut = 2; len(o.runs()) < 2; o.cut++ {
				cut := o.cut
				if err := o.undo(func(u *UndoOptions) { u.Concurrency = 1 }); !errors.Is(err, batch.ErrStopped) {
					t.Fatalf("it was not stopped: %v", err)
				}
				o.cut = cut
			}
			o.cut = 0
			undo := o.runs()[1]
			goOn := func(despite bool) error {
				if same {
					return o.undo(func(u *UndoOptions) { u.DespiteLater = despite })
				}
				return Resume(o.t.Context(), o.host(), &ResumeOptions{RunName: undo, Despite: Despite{despite}, Guards: Guards{MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
			}
			o.finishes(o.run("disable", "revoke"))
			later, before := o.runs()[2], o.truth()
			err := goOn(false)
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "of this run were contained again by run "+later+" of ") || !strings.Contains(err.Error(), "give --despite-later") {
				t.Errorf("got %v, want a refusal for %s", err, later)
			}
			if diff := before.Diff(o.truth()); len(diff) > 0 {
				t.Errorf("something was written: %v", diff)
			}
			if o.finishes(goOn(true)); len(o.runs()) != 3 {
				t.Errorf("the runs are %v", o.runs())
			}
			if diff := before.Diff(o.truth()); len(diff) == 0 {
				t.Error("nothing was taken back")
			}
		})
	}
}
