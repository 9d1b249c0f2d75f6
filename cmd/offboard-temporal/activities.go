package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
)

// activities are what the workflows have done: the jobs of package job, and words to gates.
type activities struct {
	host   func() *job.Host // one for each job
	how    *workerOptions
	client client.Client
	shared job.Shared // by all jobs of the process
	log    *slog.Logger
	orders func(ctx context.Context, name string) ([]Order, error)
}

// ends are the classes of errors. Those that end the workflow need a person, and the run can be
// resumed then. The first that matches counts. Histories have the class and its words, and nothing
// else of an error: what it says may name people.
var ends = []struct {
	is     error
	class  string
	ending bool
	words  string
}{
	{batch.ErrLate, Late, false, "groups and licences wait for the proof that the account is disabled, which has not come yet"},
	{batch.ErrStopped, HandedOver, false, "this worker is being stopped, or the engine has taken the work from it"},
	{journal.ErrLost, HandedOver, false, "another worker has the run"},
	{journal.ErrAway, NoJournal, false, "the journal's database does not answer"},
	{journal.ErrDisk, NoJournal, false, "the journal's database takes no writes; the worker's log says why, with --verbose"},
	{journal.ErrServer, JournalRefuses, true, "the journal's database cannot be used; the worker's log says why, with --verbose"},
	{job.ErrBegun, "begun", true, "the same input was begun since this was submitted, and is not at its end; offboard-temporal status says which run it is"},
	{journal.ErrLocked, "locked", true, "somebody works on the run without the workers; offboard show says who"},
	{job.ErrUnapproved, "unapproved", true, "people of the trusted set have not approved this plan"},
	{job.ErrRefused, "refused", true, "a guard refused; nothing was written for it. The worker's log says which one, with --verbose"},
	{job.ErrUsage, "usage", true, "what was submitted cannot be carried out; the worker's log says why, with --verbose"},
	{batch.ErrPermission, "permission", true, "a permission of Microsoft Graph is missing; the worker's log says which one, with --verbose"},
	{batch.ErrSignIn, "sign_in", true, "the sign-in of the worker failed; its log says why, with --verbose"},
	{batch.ErrNotOffered, "not_offered", true, "the tenant does not offer a step of the run"},
	{batch.ErrOutage, "outage", true, "Microsoft Graph gave no answer for as long as --outage says"},
	{journal.ErrDamaged, "damaged", true, "the journal is damaged; offboard show says how to go on"},
	{journal.ErrNoRun, "no_run", true, "the journal of the worker has no such run"},
	{job.ErrNoJournal, "no_run", true, "the worker has another journal"},
	{job.ErrNoneToResume, "no_run", true, "the run is finished"},
}

// lacks are the classes of what one worker may lack and another one has: the right to use the journal, a secret, the journal itself.
var lacks = map[string]bool{JournalRefuses: true, "sign_in": true, "no_run": true}

// endings are the classes that end the workflow.
var endings = func() map[string]bool {
	all := map[string]bool{}
	for _, e := range ends {
		if e.ending {
			all[e.class] = true
		}
	}
	return all
}()

// classed is an error as histories have it, with how much was done before. A lock of another worker is that of one that
// the engine took the work from: it is waited for. What this worker alone may lack is tried on any other one.
// What a worker hands over that leaves is for the workflow, which begins it anew at once: Temporal tries again up to a second later.
func classed(err error, done int64, leaves bool) error {
	if err == nil {
		return nil
	}
	held, _ := errors.AsType[*journal.LockedError](err)
	again := held != nil && held.Engine
	for _, e := range ends {
		if !errors.Is(err, e.is) {
			continue
		}
		o := temporal.ApplicationErrorOptions{NonRetryable: e.ending && !lacks[e.class] && !(again && e.is == journal.ErrLocked) || e.class == Late || leaves && e.class == HandedOver, Details: []any{done}}
		if s, _ := errors.AsType[*journal.ServerError](err); s != nil && s.Is(e.is) && s.Next != "" {
			e.words = s.What + "; " + s.Next
		}
		if e.class == HandedOver {
			o.NextRetryDelay = time.Millisecond
		}
		return temporal.NewApplicationErrorWithOptions(e.words, e.class, o)
	}
	return temporal.NewNonRetryableApplicationError("a failure that the worker's log tells, with --verbose", Trouble, nil, done)
}

