package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/journal"
	"offboard/batch/planfile"
)

// applyCmd carries out a plan file.
type applyCmd struct {
	File      string `arg:"" help:"The plan file."`
	Approvals int    `help:"How many different people of the trusted set must have approved." default:"0"`
	Trusted   string `help:"The trusted set: an allowed_signers file of OpenSSH. A person counts once, whatever number of keys signed." placeholder:"FILE" type:"path"`
	MaxAge    length `help:"Refuse an older plan, such as 36h or 2d; 0 allows any age." default:"24h"`
	Again     bool   `help:"Carry out a plan once more that was carried out before, to its end or not."`

	guards
	connection
	execution
}

// Help ends the command's help.
func (applyCmd) Help() string { return runCmd{}.Help() }

// Run refuses whatever is not beyond doubt, and then does as run does.
func (a *applyCmd) Run(ctx context.Context, c *command) error {
	file, approvals, err := a.trustworthy(c)
	if err := refuseAll(err, c.findPerson(a.Yes, a.File, "nothing was planned", "give --yes")); err != nil {
		return err
	}
	plan := file.Head.Plan
	if err := a.follow(plan, nothingWritten); err != nil {
		return err
	}
	t, err := c.connect(ctx, errand{connection: a.connection, patience: a.patience, action: plan.Action, plan: plan}, both(seedPlanFile(c, a.File), seedGuards(c, a.guards, plan.Terms.Guards)))
	if err != nil {
		return err
	}
	j := &job{target: t}
	defer func() { j.target.close() }() // which may be another by then
	store, err := c.openJournal(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if j, err = newJob(c, a.connection, a.execution, t, store); err != nil {
		return err
	}
	if err := j.sameTenant(plan); err != nil {
		return err
	}
	plan.Run, plan.Version = newName(time.Now()), version
	if err := j.sameCaller(plan); err != nil {
		return err
	}
	if j.caller != "" {
		plan.Settings = append(plan.Settings, batch.Setting{Name: "caller", Value: t.identity().String(), Why: "the plan was made by " + callerOf(plan).String()})
	}
	plan.App = t.identity().App // the app that planned may have been one that only reads
	plan.Terms.User, plan.Terms.UserName = t.identity().User, t.identity().UPN
	plan.Terms.OSUser, plan.Terms.Host = operator()
	plan.Terms.Flags = c.flags("keep")
	for _, f := range c.flags("choice") {
		if !slices.Contains(plan.Terms.Choice, f) {
			plan.Terms.Choice = append(plan.Terms.Choice, f)
		}
	}
	plan.Input, plan.Digest = a.File, file.Digest.String()
	plan.Terms.Approvals = approvals
	plan.Settings = append(plan.Settings, batch.Setting{Name: "plan", Value: file.Digest.Short(), Why: "made " + plan.Created.UTC().Format(time.RFC3339) + ", " + a.approvedBy(approvals)})
	anybody := plan
	anybody.App = "" // another app that applies the plan is kept out, too
	sealed, err := store.LockInput(anybody)
	if err != nil {
		return err
	}
	defer sealed()
	if j.run, err = store.Unfinished(ctx, plan); err != nil {
		return err
	}
	if j.run != nil {
		c.say("resuming run %s of this plan", j.run.Plan().Run)
		if err := j.asBegun(ctx, &a.connection, &a.execution, both(seedPlan(j.run), seedGuards(c, a.guards, j.run.Plan().Terms.Guards))); err != nil {
			return err
		}
		j.guards, j.maxAge = a.guards, a.MaxAge.Duration
		return j.resume(ctx)
	}
	if err := a.once(ctx, j, plan.Digest); err != nil {
		return err
	}
	return a.start(ctx, j, plan, file, sealed)
}

// trustworthy reads the plan whole and judges it without asking anybody else. It gives
// the approvals that count.
func (a *applyCmd) trustworthy(c *command) (file planfile.File, approvals []batch.Approval, err error) {
	if file, err = c.readPlan(a.File, planfile.Sink{}); err != nil {
		return file, nil, err
	}
	c.showPlan(a.File, file)
	var planned error
	if why := file.Head.Refusals(); len(why) > 0 {
		planned = fmt.Errorf("%w; nothing was written: when it was planned: %s", errRefused, strings.Join(why, "; "))
	}
	age := file.Head.CheckAge(time.Now(), a.MaxAge.Duration)
	if age != nil {
		age = fmt.Errorf("%s: %w", a.File, age)
	}
	approvals, unapproved := a.approved(c)
	return file, approvals, refuseAll(planned, age, unapproved)
}

// approved holds the signatures beside a plan against the trusted set, and gives the
// approvals that count; none when there is no trusted set.
func (a *applyCmd) approved(c *command) ([]batch.Approval, error) {
	if a.Trusted == "" {
		if a.Approvals > 0 {
			return nil, fmt.Errorf("%w: --approvals needs --trusted FILE, the allowed_signers file of the people who may approve", errUsage)
		}
		_, err := c.approvals(a.File, nil)
		return nil, err
	}
	trusted, err := c.read(a.Trusted)
	if err != nil {
		return nil, fmt.Errorf("--trusted: %w", err)
	}
	signers, err := planfile.ParseSigners(trusted.open())
	if err != nil {
		return nil, fmt.Errorf("%w: --trusted %s: %w", errUsage, a.Trusted, err)
	}
	all, err := c.approvals(a.File, signers)
	if err != nil {
		return nil, err
	}
	for _, approval := range all {
		c.say("approval %s: %s", approval.File, cmp.Or(approval.Why, "by "+approval.Person))
	}
	if err := planfile.Require(all, max(1, a.Approvals)); err != nil {
		return nil, fmt.Errorf("%s: %w", a.File, err)
	}
	return planfile.Counted(all), nil
}

// approvedBy says in words who approved the plan.
func (a *applyCmd) approvedBy(approvals []batch.Approval) string {
	if a.Trusted == "" {
		return "no approval asked for"
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
func (a *applyCmd) once(ctx context.Context, j *job, digest string) error {
	open, err := j.store.Runs(ctx, journal.Filter{States: journal.Resumable, Digest: digest})
	if err != nil {
		return err
	}
	for _, o := range open {
		run, err := j.store.Run(ctx, o.Plan.Run)
		if err != nil {
			return err
		}
		switch by, err := run.Held(); {
		case err != nil:
			return err
		case by != nil:
			return by
		case !a.Again:
			return fmt.Errorf("%w; nothing more was written: run %s of this plan, by %s, is not at its end; this goes on with it: %s; or begin another one with --again",
				errRefused, o.Plan.Run, callerOf(o.Plan), j.resumeLine(o.Plan, "--as-caller"))
		}
		j.say("note     run %s of this plan, by %s, is not at its end", o.Plan.Run, callerOf(o.Plan))
	}
	if a.Again {
		return nil
	}
	done, err := j.store.Runs(ctx, journal.Filter{States: []journal.State{journal.Finished}, Digest: digest})
	if err != nil || len(done) == 0 {
		return err
	}
	return fmt.Errorf("%w; nothing more was written: this plan was carried out before, as run %s; plan again, or give --again", errRefused, done[0].Plan.Run)
}

// start looks everybody up again, and carries the plan out if nothing has
// changed.
func (a *applyCmd) start(ctx context.Context, j *job, plan batch.Plan, file planfile.File, sealed func() error) error {
	for _, may := range []func() error{j.target.mayRead, j.target.mayRevoke} {
		if err := may(); err != nil {
			return err
		}
	}
	tidy, err := j.claimReport(j.execution, plan)
	if err != nil {
		return err
	}
	defer tidy()
	known, err := a.learn(ctx, j, file.Head.Plan, applyIt)
	if err != nil {
		return err
	}
	if j.run, err = j.store.Create(ctx, plan); err != nil {
		return err
	}
	unlock, err := j.run.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	count, err := a.resolve(ctx, j, file, &known)
	if err = errors.Join(err, j.files.unchanged(nothingWritten)); err == nil {
		err = refused(nothingWritten, known.checks(count))
	}
	if err == nil {
		plan.Users, plan.Accounts = count.Users, count.Accounts
		plan.Terms.Guards = known.guards
		j.found = time.Now()
		plan.Settings = append(plan.Settings, known.settings...)
		err = j.run.Seal(ctx, plan)
	}
	if err != nil {
		return errors.Join(err, j.run.Discard(ctx))
	}
	j.goesOn = j.resumeLine(plan, j.resumeFlags()...)
	if err := errors.Join(sealed(), j.earliest(ctx, plan.Users)); err != nil {
		return err
	}
	if n := count.Ended[batch.Protected]; n > 0 {
		j.sayNow(n, count)
	}
	if count.Users > 0 {
		if err := j.ask(a.Yes, fmt.Sprintf("Revoke the sessions of %s?", batch.Plural(count.Users, "user"))); err != nil {
			return j.unbegun(ctx, err)
		}
	}
	return j.carryOut(ctx, 0, plan.Users, 0)
}

// seedPlanFile makes the users of a plan in a simulated tenant.
func seedPlanFile(c *command, name string) seeder {
	return func(_ context.Context, t *graphsim.Tenant) error {
		_, err := c.readPlan(name, planfile.Sink{Rows: func(rows []batch.Planned) error {
			for _, p := range rows {
				u, ok := seeded(batch.Row{ID: p.User.ID, UPN: p.User.UPN})
				if !ok || p.User.ID == "" {
					continue
				}
				u.Type, u.State = account(p.User.Type)
				u.Enabled, u.Synced, u.Stamp = p.User.Enabled, p.User.Synced, p.User.Stamp
				if err := addOnce(t, u); err != nil {
					return fmt.Errorf("simulate line %d: %w", p.Row.Line, err)
				}
			}
			return nil
		}})
		return err
	}
}

// account is what Graph says of an account of this type: userType and
// externalUserState.
func account(kind string) (userType, state string) {
	switch kind {
	case batch.Guest:
		return "Guest", "Accepted"
	case batch.InternalGuest:
		return "Guest", ""
	case batch.ExternalMember:
		return "Member", "Accepted"
	}
	return kind, ""
}
