package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/throttle"
	"offboard/report"
)

// job is a run being planned or carried out by this process.
type job struct {
	*command
	connection
	execution
	target *target
	store  *journal.Store
	run    *journal.Run
	stated []throttle.Quota     // Graph's or the quota file's
	quotas []throttle.Quota     // of them, what this run may use, in a tenant of this size
	reads  *throttle.Controller // of this process: planning and verifying share it
	until  batch.Deadline
	guards guards        // asked again before a run goes on
	maxAge time.Duration // of a plan that goes on; 0 is any
	caller string        // who goes on with another one's plan; "" for the same
	found  time.Time     // when apply looked the users up again
}

// newJob reads what the flags say of quotas.
func newJob(c *command, conn connection, exe execution, t *target, store *journal.Store) (*job, error) {
	j := &job{command: c, target: t, store: store, maxAge: mostAge}
	return j, j.carry(conn, exe)
}

// progress tells people how far a stage with so many users is.
func (c *command) progress(total int, left func(int) time.Duration) *progress {
	p := &progress{w: c.stderr, draws: c.draws, width: c.width, total: total, left: left}
	if c.cli.LogFormat == "json" {
		p.log, p.draws = c.log, false
	}
	if p.draws {
		p.w = c.screen
	}
	return p
}

// sameTenant refuses to work on a plan anywhere but where it was made for.
func (j *job) sameTenant(p batch.Plan) error {
	if j.target.cloud == p.Cloud && j.target.identity().Tenant == p.Tenant {
		return nil
	}
	return fmt.Errorf("%w: the plan is for tenant %s at %s, and this is tenant %s at %s; sign in to the plan's tenant",
		errRefused, cmp.Or(p.Tenant, "unknown"), p.Cloud, cmp.Or(j.target.identity().Tenant, "unknown"), j.target.cloud)
}

// planner looks users up as the flags say.
func (j *job) planner() batch.Planner {
	return batch.Planner{
		Directory: j.target.apps[0].client, Reads: j.reads,
		Concurrency: j.Concurrency, Retry: batch.DefaultRetry, CallTimeout: batch.LongestCall, Outage: j.Outage, Until: j.until, Stop: j.stop,
	}
}

// resume goes on with a planned run that another process has left.
func (j *job) resume(ctx context.Context) error {
	if err := j.sameCaller(j.run.Plan()); err != nil {
		return err
	}
	unlock, err := j.run.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	tidy, err := j.claimReport(j.execution, j.run.Plan())
	if err != nil {
		return err
	}
	defer tidy()
	if _, err := j.run.Recover(ctx); err != nil {
		return err
	}
	send, verify, err := j.run.Remaining(ctx)
	if err != nil {
		return err
	}
	j.goesOn = j.resumeLine(j.run.Plan(), j.resumeFlags()...)
	j.say("run %s: %s of %s %s left to revoke, %s to verify", j.run.Plan().Run, batch.Thousands(send), batch.Plural(j.run.Plan().Users, "user"), batch.Agree(send, "is", "are"), batch.Thousands(verify))
	if j.run.Plan().Verify {
		if err := j.target.mayRead(); err != nil {
			return err
		}
	}
	if send > 0 {
		if err := j.target.mayRevoke(); err != nil {
			return err
		}
		spared, err := j.guardAgain(ctx)
		if err != nil {
			return err
		}
		if send -= len(spared); send > 0 {
			if err := j.earliest(ctx, send); err != nil {
				return err
			}
			if err := j.ask(j.Yes, fmt.Sprintf("Revoke the sessions of the remaining %s?", batch.Plural(send, "user"))); err != nil {
				return err
			}
		}
		if err := j.spare(ctx, spared); err != nil {
			return err
		}
	}
	last, err := j.run.LastCall(ctx)
	if err != nil {
		return err
	}
	return j.carryOut(ctx, last, send, verify)
}

// unbegun ends a new run of which nothing was sent: it was refused, or stopped at the
// question and can be gone on with.
func (j *job) unbegun(ctx context.Context, why error) error {
	state := journal.Refused
	if errors.Is(why, batch.ErrStopped) {
		state = journal.Stopped
	}
	return errors.Join(why, j.run.SetState(ctx, state, why.Error()))
}

// earliest says how long the users will take at the least, before anybody is
// asked.
func (j *job) earliest(ctx context.Context, users int) error {
	gates, _, err := j.writeGates(ctx, users)
	if err != nil {
		return err
	}
	now := time.Now()
	if d := throttle.Earliest(gates, users, now); d >= time.Second {
		j.say("time     at least %s (%s)", batch.Span(d), gates[0].Pace(now).Reason)
	}
	if len(gates) > 1 {
		j.say("apps     %d: together they may use up the tenant's whole write budget, and every other app in it will be refused", len(gates))
	}
	return nil
}

// carryOut revokes so many users, verifies so many more, and reports. The report is written however it ends.
func (j *job) carryOut(ctx context.Context, lastCall, send, verify int) error {
	plan := j.run.Plan()
	gates, look, err := j.writeGates(ctx, send)
	if err != nil {
		return err
	}
	if err := j.run.SetState(ctx, journal.Running, j.session()); err != nil {
		return err
	}
	r := batch.Runner{
		Journal: j.run, Reads: j.reads,
		Pending: j.run.Pending(ctx), Unproven: j.run.Unproven(ctx),
		Concurrency: j.Concurrency, Retry: batch.DefaultRetry, CallTimeout: batch.LongestCall,
		Outage: j.Outage, Until: j.until, VerifyTimeout: j.VerifyTimeout, LastCall: lastCall, Stop: j.stop,
	}
	if plan.Resolve {
		r.Found = cmp.Or(j.found, plan.Created)
	}
	j.reads.KeepFree(gates[0])
	for i, a := range j.target.apps {
		r.Apps = append(r.Apps, batch.App{Name: a.identity.App, Sender: a.client, Gate: &beside{Controller: gates[i], others: look, ctx: ctx}})
	}
	if plan.Verify {
		r.Directory = j.target.apps[0].client
	}
	show := j.progress(send+verify, func(n int) time.Duration { return throttle.TimeLeft(gates, n, time.Now()) })
	r.Progress = show.running
	runErr := r.Run(ctx)
	show.end()

	// From here on a cancelled context must not keep the truth from being told.
	ctx = context.WithoutCancel(ctx)
	var waits batch.Waits
	for _, g := range gates {
		waits = waits.Plus(g.Waits())
	}
	return j.finish(ctx, errors.Join(runErr, j.run.AddWaits(ctx, waits)))
}

