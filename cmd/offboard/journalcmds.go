package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"offboard/batch/journal"
)

// resumeCmd goes on with a run, from the journal alone.
type resumeCmd struct {
	RunName string `arg:"" optional:"" name:"run" help:"The run's name, or an unmistakable beginning of it. Default: the newest run that can be resumed."`
	MaxAge  length `help:"Refuse an older plan, such as 36h or 2d; 0 allows any age." default:"24h"`

	guards
	connection
	execution
}

// Help ends the command's help.
func (resumeCmd) Help() string { return runCmd{}.Help() }

// Run needs no CSV: the plan is in the journal.
func (r *resumeCmd) Run(ctx context.Context, c *command) error {
	store, err := c.openJournal(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	run, err := toResume(ctx, store, r.RunName)
	if err != nil {
		return err
	}
	plan := run.Plan()
	switch run.State() {
	case journal.Finished, journal.Refused:
		return fmt.Errorf("%w: run %s is %s; there is nothing to resume", errUsage, plan.Run, run.State())
	case journal.Planning:
		return fmt.Errorf("%w: run %s was never planned to its end, and nothing was written; run its input again", errUsage, plan.Run)
	}
	if err := r.follow(plan); err != nil {
		return err
	}
	if err := c.keep(plan); err != nil {
		return err
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

// toResume is the run of that name, or without one the newest that can be gone on
// with and that nobody works on.
func toResume(ctx context.Context, store *journal.Store, name string) (*journal.Run, error) {
	if name != "" {
		return store.Run(ctx, name)
	}
	runs, err := store.Runs(ctx, journal.Filter{States: journal.Resumable})
	if err != nil {
		return nil, err
	}
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
	return nil, errNoneToResume
}

// noGraph ends the help of the commands that only read the journal.
const noGraph = "Graph permissions: none; nothing is sent.\n\n" + exitCodeHelp

type reportCmd struct {
	RunName   string `arg:"" optional:"" name:"run" help:"The run's name, or an unmistakable beginning of it. Default: the latest run."`
	ReportDir string `help:"Where the report files go. Default: offboard-RUN below the working directory." placeholder:"DIR" type:"path"`
}

// Help ends the command's help.
func (reportCmd) Help() string { return noGraph }

// Run makes the files again, from the journal alone.
func (r reportCmd) Run(ctx context.Context, c *command) error {
	return c.onRun(ctx, r.RunName, func(run *journal.Run) error {
		end, err := c.report(ctx, run, r.ReportDir)
		if _, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("%w; name another directory with --report-dir", err)
		}
		if err == nil {
			err = held(&end, run)
		}
		if err != nil {
			return err
		}
		return c.end(end)
	})
}

// onRun opens the journal for one look at one run.
func (c *command) onRun(ctx context.Context, name string, look func(*journal.Run) error) error {
	store, err := c.readJournal(ctx)
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
