package main

import (
	"context"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
)

// runsCmd lists, unless it is told to do something else.
type runsCmd struct {
	List  listCmd  `cmd:"" default:"withargs" help:"List the runs, the newest first; what runs alone does."`
	Prune pruneCmd `cmd:"" help:"Delete old runs for good."`
}

// listCmd lists runs.
type listCmd struct{ job.RunsOptions }

// Run lists the newest first.
func (l *listCmd) Run(ctx context.Context, c *command) error {
	runs, err := job.Runs(ctx, c.host, &l.RunsOptions)
	if err != nil {
		return err
	}
	type info = journal.Info
	return list(c, all(runs), "no such runs",
		column[info]{"RUN", "run", func(r info) any { return r.Plan.Run }},
		column[info]{"STATE", "state", func(r info) any { return r.State }},
		column[info]{"CREATED", "created_at", func(r info) any { return r.Plan.Created }},
		column[info]{"INPUT", "input", func(r info) any { return r.Plan.Input }},
		column[info]{"", "tenant", func(r info) any { return r.Plan.Tenant }},
		column[info]{"", "users", func(r info) any { return r.Plan.Users }},
		column[info]{"", "counts", func(r info) any { return r.Summary.Counts }},
		column[info]{"ROWS", "", func(r info) any { return r.Summary.Lines }},
		column[info]{"SUCCESS", "", func(r info) any { return r.Summary.CountOf(batch.Success) }},
		column[info]{"NOT DONE", "", func(r info) any { return r.Summary.CountOf(batch.Failure) }},
		column[info]{"OPEN", "", openUsers},
	)
}

// openUsers are the users of a run whom going on with it would settle.
func openUsers(r journal.Info) any {
	if !r.State.Resumable() {
		return 0
	}
	return r.Summary.Open()
}
