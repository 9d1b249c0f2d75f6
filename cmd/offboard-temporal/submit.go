package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"offboard/batch/job"
	"offboard/batch/journal"
)

// submitOptions are those of submit.
type submitOptions struct {
	job.SubmitOptions
	Campaign string   `env:"-" help:"Submit a run for each tenant of this file, which offboard campaign reads, too; see its help campaign. Its flags are those of submit; how to sign in and to write is the workers'." placeholder:"FILE.yaml" type:"path"`
	Only     []string `env:"-" help:"Of a campaign only this tenant, by its name in the file. Repeatable. It is a campaign of its own." placeholder:"NAME" sep:"none"`
	Urgent   bool     `help:"Go before the runs that are not urgent, at their next slice."`
	Schedule string   `help:"Submit it at these times, in UTC, such as '0 3 * * *'. FILE is the name of an order in the workers' --orders directory then, since the file that it names is read by a worker, each time anew." placeholder:"CRON"`
}

// run reads and checks the file here, and has a worker plan it and carry it out.
func (o *submitOptions) run(ctx context.Context, c *command) error {
	switch {
	case o.Campaign != "":
		of, err := o.campaign(ctx, c, c.hostOf)
		if err != nil {
			return err
		}
		defer of.Close()
		return c.startAll(ctx, of, o.Urgent)
	case len(o.Only) > 0:
		return fmt.Errorf("%w: --only goes with --campaign", job.ErrUsage)
	case o.Schedule != "":
		return o.schedule(ctx, c)
	}
	order, err := o.submit(ctx, c.host())
	if err != nil {
		return err
	}
	return c.start(ctx, order)
}

func (o *submitOptions) submit(ctx context.Context, h *job.Host) (Order, error) {
	defer h.Files.Close()
	s, err := job.Submit(ctx, h, &o.SubmitOptions)
	return Order{Run: s.Name, Urgent: o.Urgent}, err
}

// start begins the workflow of a run that the journal knows.
func (c *command) start(ctx context.Context, o Order) error {
	t, err := c.dial()
	if err == nil {
		defer t.Close()
		err = c.begin(ctx, t, o)
	}
	if _, is := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); is {
		return fmt.Errorf("%w: run %s is with the workers: offboard-temporal status %s", journal.ErrLocked, o.Run, o.Run)
	}
	if err != nil {
		return fmt.Errorf("run %s is in the journal, and Temporal does not have it (%w); then: offboard-temporal resume %s", o.Run, err, o.Run)
	}
	fmt.Println(o.Run)
	return nil
}

// begin starts the workflow of a run. One that is going fails with serviceerror.WorkflowExecutionAlreadyStarted.
func (c *command) begin(ctx context.Context, t client.Client, o Order) error {
	_, err := t.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflowOf(o.Run), TaskQueue: c.Queue, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL, WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, Run, o)
	return err
}

// orderName is what an order may be called: it names a file of the worker.
var orderName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// schedule has Temporal submit an order at its times. A run that lasts until the next time is not joined
// by a second one; after an outage only what was missed within the last hour is made up for: Temporal's
// own window is a year, and a containment that nobody expects any more is a danger.
func (o *submitOptions) schedule(ctx context.Context, c *command) error {
	if len(o.File) != 1 || !orderName.MatchString(o.File[0]) {
		return fmt.Errorf("%w: --schedule takes the name of one order in the workers' --orders directory, of letters, digits, - and _", job.ErrUsage)
	}
	t, err := c.dial()
	if err != nil {
		return err
	}
	defer t.Close()
	name := o.File[0]
	_, err = t.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: "order/" + name, Spec: client.ScheduleSpec{CronExpressions: []string{o.Schedule}},
		Action:        &client.ScheduleWorkflowAction{ID: "order/" + name, Workflow: Scheduled, Args: []any{name}, TaskQueue: c.Queue},
		Overlap:       enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: time.Hour,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("%w: there is a schedule order/%s, and it stays as it is; temporal schedule delete --schedule-id order/%s takes it away, so that it can be made anew", job.ErrUsage, name, name)
	}
	if err != nil {
		return fmt.Errorf("make the schedule order/%s: %w", name, err)
	}
	fmt.Printf("order/%s\n", name)
	return nil
}

