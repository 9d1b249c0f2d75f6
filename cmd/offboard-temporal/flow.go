package main

import (
	"errors"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"offboard/batch"
)

// What follows is in histories, where everybody sees it who may look at the namespace: counts,
// hashes, and names of runs; no names of people or files, no ids and no secrets.

// Order says which run a Run workflow carries out, and how far it is.
type Order struct {
	Run    string // its name
	Urgent bool

	Planned *Planned  // nil before the plan
	Since   time.Time // when the first of the workflows began that continue each other
	Slice   int       // the last one that was begun
	Status  Status
}

// Planned is what a plan counts, and whose quotas it uses.
type Planned struct {
	Run         string
	App, Tenant string // hashed
	Writes      int
	Approvals   int // that the run needs before its first write
	Limits      Limits
}

// SliceOrder is the work of one slice.
type SliceOrder struct {
	Run   string
	Pace  float64 // writes a second
	Again bool    // the last worker may have the run's lock still, and is to be put out
	App   string  // hashed, whose gate knows who else waits
}

// Sliced is how a run stands after a slice.
type Sliced struct {
	Left       int           // writes that are pending
	Throttled  time.Duration // how long Graph asked to wait when the slice ended
	Everywhere bool          // Graph asked it of the app in all tenants
	Finished   bool
}

// Audited counts a finished run's rows of the input, and those of them with exactly one result.
type Audited struct{ Rows, Ended int }

// Status is what the query "status" answers.
type Status struct {
	Phase           string
	Run             string
	Writes, Left    int
	Slice, Troubles int
	Late            int // slices, one after the other, that did nothing but wait for a proof
	Pace            float64
	GaveUp          int
}

const (
	statusQuery    = "status"
	approvedSignal = "approved"

	sliceWrites  = 500              // of a slice whose pace others wait for
	sliceLasts   = 27 * time.Second // of a slice for whose pace nobody waits: at Graph's pace that is no more
	heartbeat    = 10 * time.Second // a worker that says nothing for so long has lost its slice
	mostTroubles = 5                // of one slice, before its users end gave_up
	mostLost     = 20               // workers that one slice may outlive: it may be the slice that ends them
	askAgain     = 10 * time.Minute // the gate, which may have been ended
	lookAgain    = time.Hour        // for approvals, whose signal may have been lost
	journalAgain = time.Minute      // after all attempts of an activity
	proofAgain   = 5 * time.Minute  // that a user's next step waits for
	mostLate     = 12               // times that it is looked for, one after the other
)

// Classes of errors that activities end in, beside those of [endings].
const (
	HandedOver     = "handed_over"     // the worker is being stopped; another one goes on at once
	NoJournal      = "journal"         // the journal does not answer, or its disk is full; what waits for it gives up nobody
	JournalRefuses = "journal_refuses" // what waiting does not mend; workers try it for six minutes, and the run ends resumable
	Late           = "late"            // a proof is late that the next step needs; the run waits, and ends resumable
	unaudited      = "audit"           // the run is at its end, and its rows are not
	Trouble        = "trouble"         // anything else, a panic too
)

// work are the activities, for their names.
var work *activities

// workflowOf is the id of the workflow of a run: there is one of each run at a time.
func workflowOf(run string) string { return "run/" + run }

// Run is the workflow of one run, from the plan to the proof that each row has one result.
func Run(ctx workflow.Context, o Order) (Audited, error) {
	if o.Since.IsZero() {
		o.Since = workflow.Now(ctx)
	}
	r := &running{Order: o}
	if err := workflow.SetQueryHandler(ctx, statusQuery, func() (Status, error) { return r.Status, nil }); err != nil {
		return Audited{}, err
	}
	audited, err := r.carryOut(ctx)
	if r.asked && !workflow.IsContinueAsNewError(err) {
		r.tell(ctx, Turn{Want: Done})
	}
	switch {
	case temporal.IsCanceledError(err):
		r.Status.Phase = "stopped"
	case err == nil:
		r.Status.Phase = "finished"
	default:
		r.Status.Phase = "ended: " + classOf(err)
	}
	return audited, err
}

// running is a Run at work.
type running struct {
	Order
	asked      bool          // the gate knows of it
	throttled  time.Duration // what the gate is to be told of the last slice
	everywhere bool
}

