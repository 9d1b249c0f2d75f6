package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
)

// runCmd is the main job.
type runCmd struct {
	planning
	DryRun bool `help:"Do everything up to the first write, and stop."`
	New    bool `help:"Start over, even if a run on the same input can be resumed."`

	connection
	execution
}

// Help ends the command's help.
func (runCmd) Help() string {
	return `Graph permissions: User.RevokeSessions.All to revoke, User.Read.All to resolve and verify
(not needed with --no-resolve), RoleManagement.Read.Directory to know who holds a privileged role (not needed
with --max-privileged 0), GroupMember.Read.All for --protect-group and for roles that groups hold.

Sign-in (--auth): in the one way that the environment names. OFFBOARD_ACCESS_TOKEN; or AZURE_TENANT_ID, AZURE_CLIENT_ID
and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and AZURE_FEDERATED_TOKEN_FILE; or a managed identity;
or, if nothing is set, the Azure CLI's login. An incomplete setting is an error.

` + seedHelp + "\n\n" + exitCodeHelp
}

// Run plans and carries out, or goes on with what was begun.
func (r *runCmd) Run(ctx context.Context, c *command) error {
	var person error
	if !r.DryRun {
		person = c.findPerson(r.Yes, r.File, "nothing was planned", "give --yes, or look first with --dry-run")
	}
	r.rehearsal, r.reports = r.DryRun, true
	p, err := r.open(ctx, c, r.connection, r.execution, person)
	if err != nil {
		return err
	}
	defer p.undo()
	sealed := func() error { return nil }
	if !r.DryRun {
		if sealed, err = p.store.LockInput(p.plan); err != nil {
			return err
		}
		defer sealed()
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
		c.say("resuming run %s of %s on the same input; --new starts over", p.run.Plan().Run, p.run.Plan().Created.Local().Format(time.DateTime))
		if err := p.asBegun(ctx, &r.connection, &r.execution, both(seedPlan(p.run), seedGuards(c, r.guards, p.run.Plan().Terms.Guards))); err != nil {
			return err
		}
		p.guards = r.guards
		return p.resume(ctx)
	}
	if err := p.noteOthers(ctx); err != nil {
		return err
	}
	return r.start(ctx, p, sealed)
}

// giveUp plans anew in place of a run on the same input that is too old to go on
// with, unless somebody works on it.
func (p *planned) giveUp() error {
	unlock, err := p.run.Lock()
	if err != nil {
		return err
	}
	p.say("planning anew: run %s on the same input is older than %s", p.run.Plan().Run, mostAge)
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
		run, err := p.store.Run(ctx, o.Plan.Run)
		if err != nil {
			return err
		}
		by, err := run.Held()
		if err != nil {
			return err
		}
		if by != nil {
			p.say("note     run %s is on the same input: %s", o.Plan.Run, holderWords(by))
			continue
		}
		var lift []string
		if k := tooOld(o.Plan, time.Now(), mostAge); k.Lift != "" {
			lift = strings.Fields(k.Lift)
		}
		if !p.ownPlan(o.Plan) {
			lift = append(lift, "--as-caller")
		}
		p.say("note     run %s on the same input, of %s, is not at its end; to go on with it: %s",
			o.Plan.Run, o.Plan.Created.Local().Format(time.DateTime), p.resumeLine(o.Plan, lift...))
	}
	return err
}

// start plans a new run, has it guarded and approved, and carries it out. It
// calls sealed as soon as others who look for a run on this input would find it.
func (r *runCmd) start(ctx context.Context, p *planned, sealed func() error) (err error) {
	if err := p.target.mayRevoke(); err != nil {
		return err
	}
	unlock, checks, err := r.make(ctx, p)
	if err != nil {
		return err
	}
	defer unlock()
	defer func() { // what was never sealed leaves nothing behind: a dry run, and whatever failed before
		if p.run.State() == journal.Planning {
			err = errors.Join(err, p.run.Discard(ctx))
		}
	}()
	if err := p.earliest(ctx, p.count.Users); err != nil {
		return err
	}
	refusal := refused(nothingWritten, checks)
	if r.DryRun {
		return p.rehearse(ctx, refusal)
	}
	if refusal != nil {
		return p.unbegun(ctx, refusal)
	}
	// Sealed no sooner: a sealed run can be gone on with.
	if err := p.run.Seal(ctx, p.plan); err != nil {
		return err
	}
	p.goesOn = p.resumeLine(p.plan, p.resumeFlags()...)
	if err := sealed(); err != nil {
		return err
	}
	if p.count.Users > 0 {
		if err := p.ask(r.Yes, fmt.Sprintf("Revoke the sessions of %s?", batch.Plural(p.count.Users, "user"))); err != nil {
			return p.unbegun(ctx, err)
		}
	}
	return p.carryOut(ctx, 0, p.count.Users, 0)
}
