package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
)

// person is a user of a run that is to be undone.
type person struct {
	name  string
	steps []batch.Step // of the run, that would be taken back
}

// Despite lifts the refusal of an undo whose users a later run counts on.
type Despite struct {
	DespiteLater bool `env:"-" help:"Undo the run also for users whom a later run contained again, or found contained."`
}

// containedAgain finds users whom a later run contained, or found contained: an undo would
// open them behind the back of the people who rely on that run. What of such a run was taken
// back itself is no reason.
func (o *undoing) containedAgain(ctx context.Context, s *journal.Store) (batch.Finding, error) {
	was := o.was
	runs, err := wroteBeside(ctx, s, was)
	if err != nil {
		return batch.Finding{}, err
	}
	// Later is what stands before it in the list. The time of a plan does not tell, since a
	// clock may have been set back.
	if i := slices.IndexFunc(runs, func(r *journal.Run) bool { return r.Plan().Run == was.Run }); i >= 0 {
		runs = runs[:i]
	}
	back, err := reopenedOf(ctx, runs)
	if err != nil {
		return batch.Finding{}, err
	}
	var by, names []string
	named := map[string]bool{}
	for _, r := range runs {
		p := r.Plan()
		if p.Undoes != "" {
			continue
		}
		steps := slices.DeleteFunc(slices.Clone(p.Steps), func(s batch.Step) bool { return s.Undo() == "" || !slices.Contains(o.steps, s.Undo()) })
		again, err := r.Succeeded(ctx, steps)
		if err != nil && !errors.Is(err, journal.ErrNoRun) { // it was pruned meanwhile
			return batch.Finding{}, err
		}
		counts := false
		for _, k := range again {
			key := cmp.Or(k.ID, k.UPN)
			u := o.users[key]
			if !slices.Contains(u.steps, k.Step) {
				u = o.devices[k.Device] // of a user of the later run, too
			}
			if u.name == "" || has(back[p.Run], k.Step, key) {
				continue
			}
			if counts = true; !named[u.name] {
				named[u.name] = true
				names = append(names, u.name)
			}
		}
		if counts {
			by = append(by, fmt.Sprintf("run %s of %s", p.Run, p.Created.Local().Format(time.DateTime)))
		}
	}
	if len(names) == 0 {
		return batch.Finding{}, nil
	}
	return batch.Finding{Name: "--despite-later", Lift: "--despite-later", Refusal: fmt.Sprintf(
		"%s of this run %s contained again by %s, and an undo would open them: %s; give --despite-later to undo them all the same",
		batch.Plural(len(names), "user"), batch.Agree(len(names), "was", "were"), strings.Join(by, ", "), batch.SomeOf(names[:min(len(names), mostDrift)], len(names)))}, nil
}

// wroteBeside are the runs of the plan's tenant and service that may have written, the newest
// first, and among them the plan's own.
func wroteBeside(ctx context.Context, s *journal.Store, plan batch.Plan) ([]*journal.Run, error) {
	runs, err := s.Runs(ctx, journal.Filter{})
	return slices.DeleteFunc(runs, func(r *journal.Run) bool {
		p := r.Plan()
		wrote := slices.Contains([]journal.State{journal.Running, journal.Stopped, journal.Finished}, r.State())
		return !strings.EqualFold(p.Tenant, plan.Tenant) || p.Cloud != plan.Cloud || !wrote && p.Run != plan.Run
	}), err
}

// reopened is what an undo took back of a run.
type reopened struct {
	part batch.Part
	kept map[keptStep]bool // what it was to take back, and did not
}

type keptStep struct {
	user string // batch.User.Key
	step batch.Step
}

func (b *reopened) has(s batch.Step, user string) bool {
	return b.part.Has(s, user) && !b.kept[keptStep{user, s}] && !b.kept[keptStep{user, batch.Whole}]
}

// has reports whether one of the undos took back the step of the user.
func has(undos []*reopened, s batch.Step, user string) bool {
	return slices.ContainsFunc(undos, func(b *reopened) bool { return b.has(s, user) })
}

// reopenedOf reads what those of the runs took back that are finished undos, by the run that
// was taken back.
func reopenedOf(ctx context.Context, runs []*journal.Run) (map[string][]*reopened, error) {
	back := map[string][]*reopened{}
	for _, r := range runs {
		if of := r.Plan().Undoes; of != "" && r.State() == journal.Finished {
			b, err := reopenedBy(ctx, r)
			if err != nil {
				return nil, err
			}
			back[of] = append(back[of], b)
		}
	}
	return back, nil
}

// reopenedBy reads what an undo took back.
func reopenedBy(ctx context.Context, run *journal.Run) (*reopened, error) {
	b := &reopened{part: run.Plan().Part, kept: map[keptStep]bool{}}
	for l, err := range run.Users(ctx, nil) {
		if errors.Is(err, journal.ErrNoRun) { // it was pruned meanwhile
			return b, nil
		}
		if err != nil {
			return nil, err
		}
		if l.Whole && l.Record.Outcome.Kind() != batch.Success {
			b.kept[keptStep{l.User.Key(), batch.Whole}] = true
		}
		for _, w := range l.AllWrites(run.Plan().Steps) {
			if w.Record.Outcome.Kind() != batch.Success {
				b.kept[keptStep{l.User.Key(), w.Record.Step.Undoes()}] = true
			}
		}
	}
	return b, nil
}

// stillOpens finds users whom a later run counts on among those to whom an undo that goes on
// has something left to give back.
func (j *job) stillOpens(ctx context.Context) (batch.Finding, error) {
	o := &undoing{was: j.plan, steps: j.plan.Steps, users: map[string]person{}, devices: map[string]person{}}
	if j.undone != nil { // which was not pruned since
		o.was = j.undone.Plan()
	}
	for l, err := range j.run.Users(ctx, nil) {
		if err != nil {
			return batch.Finding{}, err
		}
		who := person{name: l.User.Name()}
		for _, w := range l.AllWrites(j.plan.Steps) {
			if w.Record.Outcome.Open() {
				who.steps = append(who.steps, w.Record.Step.Undoes())
				if w.Record.Step == batch.EnableDevices {
					o.devices[w.Target.ID] = person{name: who.name + sharing}
				}
			}
		}
		o.users[l.User.Key()] = who
	}
	return o.containedAgain(ctx, j.store)
}
