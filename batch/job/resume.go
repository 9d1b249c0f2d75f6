package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/journal"
)

// Resume goes on with a run, from the journal alone.
func Resume(ctx context.Context, h *Host, r *ResumeOptions) error {
	j := h.newJob(&r.Connection, &r.Execution)
	j.Unasked = r.Unasked
	defer j.close()
	err := j.openStore(ctx, journal.Open, true)
	if err != nil {
		return err
	}
	if j.run, err = r.toResume(ctx, j); err != nil {
		return err
	}
	plan := j.run.Plan()
	j.About(plan)
	if err := j.mayResume(ctx); err != nil {
		return err
	}
	h.Earlier = true
	if err := j.follow(plan, nothingMore); err != nil {
		return err
	}
	if err := h.Keep(plan); err != nil {
		return err
	}
	person := h.MustAsk(r.Yes, nothingMore, "give --yes")
	if person != nil { // which is nothing when nobody is left to send
		send, _, err := j.run.Remaining(ctx)
		if err != nil {
			return err
		}
		if send == 0 {
			person = nil
		}
	}
	if err := refused(nothingMore, person, j.pace(), r.Guards.wrong(h, plan.Resolve)); err != nil {
		return err
	}
	j.guards, j.despite, j.maxAge, j.trusted = r.Guards, r.Despite, r.MaxAge.Duration, r.Trusted
	if err := j.enter(ctx, h.guarded(seedRun(j.run), r.Guards, plan.Terms.Guards)); err != nil {
		return err
	}
	return j.resume(ctx)
}

// mayResume refuses a run that cannot be gone on with; ErrNoneToResume is that of one at its end.
func (j *job) mayResume(ctx context.Context) error {
	plan := j.run.Plan()
	switch j.run.State() {
	case journal.Finished:
		if why, err := takenBackBy(ctx, j.run); err != nil || why != "" {
			next := anew(batch.Part{})
			switch {
			case strings.HasPrefix(why, givenUp):
				next = "this takes back what is left: " + j.Typed(slices.Concat([]string{"undo", plan.Undoes}, partFlags(plan.Part), rootFlag(plan))...)
			case strings.HasPrefix(why, takenBack+inPart):
				next = anew(batch.Part{Steps: plan.Steps})
			}
			return cmp.Or(err, fmt.Errorf("%w; %s: run %s was %s; %s", ErrRefused, nothingMore, plan.Run, why, next))
		}
		return fmt.Errorf("%w: run %s is finished", ErrNoneToResume, plan.Run)
	case journal.Refused:
		return fmt.Errorf("%w: run %s is refused; there is nothing to resume", ErrUsage, plan.Run)
	}
	return j.wholly(j.run)
}

