package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/planfile"
	"offboard/batch/signature"
)

// Apply carries out a plan file. It refuses whatever is not beyond doubt, and then
// does as Run does.
func Apply(ctx context.Context, h *Host, a *ApplyOptions) error {
	j := h.newJob(&a.Connection, &a.Execution)
	j.Unasked = a.Unasked
	defer j.close()
	file, approvals, err := a.trustworthy(j)
	if err := refused(nothingPlanned, err, j.pace(), a.Guards.wrong(h, true), h.MustAsk(a.Yes, nothingPlanned, "give --yes")); err != nil {
		return err
	}
	plan := file.Head.Plan
	if err := j.follow(plan, nothingWritten); err != nil {
		return err
	}
	j.maxAge = a.MaxAge.Duration
	if err := j.openStore(ctx, newJournal, false); err != nil {
		return err
	}
	if err := j.enter(ctx, h.guarded(seedPlanFile(h, a.File), a.Guards, plan.Terms.Guards)); err != nil {
		return err
	}
	if err := a.adopt(j, file, approvals); err != nil {
		return err
	}
	if err := j.lockInput(); err != nil {
		return err
	}
	if !a.Again {
		if j.run, err = j.store.Unfinished(ctx, j.plan); err != nil {
			return err
		}
	}
	if j.run != nil {
		h.Say("resuming run %s of this plan", j.run.Plan().Run)
		return j.goOn(ctx, a.Guards, a.MaxAge.Duration)
	}
	if err := a.once(ctx, j, file.Head); err != nil {
		return err
	}
	return a.checkAndBegin(ctx, j, file)
}

// adopt makes the plan of a file one of the caller's own, and writes down whose it was.
func (a *ApplyOptions) adopt(j *job, file planfile.File, approvals []batch.Approval) error {
	plan := &j.plan
	plan.Run, plan.Version = newName(time.Now()), j.Version
	if err := j.sameCaller(*plan); err != nil {
		return err
	}
	is := j.tenant.identity()
	if j.caller != "" {
		plan.Settings = append(plan.Settings, batch.Setting{Name: "caller", Value: is.String(), Why: "the plan was made by " + CallerOf(*plan).String()})
	}
	plan.App = is.App // the app that planned may have been one that only reads
	plan.Terms.User, plan.Terms.UserName = is.User, is.UPN
	plan.Terms.OSUser, plan.Terms.Host = operator()
	plan.Terms.Flags = j.Flags("keep")
	for _, f := range j.Flags("choice") {
		if !slices.Contains(plan.Terms.Choice, f) {
			plan.Terms.Choice = append(plan.Terms.Choice, f)
		}
	}
	plan.Terms.Source, plan.Terms.SourceSHA256 = plan.Input, plan.Digest
	plan.Input, plan.Digest = a.File, file.Digest.String()
	plan.Terms.Approvals = approvals
	plan.Settings = append(plan.Settings, batch.Setting{Name: "plan", Value: file.Digest.Short(), Why: "made " + plan.Created.UTC().Format(time.RFC3339) + ", " + a.approvedBy(approvals)})
	return nil
}

// trustworthy reads the plan whole and judges it without asking anybody else. It gives
// the approvals that count.
func (a *ApplyOptions) trustworthy(j *job) (file planfile.File, approvals []batch.Approval, err error) {
	file, count, err := j.countPlan(a.File)
	if err != nil {
		return file, nil, err
	}
	j.count = count
	j.PlanFile(a.File, file, count)
	var planned error
	if why := file.Head.Refusals(); len(why) > 0 {
		planned = a.anew(j.Host, file.Head, fmt.Errorf("%w; nothing was written: when it was planned: %s", ErrRefused, strings.Join(why, "; ")))
	}
	age := file.Head.CheckAge(time.Now(), a.MaxAge.Duration)
	if age != nil {
		age = a.anew(j.Host, file.Head, fmt.Errorf("%s: %w", a.File, age))
	}
	approvals, missing := a.approved(j.Host)
	return file, approvals, refused(nothingPlanned, planned, age, missing)
}

// approved holds the signatures beside a plan against the trusted set, and gives the
// approvals that count; none when there is no trusted set.
func (a *ApplyOptions) approved(h *Host) ([]batch.Approval, error) {
	if a.Trusted == "" {
		if a.Approvals > 0 {
			return nil, fmt.Errorf("%w: --approvals needs --trusted FILE, the allowed_signers file of the people who may approve", ErrUsage)
		}
		h.Say("note     the plan is applied %s: anybody who can change the file can change whom it is for; --trusted FILE and --approvals N ask for signatures", unapproved)
		_, err := h.Approvals(a.File, nil)
		return nil, err
	}
	signers, err := h.signers(a.Trusted)
	if err != nil {
		return nil, err
	}
	all, err := h.Approvals(a.File, signers)
	if err != nil {
		return nil, err
	}
	for _, approval := range all {
		h.Say("approval %s: %s", approval.File, cmp.Or(approval.Why, "by "+approval.Person))
	}
	if err := signature.Require(all, max(1, a.Approvals)); err != nil {
		return nil, fmt.Errorf("%s: %w", a.File, err)
	}
	return signature.Approvals(all), nil
}

// unapproved is said of a plan of which no signature was asked for.
const unapproved = "without approvals"

// approvedBy says in words who approved the plan.
func (a *ApplyOptions) approvedBy(approvals []batch.Approval) string {
	if a.Trusted == "" {
		return "applied " + unapproved
	}
	var people []string
	for _, approval := range approvals {
		people = append(people, approval.Person)
	}
	return fmt.Sprintf("approved by %s (%s)", strings.Join(people, ", "), filepath.Base(a.Trusted))
}

