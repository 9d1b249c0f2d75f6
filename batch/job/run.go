package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
)

// Run plans and carries out, or goes on with what was begun on the same input.
func Run(ctx context.Context, h *Host, r *RunOptions) (err error) {
	r.rehearsal, r.reports = r.DryRun, true
	j := h.newJob(&r.Connection, &r.Execution)
	j.Unasked = r.Unasked
	defer j.close()
	if err := r.ready(ctx, j, func() error {
		return h.MustAsk(r.Yes || r.DryRun, nothingPlanned, "give --yes, or look first with --dry-run")
	}); err != nil {
		return err
	}
	if !r.DryRun {
		if err := j.lockInput(); err != nil {
			return err
		}
	}
	if !r.New && !r.DryRun {
		was, err := j.submission(ctx) // which has not become a run as long as the input is locked
		switch {
		case err != nil:
			return err
		case was != nil && j.plan.Cloud != Simulated:
			return h.alreadyBegun(was.name, "%s, waits for a worker", was)
		}
		if j.run, err = j.store.Unfinished(ctx, j.plan); err != nil {
			return err
		}
	}
	if j.run != nil && tooOld(j.run.Plan(), time.Now(), mostAge).Refusal != "" {
		if err := j.giveUp(ctx); err != nil {
			return err
		}
	}
	if j.run != nil {
		if of := j.run.Membership().Campaign; h.Member.Campaign != "" && of != "" && of != h.Member.Campaign {
			return &Advised{fmt.Errorf("%w; %s: run %s on the same input is a part of %s, and is not at its end: go on with that one, or start over with --new",
				ErrRefused, nothingWritten, j.run.Plan().Run, of), h.Typed("resume", of)}
		}
		h.Say("resuming run %s of %s on the same input; --new starts over", j.run.Plan().Run, j.run.Plan().Created.Local().Format(time.DateTime))
		return j.goOn(ctx, r.Guards, mostAge)
	}
	if err := j.noteOthers(ctx); err != nil {
		return err
	}
	return j.planAndBegin(ctx, r.DryRun, r.find)
}

// giveUp plans anew in place of a run on the same input that is too old to go on
// with, or may be, unless somebody works on it.
func (j *job) giveUp(ctx context.Context) error {
	unlock, err := j.run.Lock()
	if err != nil {
		return err
	}
	if lately, err := j.lately(ctx, j.run); err != nil || lately {
		if err == nil {
			err = &Advised{&begun{j.run.Plan().Run, "was worked on within the last hour"}, j.Typed("show", j.run.Plan().Run)}
		}
		return errors.Join(err, unlock())
	}
	j.Say("planning anew: run %s on the same input is of %s, and not of the last %s by this machine's clock", j.run.Plan().Run, j.run.Plan().Created.Local().Format(time.DateTime), mostAge)
	j.run = nil
	return unlock()
}

// noteOthers tells of runs in the tenant that stopped before their end, and that this one does
// not go on with: they are on another input, so that it may name others, were begun under other
// flags, --new is given, or they were taken back.
func (j *job) noteOthers(ctx context.Context) error {
	runs, err := j.store.Runs(ctx, journal.Filter{Tenant: j.plan.Tenant, States: journal.Resumable})
	elsewhere := 0 // of the runs, on other inputs
	for _, run := range runs {
		plan := run.Plan()
		same := plan.Digest == j.plan.Digest
		if plan.Tenant != j.plan.Tenant || !same && run.State() == journal.Planned { // the filter takes an unknown one for any
			continue
		}
		by, err := run.Held()
		if err != nil {
			return err
		}
		if by != nil {
			if same {
				j.Say("note     run %s is on the same input: %s", plan.Run, holderWords(by))
			}
			continue
		}
		on := "on the same input"
		if !same {
			on = "of " + plan.Input + ", with people whom this input may not name"
			if elsewhere++; elsewhere > 3 {
				continue
			}
		}
		var lift []string
		if k := tooOld(plan, time.Now(), mostAge); k.Lift != "" {
			lift = strings.Fields(k.Lift)
		}
		if !j.ownPlan(plan) {
			lift = append(lift, "--as-caller")
		}
		j.Say("note     run %s %s, of %s, is not at its end; to go on with it: %s",
			plan.Run, on, plan.Created.Local().Format(time.DateTime), j.resumeLine(plan, lift...))
	}
	if elsewhere > 3 {
		j.Say("note     of other inputs %d more runs are not at their end: %s", elsewhere-3, j.Typed("runs", "list"))
	}
	if err != nil || j.plan.Tenant == "" {
		return err
	}
	done, err := j.store.Runs(ctx, journal.Filter{Digest: j.plan.Digest, Tenant: j.plan.Tenant, States: []journal.State{journal.Finished}})
	if err != nil || len(done) == 0 {
		return err
	}
	why, err := takenBackBy(ctx, done[0])
	if why != "" {
		j.Say("planning anew: run %s on the same input was %s", done[0].Plan().Run, why)
	}
	return err
}

