package journal

import (
	"errors"
	"strings"
	"testing"

	"offboard/batch"
)

// By which names a synced user or group is found on premises is part of the sealed plan. It is told
// of a run whose steps may leave something to do there, also to the process that resumes it
// and on the line of a duplicate.
func TestNamesOnPremises(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path)
	for _, steps := range [][]batch.Step{{batch.Disable}, {batch.Disable, batch.Revoke, batch.Groups}, {batch.Revoke}} {
		run := strings.ReplaceAll(batch.StepList(steps), ",", "-")
		r := create(t, s, batch.Plan{Run: run, Steps: steps})
		one, two := member(1), member(2)
		one.DuplicateOf, two.User.Synced, two.User.SAM, two.User.Domain = 2, true, "bob", "corp.example"
		if batch.Several(steps) {
			two.Targets = []batch.Target{{Step: batch.Groups, ID: "g", OnPremises: true, SAM: "staff", Domain: "corp.example"}}
		}
		must(t, r.AddRows(t.Context(), []batch.Planned{one, two, member(3)}))
		plan := r.Plan()
		plan.Rows, plan.Users, plan.Writes = 3, 2, 2*implicit(plan)+len(two.Targets)
		must(t, r.Seal(t.Context(), plan))
	}
	must(t, s.Close())
	s = openAt(t, path)
	for run, want := range map[string]string{"disable": "bob at corp.example", "disable-revoke-groups": "bob at corp.example", "revoke": " at "} {
		r, err := s.Run(t.Context(), run)
		must(t, err)
		lines := all(t, r.Lines(t.Context()))
		for i, want := range []string{want, want, " at "} {
			diff(t, run, lines[i].User.SAM+" at "+lines[i].User.Domain, want)
		}
		if of := lines[1].Of(batch.Groups); strings.Contains(run, "groups") {
			diff(t, run, of[0].Target.SAM+" at "+of[0].Target.Domain, "staff at corp.example")
		}
	}
	_, err := s.w.Exec("UPDATE rows SET sam = 'eve' WHERE sam = 'bob'")
	must(t, err)
	s = openAt(t, path)
	r, err := s.Run(t.Context(), "disable-revoke-groups")
	must(t, err)
	damaged := false
	for _, err := range r.Lines(t.Context()) {
		damaged = errors.Is(err, ErrDamaged)
	}
	if !damaged {
		t.Error("a name that was changed behind the journal's back was told")
	}
}
