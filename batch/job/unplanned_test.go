package job

import (
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/planfile"
)

// plan plans steps for everybody into a file.
func (o *office) plan(steps ...string) string {
	o.t.Helper()
	p := PlanOptions{Planning: o.planning(steps...), Connection: o.connection(), Patience: o.execution().Patience}
	name := filepath.Join(o.dir, "plan.jsonl")
	if _, err := MakePlan(o.t.Context(), o.host(), &p, name); err != nil {
		o.t.Fatal(err)
	}
	return name
}

// rewrite takes targets out of a plan file, as somebody who is no program can.
func (o *office) rewrite(name string, out func(batch.Planned, batch.Target) bool) {
	o.t.Helper()
	var rows []batch.Planned
	file, err := o.host().ReadPlan(name, planfile.Sink{Rows: func(some []batch.Planned) error { rows = append(rows, some...); return nil }})
	if err != nil {
		o.t.Fatal(err)
	}
	file.Head.Plan.Writes = 0
	for i := range rows {
		p := &rows[i]
		p.Targets = slices.DeleteFunc(p.Targets, func(t batch.Target) bool { return out(*p, t) })
		file.Head.Plan.Writes += p.Writes(file.Head.Plan.Steps)
	}
	w, err := os.Create(name)
	if err != nil {
		o.t.Fatal(err)
	}
	all := iter.Seq2[batch.Planned, error](func(yield func(batch.Planned, error) bool) {
		for _, p := range rows {
			if !yield(p, nil) {
				return
			}
		}
	})
	_, err = planfile.Write(io.Writer(w), file.Head, all, func(func(batch.Skip, error) bool) {})
	if err := errors.Join(err, w.Close()); err != nil {
		o.t.Fatal(err)
	}
}

// What a user has and the plan does not list is not sent, and the user is no success: a
// device and a group that came after the plan, and a device that somebody took out of it.
func TestApplyTellsWhatIsNotPlanned(t *testing.T) {
	for _, c := range []struct {
		name string
		step batch.Step
		make func(o *office, upn, plan string) (target string)
	}{
		{"a device that came", batch.Devices, func(o *office, upn, _ string) string {
			if err := o.tenant.AddDevice(graphsim.Device{Name: "new", Enabled: true, Users: []string{upn}, Owners: []string{upn}}); err != nil {
				t.Fatal(err)
			}
			return graphsim.IDFor("device new")
		}},
		{"a group that came", batch.Groups, func(o *office, upn, _ string) string {
			id := graphsim.IDFor("group new")
			if err := o.tenant.AddGroup(graphsim.Group{ID: id, Name: "new", Members: []string{upn}}); err != nil {
				t.Fatal(err)
			}
			return id
		}},
		{"a device taken out of the plan", batch.Devices, func(o *office, upn, plan string) (target string) {
			o.rewrite(plan, func(p batch.Planned, t batch.Target) bool {
				if p.User.UPN != upn || t.Step != batch.Devices || target != "" && t.ID != target {
					return false
				}
				target = t.ID
				return true
			})
			return target
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inOffice(t, 4, func(o *office) {
				upn := o.people[0]
				if err := o.tenant.AddDevice(graphsim.Device{Name: "old", Enabled: true, Users: []string{upn}, Owners: []string{upn}}); err != nil {
					t.Fatal(err)
				}
				plan := o.plan("disable", "devices", "groups")
				target := c.make(o, upn, plan)
				before := o.truth()
				err := Apply(o.t.Context(), o.host(), &ApplyOptions{File: plan, Guards: Guards{MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
				if !errors.Is(err, ErrPartial) {
					t.Fatalf("%v\n%s", err, o.said.said.String())
				}
				for _, line := range before.Diff(o.truth()) {
					if target == "" || strings.Contains(line, target) {
						t.Errorf("what is not planned was sent: %s", line)
					}
				}
				l, found := o.lines(o.first())[upn], false
				for _, w := range l.Writes {
					if w.Record.Target == target {
						found = w.Record.Outcome == batch.Failed && w.Record.Step == c.step && w.Record.Reason == unplanned
					} else if o := w.Record.Outcome; o != batch.Verified && o != batch.NotPossible && o != batch.Skipped {
						t.Errorf("%s %s ended %s (%s)", w.Record.Step, w.Record.Target, w.Record.Outcome, w.Record.Reason)
					}
				}
				if !found || l.Record.Outcome != batch.Failed || c.step == batch.Devices && l.Contained(batch.Leaver) {
					t.Errorf("the user ended %s, contained: %t, %+v", l.Record.Outcome, l.Contained(batch.Leaver), l.Writes)
				}
			})
		})
	}
}