func (r *running) carryOut(ctx workflow.Context) (audited Audited, err error) {
	if r.Planned == nil {
		r.Status.Phase = "planning"
		if err := do(ctx, 24*time.Hour, &r.Planned, work.Plan, r.Order); err != nil {
			return audited, err
		}
		r.Status.Run, r.Status.Writes, r.Status.Left = r.Planned.Run, r.Planned.Writes, r.Planned.Writes
		if err := r.awaitApprovals(ctx); err != nil {
			return audited, err
		}
	}
	if err := r.slices(ctx); err != nil {
		return audited, err
	}
	r.Status.Phase = "auditing"
	if err := do(ctx, time.Hour, &audited, work.Audit, r.Planned.Run); err != nil {
		return audited, err
	}
	if audited.Rows != audited.Ended {
		return audited, temporal.NewNonRetryableApplicationError("not every row has exactly one result", unaudited, nil, audited)
	}
	return audited, nil
}

// awaitApprovals waits until enough people have signed the plan. The slices look for themselves, too.
func (r *running) awaitApprovals(ctx workflow.Context) error {
	for r.Planned.Approvals > 0 {
		approved := false
		if err := do(ctx, time.Minute, &approved, work.Approved, r.Planned.Run); err != nil || approved {
			return err
		}
		r.Status.Phase = "waiting for " + batch.Plural(r.Planned.Approvals, "approval")
		workflow.GetSignalChannel(ctx, approvedSignal).ReceiveWithTimeout(ctx, lookAgain, nil)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// slices carries the run out, until nothing is left to write or to prove.
func (r *running) slices(ctx workflow.Context) error {
	for {
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, Run, r.Order)
		}
		r.Slice++
		r.Status.Slice = r.Slice
		if r.Status.Left > 0 || !r.asked { // what is to be proved alone needs no pace
			if err := r.borrow(ctx); err != nil {
				return err
			}
		} else {
			r.tell(ctx, Turn{Want: Done})
		}
		s, err := r.slice(ctx)
		for handedOver(err) {
			s, err = r.slice(ctx) // at the pace that is lent
		}
		switch {
		case err == nil && s.Finished:
			return nil
		case err == nil:
			r.Status.Left, r.Status.Troubles, r.Status.Late = s.Left, 0, 0
			continue
		case temporal.IsCanceledError(err), endings[classOf(err)]:
			return err
		}
		r.tell(ctx, Turn{Want: Done}) // others need not wait for this run
		if classOf(err) == Late {
			if r.Status.Late++; r.Status.Late > mostLate {
				return err
			}
			r.Status.Phase = "waiting for a proof"
			if err := workflow.Sleep(ctx, proofAgain); err != nil {
				return err
			}
			continue
		}
		if class := classOf(err); class == NoJournal || class == HandedOver { // which is no fault of the slice
			r.Status.Phase = "waiting for the journal"
			if class == HandedOver {
				r.Status.Phase = "waiting for a worker"
			}
			if err := workflow.Sleep(ctx, journalAgain); err != nil {
				return err
			}
			continue
		}
		if r.Status.Troubles++; didSome(err) {
			r.Status.Troubles = 1
		}
		if r.Status.Troubles < mostTroubles {
			if err := workflow.Sleep(ctx, time.Duration(r.Status.Troubles*r.Status.Troubles)*5*time.Second); err != nil {
				return err
			}
			continue
		}
		r.Status.Phase = "giving up a slice"
		var gaveUp int
		if failed := do(ctx, time.Hour, &gaveUp, work.GiveUp, r.Planned.Run); failed != nil {
			return failed
		}
		if gaveUp == 0 { // it is not what is written that fails
			return err
		}
		r.Status.GaveUp += gaveUp
		r.Status.Left, r.Status.Troubles = max(0, r.Status.Left-gaveUp), 0
	}
}

// borrow waits for the pace of the next slice.
func (r *running) borrow(ctx workflow.Context) error {
	r.Status.Phase = "waiting for a pace"
	lent := workflow.GetSignalChannel(ctx, lentSignal)
	var until time.Time
	for {
		if now := workflow.Now(ctx); !now.Before(until) {
			r.tell(ctx, Turn{Want: Ask})
			until = now.Add(askAgain)
		}
		var l Lent
		lent.ReceiveWithTimeout(ctx, until.Sub(workflow.Now(ctx)), &l)
		if err := ctx.Err(); err != nil {
			return err
		}
		if l.Slice == r.Slice {
			r.Status.Pace = l.Pace
			return nil
		}
	}
}

