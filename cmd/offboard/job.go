package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/throttle"
	"offboard/report"
)

// callTimeout is far above what a call takes: Graph streams batch answers, and
// one slow item stretches the whole call (20 s are on record).
const callTimeout = 150 * time.Second

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
}

// newJob reads what the flags say of quotas.
func newJob(c *command, conn connection, exe execution, t *target, store *journal.Store) (*job, error) {
	j := &job{command: c, target: t, store: store}
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
		Concurrency: j.Concurrency, Retry: batch.DefaultRetry, CallTimeout: callTimeout, Outage: j.Outage, Until: j.until, Stop: j.stop,
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
	if _, err := j.run.Recover(ctx); err != nil {
		return err
	}
	send, verify, err := j.run.Left(ctx)
	if err != nil {
		return err
	}
	j.say("run %s: %s of %s users are left to revoke, %s to verify", j.run.Plan().Run, thousands(send), thousands(j.run.Plan().Users), thousands(verify))
	if send > 0 {
		if err := j.target.mayRevoke(); err != nil {
			return err
		}
		spared, err := j.guardAgain(ctx)
		if err != nil {
			return err
		}
		send -= len(spared)
		if err := j.earliest(ctx, send); err != nil {
			return err
		}
		if err := j.ask(j.Yes, fmt.Sprintf("Revoke the sessions of the remaining %s users?", thousands(send))); err != nil {
			return err
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

// earliest says how long the users will take at the least, before anybody is
// asked.
func (j *job) earliest(ctx context.Context, users int) error {
	gates, err := j.writeGates(ctx, users)
	if err != nil {
		return err
	}
	now := time.Now()
	if d := throttle.Earliest(gates, users, now); d >= time.Second {
		j.say("time     at least %s (%s)", span(d), gates[0].Pace(now).Reason)
	}
	if len(gates) > 1 {
		j.say("apps     %d: together they may use up the tenant's whole write budget, and every other app in it will be refused", len(gates))
	}
	return nil
}

// carryOut revokes so many users, verifies so many more, and reports. The report is written however it ends.
func (j *job) carryOut(ctx context.Context, lastCall, send, verify int) error {
	plan := j.run.Plan()
	gates, err := j.writeGates(ctx, send)
	if err != nil {
		return err
	}
	if err := j.run.SetState(ctx, journal.Running, j.caller); err != nil {
		return err
	}
	r := batch.Runner{
		Journal: j.run, Reads: j.reads,
		Pending: j.run.Pending(ctx), Unproven: j.run.Unproven(ctx),
		Concurrency: j.Concurrency, Retry: batch.DefaultRetry, CallTimeout: callTimeout,
		Outage: j.Outage, Until: j.until, VerifyTimeout: j.VerifyTimeout, LastCall: lastCall, Resolved: plan.Resolve, Stop: j.stop,
	}
	j.reads.KeepFree(gates[0])
	for i, a := range j.target.apps {
		r.Apps = append(r.Apps, batch.App{Name: a.identity.App, Sender: a.client, Gate: gates[i]})
	}
	if plan.Verify {
		r.Directory = j.target.apps[0].client
	}
	show := j.progress(send+verify, func(n int) time.Duration { return throttle.Left(gates, n, time.Now()) })
	r.Progress = show.running
	runErr := r.Run(ctx)
	show.end()

	// From here on a cancelled context must not keep the truth from being told.
	ctx = context.WithoutCancel(ctx)
	var waits batch.Waits
	for _, g := range gates {
		w := g.Stats()
		waits.Paused, waits.Quota = waits.Paused+w.Paused, waits.Quota+w.Quota
		waits.Learned, waits.Rate = waits.Learned+w.Learned, waits.Rate+w.Rate
	}
	return j.finish(ctx, errors.Join(runErr, j.run.AddWaits(ctx, waits)))
}

// finish writes the reports, ends the run in the journal and tells how it stands,
// in this order: a run whose report could not be written, or that is killed
// while it writes, has not finished, and the same command again only reports. A
// finished run that was no success is errPartial.
func (j *job) finish(ctx context.Context, runErr error) error {
	end, err := j.command.report(ctx, j.run, j.ReportDir)
	runErr = errors.Join(runErr, err)
	state, why := journal.Finished, ""
	if runErr != nil {
		state, why = journal.Stopped, runErr.Error()
	}
	end.Reason = why
	if err := errors.Join(runErr, j.run.SetState(ctx, state, why)); err != nil {
		j.stands(&end, j.run, j.resumeFlags()...)
		return errors.Join(err, j.command.end(end))
	}
	j.stands(&end, j.run)
	if err := j.command.end(end); err != nil {
		return err
	}
	if end.Summary.Of(batch.Failure) > 0 {
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
	if dir == "" {
		dir = "offboard-" + end.Plan.Run
	}
	if end.Dir, err = filepath.Abs(dir); err != nil {
		return end, fmt.Errorf("find report directory: %w", err)
	}
	end.Files, err = report.Write(end.Dir, end.Meta, run.Lines(ctx))
	return end, err
}

// endOf folds the journal into what is said of a run.
func (c *command) endOf(ctx context.Context, run *journal.Run) (report.End, error) {
	var end report.End
	end.Plan, end.Written = run.Plan(), time.Now().UTC()
	c.stands(&end, run)
	changes, err := run.History(ctx)
	if err != nil {
		return end, err
	}
	if n := len(changes); n > 0 {
		end.Reason = changes[n-1].Reason
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

// stands says how the run stands, and what goes on with it.
func (c *command) stands(end *report.End, run *journal.Run, flags ...string) {
	end.State, end.Resume = string(run.State()), ""
	if resumable(run.State()) {
		end.Resume = c.resumeLine(run.Plan(), flags...)
	}
}

// end prints the end block, or the JSON document.
func (c *command) end(e report.End) error {
	if c.cli.Output == "json" {
		return report.JSON(c.stdout, e)
	}
	return report.Text(c.stdout, e)
}
