package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"offboard/batch/job"

	"offboard/batch"
	"offboard/batch/journal"
)

// runsCmd lists, unless it is told to do something else.
type runsCmd struct {
	List  listCmd  `cmd:"" default:"withargs" help:"List the runs, the newest first; what runs alone does."`
	Prune pruneCmd `cmd:"" help:"Delete old runs for good."`
}

// Help ends the command's help.
func (runsCmd) Help() string {
	return "Alone it lists, and takes the filters that offboard runs list --help tells.\n\n" + noGraph
}

// listCmd has a filter for what is known of a run before its users are counted.
type listCmd struct {
	InState   []string `help:"Only runs in this state. Repeatable." placeholder:"NAME"`
	Tenant    string   `help:"Only runs for this tenant." placeholder:"ID"`
	NewerThan job.Age  `help:"Only runs created within this time, such as 36h, 365d or 2w." placeholder:"AGE"`
	OlderThan job.Age  `help:"Only runs created before it." placeholder:"AGE"`
}

// Help ends the command's help.
func (listCmd) Help() string {
	return "The states are " + strings.Join(stateNames(), ", ") + ".\n\n" + noGraph
}

// Run lists the newest first.
func (l listCmd) Run(ctx context.Context, c *command) error {
	filter, err := l.filter(time.Now())
	if err != nil {
		return err
	}
	store, err := c.host.ReadJournal(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	runs, err := store.Runs(ctx, filter)
	if err != nil {
		return err
	}
	if c.cli.Output == "json" {
		return listJSON(c, runs)
	}
	t, err := newTable(c.stdout, "RUN", "STATE", "CREATED", "INPUT", "ROWS", "SUCCESS", "NOT DONE", "OPEN")
	for _, r := range runs {
		if err != nil {
			return err
		}
		s, open := r.Summary, 0
		if r.State.Resumable() {
			open = s.Open()
		}
		err = t.add(r.Plan.Run, string(r.State), r.Plan.Created.Local().Format(time.DateTime), r.Plan.Input,
			strconv.Itoa(s.Lines), strconv.Itoa(s.CountOf(batch.Success)), strconv.Itoa(s.CountOf(batch.Failure)), strconv.Itoa(open))
	}
	if err != nil {
		return err
	}
	return t.end()
}

func listJSON(c *command, runs []journal.Info) error {
	type row struct {
		Run     string                `json:"run"`
		State   string                `json:"state"`
		Created time.Time             `json:"created_at"`
		Input   string                `json:"input"`
		Tenant  string                `json:"tenant"`
		Users   int                   `json:"users"`
		Counts  map[batch.Outcome]int `json:"counts"`
	}
	rows := make([]row, 0, len(runs))
	for _, r := range runs {
		rows = append(rows, row{r.Plan.Run, string(r.State), r.Plan.Created, r.Plan.Input, r.Plan.Tenant, r.Plan.Users, r.Summary.Counts})
	}
	return json.NewEncoder(c.stdout).Encode(rows)
}

// filter is what the flags say.
func (l listCmd) filter(now time.Time) (journal.Filter, error) {
	f := journal.Filter{Tenant: l.Tenant, NewerThan: l.NewerThan.Before(now), OlderThan: l.OlderThan.Before(now)}
	for _, name := range l.InState {
		if !slices.Contains(stateNames(), name) {
			return f, fmt.Errorf("%w: --in-state: no run is ever %q; the states are %s", job.ErrUsage, name, strings.Join(stateNames(), ", "))
		}
		f.States = append(f.States, journal.State(name))
	}
	return f, nil
}

// stateNames lists the states of a run in the order in which it comes to them.
func stateNames() []string {
	var names []string
	for _, s := range []journal.State{
		journal.Planning, journal.Planned, journal.Running, journal.Stopped, journal.Finished, journal.Refused,
	} {
		names = append(names, string(s))
	}
	return names
}
