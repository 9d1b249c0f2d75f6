package job

import (
	"context"
	"errors"
	"fmt"

	"offboard/batch"
	"offboard/batch/journal"
)

// Undone lifts the refusal of a plan with users to whom an undo gave something back.
type Undone struct {
	IncludeUndone bool `env:"-" help:"Do it also to users to whom an undo gave something back, and to whom no run did anything since. Without it such a plan is refused: they may still stand in a file by mistake."`
}

// givenBack are the users of the tenant to whom an undo gave something back, and to whom no
// run did anything since: why, by object id. The order of the journal tells what was since.
func (j *job) givenBack(ctx context.Context, plan batch.Plan) (map[string]string, error) {
	runs, err := wroteBeside(ctx, j.store, plan)
	if err != nil {
		return nil, err
	}
	left := 0 // undos that are not looked at yet
	for _, r := range runs {
		if r.Plan().Undoes != "" {
			left++
		}
	}
	why, last := map[string]string{}, map[string]bool{}
	for _, r := range runs {
		if left == 0 {
			break
		}
		touched, err := r.Touched(ctx)
		if errors.Is(err, journal.ErrNoRun) { // it was pruned meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		p := r.Plan()
		for _, id := range touched {
			if p.Undoes != "" && !last[id] {
				why[id] = "by undo " + p.Run
			}
			last[id] = true
		}
		if p.Undoes != "" {
			left--
		}
	}
	return why, nil
}

// givenBackCheck refuses a plan that has some of them.
func givenBackCheck(back batch.Some) batch.Finding {
	if back.Count == 0 {
		return batch.Finding{}
	}
	return batch.Finding{Name: "--include-undone", Lift: liftProtect, Refusal: fmt.Sprintf(
		"%s of the plan got something back, and no run did anything to them since: %s; take them out of the input, or spare them with --protect FILE; give --include-undone if they are meant again",
		batch.Plural(back.Count, "user"), batch.SomeOf(back.Names[:min(len(back.Names), mostDrift)], back.Count))}
}