// with does a job for an activity: the host stops when the worker does, when a person stops the run, and when
// the engine has given the work to another worker. The engine hears of it while the job runs, also
// while Graph has it wait.
func (a *activities) with(ctx context.Context, what, run string, do func(ctx context.Context, h *job.Host, byPerson func() bool, done *atomic.Int64) error) (err error) {
	stop, over := make(chan struct{}), make(chan struct{})
	var leaves atomic.Bool
	var done atomic.Int64 // with that of the attempts before
	if before := int64(0); activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &before) == nil {
		done.Store(before)
	}
	byPerson := func() bool { return temporal.IsCanceledError(context.Cause(ctx)) }
	go func() {
		beat := time.NewTicker(time.Second)
		defer beat.Stop()
		stopping, taken, once := activity.GetWorkerStopChannel(ctx), ctx.Done(), sync.OnceFunc(func() { close(stop) })
		for {
			// The answers that are awaited after a stop belong to a worker that is alive.
			activity.RecordHeartbeat(context.WithoutCancel(ctx), done.Load())
			select {
			case <-beat.C:
			case <-stopping:
				stopping = nil
				leaves.Store(true)
				once()
			case <-taken:
				taken = nil
				once()
			case <-over:
				return
			}
		}
	}()
	attempt := activity.GetInfo(ctx).Attempt
	log := a.log.With("activity", what, "run", run, "attempt", attempt)
	defer close(over)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if err == nil {
			return
		}
		log.Debug("what failed", "error", err) // it may name people
		if err = classed(err, done.Load(), leaves.Load()); byPerson() {
			err = temporal.NewCanceledError()
		}
		log.Error("an activity has failed", "error", err)
	}()
	h := a.host()
	h.Stop, h.Shared, h.Log, h.Console = stop, &a.shared, log, quiet{log: log}
	// An answer that is awaited is worth more than an end at once: the journal knows of it then.
	return do(context.WithoutCancel(ctx), h, byPerson, &done)
}

// Plan plans what was submitted, or finds a run that was planned before.
func (a *activities) Plan(ctx context.Context, o Order) (p *Planned, err error) {
	return p, a.with(ctx, "plan", o.Run, func(ctx context.Context, h *job.Host, _ func() bool, _ *atomic.Int64) error {
		// What another command planned is found, too: it needs no submission.
		made, err := job.PlanSubmitted(ctx, h, o.Run, &job.WorkOptions{Overtake: activity.GetInfo(ctx).Attempt > 1, Approvals: a.how.Approvals, Connection: a.how.Connection, Execution: a.how.Execution})
		if err != nil {
			return err
		}
		p = &Planned{Run: made.Run, App: hashed(made.App), Tenant: hashed(made.Tenant), Writes: made.Writes,
			Approvals: max(made.Approvals, a.how.Approvals), Limits: Limits{a.how.TenantPace, a.how.AppPace}}
		return nil
	})
}

// hashed is an id as histories have it.
func hashed(id string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(id)))[:16] }

// Approved tells whether enough people have signed the plan.
func (a *activities) Approved(ctx context.Context, run string) (enough bool, err error) {
	return enough, a.with(ctx, "approved", run, func(ctx context.Context, h *job.Host, _ func() bool, _ *atomic.Int64) error {
		_, err := job.RunApprovals(ctx, h, run, a.how.Approving)
		if enough = err == nil; errors.Is(err, job.ErrUnapproved) {
			return nil
		}
		return err
	})
}

