package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"offboard/batch/journal"
)

// fakeRun is a run of which the activities are made up.
type fakeRun struct {
	left      int
	approvals []int // people who have signed, each time that it is asked
	fail      func(slice int) error
	plan      error
	tries     map[string]int
	away      int    // how often each of the activities but Slice fails
	as        string // the class of that
	slices    int
	losses    int         // of workers
	failed    bool        // the last slice, which the next one is to know
	began     []time.Time // of its slices
	gaveUp    int
	lost      int // rows that the audit misses
	throttled map[int]time.Duration
}

// world is the activities of a test, and what they saw.
type world struct {
	env    *testsuite.TestWorkflowEnvironment
	limits Limits
	mu     sync.Mutex
	runs   map[string]*fakeRun
	sent   []sent
	busy   map[string]int // slices at once, by tenant
	twice  bool           // a tenant had two
	turns  []Turn
	deaf   int        // so many words to the gate fail
	heard  func(Turn) // is asked in place of a gate, if there is none
}

// sent are the writes of one slice, evenly spread over its time.
type sent struct {
	run    string
	at     time.Time
	took   time.Duration
	writes int
}

// sliceTime is how long every slice takes in these tests, at the pace of a tenant.
const sliceTime = sliceWrites * time.Second / 18

func newWorld(t *testing.T) *world {
	var suite testsuite.WorkflowTestSuite
	w := &world{env: suite.NewTestWorkflowEnvironment(), runs: map[string]*fakeRun{}, busy: map[string]int{}, limits: Limits{18, 90}}
	w.env.SetTestTimeout(time.Minute)
	w.env.RegisterActivity(&activities{})
	w.env.RegisterWorkflow(Run)
	w.env.RegisterWorkflow(AppGate)
	w.env.OnActivity(work.Plan, mock.Anything, mock.Anything).Return(func(_ context.Context, o Order) (*Planned, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		r := w.runs[o.Run]
		if r.tries == nil {
			r.tries = map[string]int{}
		}
		if r.tries["plan"]++; r.tries["plan"] <= r.away {
			return nil, ended(r.as)
		}
		return &Planned{Run: o.Run, App: "x", Tenant: strings.TrimRight(o.Run, "0123456789"), Writes: r.left, Approvals: len(r.approvals), Limits: w.limits}, r.plan
	}).Maybe()
	w.env.OnActivity(work.Approved, mock.Anything, mock.Anything).Return(func(_ context.Context, run string) (bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		r := w.runs[run]
		have := r.approvals[0]
		r.approvals = r.approvals[1:]
		return have == 2, nil
	}).Maybe()
	w.env.OnActivity(work.Slice, mock.Anything, mock.Anything).Return(w.slice).After(sliceTime).Maybe()
	w.env.OnActivity(work.GiveUp, mock.Anything, mock.Anything).Return(func(_ context.Context, run string) (int, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		r := w.runs[run]
		if r.tries["give up"]++; r.tries["give up"] <= r.away {
			return 0, ended(r.as)
		}
		n := min(r.left, sliceWrites)
		r.left -= n
		r.gaveUp += n
		r.failed = false
		return n, nil
	}).Maybe()
	w.env.OnActivity(work.Audit, mock.Anything, mock.Anything).Return(func(_ context.Context, run string) (Audited, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		r := w.runs[run]
		if r.tries["audit"]++; r.tries["audit"] <= r.away {
			return Audited{}, ended(r.as)
		}
		return Audited{Rows: 1000, Ended: 1000 - w.runs[run].lost}, nil
	}).Maybe()
	w.env.OnActivity(work.Tell, mock.Anything, mock.Anything, mock.Anything).Return(func(_ context.Context, app string, turn Turn) error {
		w.mu.Lock()
		w.turns = append(w.turns, turn)
		deaf := w.deaf > 0
		w.deaf--
		w.mu.Unlock()
		if deaf {
			return errors.New("the server does not answer")
		}
		if w.heard != nil {
			w.heard(turn)
			return nil
		}
		return w.env.SignalWorkflowByID(gateOf(app), turnSignal, turn)
	}).Maybe()
	return w
}

