package job

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// others keeps what other runs on the same journal send to the tenant while this one runs. Their
// calls stand in the journal before they leave, as this run's do.
type others struct {
	store  *journal.Store
	run    *journal.Run // this one, whose calls the gates know
	tenant string
	gates  []*throttle.Controller
	apps   map[string]*throttle.Controller // gates by the app
	window time.Duration                   // the longest
	calls  map[otherCall]throttle.Other    // that were counted and may be told again
	asked  time.Time
	runs   int                  // others with calls that count
	turn   int                  // how many of them come before this one
	stuck  map[string]time.Time // others with calls that should have ended: since when these are under way
}

type otherCall struct {
	run string
	no  int
	app string
}

func newOthers(j *job, gates []*throttle.Controller) *others {
	o := &others{store: j.store, run: j.run, tenant: j.tenant.identity().Tenant, gates: gates,
		apps: map[string]*throttle.Controller{}, calls: map[otherCall]throttle.Other{}, stuck: map[string]time.Time{}}
	for i, a := range j.tenant.apps {
		o.apps[a.identity.App] = gates[i]
	}
	for _, q := range throttle.For(j.quotas, throttle.Write) {
		o.window = max(o.window, q.Window)
	}
	return o
}

// tell counts what was sent since it was asked last. except may be nil, for the first time: what an
// earlier session of this run sent counts, too.
func (o *others) tell(ctx context.Context, now time.Time, except *journal.Run) error {
	// The journal has times of the wall clock, which may be set while the run goes on.
	since := now.Round(0).Add(-o.window)
	if asked := o.asked.Round(0); asked.After(since) && !asked.After(now.Round(0)) {
		since = asked
	}
	sent, err := o.store.SentCalls(ctx, o.tenant, except, since)
	if err != nil {
		return err
	}
	o.asked = now
	open := map[otherCall]bool{}
	clear(o.stuck)
	for _, k := range sent {
		key := otherCall{k.Run, k.No, k.App}
		if open[key] = k.Open; k.Open && now.Sub(k.SentAt) > batch.LongestCall {
			if since, ok := o.stuck[k.Run]; !ok || k.SentAt.Before(since) {
				o.stuck[k.Run] = k.SentAt
			}
		}
		was, told := o.calls[key]
		if told && !was.Open {
			continue
		}
		// The journal keeps whole milliseconds. From here on the call has a time of the monotonic
		// clock: if the other one was or is set back, nobody waits for more than a window.
		at := now.Add(min(0, k.At.Add(time.Millisecond).Sub(now)))
		is := throttle.Other{At: at, Users: k.Users, Open: k.Open}
		o.count(key, is)
	}
	for key, was := range o.calls {
		if was.Open && !open[key] { // its holder died, or its run was deleted
			o.count(key, throttle.Other{At: now, Users: was.Users})
		}
	}
	o.forget(now)
	return nil
}

// count takes what is known of a call now into the gates.
func (o *others) count(key otherCall, is throttle.Other) {
	gate, ours := o.apps[key.app]
	if !ours {
		gate = o.gates[0]
	}
	gate.Count(o.calls[key], is, !ours)
	o.calls[key] = is
}

// forget drops the calls that have left every window, and counts the runs that are left.
func (o *others) forget(now time.Time) {
	own, runs := "", map[string]bool{}
	if o.run != nil {
		own = o.run.Plan().Run
	}
	for key, k := range o.calls {
		switch {
		case !k.Open && now.Sub(k.At) > o.window:
			delete(o.calls, key)
		case key.run != own:
			runs[key.run] = true
		}
	}
	o.runs, o.turn = len(runs), 0
	for name := range runs {
		if name < own {
			o.turn++
		}
	}
}

const (
	askEvery = time.Second           // while nobody else is there
	askUsers = 500                   // users who may leave before others are asked about again
	askLeast = 50 * time.Millisecond // while others are there, who may take what is left
)

// share is how many users of an app may leave before others are asked about again. Between two
// askings each run takes what it sees, so none takes more than its even part; when that is less than a
// call, they take turns. Where the windows have no room the gate itself says how long to wait.
func (o *others) share(gate *throttle.Controller, now time.Time) int {
	if o.runs == 0 {
		return askUsers
	}
	room := gate.Room(now)
	if even := room / (o.runs + 1); even >= batch.ChunkSize {
		return min(askUsers, even)
	}
	if turn := now.UnixNano() / int64(askLeast) % int64(o.runs+1); room > 0 && turn != int64(o.turn) {
		return 0
	}
	return batch.ChunkSize
}

// beside is an app's gate in a run that others may run beside: it asks about them once a second,
// and before each part of a burst.
type beside struct {
	*throttle.Controller
	others *others
	ctx    context.Context // of the run
	asked  time.Time       // when left was set
	left   int             // users who may leave before the next asking
}

// Admit implements batch.Gate.
func (b *beside) Admit(now time.Time, cost int) time.Duration {
	o := b.others
	every := askEvery
	if o.runs > 0 {
		every = askLeast
	}
	used := b.asked.Equal(o.asked) && cost > b.left
	switch passed := now.Sub(o.asked); {
	case passed >= every, used && o.runs == 0:
		if err := o.tell(b.ctx, now, o.run); err != nil {
			return askLeast // a journal that cannot be read: the next commit, or this again, tells why
		}
		b.asked = time.Time{}
	case used:
		return every - passed
	}
	if !b.asked.Equal(o.asked) {
		b.asked, b.left = o.asked, o.share(b.Controller, now)
	}
	if cost > b.left {
		return askLeast
	}
	wait := b.Controller.Admit(now, cost)
	if wait == 0 {
		b.left -= cost
	}
	return wait
}

// Pace implements batch.Gate.
func (b *beside) Pace(now time.Time) batch.Pace {
	p := b.Controller.Pace(now)
	switch n := b.others.runs; {
	case n == 1 && p.Until.IsZero():
		p.Reason += "; the calls of another run count, too"
	case n > 1 && p.Until.IsZero():
		p.Reason += fmt.Sprintf("; the calls of %d other runs count, too", n)
	}
	for _, run := range slices.Sorted(maps.Keys(b.others.stuck)) {
		p.Reason += fmt.Sprintf("; run %s has calls under way since %s, and they count until its process goes on or ends", run, batch.TimeOf(now, b.others.stuck[run]))
	}
	return p
}
