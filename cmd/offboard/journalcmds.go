package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/journal"
)

// resumeCmd goes on with a run, from the journal alone.
type resumeCmd struct {
	RunName string `arg:"" optional:"" name:"run" help:"The run's name, or an unmistakable beginning of it. Default: the newest run of this tenant that can be resumed; of rehearsals with --simulate alone."`
	MaxAge  length `help:"Refuse an older plan, such as 36h or 2d; 0 allows any age." default:"24h"`

	guards
	connection
	execution
}

// Help ends the command's help.
func (resumeCmd) Help() string { return runCmd{}.Help() }

// Run needs no CSV: the plan is in the journal.
func (r *resumeCmd) Run(ctx context.Context, c *command) error {
	if err := c.findJournal(); err != nil {
		return err
	}
	store, err := c.openJournal(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	run, err := r.toResume(ctx, c, store)
	if err != nil {
		return err
	}
	plan := run.Plan()
	switch run.State() {
	case journal.Finished:
		return fmt.Errorf("%w: run %s is finished", errNoneToResume, plan.Run)
	case journal.Refused:
		return fmt.Errorf("%w: run %s is refused; there is nothing to resume", errUsage, plan.Run)
	case journal.Planning:
		return fmt.Errorf("%w: run %s was never planned to its end, and nothing was written; run its input again", errUsage, plan.Run)
	}
	c.earlier = true
	if err := r.follow(plan, nothingMore); err != nil {
		return err
	}
	if err := c.keep(plan); err != nil {
		return err
	}
	if send, _, err := run.Remaining(ctx); err != nil {
		return err
	} else if send > 0 {
		if err := c.findPerson(r.Yes, "", nothingMore, "give --yes"); err != nil {
			return err
		}
	}
	t, err := c.connect(ctx, errand{connection: r.connection, patience: r.patience, action: plan.Action, plan: plan}, both(seedPlan(run), seedGuards(c, r.guards, plan.Terms.Guards)))
	if err != nil {
		return err
	}
	defer t.close()
	j, err := newJob(c, r.connection, r.execution, t, store)
	if err != nil {
		return err
	}
	if err := j.sameTenant(plan); err != nil {
		return err
	}
	j.run, j.guards, j.maxAge = run, r.guards, r.MaxAge.Duration
	return j.resume(ctx)
}

// toResume is the run that is named, or without a name the newest that this connection
// can go on with and that nobody works on.
func (r *resumeCmd) toResume(ctx context.Context, c *command, store *journal.Store) (*journal.Run, error) {
	if r.RunName != "" {
		return store.Run(ctx, r.RunName)
	}
	ours, err := c.ours(ctx, r.connection, r.patience)
	if err != nil {
		return nil, err
	}
	runs, err := store.Runs(ctx, journal.Filter{States: journal.Resumable})
	if err != nil {
		return nil, err
	}
	others := len(runs)
	runs = slices.DeleteFunc(runs, func(i journal.Info) bool { return !ours(i.Plan) })
	others -= len(runs)
	var busy error
	for _, r := range runs {
		run, err := store.Run(ctx, r.Plan.Run)
		if err != nil {
			return nil, err
		}
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
		return nil, fmt.Errorf("%w here; of other tenants and rehearsals (--simulate) there are %d, which are taken by name", errNoneToResume, others)
	}
	return nil, errNoneToResume
}

// ours says which plans a connection goes on with unnamed: with --simulate rehearsals,
// and without it what was planned for the tenant and the service that are named.
func (c *command) ours(ctx context.Context, conn connection, p patience) (func(batch.Plan) bool, error) {
	if conn.Simulate {
		return func(p batch.Plan) bool { return p.Cloud == simulatedCloud }, nil
	}
	e := errand{connection: conn, patience: p, plan: batch.Plan{Tenant: "the run's"}} // so that none need be named
	d, err := c.door(e)
	if err != nil {
		return nil, err
	}
	tenant, _, err := c.wanted(ctx, e, d.env, d.authority)
	return func(p batch.Plan) bool {
		return p.Cloud != simulatedCloud && (tenant == "" || strings.EqualFold(p.Tenant, tenant)) && (conn.GraphURL == "" || p.Cloud == d.root)
	}, err
}

// noGraph ends the help of the commands that only read the journal.
const noGraph = "Graph permissions: none; nothing is sent.\n\n" + exitCodeHelp

type reportCmd struct {
	RunName   string `arg:"" optional:"" name:"run" help:"The run's name, or an unmistakable beginning of it. Default: the latest run."`
	ReportDir string `help:"Where the report files go. Default: offboard-RUN below the working directory." placeholder:"DIR" type:"path"`
	SignKey   string `help:"Sign report.sha256 with this private SSH key, into report.sha256.sig, as ssh-keygen -Y sign does; a key that only the ssh agent holds is named by its .pub file." placeholder:"FILE" type:"path"`
}

// Help ends the command's help.
func (reportCmd) Help() string { return noGraph }

// Run makes the files again, from the journal alone.
func (r reportCmd) Run(ctx context.Context, c *command) (err error) {
	if c.sign, err = c.openSignKey(r.SignKey); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	return c.onRun(ctx, c.openJournal, r.RunName, func(run *journal.Run) error {
		end, err := c.report(ctx, run, r.ReportDir)
		if _, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("%w; name another directory with --report-dir", err)
		}
		if err == nil {
			err = held(&end, run)
		}
		if err == nil {
			err = c.seal(ctx, &end, run)
		}
		if err != nil {
			return err
		}
		return c.end(end)
	})
}

// onRun opens the journal for one look at one run.
func (c *command) onRun(ctx context.Context, open func(context.Context) (*journal.Store, error), name string, look func(*journal.Run) error) error {
	if err := c.findJournal(); err != nil {
		return err
	}
	store, err := open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	run, err := store.Run(ctx, name)
	if err != nil {
		return err
	}
	return look(run)
}