// slice is called when its time is over.
func (w *world) slice(_ context.Context, o SliceOrder) (Sliced, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.runs[o.Run]
	r.slices++
	if o.Again != r.failed {
		return Sliced{}, fmt.Errorf("slice %d is told again: %v", r.slices, o.Again)
	}
	r.failed = false
	now := w.env.Now()
	r.began = append(r.began, now.Add(-sliceTime))
	if r.fail != nil {
		if err := r.fail(r.slices); err != nil {
			r.failed = classOf(err) == Trouble || classOf(err) == "PanicError"
			if _, lost := errors.AsType[*temporal.TimeoutError](err); lost { // its next attempt has the same order
				r.losses++
				r.failed = o.Again || r.losses%mostLost == 0
			}
			return Sliced{}, err
		}
	}
	n := min(r.left, sliceWrites)
	if n == 0 {
		return Sliced{Finished: true}, nil
	}
	r.left -= n
	w.sent = append(w.sent, sent{o.Run, now.Add(-sliceTime), sliceTime, n})
	return Sliced{Left: r.left, Throttled: r.throttled[r.slices]}, nil
}

// alone runs one run, to which a gate of the test lends at once.
func (w *world) alone(o Order) (Audited, error) {
	w.heard = func(t Turn) {
		if t.Want == Ask {
			w.env.SignalWorkflow(lentSignal, Lent{t.Slice, 18})
		}
	}
	w.env.SetStartWorkflowOptions(clientOptions(o.Run))
	w.env.ExecuteWorkflow(Run, o)
	var audited Audited
	err := w.env.GetWorkflowError()
	if err == nil {
		err = w.env.GetWorkflowResult(&audited)
	}
	return audited, err
}

