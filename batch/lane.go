package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// lane moves users through one kind of call: lookups, writes or read-backs.
type lane struct {
	name    string
	needs   string // the Graph permission without which every call is refused
	call    func(context.Context, []User) ([]Reply, error)
	gate    Gate
	workers int
	writes  bool // calls are announced in the journal before they leave
	first   bool // nothing of this kind was sent before this process
	found   bool // the users have just been found in the directory
	app     string
	queue   *queue  // lanes that do the same work for several apps share one
	handed  queue   // users denied to another app, for this one to try
	peers   []*lane // the lanes that share the queue, this one among them

	// settle takes the reply to one user; trial is up to date. It records an
	// outcome, or puts the user back into a queue.
	settle func(now time.Time, t task, r Reply)
	// note keeps the trial of a user who will be sent again.
	note func(Trial)

	probation probation
	lastGood  time.Time // end of the last call in which somebody was answered for good
	troubled  time.Time // when the first call since then left in which nobody was answered; zero when there is none
	bad       int       // such calls since then
	lastErr   error     // what the last of them brought instead
	said      string    // what the last user got who must go again
	quiet     time.Time // while calls are under way: since when none was answered
	probeAt   time.Time // while the lane is down: when the next call may try
	staleAt   time.Time // end of the last call refused with 401 that counted
	stale     int       // such calls in a row, each sent after the one before was answered
	refused   int       // calls refused as a whole since somebody was answered, halves not counted
	refusal   error     // of the last of them
	under     int       // calls under way
	work      chan outgoing
}

// outgoing is a call on its way to a worker; answer is the same on its way back.
type outgoing struct {
	lane  *lane
	no    int
	sent  time.Time
	tasks []task
	half  bool // of a call that failed before
}

type answer struct {
	outgoing
	replies []Reply
	err     error
	own     bool // see theirs
}

// serve makes calls until the lane's work ends. The timeout is far above what
// Graph needs, since one slow item stretches the whole call.
func (l *lane) serve(ctx context.Context, timeout time.Duration, answers chan<- answer) {
	for o := range l.work {
		users := make([]User, len(o.tasks))
		for i, t := range o.tasks {
			users[i] = t.user
		}
		cctx, cancel := context.WithTimeout(ctx, timeout)
		replies, err := l.call(cctx, users)
		cancel()
		if err == nil && len(replies) != len(users) {
			err = &CallError{Err: errors.New("replies do not match the users asked for")}
		}
		answers <- answer{outgoing: o, replies: replies, err: err} // the loop receives for as long as a call is under way
	}
}

// A lane is down after downAfter calls in a row in which nobody was answered. One
// call at a time then tries whether Graph is back, so that an outage does not
// walk through the whole plan, failing everybody once.
const (
	downAfter = 8
	probeCap  = 30 * time.Second
)

// failed counts a call in which nobody was answered.
func (l *lane) failed(now time.Time, a answer) {
	if l.bad++; l.bad == 1 {
		l.troubled = a.sent
	}
	l.lastErr = a.excuse()
	if n := l.bad - downAfter; n >= 0 {
		l.probeAt = now.Add(min(probeCap, time.Second<<min(n, 10)))
	}
}

// lost is the error of a lane that got no answer for as long as the run is
// willing to wait; nil before.
func (l *lane) lost(now time.Time, outage time.Duration) error {
	if since := now.Sub(l.troubled); outage > 0 && l.bad >= downAfter && since >= outage && l.busy() {
		return fmt.Errorf("%w for %s: %w", ErrOutage, since.Round(time.Second), l.lastErr)
	}
	return nil
}

// busy reports whether the lane has users, under way or to come.
func (l *lane) busy() bool { return l.under > 0 || !l.queue.empty() || !l.handed.empty() }

// down is how long no call may leave; zero while the lane is up. After a refused
// token, too, one call at a time shows whether a new one is taken.
func (l *lane) down(now time.Time) time.Duration {
	switch {
	case l.stale > 0 && l.under > 0:
		return time.Hour
	case l.bad < downAfter:
		return 0
	case l.under > 0:
		return time.Hour // until the answer
	}
	return max(0, l.probeAt.Sub(now))
}

// feedback tells the gate what the call met.
func (a answer) feedback() Feedback {
	f := Feedback{Sent: a.sent, Cost: len(a.tasks)}
	if a.err != nil {
		f.Unsent = fateOf(a.err) == unsent
		if e, ok := errors.AsType[*CallError](a.err); ok {
			f.Outer, f.RetryAfter, f.Scope, f.Info, f.Percent = e.Status, e.RetryAfter, e.Scope, e.Info, e.Percent
			if e.Status == 429 {
				f.Throttled = f.Cost
			}
		}
		return f
	}
	for _, r := range a.replies {
		f.Percent = max(f.Percent, r.Percent)
		switch c, _ := classify(r); c {
		case accepted:
			f.Accepted++
		case throttled:
			f.Throttled++
			f.RetryAfter = max(f.RetryAfter, r.RetryAfter)
			f.Scope, f.Info = cmp.Or(r.Scope, f.Scope), cmp.Or(r.Info, f.Info)
		}
	}
	return f
}

// life is what a call says of the service.
type life int

const (
	silent life = iota // nobody was answered
	paced              // somebody was told to wait: no outage, and no answer either
	alive              // somebody was answered for good
)

