package batch

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// lane moves users through one kind of call: lookups, writes or read-backs.
type lane struct {
	// What is called, and how often at once.
	name    string
	missing string // what may be missing where every call is denied, as a sentence
	step    Step   // of a lane of writes
	call    func(context.Context, []Item) ([]Reply, error)
	road    *road
	writes  bool      // calls are announced in the journal before they leave
	first   bool      // nothing of this kind was sent before this process
	found   time.Time // until when the users are surely there, who were just found in the directory
	app     string    // as Plan.App, of a lane of writes
	goesOn  bool      // the run has other steps, which go on when this one is refused to everybody

	several bool // a user of the run may have several writes

	// Who waits for a call.
	queue  *queue  // lanes that do the same work for several apps share one
	handed queue   // users denied to another app, for this one to try
	peers  []*lane // the lanes that share the queue, this one among them

	// settle takes the reply to one user; trial is up to date. It records an
	// outcome, or puts the user back into a queue.
	settle func(now time.Time, t task, r Reply)
	// note keeps the trial of a user who will be sent again.
	note func(Trial)

	probation probation
	outage    outage
	token     refusedToken
	refusals  refusals

	said  string    // what the last user got who is sent again
	quiet time.Time // while calls are under way: since when none was answered
	under int       // calls under way
}

// road is what lanes share that go through one gate: its pace, and how many calls
// may be under way.
type road struct {
	gate    Gate
	workers int
	under   int // calls under way, of all its lanes
	work    chan outgoing
}

// open reports whether one more call may be under way.
func (r *road) open() bool { return r.under < min(r.workers, r.gate.Width()) }

// outage counts the calls in a row in which no user was answered; see downAfter.
type outage struct {
	lastGood time.Time // end of the last call in which a user was answered for good; zero before the first
	since    time.Time // when the first call after it left in which no user was answered; zero when there is none
	calls    int       // such calls
	err      error     // what the last of them brought instead
	id       string    // of the last of them
	probeAt  time.Time // when the next call may try, while the lane is down
}

// refusedToken counts the calls in a row that were refused with 401; see staleStrikes.
type refusedToken struct {
	calls int       // each sent after the one before was answered
	at    time.Time // end of the last of them
}

// refusals counts the calls that were refused for good as a whole; see CallError.refusedForGood.
type refusals struct {
	calls int   // since a user was answered, halves not counted
	last  error // of the last of them, halves counted
}

// serve makes calls until the road's work ends. The timeout is far above what
// Graph needs, since one slow item stretches the whole call.
func (r *road) serve(ctx context.Context, timeout time.Duration, answers chan<- answer) {
	for o := range r.work {
		items := make([]Item, len(o.tasks))
		for i := range o.tasks {
			items[i] = o.tasks[i].Item
		}
		cctx, cancel := context.WithTimeout(ctx, timeout)
		replies, err := o.lane.call(WithCallID(cctx, o.id), items)
		cancel()
		if err == nil && len(replies) != len(items) {
			err = &CallError{Err: errors.New("replies do not match the users asked for")}
		}
		answers <- answer{outgoing: o, replies: replies, err: err} // the loop receives for as long as a call is under way
	}
}

// empty reports whether the lane is through.
func (l *lane) empty() bool {
	return l.queue.empty() && l.handed.empty() && len(l.probation.held) == 0
}

// busy reports whether the lane has users, under way or to come.
func (l *lane) busy() bool { return l.under > 0 || !l.queue.empty() || !l.handed.empty() }

// nextApp is an app that has not tried the user yet, or nil.
func (l *lane) nextApp(t task) *lane {
	for _, p := range l.peers {
		if p != l && !slices.Contains(t.denied, p) {
			return p
		}
	}
	return nil
}

// home is where the users of a call wait for the next one.
func (l *lane) home(a answer) *queue { return cmp.Or(a.tasks[0].home, l.queue) }

// halfWait is how long the halves of a call that failed wait: longer while
// nothing has gone well yet, so that the first calls show first whether all fail
// alike.
func (l *lane) halfWait() time.Duration {
	if l.outage.lastGood.IsZero() {
		return 5 * time.Second
	}
	return time.Second
}