// Slice does the next writes of a run, for half a minute; no more than sliceWrites where others wait for its pace.
func (a *activities) Slice(ctx context.Context, o SliceOrder) (s Sliced, err error) {
	again := o.Again || activity.GetInfo(ctx).Attempt > 1 // a worker that has the lock is dead or frozen, as far as the engine knows
	return s, a.with(ctx, "slice", o.Run, func(ctx context.Context, h *job.Host, byPerson func() bool, done *atomic.Int64) error {
		conn := a.how.Connection
		conn.Rate = o.Pace
		before, over := done.Load(), make(chan struct{})
		defer close(over)
		enough := until(&h.Stop, over, func() bool { return done.Load()-before >= sliceWrites && a.wanted(ctx, o.App) })
		did, err := job.Slice(ctx, h, &job.SliceOptions{
			RunName: o.Run, Most: max(sliceWrites, int(o.Pace*sliceLasts.Seconds())), ByPerson: byPerson, Enough: enough,
			Beat: func(n int) { done.Store(before + int64(n)) }, Overtake: again,
			MaxAge: a.how.MaxAge, Approving: a.how.Approving, Guards: a.how.Guards, Connection: conn, Execution: a.how.Execution,
		})
		s = Sliced{Left: did.Left, Throttled: did.Throttled, Everywhere: did.AppWide, Finished: did.Finished}
		return err
	})
}

// until has stop closed also when it is so, for which it asks once a second until it is over; enough tells that this was why.
func until(stop *<-chan struct{}, over <-chan struct{}, is func() bool) (enough func() bool) {
	was, both := *stop, make(chan struct{})
	*stop = both
	var so atomic.Bool
	go func() {
		ask := time.NewTicker(time.Second)
		defer ask.Stop()
		defer close(both)
		for !so.Load() {
			select {
			case <-ask.C:
				so.Store(is())
			case <-was:
				return
			case <-over:
				return
			}
		}
	}()
	return so.Load
}

// wanted asks the gate of an app whether somebody waits for a pace. Where it does not answer nobody does.
func (a *activities) wanted(ctx context.Context, app string) (is bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Second) // a signal to the worker waits for it
	defer cancel()
	answer, err := a.client.QueryWorkflow(ctx, gateOf(app), "", wantedQuery)
	return err == nil && answer.Get(&is) == nil && is
}

// GiveUp ends the users of a slice that failed again and again.
func (a *activities) GiveUp(ctx context.Context, run string) (n int, err error) {
	return n, a.with(ctx, "give up", run, func(ctx context.Context, h *job.Host, _ func() bool, _ *atomic.Int64) error {
		n, err = job.GiveUp(ctx, h, run, sliceWrites, fmt.Sprintf("workers failed at it %d times; their logs say why, with --verbose", mostTroubles))
		return err
	})
}

// Audit counts the rows of the input and their results.
func (a *activities) Audit(ctx context.Context, run string) (s Audited, err error) {
	return s, a.with(ctx, "audit", run, func(ctx context.Context, h *job.Host, _ func() bool, _ *atomic.Int64) error {
		all, err := job.Audit(ctx, h, run)
		s = Audited{Rows: all.Rows, Ended: all.Ended}
		return err
	})
}

// Submit submits what an order of this worker says.
func (a *activities) Submit(ctx context.Context, name string) (all []Order, err error) {
	return all, a.with(ctx, "submit", name, func(ctx context.Context, _ *job.Host, _ func() bool, _ *atomic.Int64) error {
		all, err = a.orders(ctx, name)
		return err
	})
}

// Tell says something to the gate of an app, and begins it if there is none.
func (a *activities) Tell(ctx context.Context, app string, t Turn) error {
	_, err := a.client.SignalWithStartWorkflow(ctx, gateOf(app), turnSignal, t, client.StartWorkflowOptions{TaskQueue: a.how.Queue}, AppGate, Gate{})
	return err
}