// once refuses a plan that was carried out before, or that another app has a run of
// that is not at its end: its approvals were for once. While somebody works on such a
// run --again does not help either.
func (a *ApplyOptions) once(ctx context.Context, j *job, head planfile.Head) error {
	open, err := j.store.Runs(ctx, journal.Filter{States: journal.Resumable, Digest: j.plan.Digest})
	if err != nil {
		return err
	}
	for _, run := range open {
		plan := run.Plan()
		switch by, err := run.Held(); {
		case err != nil:
			return err
		case by != nil:
			return by
		case !a.Again:
			return fmt.Errorf("%w; nothing more was written: run %s of this plan, by %s, is not at its end; this goes on with it: %s; or begin another one with --again",
				ErrRefused, plan.Run, CallerOf(plan), j.resumeLine(plan, "--as-caller"))
		}
		j.Say("note     run %s of this plan, by %s, is not at its end", plan.Run, CallerOf(plan))
	}
	if a.Again {
		return nil
	}
	done, err := j.store.Runs(ctx, journal.Filter{States: []journal.State{journal.Finished}, Digest: j.plan.Digest})
	if err != nil || len(done) == 0 {
		return err
	}
	const before = "this plan was carried out before, as run %s"
	if slices.Contains(j.plan.Steps, batch.Disable) { // --again would find the accounts disabled, and not as the plan says
		return a.anew(j.Host, head, fmt.Errorf("%w; nothing more was written: "+before+", and its accounts are disabled since; what is left is planned again", ErrRefused, done[0].Plan().Run))
	}
	return refused(nothingMore, batch.Finding{Name: "apply", Lift: "--again", Refusal: fmt.Sprintf(before, done[0].Plan().Run) + "; carry it out once more with --again, or plan again"})
}

// anew adds to an error the command that makes another plan as this one was made.
func (a *ApplyOptions) anew(h *Host, head planfile.Head, err error) error {
	p := head.Plan
	if !there(p) { // standard input and --user are none, and another machine has another file
		return err
	}
	p.Terms.Choice = head.Options
	return &Advised{err, h.planLine(p, p.Files(), a.File, limitFlags(p)...)}
}

// checkAndBegin looks everybody up again, and carries the plan out if nothing has
// changed.
func (a *ApplyOptions) checkAndBegin(ctx context.Context, j *job, file planfile.File) (err error) {
	if err := j.tenant.may(errand{look: true, list: j.plan.Steps, verify: j.plan.Verify, ToDo: j.count.ToDo(j.plan.Steps)}); err != nil {
		return err
	}
	if err := j.claimReport(); err != nil {
		return err
	}
	known, err := a.Guards.ask(ctx, j, file.Head.Plan, applyIt)
	if err != nil {
		return err
	}
	defer j.discardUnsealed(ctx, &err)
	if err := j.create(ctx); err != nil {
		return err
	}
	count, err := a.lookUpAgain(ctx, j, file, &known)
	if err := errors.Join(err, j.Files.unchanged(nothingWritten)); err != nil {
		return err
	}
	if err := refused(nothingWritten, known.checks(count)...); err != nil {
		if known.anew {
			err = a.anew(j.Host, file.Head, err)
		}
		return err
	}
	j.plan.Users, j.plan.Writes, j.plan.Accounts = count.Users, count.Writes, count.Accounts
	j.plan.Terms.Guards = known.guards
	j.plan.Settings = append(j.plan.Settings, known.settings...)
	j.found = time.Now()
	if err := errors.Join(j.earliest(ctx, count.Writes)); err != nil {
		return err
	}
	if n := count.Ended[batch.Protected]; n > 0 {
		j.sayNow(n, count)
	}
	return j.begin(ctx)
}

// Approvals reads every signature beside a plan, and judges it.
func (h *Host) Approvals(plan string, by signature.Signers) ([]signature.Judged, error) {
	if plan == "-" {
		return nil, nil // nothing lies beside standard input
	}
	text, err := h.read(plan)
	if err != nil {
		return nil, err
	}
	beside, err := os.ReadDir(filepath.Dir(plan))
	if err != nil {
		return nil, fmt.Errorf("look for signatures of %s: %w", plan, err)
	}
	var all []signature.File
	for _, e := range beside {
		if !strings.HasPrefix(e.Name(), filepath.Base(plan)) || !strings.HasSuffix(e.Name(), ".sig") {
			continue
		}
		name := filepath.Join(filepath.Dir(plan), e.Name())
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%w: %s is no file that can be read, and stands where a signature of the plan would; take it away", ErrUsage, name)
		}
		r, err := h.read(name)
		if err != nil {
			return nil, err
		}
		armored, err := io.ReadAll(io.LimitReader(r.reader(), 1<<20))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, signature.File{Name: name, Text: armored})
	}
	return signature.Judge(all, signature.PlanNamespace, text.reader, by, time.Now())
}

// countPlan reads a plan file whole, and counts its rows.
func (h *Host) countPlan(name string) (file planfile.File, n batch.Count, err error) {
	var steps []batch.Step
	file, err = h.ReadPlan(name, planfile.Sink{
		Head: func(head planfile.Head) { steps = head.Plan.Steps },
		Rows: func(rows []batch.Planned) error {
			for _, p := range rows {
				n.AddPlanned(steps, p)
			}
			return nil
		},
	})
	return file, n, err
}

// ReadPlan reads a plan file whole.
func (h *Host) ReadPlan(name string, sink planfile.Sink) (planfile.File, error) {
	r, err := h.read(name)
	if err != nil {
		return planfile.File{}, err
	}
	file, err := planfile.Read(r.reader(), sink)
	if err != nil {
		return file, fmt.Errorf("%s: %w", name, err)
	}
	return file, nil
}
