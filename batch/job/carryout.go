package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// earliest says how long so many writes will take at the least, before anybody is
// asked. Short is a refusal: a token that nothing renews ends before.
func (j *job) earliest(ctx context.Context, writes int) (short, err error) {
	gates, _, err := j.writeGates(ctx, writes)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	least := throttle.Earliest(gates, writes, now)
	if least >= time.Second {
		j.Say("time     at least %s (%s)", batch.Span(least), gates[0].Pace(now).Reason)
	}
	if len(gates) > 1 {
		j.Say("apps     %d: together they may use up the tenant's whole write budget, and every other app in it will be refused", len(gates))
	}
	return outlives(writes, least, now, j.tenant.until, j.unwritten()), nil
}

// outlives refuses writes that cannot end before the token of their sign-in does; a zero until
// is that of one that is renewed.
func outlives(writes int, least time.Duration, now, until time.Time, undone string) error {
	if writes == 0 || until.IsZero() || !now.Add(least).After(until) {
		return nil
	}
	return endsFirst{fmt.Errorf("the access token ends in %s, at %s, and %s at least %s; %s; take a shorter file, sign in another way (--auth), or have a command print a new token each time: OFFBOARD_ACCESS_TOKEN_COMMAND in place of OFFBOARD_ACCESS_TOKEN",
		batch.Span(until.Sub(now)), batch.TimeOf(now, until), batch.Agree(writes, "1 write takes", batch.Thousands(writes)+" writes take"), batch.Span(least), undone)}
}

// endsFirst is a sign-in that would not last.
type endsFirst struct{ error }

func (endsFirst) Is(target error) bool { return target == batch.ErrSignIn }

// carryOut sends so many writes, verifies so many more, and reports. The report is written however it ends.
func (j *job) carryOut(ctx context.Context, lastCall, send, verify int) error {
	lines, runErr, err := j.write(ctx, lastCall, send, verify, nil)
	if err != nil {
		return err
	}
	err = j.finish(context.WithoutCancel(ctx), runErr)
	lines.end(ctx, j)
	return err
}

// write does so, all of it or a portion. The second error is one before the run went on.
func (j *job) write(ctx context.Context, lastCall, send, verify int, of *portion) (_ *stream, runErr, err error) {
	plan := j.run.Plan()
	gates, look, err := j.writeGates(ctx, send)
	if err != nil {
		return nil, nil, err
	}
	if err := j.endUndone(ctx, j.plan.Part, "run "+j.plan.Run); err != nil {
		return nil, nil, err
	}
	if of == nil || of.begins {
		if err := j.run.SetState(ctx, journal.Running, j.session()); err != nil {
			return nil, nil, err
		}
	}
	beside, err := j.join(ctx, gates, look, lastCall)
	if err != nil {
		return nil, nil, err
	}
	defer j.Shared.leave(ctx, j.run)
	lines := j.streaming(ctx)
	r := batch.Runner{
		Steps: plan.Steps, Verify: plan.Verify, Journal: lines.journal(j.run), Reads: j.reads,
		Pending: j.run.Pending(ctx), Unproven: j.run.Unproven(ctx), Unsuccessful: j.run.Unsuccessful(ctx),
		Known:       func(seq int) (batch.Line, error) { return j.run.Known(context.WithoutCancel(ctx), seq) },
		Shared:      func(s batch.Step) (map[string][]int, error) { return j.run.Shared(context.WithoutCancel(ctx), s) },
		Concurrency: j.Concurrency, Retry: batch.DefaultRetry, CallTimeout: batch.LongestCall,
		Outage: j.Outage, Until: j.until(), VerifyTimeout: j.VerifyTimeout, LastCall: lastCall, Stop: j.Stop,
	}
	if plan.Resolve {
		r.Found = cmp.Or(j.found, plan.Created)
	}
	j.reads.KeepFree(gates[0])
	for i, a := range j.tenant.apps {
		r.Apps = append(r.Apps, batch.App{Name: a.identity.App, Sender: a.client, Gate: beside[i], User: a.identity.User != ""})
	}
	if plan.Resolve {
		r.Prover = j.tenant.apps[0].client
	}
	show := j.Progress(counted(plan), send+verify, func(n int) time.Duration { return throttle.TimeLeft(gates, n, time.Now()) })
	var seen batch.Interruptions
	r.Progress = func(p batch.Progress) { seen.See(p); show.Running(p); of.told() }
	if err := of.narrow(ctx, j.run, &r); err != nil {
		return nil, nil, err
	}
	runErr = r.Run(ctx)
	show.End()

	// From here on a cancelled context must not keep the truth from being told.
	ctx = context.WithoutCancel(ctx)
	waits := batch.Waits{Interruptions: seen.All()}
	for _, g := range gates {
		waits = waits.Plus(g.Waits())
		of.pauses(g.Paused(time.Now()))
	}
	return lines, errors.Join(runErr, j.run.AddWaits(ctx, waits)), nil
}

// counted is the stage of a run: what its progress counts, where that is not its users, and
// for how many people.
func counted(p batch.Plan) string {
	if len(p.Steps) == 1 && !p.Steps[0].Listed() {
		return ""
	}
	return fmt.Sprintf("writes for %s %s", batch.Thousands(p.Users), batch.Agree(p.Users, "person", "people"))
}

// finish writes the reports and seals them, ends the run in the journal and tells how
// it stands, in this order: of a run that is killed before its end is in the journal, the
// same command again only reports. A run whose report could not be written has finished
// all the same, and the error says how to have the report. A finished run that was no
// success is ErrPartial.
func (j *job) finish(ctx context.Context, runErr error) error {
	state, why := journal.Finished, ""
	if runErr != nil {
		state, why = journal.Stopped, runErr.Error()
	}
	end, untold := j.endOf(ctx, j.run)
	end.State, end.Reason, end.Ended, end.Resume = string(state), why, time.Now().UTC(), ""
	if state.Resumable() {
		end.Resume = j.resumeLine(j.run.Plan(), j.resumeFlags()...)
	}
	if untold == nil {
		untold = j.publish(ctx, &end, j.run, j.run.Lines(ctx), j.ReportDir)
	}
	if untold = j.incomplete(end, untold); untold != nil && runErr == nil {
		why = untold.Error()
		end.Reason = why
	}
	runErr = errors.Join(runErr, j.run.SetState(ctx, state, why))
	j.Told = true
	if err := errors.Join(runErr, untold, j.Ended(end)); err != nil {
		return err
	}
	if end.Summary.CountOf(batch.Failure) > 0 {
		return ErrPartial
	}
	return nil
}