// life looks at everybody in the call. A call that was refused as a whole was
// answered; an answer that cannot be read, or an excuse for everybody, was not.
func (a answer) life() life {
	if a.err != nil {
		e, ok := errors.AsType[*CallError](a.err)
		switch {
		case ok && e.Status == 429:
			return paced
		case ok && e.fatal():
			return paced
		}
		return silent
	}
	l := silent
	for _, r := range a.replies {
		switch c, _ := classify(r); c {
		case accepted, final:
			return alive
		case throttled:
			l = paced
		}
	}
	return l
}

// excuse is what a call in which nobody was answered brought instead.
func (a answer) excuse() error {
	if a.err != nil {
		return a.err
	}
	return errors.New("every user of a call got: " + describe(a.replies[0]))
}

// splits reports whether the call failed because of somebody in it, who is
// found by halving. Nobody can tell who it was from the failure of the whole.
func (a answer) splits() bool {
	if a.err == nil || len(a.tasks) < 2 {
		return false
	}
	e, ok := errors.AsType[*CallError](a.err)
	return errors.Is(a.err, ErrUnsendable) || errors.Is(a.err, ErrUnreadable) || ok && e.fatal()
}

// unauthorized reports whether the token was refused: for the call, or for each
// user who got an answer.
func (a answer) unauthorized() bool {
	if a.err != nil {
		e, ok := errors.AsType[*CallError](a.err)
		return ok && e.Status == 401
	}
	found := false
	for _, r := range a.replies {
		switch c, _ := classify(r); c {
		case stale:
			found = true
		case accepted, final:
			return false
		}
	}
	return found
}

// probation watches the first calls of a lane for the mistakes that refuse
// everybody: no permission, or an action that is not offered. Users refused
// meanwhile are held back until an answer of another kind shows that it was
// about them; if it never does, the run stops and they can be sent again.
type probation struct {
	over  bool
	calls int   // answered so far, while none was different
	said  Reply // what they all got
	held  []heldReply
}

type heldReply struct {
	task  task
	reply Reply
}

// strikes is how many first calls, all refused alike, stop the run.
const strikes = 3

// see takes what a call says of everybody in it.
func (p *probation) see(said Reply, ok bool) {
	switch {
	case p.over || !ok:
	case said.Status < 300, p.calls > 0 && (said.Status != p.said.Status || said.Code != p.said.Code):
		p.over = true
	default:
		p.calls++
		p.said = said
	}
}

// failed reports whether the run must stop.
func (p *probation) failed() bool { return !p.over && p.calls >= strikes }

// common is what probation.see wants: a refusal that everybody in the call got,
// or a 2xx when somebody was told something else. The call says nothing when it
// was lost, throttled or out of order for the moment; and a 403 says nothing of
// the permission when the user holds a role or was denied to another app.
func (a answer) common() (said Reply, ok bool) {
	if e, is := errors.AsType[*CallError](a.err); is && e.Status == 403 {
		return Reply{Status: e.Status, Code: e.Code, Message: e.Message}, true
	}
	if a.err != nil {
		return Reply{}, false
	}
	for i, r := range a.replies {
		switch c, _ := classify(r); {
		case c == throttled, c == transient, c == stale:
			continue
		case c == accepted, !a.lane.suspects(r), ok && (r.Status != said.Status || r.Code != said.Code):
			return Reply{Status: 200}, true
		case r.Status == 403 && (a.tasks[i].user.Privileged || len(a.tasks[i].denied) > 0):
			continue
		}
		said, ok = r, true
	}
	return said, ok
}

// suspects reports whether a final refusal may be about everybody. Of reads only
// a 403 is: a key that names nobody is the row's own matter. Of writes a 404 that
// speaks of the user is, while the users have just been found.
func (l *lane) suspects(r Reply) bool {
	if !l.writes || r.whole {
		return r.Status == 403 || r.whole
	}
	return r.Status != 404 || r.Code != "Request_ResourceNotFound" || l.found
}

// next is an app that has not tried the user yet, or nil.
func (l *lane) next(t task) *lane {
	for _, p := range l.peers {
		if p != l && !slices.Contains(t.denied, p) {
			return p
		}
	}
	return nil
}

// single marks the users of the call who were in trouble while others were
// answered: in the same call, or for one who is alone in a call that cannot be
// read, since the last try.
func (a answer) single() {
	others := a.life() == alive
	if errors.Is(a.err, ErrUnreadable) && len(a.tasks) == 1 {
		others = a.lane.lastGood.After(a.tasks[0].trial.SentAt)
	}
	for i := range a.tasks {
		a.tasks[i].single = a.tasks[i].single || others
	}
}

// theirs reports whether the trouble that the call met is that of its users, and
// no outage: nobody is left who could be answered beside them, since there is
// one user, or all who are left have been in trouble while others were answered.
func (a answer) theirs() bool {
	if a.life() != silent || a.err != nil && !errors.Is(a.err, ErrUnreadable) {
		return false
	}
	q := a.lane.queue
	if q.fresh != nil || len(q.head) > 0 || len(q.halves) > 0 {
		return false
	}
	lists := [][]task{a.tasks, q.waiting}
	for _, p := range a.lane.peers {
		if p.under > 0 || len(p.probation.held) > 0 {
			return false
		}
		lists = append(lists, p.handed.waiting)
	}
	users, others := 0, false
	for _, list := range lists {
		for i := range list {
			users++
			if others = others || !list[i].single; others && users > 1 {
				return false
			}
		}
	}
	return true
}
