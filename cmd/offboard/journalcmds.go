package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"offboard/batch/job"
	"offboard/batch/journal"
)

// resumeCmd goes on with a run, from the journal alone.
type resumeCmd struct{ job.ResumeOptions }

// Help ends the command's help.
func (resumeCmd) Help() string { return runCmd{}.Help() }

// Run needs no CSV: the plan is in the journal.
func (r *resumeCmd) Run(ctx context.Context, c *command) error {
	return job.Resume(ctx, c.host, &r.ResumeOptions)
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

// Run makes the files again, from the journal alone, and notes their digest there.
func (r reportCmd) Run(ctx context.Context, c *command) error {
	return c.onRun(ctx, c.host.OpenJournal, r.RunName, func(run *journal.Run) error {
		end, err := c.host.Report(ctx, run, r.ReportDir, r.SignKey)
		if _, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("%w; name another directory with --report-dir", err)
		}
		if err != nil {
			return err
		}
		return c.Ended(end)
	})
}

// onRun opens the journal for one look at one run.
func (c *command) onRun(ctx context.Context, open func(context.Context) (*journal.Store, error), name string, look func(*journal.Run) error) error {
	if err := c.host.FindJournal(); err != nil {
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