// submitOrder submits what a file of this worker says, into the worker's journal. Nobody is asked.
func (c *command) submitOrder(ctx context.Context, name string) ([]Order, error) {
	if o := &c.Worker; o.Orders == "" || !orderName.MatchString(name) {
		return nil, fmt.Errorf("%w: this worker has no order %q; its --orders directory has them", job.ErrUsage, name)
	}
	file := filepath.Join(c.Worker.Orders, name+".args")
	words, err := orderWords(file)
	if err != nil {
		return nil, err
	}
	of, _, err := parse(words...)
	if err == nil && of == nil {
		err = fmt.Errorf("%w: it asks for help", job.ErrUsage)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	host := func(given []*kong.Flag) *job.Host {
		h := c.host()
		h.Console = flagged{quiet{c.log}, given}
		return h
	}
	if of.Submit.Campaign != "" {
		return of.Submit.orders(ctx, of, host)
	}
	order, err := of.Submit.submit(ctx, host(of.given))
	return []Order{order}, err
}

// orderWords are the words of an order. A file that is not read to its end is none: what is missing may be
// a gate.
func orderWords(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", job.ErrUsage, err)
	}
	words := []string{"submit"}
	for line := range strings.Lines(string(text)) {
		if word := strings.TrimSpace(line); word != "" {
			words = append(words, word)
		}
	}
	return words, nil
}

// resumeOptions are those of resume.
type resumeOptions struct {
	RunName string `arg:"" name:"run" help:"The run, or the campaign: all of its runs."`
	Urgent  bool   `help:"Go before the runs that are not urgent, at their next slice."`
}

func (o *resumeOptions) run(ctx context.Context, c *command) error {
	if job.NamesCampaign(o.RunName) {
		of, err := job.FindSubmitted(ctx, c.host(), o.RunName)
		if err != nil {
			return err
		}
		defer of.Close()
		return c.startAll(ctx, of, o.Urgent)
	}
	name, err := c.known(ctx, o.RunName)
	if err != nil {
		return err
	}
	return c.start(ctx, Order{Run: name, Urgent: o.Urgent})
}

// known is the whole name of a run, or of a submission, that the journal has: nothing else that
// somebody typed gets into a history.
func (c *command) known(ctx context.Context, name string) (string, error) {
	path, err := c.host().JournalPath()
	if err != nil {
		return "", err
	}
	s, err := journal.OpenToRead(ctx, path)
	if err != nil {
		return "", err
	}
	defer s.Close()
	run, err := s.Run(ctx, name)
	if err == nil {
		return run.Plan().Run, nil
	}
	if _, no := s.Submission(ctx, name); no == nil {
		return name, nil
	}
	return "", err
}

// stopOptions are those of stop.
type stopOptions struct {
	RunName string `arg:"" name:"run" help:"The run, or the campaign: all of its runs."`
}

func (o *stopOptions) run(ctx context.Context, c *command) error {
	t, err := c.dial()
	if err != nil {
		return err
	}
	defer t.Close()
	if job.NamesCampaign(o.RunName) {
		return c.stopAll(ctx, t, o.RunName)
	}
	going, err := cancel(ctx, t, o.RunName)
	if err == nil && !going {
		if err := job.Withdraw(ctx, c.host(), o.RunName); err != nil {
			return fmt.Errorf("stop run %s: the workers do not have it: %w", o.RunName, err)
		}
		fmt.Printf("submission %s is given up; nothing was planned or written\n", o.RunName)
		return nil
	}
	if err != nil {
		return fmt.Errorf("stop run %s: %w; offboard-temporal status lists the runs", o.RunName, err)
	}
	fmt.Printf("run %s is being stopped; offboard-temporal resume %s goes on with it\n", o.RunName, o.RunName)
	return nil
}

// cancel has the workflow of a run stopped, if one is going. The server takes a cancellation of what has ended, too.
func cancel(ctx context.Context, t client.Client, run string) (going bool, err error) {
	d, err := t.DescribeWorkflowExecution(ctx, workflowOf(run), "")
	if _, none := errors.AsType[*serviceerror.NotFound](err); none {
		return false, nil
	}
	if err != nil || d.WorkflowExecutionInfo.Status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return false, err
	}
	return true, t.CancelWorkflow(ctx, workflowOf(run), "")
}

// approveOptions are those of approve.
type approveOptions struct{ job.ApproveRunOptions }

// run keeps the signature in the journal, and tells the run.
func (o *approveOptions) run(ctx context.Context, c *command) error {
	h := c.host()
	made, err := job.ApproveRun(ctx, h, &o.ApproveRunOptions)
	if err != nil {
		return err
	}
	fmt.Printf("Run       %s\nPlan      %s\nSigned    with %s; %d in all have signed it\n", made.Run, made.Digest, made.Key, made.Keys)
	t, err := c.dial()
	if err != nil {
		return fmt.Errorf("the signature is kept, and the run looks for it within the hour: %w", err)
	}
	defer t.Close()
	if err := t.SignalWorkflow(ctx, workflowOf(made.Run), "", approvedSignal, nil); err != nil {
		return fmt.Errorf("the signature is kept, and the run is not with the workers (%w); offboard-temporal resume %s", err, made.Run)
	}
	return nil
}
