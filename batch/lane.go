package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	app     string
	queue   *queue // lanes that do the same work for several apps share one

	// settle takes the reply to one user; trial is up to date. It records an
	// outcome, or puts the user back into a queue.
	settle func(now time.Time, t task, r Reply) error
	// note keeps the trial of a user who will be sent again.
	note func(Trial)

	probation probation
	lastGood  time.Time // end of the last call that brought replies
	troubled  time.Time // when the first call left that failed since then; zero when there is none
	bad       int       // failed calls since then
	lastErr   error     // of the last of them
	quiet     time.Time // while calls are under way: since when none was answered
	probeAt   time.Time // while the lane is down: when the next call may try
	staleAt   time.Time // end of the last call refused with 401 that counted
	stale     int       // such calls in a row, each sent after the one before was answered
	under     int       // calls under way
	work      chan outgoing
}

// outgoing is a call on its way to a worker; answer is the same on its way back.
type outgoing struct {
	lane  *lane
	no    int
	sent  time.Time
	tasks []task
}

type answer struct {
	outgoing
	replies []Reply
	err     error
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
		answers <- answer{o, replies, err} // the loop receives for as long as a call is under way
	}
}

// A lane is down after downAfter failed calls in a row. One call at a time then
// tries whether Graph is back, so that an outage does not walk through the whole
// plan, failing everybody once.
const (
	downAfter = 8
	probeCap  = 30 * time.Second
)

// failed counts a call that brought no replies.
func (l *lane) failed(now time.Time, a answer) {
	if l.bad++; l.bad == 1 {
		l.troubled = a.sent
	}
	l.lastErr = a.err
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
func (l *lane) busy() bool { return l.under > 0 || !l.queue.empty() }

// down is how long no call may leave; zero while the lane is up.
func (l *lane) down(now time.Time) time.Duration {
	switch {
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
		f.Unsent = errors.Is(a.err, ErrNotSent)
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

// probation watches the first calls of a lane for the one mistake that refuses
// everybody: no permission (403), or no valid token (401). Users refused with
// 403 are held back until an answer of another kind shows that it was about
// them; if it never does, the run stops and they can be sent again.
type probation struct {
	over   bool
	calls  int // answered so far, while none was different
	status int // what they all said: 401 or 403
	held   []heldReply
}

type heldReply struct {
	task  task
	reply Reply
}

// strikes is how many first calls, all refused alike, stop the run.
const strikes = 3

// see takes what a call says of everybody in it: 401 or 403 when they were all
// refused with it, 200 when somebody was told something else, 0 when it says
// nothing (lost, throttled, out of order for the moment).
func (p *probation) see(status int) {
	switch {
	case p.over || status == 0:
	case status != 401 && status != 403, p.calls > 0 && status != p.status:
		p.over = true
	default:
		p.calls++
		p.status = status
	}
}

// failed reports the error that stops the run, or nil.
func (p *probation) failed() error {
	switch {
	case p.over || p.calls < strikes:
		return nil
	case p.status == 401:
		return ErrSignIn
	}
	return ErrPermission
}

// common gives the status that probation.see wants.
func (a answer) common() int {
	if a.err != nil {
		if e, ok := errors.AsType[*CallError](a.err); ok && (e.Status == 401 || e.Status == 403) {
			return e.Status
		}
		return 0
	}
	common := 0
	for _, r := range a.replies {
		s := r.Status
		switch c, _ := classify(r); {
		case c == throttled, c == transient:
			continue
		case s != 401 && s != 403, common != 0 && s != common:
			return 200
		}
		common = s
	}
	return common
}
