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

// containedAgain finds users whom a later run contained, or found contained: an undo would
// open them behind the back of the people who rely on that run. A run that was taken back
// itself is no reason.
func (o *undoing) containedAgain(ctx context.Context, s *journal.Store) (batch.Finding, error) {
	was := o.run.Plan()
	runs, err := s.Runs(ctx, journal.Filter{NewerThan: was.Created, States: []journal.State{journal.Running, journal.Stopped, journal.Finished}})
	if err != nil {
		return batch.Finding{}, err
	}
	runs = slices.DeleteFunc(runs, func(r *journal.Run) bool {
		p := r.Plan()
		return !strings.EqualFold(p.Tenant, was.Tenant) || p.Cloud != was.Cloud
	})
	back := map[string]bool{}
	for _, r := range runs {
		if r.State() == journal.Finished {
			back[r.Plan().Undoes] = true
		}
	}
	var by, names []string
	named := map[string]bool{}
	for _, r := range runs {
		p := r.Plan()
		if p.Undoes != "" || back[p.Run] {
			continue
		}
		steps := slices.DeleteFunc(slices.Clone(p.Steps), func(s batch.Step) bool { return s.Undo() == "" || !slices.Contains(o.steps, s.Undo()) })
		again, err := r.Succeeded(ctx, steps)
		if err != nil && !errors.Is(err, journal.ErrNoRun) { // it was pruned meanwhile
			return batch.Finding{}, err
		}
		counts := false
		for _, k := range again {
			u := o.users[cmp.Or(k.ID, k.UPN)]
			if !slices.Contains(u.steps, k.Step) {
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
