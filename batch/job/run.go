package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/report"
)

// Run plans and carries out, or goes on with what was begun on the same input.
func Run(ctx context.Context, h *Host, r *RunOptions) error {
	r.rehearsal, r.reports = r.DryRun, true
	p, err := r.open(ctx, h, &r.Connection, &r.Execution, func() error {
		return h.mustAsk(r.Yes || r.DryRun, nothingPlanned, "give --yes, or look first with --dry-run")
	})
	if err != nil {
		return err
	}
	defer p.close()
	unlockInput := func() error { return nil }
	if !r.DryRun {
		if unlockInput, err = p.store.LockInput(p.plan); err != nil {
			return err
		}
		defer unlockInput()
	}
	if !r.New && !r.DryRun {
		if p.run, err = p.store.Unfinished(ctx, p.plan); err != nil {
			return err
		}
	}
	if p.run != nil && tooOld(p.run.Plan(), time.Now(), mostAge).Refusal != "" {
		if err := p.giveUp(); err != nil {
			return err
		}
	}
	if p.run != nil {
		h.Say("resuming run %s of %s on the same input; --new starts over", p.run.Plan().Run, p.run.Plan().Created.Local().Format(time.DateTime))
		return p.goOn(ctx, r.Guards, mostAge)
	}
	if err := p.noteOthers(ctx); err != nil {
		return err
	}
	return r.start(ctx, p, unlockInput)
}

// giveUp plans anew in place of a run on the same input that is too old to go on
// with, unless somebody works on it.
func (p *planned) giveUp() error {
	unlock, err := p.run.Lock()
	if err != nil {
		return err
	}
	p.Say("planning anew: run %s on the same input is older than %s", p.run.Plan().Run, mostAge)
	p.run = nil
	return unlock()
}

// noteOthers tells of runs on the same input that stopped before their end, and that
// this one does not go on with: they were begun under other flags, or --new is
// given.
func (p *planned) noteOthers(ctx context.Context) error {
	runs, err := p.store.Runs(ctx, journal.Filter{
		Digest: p.plan.Digest, Tenant: p.plan.Tenant,
		States: journal.Resumable,
	})
	for _, o := range runs {
		if o.Plan.Tenant != p.plan.Tenant { // which the filter takes for any when it is unknown
			continue
		}
		run, err := p.store.Run(ctx, o.Plan.Run)
		if err != nil {
			return err
		}
		by, err := run.Held()
		if err != nil {
			return err
		}
		if by != nil {
			p.Say("note     run %s is on the same input: %s", o.Plan.Run, holderWords(by))
			continue
		}
		var lift []string
		if k := tooOld(o.Plan, time.Now(), mostAge); k.Lift != "" {
			lift = strings.Fields(k.Lift)
		}
		if !p.ownPlan(o.Plan) {
			lift = append(lift, "--as-caller")
		}
		p.Say("note     run %s on the same input, of %s, is not at its end; to go on with it: %s",
			o.Plan.Run, o.Plan.Created.Local().Format(time.DateTime), p.resumeLine(o.Plan, lift...))
	}
	return err
}

// start plans a new run, has it guarded and approved, and carries it out.
func (r *RunOptions) start(ctx context.Context, p *planned, unlockInput func() error) (err error) {
	if err := p.tenant.mayRevoke(p.plan.Action); err != nil {
		return err
	}
	unlock, err := r.find(ctx, p)
	if err != nil {
		return err
	}
	defer unlock()
	defer p.discardUnsealed(ctx, &err) // a dry run, and whatever failed before
	if err := p.earliest(ctx, p.count.Users); err != nil {
		return err
	}
	refusal := refused(nothingWritten, p.checks...)
	switch {
	case r.DryRun:
		return p.rehearse(ctx, refusal)
	case refusal != nil:
		return p.unbegun(ctx, refusal)
	}
	return p.begin(ctx, p.plan, unlockInput)
}

// rehearse tells what a run would not do, and why; refusal is why it would be
// refused as a whole, or nil. It reports from the journal as every run does; its
// caller takes the run out of it.
func (p *planned) rehearse(ctx context.Context, refusal error) error {
	end, err := p.endOf(ctx, p.run)
	if err != nil {
		return err
	}
	end.Plan, end.Dry, end.State, end.Resume = p.plan, true, "dry run", ""
	if refusal != nil {
		end.Reason = refusal.Error()
	}
	lines := func(yield func(batch.Line, error) bool) {
		for l, err := range p.run.Lines(ctx) {
			if l.Record.Outcome == batch.NotSent && l.User.External() {
				l.Record.Reason = "a guest: Graph would accept, and revoke nothing; a run ends ineffective here"
			}
			if !yield(l, err) {
				return
			}
		}
	}
	if err := p.write(&end, lines, p.ReportDir); err != nil {
		return err
	}
	if err := report.Seal(&end, p.sign, nil); err != nil {
		return err
	}
	if err := p.Rehearsed(end, only(lines, unrevoked)); err != nil {
		return err
	}
	if refusal == nil && (end.Summary.CountOf(batch.Failure) > end.Summary.Counts[batch.NotSent] || p.count.External > 0) {
		refusal = ErrPartial
	}
	return refusal
}

// unrevoked reports whether a run would not revoke the line's user.
func unrevoked(l *batch.Line) bool {
	return l.Record.Outcome != batch.NotSent || l.User.External()
}

// begin seals a plan, asks, and carries it out. It calls unlockInput as soon as others
// who look for a run on this input would find it.
func (j *job) begin(ctx context.Context, plan batch.Plan, unlockInput func() error) error {
	// Sealed no sooner: a sealed run can be gone on with.
	if err := j.run.Seal(ctx, plan); err != nil {
		return err
	}
	j.GoesOn = j.resumeLine(plan, j.resumeFlags()...)
	if err := unlockInput(); err != nil {
		return err
	}
	if plan.Users > 0 {
		if err := j.Confirm(j.Yes, fmt.Sprintf("Revoke the sessions of %s?", batch.Plural(plan.Users, "user"))); err != nil {
			return j.unbegun(ctx, err)
		}
	}
	return j.carryOut(ctx, 0, plan.Users, 0)
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

// discardUnsealed leaves nothing behind of a run that was never sealed.
func (j *job) discardUnsealed(ctx context.Context, err *error) {
	if j.run.State() == journal.Planning {
		*err = errors.Join(*err, j.run.Discard(context.WithoutCancel(ctx)))
	}
}