// slice carries out one slice, and keeps the gate in the belief that it is under way.
func (r *running) slice(ctx workflow.Context) (s Sliced, err error) {
	r.Status.Phase = "writing"
	if r.Status.Left == 0 {
		r.Status.Phase = "proving"
	}
	f := begin(ctx, 12*time.Hour, work.Slice, SliceOrder{r.Planned.Run, r.Status.Pace, r.Status.Troubles > 0, r.Planned.App})
	for {
		ready, stopped := workflow.AwaitWithTimeout(ctx, keepsEvery, f.IsReady)
		if ready || stopped != nil {
			break
		}
		if r.Status.Left > 0 {
			r.tell(ctx, Turn{Want: Keep})
		}
	}
	err = f.Get(ctx, &s) // also of a run that is being stopped: the slice says when it is
	r.throttled, r.everywhere = s.Throttled, s.Everywhere
	return s, err
}

// tell says something to the gate of the app, and begins it if there is none.
func (r *running) tell(ctx workflow.Context, t Turn) {
	t.Workflow, t.Since, t.Slice, t.Tenant, t.Urgent = workflow.GetInfo(ctx).WorkflowExecution.ID, r.Since, r.Slice, r.Planned.Tenant, r.Urgent
	t.Pace, t.Limits = r.Status.Pace, r.Planned.Limits
	if t.Want != Keep {
		t.Throttled, t.Everywhere, r.throttled = r.throttled, r.everywhere, 0
	}
	r.asked = t.Want != Done
	ctx, _ = workflow.NewDisconnectedContext(ctx) // the gate is told also by what was stopped
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: 10 * time.Second, ScheduleToCloseTimeout: time.Hour})
	// It is tried for an hour: a word that is lost costs the run the time until it asks again.
	if err := workflow.ExecuteLocalActivity(ctx, work.Tell, r.Planned.App, t).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("the gate is not told", "want", t.Want, "error", err)
	}
}

// begin starts an activity. It is tried again on another worker if its worker is lost; what it ends in by
// itself is for the workflow.
func begin(ctx workflow.Context, most time.Duration, activity any, args ...any) workflow.Future {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: most,
		HeartbeatTimeout:    heartbeat,
		WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 100 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second, MaximumAttempts: mostLost,
		},
	}), activity, args...)
}

// do is an activity from its begin to its end. The journal, and a worker that stays, are waited for, for as long as it takes.
func do(ctx workflow.Context, most time.Duration, result any, activity any, args ...any) error {
	for {
		err := begin(ctx, most, activity, args...).Get(ctx, result)
		if handedOver(err) {
			continue
		}
		if class := classOf(err); err == nil || class != NoJournal && class != HandedOver {
			return err
		}
		if err := workflow.Sleep(ctx, journalAgain); err != nil {
			return err
		}
	}
}

// classOf is the class of the error that an activity ended in.
func classOf(err error) string {
	if app, is := errors.AsType[*temporal.ApplicationError](err); is {
		return app.Type()
	}
	return Trouble
}

// handedOver reports whether a worker that leaves handed an activity over, for another one to begin at once.
func handedOver(err error) bool {
	app, is := errors.AsType[*temporal.ApplicationError](err)
	return is && app.Type() == HandedOver && app.NonRetryable()
}

// didSome reports whether an activity did some of its work before it failed, or before it lost its workers: what fails is
// not the first thing that it does.
func didSome(err error) bool {
	var done int64
	if lost, is := errors.AsType[*temporal.TimeoutError](err); is && lost.HasLastHeartbeatDetails() {
		_ = lost.LastHeartbeatDetails(&done) // none, otherwise
	}
	if failed, is := errors.AsType[*temporal.ApplicationError](err); is && failed.HasDetails() {
		_ = failed.Details(&done)
	}
	return done > 0
}

// Scheduled is the workflow of a schedule: it submits what the workers' file says, and lasts as long as
// the runs do, so that the schedule sees that they overlap.
func Scheduled(ctx workflow.Context, name string) error {
	var orders []Order
	if err := do(ctx, time.Hour, &orders, work.Submit, name); err != nil {
		return err
	}
	runs := make([]workflow.Future, len(orders))
	for i, o := range orders {
		runs[i] = workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID: workflowOf(o.Run), WaitForCancellation: true, ParentClosePolicy: enums.PARENT_CLOSE_POLICY_ABANDON,
		}), Run, o)
	}
	var all error
	for _, run := range runs {
		all = errors.Join(all, run.Get(ctx, nil))
	}
	return all
}

// gateOf is the id of the gate's workflow of an app, which is hashed.
func gateOf(app string) string { return "app/" + app }