// toResume is the run that is named, or without a name the newest that this connection
// can go on with, that nobody works on, and that is of no campaign.
func (r *ResumeOptions) toResume(ctx context.Context, j *job) (*journal.Run, error) {
	if r.RunName != "" {
		return j.findRun(ctx, j.store, r.RunName)
	}
	ours, err := j.ours(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := j.store.Runs(ctx, journal.Filter{States: journal.Resumable})
	if err != nil {
		return nil, err
	}
	open, others, err := j.openCampaigns(ctx, runs)
	if err != nil {
		return nil, err
	}
	runs = slices.DeleteFunc(runs, func(run *journal.Run) bool { return run.Membership().Campaign != "" })
	others += len(runs)
	runs = slices.DeleteFunc(runs, func(run *journal.Run) bool { return !ours(run.Plan()) })
	others -= len(runs)
	switch {
	case len(open) > 0 && len(runs) == 0:
		return nil, r.byName(j, open)
	case len(open) > 0:
		j.Say("note     %s (%s) is not at its end, too, and is resumed by its name", open[0].Name, open[0].Input)
	case len(runs) == 0:
		if err := r.newest(ctx, j, ours); err != nil {
			return nil, err
		}
	}
	for _, run := range runs {
		if a, b := runs[0].Plan(), run.Plan(); a.Tenant != b.Tenant {
			return nil, fmt.Errorf("%w: runs of several tenants can be resumed, as %s of %s and %s of %s; name the run, or the tenant with --tenant",
				ErrUsage, a.Run, cmp.Or(a.Tenant, "unknown"), b.Run, cmp.Or(b.Tenant, "unknown"))
		}
	}
	var busy error
	for _, run := range runs {
		held, err := run.Held()
		if err != nil {
			return nil, err
		}
		if held == nil {
			return run, nil
		}
		busy = errors.Join(busy, held)
	}
	if busy != nil {
		return nil, fmt.Errorf("no other run can be resumed: %w", busy)
	}
	if others > 0 {
		return nil, fmt.Errorf("%w here; of other tenants and rehearsals (--simulate) there are %d, which are taken by name", ErrNoneToResume, others)
	}
	return nil, ErrNoneToResume
}

// newest refuses to say that nothing is left where the planning of the newest run was cut off.
func (r *ResumeOptions) newest(ctx context.Context, j *job, ours func(batch.Plan) bool) error {
	runs, err := j.store.Runs(ctx, journal.Filter{})
	if err != nil {
		return err
	}
	if at := slices.IndexFunc(runs, func(run *journal.Run) bool { return ours(run.Plan()) && run.Membership().Campaign == "" }); at >= 0 {
		return j.wholly(runs[at])
	}
	return nil
}

// ours says which plans a connection goes on with unnamed: with --simulate rehearsals,
// and without it what was planned for the tenant and the service that are named.
func (j *job) ours(ctx context.Context) (func(batch.Plan) bool, error) {
	if j.Simulate {
		return func(p batch.Plan) bool { return p.Cloud == Simulated }, nil
	}
	if err := j.locate(); err != nil {
		return nil, err
	}
	tenant, _, err := j.wanted(ctx)
	return func(p batch.Plan) bool {
		return p.Cloud != Simulated && (tenant == "" || strings.EqualFold(p.Tenant, tenant)) && (j.GraphURL+j.Cloud == "" || p.Cloud == j.at.Root)
	}, err
}

// resume goes on with a planned run that another process has left.
func (j *job) resume(ctx context.Context) error {
	if err := j.sameCaller(j.plan); err != nil {
		return err
	}
	err := j.lockRun()
	if err != nil {
		return err
	}
	if err := j.lockUndone(ctx); err != nil {
		return err
	}
	if j.run, err = j.store.Run(ctx, j.plan.Run); err != nil { // another process may have held it since it was found
		return err
	}
	if !j.run.State().Resumable() {
		return fmt.Errorf("%w; %s: another process went on with run %s meanwhile, and it is %s", ErrRefused, nothingMore, j.plan.Run, j.run.State())
	}
	if err := j.claimReport(); err != nil {
		return err
	}
	if _, err := j.run.Recover(ctx); err != nil {
		return err
	}
	send, verify, err := j.run.Remaining(ctx)
	if err != nil {
		return err
	}
	j.GoesOn = j.resumeLine(j.plan, j.resumeFlags()...)
	j.Say("run %s: %s of %s %s left to send, %s to verify", j.plan.Run, batch.Thousands(send), batch.Plural(j.plan.Writes, "write"), batch.Agree(send, "is", "are"), batch.Thousands(verify))
	if err := j.mayDo(ctx, send, verify); err != nil {
		return err
	}
	if err := j.guardRest(ctx, send, Approving{Trusted: j.trusted}, true); err != nil {
		return err
	}
	last, err := j.run.LastCall(ctx)
	if err != nil {
		return err
	}
	return j.carryOut(ctx, last, send, verify)
}

// mayDo refuses what the sign-in may not do.
func (j *job) mayDo(ctx context.Context, send, verify int) error {
	left, err := j.run.ToDo(ctx, send, verify)
	if err != nil {
		return err
	}
	return j.tenant.may(errand{verify: j.plan.Verify, ToDo: left})
}

// guardRest asks approvals, guards and, where it is the first time, the person, before writes that are
// left are sent. Who is spared now is written down.
func (j *job) guardRest(ctx context.Context, send int, by Approving, first bool) error {
	if send == 0 {
		return nil
	}
	if err := j.needApprovals(ctx, by); err != nil {
		return err
	}
	spared, writes, err := j.guardAgain(ctx)
	if err != nil {
		return err
	}
	if send -= writes; send > 0 && first {
		if err := errors.Join(j.earliest(ctx, send)); err != nil {
			return err
		}
		if err := j.mayWrite(fmt.Sprintf("Do the remaining %s (%s)?", batch.Plural(send, "write"), phrase(j.plan.Steps))); err != nil {
			return err
		}
	}
	return j.spare(ctx, spared)
}
