package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
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
	found := false
	if err := eachWorkflow(ctx, t, query, func(e *workflowpb.WorkflowExecutionInfo) {
		found = true
		tellOne(ctx, w, t, e)
	}); err != nil {
		return err
	}
	if err := w.Flush(); err != nil || o.RunName == "" {
		return err
	}
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
		return nil
	}, nil)
	if errors.Is(err, journal.ErrNoRun) && found {
		fmt.Printf("\nJournal   run %s is not planned yet\n", o.RunName)
		return nil
	}
	return err
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
