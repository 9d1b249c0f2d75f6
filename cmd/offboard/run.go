package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"offboard/batch"
	"offboard/batch/intake"
	"offboard/batch/journal"
)

// runCmd is the main job.
type runCmd struct {
	File string `arg:"" help:"The CSV file, or - for standard input."`

	selection
	guards
	Action    string `help:"revoke: revokeSignInSessions; invalidate: the older invalidateAllRefreshTokens (beta)." enum:"revoke,invalidate" default:"revoke"`
	NoResolve bool   `help:"Send keys as given, for an app without read permission. Nothing that needs a read is claimed."`
	NoVerify  bool   `help:"Do not read the stamps back; users end revoked."`
	DryRun    bool   `help:"Do everything up to the first write, and stop."`
	New       bool   `help:"Start over, even if a run on the same input can be resumed."`

	connection
	execution
}

// Help ends the command's help.
func (runCmd) Help() string {
	return `Graph permissions: User.RevokeSessions.All to revoke, User.Read.All to resolve and verify
(not needed with --no-resolve). Sign-in: OFFBOARD_ACCESS_TOKEN, or else the usual AZURE_* variables,
managed identity or Azure CLI.

` + seedHelp + "\n\n" + exitCodeHelp
}

// Run plans and carries out, or goes on with what was begun.
func (r *runCmd) Run(ctx context.Context, c *command) error {
	in, err := openInput(r.File, c.stdin)
	if err != nil {
		return err
	}
	defer in.close()
	opt, err := r.options(time.Now())
	if err != nil {
		return err
	}
	if r.NoResolve && r.Key != "auto" && r.Key != string(batch.ByID) && r.Key != string(batch.ByUPN) {
		return fmt.Errorf("%w: --key %s is searched for in the directory, which --no-resolve does not read", errUsage, r.Key)
	}
	rows, err := intake.Open(in, opt) // a wrong file is told before anybody signs in
	if err != nil {
		return err
	}
	t, err := c.connect(ctx, r.connection, batch.Action(r.Action), both(seedFile(in, opt), seedGuards(r.guards)))
	if err != nil {
		return err
	}
	defer t.close()
	store, err := c.openJournal(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	plan := batch.Plan{
		Run: newName(time.Now()), Created: time.Now(), Version: version,
		Input: r.File, Digest: in.digest, Columns: rows.Columns(), Settings: rows.Settings(),
		Tenant: t.identity().Tenant, App: t.identity().App, Cloud: t.cloud,
		Action: batch.Action(r.Action), Resolve: !r.NoResolve, Verify: !r.NoResolve && !r.NoVerify,
	}
	j, err := newJob(c, r.connection, r.execution, t, store)
	if err != nil {
		return err
	}
	if !r.New && !r.DryRun {
		if j.run, err = store.Unfinished(ctx, plan); err != nil {
			return err
		}
	}
	if j.run != nil {
		c.say("resuming run %s of %s on the same input; --new starts over", j.run.Plan().Run, j.run.Plan().Created.Local().Format(time.DateTime))
		return j.resume(ctx)
	}
	return r.start(ctx, j, plan, in, opt)
}

// start plans a new run, has it guarded and approved, and carries it out.
func (r *runCmd) start(ctx context.Context, j *job, plan batch.Plan, in *input, opt intake.Options) error {
	known, err := r.learn(ctx, j, plan.Resolve)
	if err != nil {
		return err
	}
	plan.Settings = append(plan.Settings, known.settings...)
	if j.run, err = j.store.Create(ctx, plan); err != nil {
		return err
	}
	unlock, err := j.run.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	count, err := r.plan(ctx, j, in, opt, known.spare)
	if err != nil {
		return errors.Join(err, j.run.Discard(ctx))
	}
	j.counts(j.run.Plan(), count)
	if err := j.earliest(ctx, count.Users); err != nil {
		return err
	}
	refuse := func(err error) error { return errors.Join(err, j.run.SetState(ctx, journal.Refused, err.Error())) }
	if err := r.refuse(count, known); err != nil {
		return refuse(err)
	}
	if r.DryRun {
		j.say("dry run: nothing was written")
		return j.run.Discard(ctx)
	}
	if count.Users > 0 {
		if err := j.ask(r.Yes, fmt.Sprintf("Revoke the sessions of %s users?", thousands(count.Users))); err != nil {
			return refuse(err)
		}
	}
	return j.carryOut(ctx, 0, count.Users, 0)
}

// plan reads the input into the journal, resolved.
func (r *runCmd) plan(ctx context.Context, j *job, in *input, opt intake.Options, spare batch.Spare) (batch.Count, error) {
	if err := in.rewind(); err != nil {
		return batch.Count{}, err
	}
	var skips []batch.Skip
	opt.Skip = func(s batch.Skip) { skips = append(skips, s) }
	rows, err := intake.Open(in, opt)
	if err != nil {
		return batch.Count{}, err
	}
	p := j.planner()
	p.Rows, p.AllowRenamed, p.Spare = rows.Rows(), r.AllowRenamed, spare
	p.Add = func(ctx context.Context, planned []batch.Planned) error {
		if err := j.run.AddSkips(ctx, skips); err != nil {
			return err
		}
		skips = skips[:0]
		return j.run.AddRows(ctx, planned)
	}
	if r.NoResolve {
		p.Directory = nil
	}
	show := j.progress(0, nil)
	p.Progress = show.planning
	count, err := p.Plan(ctx)
	show.end()
	if err != nil {
		return count, fmt.Errorf("plan: %w; nothing was written", err)
	}
	if err := j.run.AddSkips(ctx, skips); err != nil {
		return count, err
	}
	plan := j.run.Plan()
	plan.Rows, plan.Users, plan.Lines = count.Rows, count.Users, rows.Lines()
	return count, j.run.Seal(ctx, plan)
}

// newName names a run by its time, and by chance for those who start two in
// one second.
func newName(now time.Time) string {
	var b [2]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return now.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(b[:])
}
