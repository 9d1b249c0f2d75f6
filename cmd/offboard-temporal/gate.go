package main

import (
	"math"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"
)

// Limits are the paces that an app registration may use, in writes a second: in one tenant, and
// in all tenants together. They are below Graph's quotas, since a frozen worker may write for a
// moment beside the one that took its place.
type Limits struct{ Tenant, App float64 }

// Want is what a run tells the gate.
type Want string

// A run asks for the pace of a slice, and gives back that of the slice before. It keeps the pace
// while it works, so that the gate believes it. It is done when it needs no more.
const (
	Ask  Want = "ask"
	Keep Want = "keep"
	Done Want = "done"
)

// Turn is one word of a run to the gate of its app. It holds no name but the run's.
type Turn struct {
	Want       Want
	Workflow   string        // the run's, which is told the pace
	Since      time.Time     // when that workflow began: a run that is resumed counts from 1 again
	Slice      int           // that is asked for, or under way; counted from 1
	Tenant     string        // hashed
	Urgent     bool          // before the runs that are not
	Pace       float64       // of the slice under way, in writes a second
	Throttled  time.Duration // how long Graph asked to wait when the last slice ended
	Everywhere bool          // Graph asked it of the app in all tenants
	Limits     Limits        // that the worker knows of
}

// before tells whether the turn is older than another one of its run, and comes late.
func (t *Turn) before(u *Turn) bool {
	return t.Since.Before(u.Since) || t.Since.Equal(u.Since) && t.Slice < u.Slice
}

// Lent is what the gate answers: the pace of a slice, in writes a second.
type Lent struct {
	Slice int
	Pace  float64
}

const (
	turnSignal  = "turn"
	lentSignal  = "lent"
	wantedQuery = "wanted"

	keepsEvery = time.Minute     // how often a run at work tells the gate
	believed   = 5 * keepsEvery  // how long the gate believes a run that tells it nothing
	gateIdle   = 2 * time.Minute // how long a gate stays that no run needs
)

// Loan is a pace that a run works at.
type Loan struct {
	Turn
	Until time.Time // when it ends, unless the run keeps it
}

// Gate is what an AppGate knows, and carries on. The rules that change it have no clock of their own.
type Gate struct {
	Limits  Limits
	Waiting []Turn               // the next one first
	Loans   []Loan               // at most one of each tenant
	Held    map[string]time.Time // by tenant: no pace is lent before
}

// everyTenant is the key of a hold of the whole app.
const everyTenant = ""

func (g *Gate) loanOf(tenant string) int {
	return slices.IndexFunc(g.Loans, func(l Loan) bool { return l.Tenant == tenant })
}

func (g *Gate) waits(workflow string) int {
	return slices.IndexFunc(g.Waiting, func(t Turn) bool { return t.Workflow == workflow })
}

// take heeds what a run says.
func (g *Gate) take(t Turn, now time.Time) {
	if t.Limits != (Limits{}) {
		g.Limits = t.Limits // the newest word of a worker holds
	}
	loan, waits := g.loanOf(t.Tenant), g.waits(t.Workflow)
	ours := loan >= 0 && g.Loans[loan].Workflow == t.Workflow
	if ours && t.before(&g.Loans[loan].Turn) || waits >= 0 && t.before(&g.Waiting[waits]) {
		return
	}
	if t.Want == Keep {
		switch {
		case ours:
			g.Loans[loan].Until = now.Add(believed)
		case loan < 0 && waits < 0: // this gate is younger than the slice
			g.Loans = append(g.Loans, Loan{t, now.Add(believed)})
		}
		return
	}
	if t.Throttled > 0 {
		key := t.Tenant
		if t.Everywhere {
			key = everyTenant
		}
		if until := now.Add(t.Throttled); until.After(g.Held[key]) {
			g.Held[key] = until
		}
	}
	again := ours && t.Want == Ask && g.Loans[loan].Slice == t.Slice // it has not heard what it was lent
	switch {
	case again:
		g.Loans = slices.Delete(g.Loans, loan, loan+1)
	case ours:
		g.giveBack(loan)
	}
	switch waits = g.waits(t.Workflow); {
	case t.Want == Ask && again:
		g.Waiting = slices.Insert(g.Waiting, 0, t)
	case t.Want == Ask && waits < 0:
		g.Waiting = append(g.Waiting, t)
	case t.Want == Ask:
		g.Waiting[waits] = t
	case waits >= 0:
		g.Waiting = slices.Delete(g.Waiting, waits, waits+1)
	}
}

