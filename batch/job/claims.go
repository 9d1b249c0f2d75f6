package job

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"offboard/batch"
	"offboard/batch/journal"
)

// claims are the writes of a run of steps that verify reads back: all that the run holds for
// done, or that Graph accepted. What is of no success does not hold. What was left alone,
// and what a stamp showed before the run, is no claim of its own.
func claims(ctx context.Context, run *journal.Run) ([]*Proof, error) {
	back, err := takenFrom(ctx, run, batch.Verified, batch.Accepted)
	if err != nil {
		return nil, err
	}
	var proofs []*Proof
	for l, err := range run.Lines(ctx) {
		if err != nil {
			return nil, err
		}
		if l.First.Line != 0 {
			continue
		}
		like := Proof{File: l.Row.File, Line: l.Row.Line, Input: l.Row.Input, ID: l.User.ID, UPN: l.User.UPN}
		writes := l.AllWrites(run.Plan().Steps)
		if l.Whole && len(writes) == 0 {
			if l.Record.Outcome.Kind() == batch.Failure {
				like.Reason = "the run has no success to prove: the user is " + string(l.Record.Outcome)
				proofs = append(proofs, &like)
			}
			continue
		}
		for _, w := range writes {
			rec := w.Record
			done := rec.Outcome.Kind() == batch.Success && rec.Step.ByState()
			k := like
			k.Step, k.Target, k.Name, k.Accepted = string(rec.Step), w.Target.ID, w.Target.Name, rec.Accepted
			switch {
			case rec.Outcome.Kind() == batch.Neutral, rec.Outcome == batch.Already && !done:
				continue
			case !done && rec.Accepted.IsZero():
				k.Reason = "the run has no success to prove: it is " + string(rec.Outcome)
			default:
				k.claim = &batch.Unproven{Item: batch.Item{User: l.User, Step: rec.Step, Target: w.Target}, Record: rec}
				k.due, k.back = k.claim.Lasts(), back[thingOf(l.User.ID, rec.Step, w.Target.ID)]
			}
			proofs = append(proofs, &k)
		}
	}
	return proofs, nil
}

// takenFrom are the things of a run that undos of it gave back with one of the outcomes, each
// with the name of the undo. The run's claim of such a thing is not expected to hold, and why
// is to be told.
func takenFrom(ctx context.Context, run *journal.Run, as ...batch.Outcome) (map[thing]string, error) {
	back := map[thing]string{}
	runs, err := run.Undos(ctx)
	for _, r := range runs {
		for l, err := range r.Users(ctx, nil) {
			if errors.Is(err, journal.ErrNoRun) { // it was pruned meanwhile
				break
			}
			if err != nil {
				return nil, err
			}
			for _, w := range l.Writes {
				if slices.Contains(as, w.Record.Outcome) {
					back[thingOf(l.User.ID, w.Record.Step.Undoes(), w.Target.ID)] = r.Plan().Run
				}
			}
		}
	}
	return back, err
}

// readBack reads what the writes changed, and gives those that do not hold.
func (j *job) readBack(ctx context.Context, claimed []*Proof) ([]*Proof, error) {
	of := make(map[batch.Mark]*Proof, len(claimed))
	for _, k := range claimed {
		of[k.claim.Item.Mark()] = k
	}
	show := j.Progress("reading back", 0, nil)
	defer show.End()
	c := batch.Checker{
		Prover: j.tenant.apps[0].client, Reads: j.reads, Needs: batch.NeedsToRead(j.plan.Steps), User: j.tenant.identity().User != "",
		Concurrency: j.Concurrency, Retry: batch.DefaultRetry, CallTimeout: batch.LongestCall, Outage: j.Outage, Until: j.until(), Stop: j.Stop,
		Progress: show.Waits,
		Claims: func(yield func(batch.Unproven, error) bool) {
			for _, k := range claimed {
				if !yield(*k.claim, nil) {
					return
				}
			}
		},
		Told: func(claim batch.Unproven, why string) {
			k := of[claim.Item.Mark()]
			if why != "" && k.back != "" {
				why = "taken back by run " + k.back + ": " + why
			}
			k.Shown, k.Stamp, k.Reason = claim.Record.Shown, claim.Record.After, why
		},
	}
	if err := c.Check(ctx); err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	var failing []*Proof
	for _, k := range claimed {
		if k.Reason != "" {
			failing = append(failing, k)
		}
	}
	return failing, nil
}
