package main

import (
	"context"

	"offboard/batch/job"
)

// applyCmd carries out a plan file.
type applyCmd struct{ job.ApplyOptions }

// Help ends the command's help.
func (applyCmd) Help() string { return runCmd{}.Help() }

// Run refuses whatever is not beyond doubt, and then does as run does.
func (a *applyCmd) Run(ctx context.Context, c *command) error {
	return job.Apply(ctx, c.host, &a.ApplyOptions)
}