// giveBack ends a loan. The turn is a tenant's: its other runs go behind the tenants that waited.
func (g *Gate) giveBack(loan int) {
	tenant := g.Loans[loan].Tenant
	g.Loans = slices.Delete(g.Loans, loan, loan+1)
	moveLast(g.Waiting, func(t Turn) bool { return t.Tenant == tenant })
}

// moveLast moves what matches behind the others, and keeps the order otherwise.
func moveLast(turns []Turn, matches func(Turn) bool) {
	rank := func(t Turn) int {
		if matches(t) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(turns, func(a, b Turn) int { return rank(a) - rank(b) })
}

// forget takes out a run that is no more.
func (g *Gate) forget(workflow string) {
	is := func(t Turn) bool { return t.Workflow == workflow }
	g.Waiting = slices.DeleteFunc(g.Waiting, is)
	if loan := slices.IndexFunc(g.Loans, func(l Loan) bool { return is(l.Turn) }); loan >= 0 {
		g.giveBack(loan)
	}
}

// lend gives out what there is: to one run of a tenant at a time, urgent ones first, and never
// more in all than the app may use. Less than half of a tenant's pace is not lent: its slice
// would take long, and an urgent run waits for the end of a slice.
func (g *Gate) lend(now time.Time) (lent []Turn) {
	for i := len(g.Loans) - 1; i >= 0; i-- {
		if !g.Loans[i].Until.After(now) {
			g.giveBack(i)
		}
	}
	for key, until := range g.Held {
		if !until.After(now) {
			delete(g.Held, key)
		}
	}
	held := func(key string) bool { _, is := g.Held[key]; return is }
	left := g.Limits.App
	for _, l := range g.Loans {
		left -= l.Pace
	}
	moveLast(g.Waiting, func(t Turn) bool { return !t.Urgent })
	g.Waiting = slices.DeleteFunc(g.Waiting, func(t Turn) bool {
		pace := math.Min(g.Limits.Tenant, left)
		if pace <= 0 || pace < g.Limits.Tenant/2 || g.loanOf(t.Tenant) >= 0 || held(t.Tenant) || held(everyTenant) {
			return false
		}
		left -= pace
		t.Pace = pace
		g.Loans = append(g.Loans, Loan{t, now.Add(believed)})
		lent = append(lent, t)
		return true
	})
	return lent
}

// wait is how long nothing changes unless a run says something. Idle is that no run needs the gate.
func (g *Gate) wait(now time.Time) (wait time.Duration, idle bool) {
	var due time.Time
	sooner := func(t time.Time) {
		if due.IsZero() || t.Before(due) {
			due = t
		}
	}
	for _, l := range g.Loans {
		sooner(l.Until)
	}
	for _, until := range g.Held {
		sooner(until)
	}
	if due.IsZero() {
		return gateIdle, len(g.Waiting) == 0
	}
	return due.Sub(now), false
}

// AppGate is the workflow of one app registration: it lends the slices of all runs their pace.
// It ends when no run needs it, and the next run that does begins it anew.
func AppGate(ctx workflow.Context, g Gate) error {
	if g.Held == nil {
		g.Held = map[string]time.Time{}
	}
	if err := workflow.SetQueryHandler(ctx, wantedQuery, func() (bool, error) { return len(g.Waiting) > 0, nil }); err != nil {
		return err
	}
	turns := workflow.GetSignalChannel(ctx, turnSignal)
	for {
		for t := (Turn{}); turns.ReceiveAsync(&t); t = (Turn{}) {
			g.take(t, workflow.Now(ctx))
		}
		lent := g.lend(workflow.Now(ctx))
		told := make([]workflow.Future, len(lent))
		for i, t := range lent {
			told[i] = workflow.SignalExternalWorkflow(ctx, t.Workflow, "", lentSignal, Lent{t.Slice, t.Pace})
		}
		gone := false
		for i, f := range told { // the end of this workflow would drop a signal that is not awaited
			if f.Get(ctx, nil) != nil { // that run has ended
				g.forget(lent[i].Workflow)
				gone = true
			}
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case gone, turns.Len() > 0:
			continue
		case workflow.GetInfo(ctx).GetContinueAsNewSuggested():
			return workflow.NewContinueAsNewError(ctx, AppGate, g)
		}
		var t Turn
		wait, idle := g.wait(workflow.Now(ctx))
		if said, _ := turns.ReceiveWithTimeout(ctx, wait, &t); said {
			g.take(t, workflow.Now(ctx))
		} else if idle {
			return ctx.Err()
		}
	}
}
