package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	enums "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/report"
)

// statusOptions are those of status.
type statusOptions struct {
	RunName string `arg:"" optional:"" name:"run" help:"Only this run, and what the journal counts of it; or the campaign, with all of its runs."`
	All     bool   `help:"Also runs that have ended, as long as Temporal keeps them."`
}

// run tells what Temporal knows, and of one run what the journal counts.
func (o *statusOptions) run(ctx context.Context, c *command) error {
	t, err := c.dial()
	if err != nil {
		return err
	}
	defer t.Close()
	if job.NamesCampaign(o.RunName) {
		return c.statusOfAll(ctx, t, o.RunName)
	}
	query := "WorkflowType = 'Run'"
	switch {
	case o.RunName != "":
		query += fmt.Sprintf(" AND WorkflowId = '%s'", strings.ReplaceAll(workflowOf(o.RunName), "'", ""))
	case !o.All:
		query += " AND ExecutionStatus = 'Running'"
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tSTATE\tPHASE\tLEFT\tWRITES\tSLICE\tPACE\tGAVE UP\tSINCE")
	var last *workflowpb.WorkflowExecutionInfo
	if err := eachWorkflow(ctx, t, query, func(e *workflowpb.WorkflowExecutionInfo) {
		if last == nil || last.StartTime.AsTime().Before(e.StartTime.AsTime()) {
			last = e
		}
		tellOne(ctx, w, t, e)
	}); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if o.RunName == "" {
		return failedOrders(ctx, t)
	}
	exit, held := -1, false
	err = job.Show(ctx, c.host(), &job.ShowOptions{RunName: o.RunName}, func(end report.End, _, _ iter.Seq2[batch.Line, error]) error {
		fmt.Printf("\nJournal   run %s is %s: %s", end.Plan.Run, end.State, batch.Plural(end.Plan.Rows, "row"))
		var outcomes []batch.Outcome
		for outcome := range end.Summary.Counts {
			outcomes = append(outcomes, outcome)
		}
		slices.Sort(outcomes)
		for _, outcome := range outcomes {
			fmt.Printf(", %s %s", batch.Thousands(end.Summary.Counts[outcome]), outcome)
		}
		fmt.Println()
		exit, held = exitBy(end), end.Held != ""
		return report.Last(os.Stdout, end)
	}, nil)
	if a, is := errors.AsType[*job.Advised](err); is && errors.Is(err, journal.ErrNoRun) {
		fmt.Printf("\nJournal   %v\n          where no workflow of it is running: offboard-temporal resume %s goes on with it, and offboard-temporal stop %s gives it up\n", a.Unwrap(), o.RunName, o.RunName)
		err = nil
		if last == nil {
			exit = int(job.ExitStopped)
		}
	}
	if last != nil {
		_, exit = stands(ctx, t, last, exit)
	} else if exit < 0 && !held { // it would be waited for without end
		fmt.Printf("\nNobody works on it: Temporal has no workflow of it. offboard-temporal resume %s goes on with it.\n", o.RunName)
		exit = int(job.ExitStopped)
	}
	return cmp.Or(err, endOf("run "+o.RunName, exit))
}

// orderAt is when a schedule began the workflow of an order, in its id.
var orderAt = regexp.MustCompile(`-\d{4}-\d\d-\d\dT[\d:]+Z$`)

// failedOrders tells the orders that failed when a schedule last submitted them: they may have no run that could tell it.
func failedOrders(ctx context.Context, t client.Client) error {
	last := map[string]*workflowpb.WorkflowExecutionInfo{}
	if err := eachWorkflow(ctx, t, "WorkflowType = 'Scheduled'", func(e *workflowpb.WorkflowExecutionInfo) {
		name := orderAt.ReplaceAllString(strings.TrimPrefix(e.Execution.WorkflowId, "order/"), "")
		if last[name] == nil || last[name].StartTime.AsTime().Before(e.StartTime.AsTime()) {
			last[name] = e
		}
	}); err != nil {
		return err
	}
	var failed []string
	exit := job.Exit(0)
	for _, name := range slices.Sorted(maps.Keys(last)) {
		if e := last[name]; e.Status == enums.WORKFLOW_EXECUTION_STATUS_FAILED {
			class := classOf(t.GetWorkflow(ctx, e.Execution.WorkflowId, e.Execution.RunId).Get(ctx, nil))
			fmt.Printf("\nOrder %s failed when its schedule last submitted it, at %s: %s. The log of the worker with that order says why; what it submits can be tried with submit.\n",
				name, e.StartTime.AsTime().Local().Format(time.DateTime), class)
			failed, exit = append(failed, name), max(exit, exitOf(class))
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return &endedAs{exit, "orders that failed: " + strings.Join(failed, ", ")}
}

// endOf is how status ends: 7, as of what others work on, where what it looked at is not at its end.
func endOf(what string, exit int) error {
	switch {
	case exit < 0:
		return &endedAs{job.ExitLocked, what + " is not at its end"}
	case exit > 0:
		return &endedAs{job.Exit(exit), fmt.Sprintf("%s ends with exit code %d", what, exit)}
	}
	return nil
}

// exitBy is the exit code of a run by the journal; -1 is that it is not at its end.
func exitBy(end report.End) int {
	switch journal.State(end.State) {
	case journal.Finished:
		return report.ExitOf(end)
	case journal.Refused:
		return int(job.ExitRefused)
	case journal.Stopped:
		return int(job.ExitStopped)
	}
	return -1
}

// stands is how a run stands with the workers, and its exit code where the journal's is exit; -1 is that it goes on.
func stands(ctx context.Context, t client.Client, e *workflowpb.WorkflowExecutionInfo, exit int) (phase string, is int) {
	switch e.Status {
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING:
		return statusOf(ctx, t, e).Phase, -1
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return "-", exit
	case enums.WORKFLOW_EXECUTION_STATUS_FAILED:
		class := classOf(t.GetWorkflow(ctx, e.Execution.WorkflowId, e.Execution.RunId).Get(ctx, nil))
		if exit < 0 || class == unaudited {
			exit = int(exitOf(class))
		}
		return class, exit
	}
	if exit < 0 { // stopped, by a person or by the server
		exit = int(job.ExitStopped)
	}
	return "-", exit
}

// eachWorkflow gives the workflows of a query, of those that continue each other the last.
func eachWorkflow(ctx context.Context, t client.Client, query string, is func(*workflowpb.WorkflowExecutionInfo)) error {
	for token := []byte(nil); ; {
		page, err := t.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, NextPageToken: token})
		if err != nil {
			return fmt.Errorf("list the runs: %w", err)
		}
		for _, e := range page.Executions {
			if e.Status != enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
				is(e)
			}
		}
		if token = page.NextPageToken; len(token) == 0 {
			return nil
		}
	}
}