// planAndBegin plans a new run, has it guarded and approved, and carries it out; a dry run
// ends before that.
func (j *job) planAndBegin(ctx context.Context, dry bool, find func(context.Context, *job) error) (err error) {
	defer j.discardUnsealed(ctx, &err) // a dry run, and whatever failed before
	refusal, err := j.planWhole(ctx, find)
	switch {
	case err != nil:
		return err
	case dry:
		return j.rehearse(ctx, refusal)
	case refusal != nil:
		return j.unbegun(ctx, refusal)
	}
	return j.begin(ctx)
}

// planWhole plans a new run, which is not sealed yet. The refusal is why it must not be carried out.
func (j *job) planWhole(ctx context.Context, find func(context.Context, *job) error) (refusal, err error) {
	if err := j.tenant.may(all(j.plan)); err != nil {
		return nil, err
	}
	if err := find(ctx, j); err != nil {
		return nil, err
	}
	if err := j.tenant.may(errand{verify: j.plan.Verify, ToDo: j.count.ToDo(j.plan.Steps)}); err != nil {
		return nil, err
	}
	short, err := j.earliest(ctx, j.count.Writes)
	if err != nil {
		return nil, err
	}
	return refused(nothingWritten, refused(nothingWritten, j.checks...), short), nil
}

// rehearse tells what a run would not do, and why; refusal is why it would be
// refused as a whole, or nil. It reports from the journal as every run does; its
// caller takes the run out of it.
func (j *job) rehearse(ctx context.Context, refusal error) error {
	end, err := j.endOf(ctx, j.run)
	if err != nil {
		return err
	}
	end.Plan, end.Dry, end.State, end.Resume = j.plan, true, "dry run", ""
	if refusal != nil {
		end.Reason = refusal.Error()
	}
	lines := func(yield func(batch.Line, error) bool) {
		for l, err := range j.run.Lines(ctx) {
			if why := j.inVain(l); why != "" && l.Record.Outcome == batch.NotSent {
				l.Record.Reason = why
			}
			if !yield(l, err) {
				return
			}
		}
	}
	unrevoked := only(lines, func(l *batch.Line) bool { return l.Record.Outcome != batch.NotSent || j.inVain(*l) != "" })
	for l, err := range unrevoked {
		switch {
		case err != nil:
			return err
		case l.Record.Outcome != batch.NotSent:
			continue
		case l.First.Line != 0:
			end.Vain.AddAgain(batch.NotSent, 1)
		}
		end.Vain.Add(batch.NotSent)
	}
	if err := j.publish(ctx, &end, j.run, lines, j.ReportDir); err != nil {
		return err
	}
	told := unrevoked
	if j.Stream != nil { // which is to have a line for each row
		told = lines
	}
	if err := j.Rehearsed(end, told); err != nil {
		return err
	}
	if refusal == nil && end.Summary.CountOf(batch.Failure)-end.Summary.Counts[batch.NotSent]+end.Vain.Lines > 0 {
		refusal = ErrPartial
	}
	return refusal
}

// inVain says what a run would not do for the line's user, or not for long, and why; "" is
// that it would do everything.
func (j *job) inVain(l batch.Line) string {
	for _, w := range l.AllWrites(j.plan.Steps) {
		what := string(w.Record.Step)
		if w.Target.Name != "" {
			what += " " + w.Target.Name
		}
		switch why := (batch.Item{User: l.User, Step: w.Record.Step, Target: w.Target}).WithoutEffect(); {
		case !w.Record.Outcome.Open() && w.Record.Outcome.Kind() == batch.Failure:
			return what + ": " + w.Record.Reason
		case why == "" || !w.Record.Outcome.Open():
		case w.Record.Step.ByState():
			return what + ": " + why
		default:
			return "a guest: Graph would accept, and revoke nothing; a run ends ineffective here"
		}
	}
	return ""
}

// begin seals the plan, asks, and carries it out. The input is unlocked as soon as
// others who look for a run on it would find this one.
func (j *job) begin(ctx context.Context) error {
	// Sealed no sooner: a sealed run can be gone on with.
	if err := j.run.Seal(ctx, j.plan); err != nil {
		return err
	}
	j.GoesOn = j.resumeLine(j.plan, j.resumeFlags()...)
	if err := j.unlockInput(); err != nil {
		return err
	}
	if j.plan.Writes > 0 {
		if err := j.mayWrite(ask(j.plan)); err != nil {
			return j.unbegun(ctx, err)
		}
	}
	return j.carryOut(ctx, 0, j.plan.Writes, 0)
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
