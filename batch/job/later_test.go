package job

import (
	"errors"
	"strings"
	"testing"
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
		if err := o.undo(func(u *UndoOptions) { u.RunName = first }); err != nil {
			t.Errorf("after the later run was taken back: %v", err)
		}
	})
}