// tellOne tells how one workflow stands.
func tellOne(ctx context.Context, w *tabwriter.Writer, t client.Client, e *workflowpb.WorkflowExecutionInfo) {
	s := statusOf(ctx, t, e)
	fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%.1f\t%d\t%s\n", strings.TrimPrefix(e.Execution.WorkflowId, workflowOf("")), strings.ToLower(e.Status.String()),
		s.Phase, s.Left, s.Writes, s.Slice, s.Pace, s.GaveUp, e.StartTime.AsTime().Local().Format(time.DateTime))
}

// statusOf is how a workflow stands. A worker answers of its phase; without one there is none.
func statusOf(ctx context.Context, t client.Client, e *workflowpb.WorkflowExecutionInfo) (s Status) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	answer, err := t.QueryWorkflow(ctx, e.Execution.WorkflowId, e.Execution.RunId, statusQuery)
	if err == nil {
		err = answer.Get(&s)
	}
	if err != nil {
		s.Phase = "no worker answers"
	}
	if e.Status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED { // which says nothing of its users
		s.Phase = "ended: status RUN tells of its users"
	}
	return s
}

// reportOptions are those of report.
type reportOptions struct{ job.ReportOptions }

func (o *reportOptions) run(ctx context.Context, c *command) error {
	if job.NamesCampaign(o.RunName) {
		return c.reportAll(ctx, &o.ReportOptions)
	}
	end, err := job.Report(ctx, c.host(), &o.ReportOptions)
	if err != nil {
		return err
	}
	fmt.Println(end.Dir)
	return nil
}