func (w *world) status(t *testing.T) (s Status) {
	t.Helper()
	v, err := w.env.QueryWorkflow(statusQuery)
	if err == nil {
		err = v.Get(&s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ended(class string) error {
	return temporal.NewNonRetryableApplicationError("as a test wants it", class, nil)
}

// TestRun holds how a run goes, and how it ends.
func TestRun(t *testing.T) {
	sometimes := func(class string, times ...int) func(int) error {
		return func(n int) error {
			for _, at := range times {
				if n == at {
					return ended(class)
				}
			}
			return nil
		}
	}
	always := func(class string) func(int) error { return func(int) error { return ended(class) } }
	first := func(n int, err error) func(int) error {
		return func(slice int) error {
			if slice <= n {
				return err
			}
			return nil
		}
	}
	for name, tt := range map[string]struct {
		run          fakeRun
		phase, class string
		slices, gave int
		least, most  time.Duration
	}{
		"to its end":                               {run: fakeRun{left: 1200}, phase: "finished", slices: 4, most: 3 * time.Minute},
		"nobody to write to":                       {run: fakeRun{}, phase: "finished", slices: 1, most: time.Minute},
		"approvals are awaited":                    {run: fakeRun{left: 1, approvals: []int{0, 1, 2}}, phase: "finished", slices: 2, most: 3 * time.Hour},
		"a guard refuses the plan":                 {run: fakeRun{left: 1, plan: ended("refused")}, phase: "ended: refused", class: "refused"},
		"the sign-in fails":                        {run: fakeRun{left: 1200, fail: sometimes("sign_in", 2)}, phase: "ended: sign_in", class: "sign_in", slices: 2},
		"trouble goes away":                        {run: fakeRun{left: 1200, fail: sometimes(Trouble, 1, 2, 3, 4)}, phase: "finished", slices: 8, most: 10 * time.Minute},
		"trouble stays for a slice":                {run: fakeRun{left: 1200, fail: sometimes(Trouble, 2, 3, 4, 5, 6)}, phase: "finished", slices: 8, gave: 500},
		"trouble stays":                            {run: fakeRun{left: 1200, fail: first(15, ended(Trouble))}, phase: "finished", slices: 16, gave: 1200},
		"trouble comes after some work":            {run: fakeRun{left: 500, fail: first(50, temporal.NewNonRetryableApplicationError("", Trouble, nil, 1))}, phase: "finished", slices: 52},
		"workers are lost, and did some work":      {run: fakeRun{left: 500, fail: first(10*mostLost, temporal.NewHeartbeatTimeoutError(1))}, phase: "finished", slices: 10*mostLost + 2},
		"workers are lost, and did nothing":        {run: fakeRun{left: 500, fail: first(mostTroubles*mostLost, temporal.NewHeartbeatTimeoutError(0))}, phase: "finished", slices: mostTroubles*mostLost + 1, gave: 500},
		"workers are lost before they said a word": {run: fakeRun{left: 500, fail: first(mostTroubles*mostLost, temporal.NewHeartbeatTimeoutError())}, phase: "finished", slices: mostTroubles*mostLost + 1, gave: 500},
		"a panic is trouble":                       {run: fakeRun{left: 500, fail: sometimes("PanicError", 1)}, phase: "finished", slices: 3},
		"the journal is away for hours":            {run: fakeRun{left: 500, fail: first(99, ended(NoJournal))}, phase: "finished", slices: 101},
		"the journal refuses the workers": {run: fakeRun{left: 500, fail: func(int) error { return classed(fmt.Errorf("x: %w", journal.ErrServer), 0, false) }},
			phase: "ended: journal_refuses", class: JournalRefuses, slices: mostLost, most: 20 * time.Minute},
		"the journal is away for all": {run: fakeRun{left: 1200, away: 5, as: NoJournal, fail: sometimes(Trouble, 1, 2, 3, 4, 5)}, phase: "finished", slices: 8, gave: 500},
		"all is handed over and over": {run: fakeRun{left: 1200, away: 5, as: HandedOver, fail: sometimes(Trouble, 1, 2, 3, 4, 5)}, phase: "finished", slices: 8, gave: 500},
		"it is handed over and over":  {run: fakeRun{left: 500, fail: sometimes(HandedOver, 1, 2, 3, 4, 5, 6, 7)}, phase: "finished", slices: 9, most: 9 * sliceTime},
		"it is lost over and over": {run: fakeRun{left: 500, fail: func(n int) error {
			if n <= mostLost {
				return classed(journal.ErrLost, 0, false)
			}
			return nil
		}}, phase: "finished", slices: mostLost + 2, least: (mostLost+2)*sliceTime + journalAgain},
		"the end fails, nothing is left":       {run: fakeRun{left: 500, fail: sometimes(Trouble, 2, 3, 4, 5, 6, 7, 8)}, phase: "ended: trouble", class: Trouble, slices: 6},
		"a proof comes late":                   {run: fakeRun{left: 1200, fail: sometimes(Late, 2, 3, 4, 5, 6, 7)}, phase: "finished", slices: 10, most: time.Hour},
		"a proof does not come":                {run: fakeRun{left: 1200, fail: always(Late)}, phase: "ended: late", class: "late", slices: 13, most: 2 * time.Hour},
		"the audit misses a row":               {run: fakeRun{left: 500, lost: 1}, phase: "ended: audit", class: "audit", slices: 2},
		"all is refused for good, nobody lost": {run: fakeRun{left: 100, fail: always("locked")}, phase: "ended: locked", class: "locked", slices: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := tt.run
			w.runs["a"] = &r
			began := w.env.Now()
			_, err := w.alone(Order{Run: "a"})
			if got := classOf(err); err != nil && got != tt.class || err == nil && tt.class != "" {
				t.Errorf("it ends with %v, want the class %q", err, tt.class)
			}
			s := w.status(t)
			if s.Phase != tt.phase || r.slices != tt.slices || s.GaveUp != tt.gave || r.gaveUp != tt.gave {
				t.Errorf("it ends %q after %d slices, and gave up %d (told: %d); want %q, %d, %d", s.Phase, r.slices, r.gaveUp, s.GaveUp, tt.phase, tt.slices, tt.gave)
			}
			if took := w.env.Now().Sub(began); took < tt.least || tt.most > 0 && took > tt.most {
				t.Errorf("it took %v, want %v to %v", took, tt.least, tt.most)
			}
			if n := len(w.turns); n > 0 && w.turns[n-1].Want != Done {
				t.Errorf("its last word to the gate is %q", w.turns[n-1].Want)
			}
		})
	}
}

// TestRunIsStopped cancels a run in its second slice: the slice is awaited, and nothing more begins.
func TestRunIsStopped(t *testing.T) {
	w := newWorld(t)
	r := &fakeRun{left: 5000}
	w.runs["a"] = r
	w.env.RegisterDelayedCallback(w.env.CancelWorkflow, sliceTime*3/2)
	_, err := w.alone(Order{Run: "a"})
	if !temporal.IsCanceledError(err) && !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
	if s := w.status(t); s.Phase != "stopped" || r.slices > 2 {
		t.Errorf("it ends %q after %d slices", s.Phase, r.slices)
	}
	if last := w.turns[len(w.turns)-1]; last.Want != Done {
		t.Errorf("its last word to the gate is %q", last.Want)
	}
}

// TestRunAsksAgain has a gate that loses what it was told.
func TestRunAsksAgain(t *testing.T) {
	w := newWorld(t)
	w.runs["a"] = &fakeRun{left: 1}
	asked := 0
	w.heard = func(t Turn) {
		if t.Want != Ask {
			return
		}
		if asked++; asked == 2 {
			w.env.SignalWorkflow(lentSignal, Lent{t.Slice - 1, 18}) // of a slice before
		}
		if asked == 3 {
			w.env.SignalWorkflow(lentSignal, Lent{t.Slice, 18})
		}
	}
	began := w.env.Now()
	w.env.SetStartWorkflowOptions(clientOptions("a"))
	w.env.ExecuteWorkflow(Run, Order{Run: "a"})
	if err := w.env.GetWorkflowError(); err != nil || asked != 3 || w.env.Now().Sub(began) < 2*askAgain {
		t.Errorf("it asked %d times in %v and ended with %v", asked, w.env.Now().Sub(began), err)
	}
}

// TestRunTellsAnAbsentServer has words to the gate fail for longer than one of them may take.
func TestRunTellsAnAbsentServer(t *testing.T) {
	w := newWorld(t)
	w.runs["a"] = &fakeRun{left: 1}
	w.deaf = 6
	began := w.env.Now()
	if _, err := w.alone(Order{Run: "a"}); err != nil || w.env.Now().Sub(began) >= askAgain {
		t.Errorf("it took %v and ended with %v", w.env.Now().Sub(began), err)
	}
}

// TestRunContinuesAsNew carries all of its state on.
func TestRunContinuesAsNew(t *testing.T) {
	w := newWorld(t)
	w.env.SetContinueAsNewSuggested(true)
	w.runs["a"] = &fakeRun{left: 1200}
	_, err := w.alone(Order{Run: "a", Urgent: true})
	next, is := errors.AsType[*workflow.ContinueAsNewError](err)
	if !is {
		t.Fatalf("it ends with %v", err)
	}
	var o Order
	if err := w.env.GetWorkflowResult(&o); err == nil {
		t.Fatal("it has a result")
	}
	if err := decode(next, &o); err != nil {
		t.Fatal(err)
	}
	if o.Planned == nil || o.Planned.Writes != 1200 || o.Status.Left != 1200 || !o.Urgent || o.Since.IsZero() {
		t.Errorf("it goes on with %+v", o)
	}
}

// many runs the runs of the world beside each other, with a gate. Each begins when its time has come.
func (w *world) many(t *testing.T, orders []Order, after []time.Duration) {
	t.Helper()
	w.env.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		gate := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: gateOf("x")}), AppGate, Gate{})
		if err := gate.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
			return err
		}
		runs := workflow.NewWaitGroup(ctx)
		runs.Add(len(orders))
		var all error
		for i, o := range orders {
			workflow.Go(ctx, func(ctx workflow.Context) {
				defer runs.Done()
				_ = workflow.Sleep(ctx, after[i])
				child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: workflowOf(o.Run)})
				all = errors.Join(all, workflow.ExecuteChildWorkflow(child, Run, o).Get(ctx, nil))
			})
		}
		runs.Wait(ctx)
		return errors.Join(all, gate.Get(ctx, nil)) // which ends by itself
	}, workflow.RegisterOptions{Name: "company"})
	w.env.ExecuteWorkflow("company")
	if err := w.env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
}

