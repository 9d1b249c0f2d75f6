package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
)

// runsCmd lists, unless it is told to do something else.
type runsCmd struct {
	List  listCmd  `cmd:"" default:"withargs" help:"List the runs, the newest first; what runs alone does."`
	Prune pruneCmd `cmd:"" help:"Delete old runs for good."`
}

// listCmd has a filter for what is known of a run before its users are counted.
type listCmd struct {
	InState   []string `help:"Only runs in this state. Repeatable." placeholder:"NAME"`
	Tenant    string   `env:"OFFBOARD_RUNS_LIST_TENANT" help:"Only runs for this tenant." placeholder:"ID"`
	NewerThan job.Age  `help:"Only runs created within this time, such as 36h, 365d or 2w." placeholder:"AGE"`
	OlderThan job.Age  `env:"OFFBOARD_RUNS_LIST_OLDER_THAN" help:"Only runs created before it." placeholder:"AGE"`
}

// states are those of a run in the order in which it comes to them.
var states = []journal.State{journal.Planning, journal.Planned, journal.Running, journal.Stopped, journal.Finished, journal.Refused}

// Run lists the newest first.
func (l listCmd) Run(ctx context.Context, c *command) error {
	now := time.Now()
	filter := journal.Filter{Tenant: l.Tenant, NewerThan: l.NewerThan.Before(now), OlderThan: l.OlderThan.Before(now)}
	for _, name := range l.InState {
		if !slices.Contains(states, journal.State(name)) {
			return fmt.Errorf("%w: --in-state: no run is ever %q; the states are %s", job.ErrUsage, name, joined(states))
		}
		filter.States = append(filter.States, journal.State(name))
	}
	if _, err := c.host.HasJournal(); err != nil {
		return err
	}
	store, err := c.host.ReadJournal(ctx) // one that is not there has no runs
	if err != nil {
		return err
	}
	defer store.Close()
	runs, err := store.Runs(ctx, filter)
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