// finish writes the reports, ends the run in the journal, seals the report and tells
// how the run stands, in this order: of a run that is killed while it writes, the same
// command again only reports. A run whose report could not be written has finished all the same,
// and the error says how to have the report. A finished run that was no success is
// errPartial.
func (j *job) finish(ctx context.Context, runErr error) error {
	end, untold := j.command.report(ctx, j.run, j.ReportDir)
	if untold != nil {
		untold = fmt.Errorf("the report was not written: %w; this writes it elsewhere: %s",
			untold, j.typed("report", j.run.Plan().Run, "--report-dir", "DIR"))
	}
	state, why := journal.Finished, ""
	if runErr != nil {
		state, why = journal.Stopped, runErr.Error()
	} else if untold != nil {
		why = untold.Error()
	}
	runErr = errors.Join(runErr, j.run.SetState(ctx, state, why), j.stands(ctx, &end, j.run, j.resumeFlags()...))
	end.Reason = why
	if untold == nil {
		untold = j.seal(ctx, &end, j.run)
	}
	j.told = true
	if err := errors.Join(runErr, untold, j.command.end(end)); err != nil {
		return err
	}
	if end.Summary.CountOf(batch.Failure) > 0 {
		return errPartial
	}
	return nil
}

// report writes the files of a run, from the journal alone.
func (c *command) report(ctx context.Context, run *journal.Run, dir string) (report.End, error) {
	end, err := c.endOf(ctx, run)
	if err != nil {
		return end, err
	}
	return end, c.write(&end, run.Lines(ctx), dir)
}

// write writes the lines where --report-dir says, and tells what became of the
// report of another run there.
func (c *command) write(end *report.End, lines iter.Seq2[batch.Line, error], dir string) error {
	dir, err := reportDir(dir, end.Plan)
	if err != nil {
		return err
	}
	aside, err := report.Write(dir, end, lines)
	if aside != "" {
		c.say("note     the report of another run was in %s, and is in %s now", dir, aside)
	}
	end.Written = time.Now().UTC()
	if retry := end.RetryFile(); retry != "" {
		end.Retry = c.retryLine(end.Plan, retry)
	}
	return err
}

// seal completes a report that was written, signs it if there is a key, and notes
// its digest in the journal.
func (c *command) seal(ctx context.Context, end *report.End, run *journal.Run) error {
	err := report.Seal(end, c.sign, func(sum string) error { return run.AddReport(ctx, sum) })
	if err != nil {
		return fmt.Errorf("the report is not complete: %w; this writes it again: %s", err, c.typed("report", end.Plan.Run, "--report-dir", end.Dir))
	}
	return nil
}

// endOf folds the journal into what is said of a run.
func (c *command) endOf(ctx context.Context, run *journal.Run) (report.End, error) {
	var end report.End
	end.Plan, end.PlanSHA256 = run.Plan(), run.Digest()
	err := c.stands(ctx, &end, run)
	if err != nil {
		return end, err
	}
	for _, err := range run.Skips(ctx) {
		if err != nil {
			return end, err
		}
		end.Skips++
	}
	if end.Summary, err = run.Summary(ctx); err != nil {
		return end, err
	}
	if end.Timing, err = run.Timing(ctx); err != nil {
		return end, err
	}
	return end, nil
}

// stands says how the run stands, since when it has ended if it has, and what goes on
// with it.
func (c *command) stands(ctx context.Context, end *report.End, run *journal.Run, flags ...string) error {
	state := run.State()
	end.State, end.Resume, end.Ended = string(state), "", time.Time{}
	if state.Resumable() {
		end.Resume = c.resumeLine(run.Plan(), flags...)
	}
	changes, err := run.History(ctx)
	if err != nil {
		return err
	}
	end.Reason, end.Sessions = "", nil
	for _, change := range changes {
		if change.State == journal.Running {
			end.Sessions = append(end.Sessions, report.Session{Began: change.At, By: change.Reason})
		}
	}
	switch last := changes[len(changes)-1]; last.State { // a run without a state is an error
	case journal.Finished, journal.Stopped, journal.Refused:
		end.Reason, end.Ended = last.Reason, last.At.UTC()
	}
	return nil
}

// end prints the end block, or the JSON document.
func (c *command) end(e report.End) error {
	if c.cli.Output == "json" {
		return report.JSON(c.stdout, e)
	}
	return report.Text(c.stdout, e)
}

// held says in words who works on the run now, and takes back what it says of
// resuming it.
func held(end *report.End, run *journal.Run) error {
	by, err := run.Held()
	if err != nil || by == nil {
		return err
	}
	end.Held, end.Resume = holderWords(by), ""
	return nil
}

// holderWords names the holder of a run.
func holderWords(by *journal.LockedError) string {
	if by.PID == 0 {
		return "another process works on it"
	}
	return fmt.Sprintf("process %d on %s works on it, since %s", by.PID, by.Host, by.Since.Local().Format(time.DateTime))
}
