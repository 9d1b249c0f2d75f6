package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// others keeps what other runs on the same journal send while this one runs, to the same tenant; or,
// of a [Shared], what other processes and earlier sessions send as an app to any tenant. Their
// calls stand in the journal before they leave, as this run's do.
type others struct {
	store  *journal.Store
	by     journal.SentBy
	take   func(k journal.SentCall, was, is throttle.Other) // into the gates
	ours   func(k journal.SentCall) bool                    // the gates know it already; may be nil
	window time.Duration                                    // the longest
	calls  map[otherCall]throttle.Other                     // that were counted and may be told again
	asked  time.Time
	runs   map[string]bool      // of these calls, and whether a process carries them out now: only that is a rival for what is left
	looked time.Time            // when that was found out
	stuck  map[string]time.Time // others with calls that should have ended: since when these are under way
}

type otherCall struct {
	run string
	no  int
	app string
}

func newOthers(store *journal.Store, by journal.SentBy, window time.Duration, take func(k journal.SentCall, was, is throttle.Other)) *others {
	return &others{store: store, by: by, take: take, window: window, calls: map[otherCall]throttle.Other{}, stuck: map[string]time.Time{}}
}

// inTenant is what others send to the tenant of the job, for its gates.
func (j *job) inTenant(gates []*throttle.Controller) *others {
	return newOthers(j.store, journal.SentBy{Tenant: j.tenant.identity().Tenant}, longest(throttle.For(j.quotas, throttle.Write)), func(k journal.SentCall, was, is throttle.Other) {
		i := slices.IndexFunc(j.tenant.apps, func(a app) bool { return a.identity.App == k.App })
		gates[max(0, i)].Count(was, is, i < 0)
	})
}

// longest is the longest window of the quotas.
func longest(quotas []throttle.Quota) (window time.Duration) {
	for _, q := range quotas {
		window = max(window, q.Window)
	}
	return window
}

// tell counts what was sent since it was asked last. except may be nil, for the first time: what an
// earlier session of this run sent counts, too.
func (o *others) tell(ctx context.Context, now time.Time, except *journal.Run) error {
	// The journal has times of the wall clock, which may be set while the run goes on.
	since := now.Round(0).Add(-o.window)
	if asked := o.asked.Round(0); asked.After(since) && !asked.After(now.Round(0)) {
		since = asked
	}
	sent, err := o.store.SentCalls(ctx, o.by, except, since)
	if err != nil {
		return err
	}
	o.asked = now
	open := map[otherCall]bool{}
	clear(o.stuck)
	for _, k := range sent {
		if o.ours != nil && o.ours(k) {
			continue
		}
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
		o.count(key, k, throttle.Other{At: at, Users: k.Users, Open: k.Open})
	}
	for key, was := range o.calls {
		if was.Open && !open[key] { // its holder died, or its run was deleted
			o.count(key, journal.SentCall{App: key.app}, throttle.Other{At: now, Users: was.Users})
		}
	}
	o.forget(now)
	return nil
}

// count takes what is known of a call now into the gates.
func (o *others) count(key otherCall, k journal.SentCall, is throttle.Other) {
	o.take(k, o.calls[key], is)
	o.calls[key] = is
}

// forget drops the calls that have left every window, and finds out once a second which of the
// runs that are left go on.
func (o *others) forget(now time.Time) {
	known := o.runs
	if o.runs = map[string]bool{}; now.Sub(o.looked) >= askEvery {
		known, o.looked = nil, now
	}
	for key, k := range o.calls {
		if !k.Open && now.Sub(k.At) > o.window {
			delete(o.calls, key)
		} else if _, done := o.runs[key.run]; !done {
			goes, was := known[key.run]
			o.runs[key.run] = goes || !was && o.store.Goes(key.run)
		}
	}
}

// going counts the runs that go on.
func going(runs map[string]bool) (n int) {
	for _, goes := range runs {
		if goes {
			n++
		}
	}
	return n
}

const (
	askEvery = time.Second           // while nobody else is there
	askUsers = 500                   // users who may leave before others are asked about again
	askLeast = 50 * time.Millisecond // while others are there, who may take what is left
)

// share is how many users of an app may leave before others are asked about again. Between two
// askings each run takes what it sees, so none takes more than its even part; when that is less than a
// call, they take turns. Where the windows have no room the gate itself says how long to wait.
func (c *company) share(gate *throttle.Controller, now time.Time) int {
	if c.runs == 0 {
		return askUsers
	}
	room := gate.Room(now)
	if even := room / (c.runs + 1); even >= batch.ChunkSize {
		return min(askUsers, even)
	}
	if turn := now.UnixNano() / int64(askLeast) % int64(c.runs+1); room > 0 && turn != int64(c.turn) {
		return 0
	}
	return batch.ChunkSize
}

// company is who runs beside a run, and may take what is left of a quota.
type company struct {
	*others
	run    *journal.Run // this one, whose calls the gates know
	shared *Shared
	apps   []string
	counts int // others with calls that count
	runs   int // of them, those that go on, and send more
	turn   int // how many of these come before this one
}

// tell counts what others sent since they were asked about last.
func (c *company) tell(ctx context.Context, now time.Time) error {
	if err := c.others.tell(ctx, now, c.run); err != nil {
		return err
	}
	own := c.run.Plan().Run
	all, err := c.shared.tell(ctx, c.apps, now)
	maps.Copy(all, c.others.runs)
	delete(all, own)
	c.counts, c.runs, c.turn = len(all), going(all), 0
	for name, goes := range all {
		if goes && name < own {
			c.turn++
		}
	}
	return err
}

// beside is an app's gate in a run that others may run beside: it asks about them once a second,
// and before each part of a burst.
type beside struct {
	*throttle.Controller
	company *company
	ctx     context.Context // of the run
	asked   time.Time       // when left was set
	left    int             // users who may leave before the next asking
}

// Admit implements batch.Gate.
func (b *beside) Admit(now time.Time, cost int) time.Duration {
	c := b.company
	every := askEvery
	if c.runs > 0 {
		every = askLeast
	}
	used := b.asked.Equal(c.asked) && cost > b.left
	switch passed := now.Sub(c.asked); {
	case passed >= every, used && c.runs == 0:
		if err := c.tell(b.ctx, now); errors.Is(err, journal.ErrAway) {
			return b.Controller.Admit(now, cost) // the intent of the call cannot be written, which ends the run
		} else if err != nil {
			return askLeast // a journal that cannot be read: the next commit, or this again, tells why
		}
		b.asked = time.Time{}
	case used:
		return every - passed
	}
	if !b.asked.Equal(c.asked) {
		b.asked, b.left = c.asked, c.share(b.Controller, now)
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
	switch n := b.company.counts; {
	case n == 1 && p.Until.IsZero():
		p.Reason += "; the calls of another run count, too"
	case n > 1 && p.Until.IsZero():
		p.Reason += fmt.Sprintf("; the calls of %d other runs count, too", n)
	}
	for _, run := range slices.Sorted(maps.Keys(b.company.stuck)) {
		p.Reason += fmt.Sprintf("; run %s has calls under way since %s, and they count until its process goes on or ends", run, batch.TimeOf(now, b.company.stuck[run]))
	}
	return p
}