// busiest is the most writes in any window of that length, of the runs that match.
func (w *world) busiest(window time.Duration, of func(run string) bool) (most float64) {
	for _, end := range w.sent {
		until := end.at.Add(end.took)
		from, sum := until.Add(-window), 0.0
		for _, s := range w.sent {
			if !of(s.run) {
				continue
			}
			begin, stop := s.at, s.at.Add(s.took)
			if begin.Before(from) {
				begin = from
			}
			if stop.After(until) {
				stop = until
			}
			if over := stop.Sub(begin); over > 0 {
				sum += float64(s.writes) * over.Seconds() / s.took.Seconds()
			}
		}
		most = max(most, sum)
	}
	return most
}

// TestSixtyTenants has one app in 60 tenants, each with 5,000 users, and an urgent run in the middle.
func TestSixtyTenants(t *testing.T) {
	w := newWorld(t)
	var orders []Order
	var after []time.Duration
	for i := range 60 {
		name := fmt.Sprintf("%c%c1", 'a'+i/26, 'a'+i%26)
		w.runs[name] = &fakeRun{left: 5000}
		orders, after = append(orders, Order{Run: name}), append(after, 0)
	}
	w.runs["aa2"] = &fakeRun{left: 1000}
	const middle = 25 * time.Minute
	began := w.env.Now()
	w.many(t, append(orders, Order{Run: "aa2", Urgent: true}), append(after, middle))
	took := time.Duration(0)
	total := 0
	for _, s := range w.sent {
		total += s.writes
		took = max(took, s.at.Add(s.took).Sub(began))
	}
	app := w.busiest(300*time.Second, func(string) bool { return true })
	tenant := w.busiest(150*time.Second, func(run string) bool { return strings.HasPrefix(run, "aa") })
	best := time.Duration(float64(total) / w.limits.App * float64(time.Second))
	t.Logf("%d writes in %v, %.1f %% of what was lent; busiest 300 s of the app %.0f, 150 s of a tenant %.0f", total, took.Round(time.Second), 100*best.Seconds()/took.Seconds(), app, tenant)
	if total != 301_000 {
		t.Errorf("%d writes, want 301,000", total)
	}
	if most := w.limits.App * 300 * 1.001; app > most {
		t.Errorf("the app sent %.0f in 300 s, want at most %.0f", app, most)
	}
	if most := w.limits.Tenant * 150 * 1.001; tenant > most {
		t.Errorf("a tenant sent %.0f in 150 s, want at most %.0f", tenant, most)
	}
	if took > best*21/20 {
		t.Errorf("it took %v, want at most 5 %% more than %v", took, best)
	}
	if waited := w.runs["aa2"].began[0].Sub(began.Add(middle)); waited > sliceTime+time.Second {
		t.Errorf("the urgent run waited %v, want at most one slice of %v", waited, sliceTime)
	}
}

func clientOptions(run string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: workflowOf(run)}
}

// decode reads what a workflow continues with.
func decode(next *workflow.ContinueAsNewError, o *Order) error {
	return converter.GetDefaultDataConverter().FromPayloads(next.Input, o)
}
