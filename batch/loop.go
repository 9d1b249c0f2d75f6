package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"
)

// loop moves users through its lanes until nobody is left. One goroutine, the
// one that calls run, owns everything here: it decides, writes down and tells.
// Workers only make calls.
type loop struct {
	lanes   []*lane
	timeout time.Duration // of one call
	outage  time.Duration // how long no call may be answered before the run stops
	stop    <-chan struct{}
	until   Deadline

	// commit makes durable what was settled and what is about to be sent. It
	// also runs after the last answer, and must not heed cancellation. After an
	// error it is called once more, with what was settled and without the calls.
	commit func(ctx context.Context, calls []Call, over []int) error
	// told is called after every commit.
	told func(now time.Time)

	calls    int   // number of the last call
	under    int   // calls under way, all lanes
	stopping error // ErrStopped or ErrDeadline, once no more calls may leave
	launched []outgoing
	over     []int
}

// run returns nil when everybody is through, ErrStopped or ErrDeadline when
// stopped with work left, or the error that ended the run. No goroutine outlives it.
func (l *loop) run(ctx context.Context) error {
	hard, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answers := make(chan answer)
	var workers errgroup.Group
	for _, ln := range l.lanes {
		ln.work = make(chan outgoing)
		for range ln.workers {
			workers.Go(func() error { ln.serve(hard, l.timeout, answers); return nil })
		}
	}
	err := l.turn(ctx, answers)
	if err != nil && !errors.Is(err, ErrStopped) {
		if lost := l.drain(ctx, answers, cancel, err); lost != nil && lost.Error() != err.Error() {
			err = errors.Join(err, lost)
		}
	}
	for _, ln := range l.lanes {
		close(ln.work)
	}
	return errors.Join(err, workers.Wait())
}

// tick is the longest that the loop goes without telling where it stands.
const tick = time.Second

// turn is the loop itself: launch, commit, send, then wait for whatever comes
// first. Everything that came in between two commits shares one of them.
func (l *loop) turn(ctx context.Context, answers <-chan answer) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if ctx.Err() != nil { // before anything leaves: an answer may have won the select below
			return context.Cause(ctx)
		}
		now := time.Now()
		if l.stopping == nil && l.until.Passed(now) {
			l.stopping = ErrDeadline
		}
		wake, err := l.launch(now)
		if err != nil {
			return err
		}
		for _, ln := range l.lanes {
			if err := cmp.Or(ln.lost(now, l.outage), l.release(now, ln)); err != nil {
				return err
			}
		}
		if err := l.flush(ctx); err != nil {
			return err
		}
		for _, o := range l.launched {
			o.lane.work <- o // a worker is free: no more calls are under way than there are workers
		}
		l.launched = l.launched[:0]
		l.told(now)
		if l.under == 0 {
			switch {
			case l.empty():
				return nil
			case l.stopping != nil:
				return l.stopping
			}
		}
		timer.Reset(min(wake, tick))
		select {
		case a := <-answers:
			if err := l.receive(a, answers); err != nil {
				return err
			}
		case <-timer.C:
		case <-l.stop:
			l.stopping, l.stop = ErrStopped, nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// receive settles the answer, and all others that are there already.
func (l *loop) receive(a answer, answers <-chan answer) error {
	for {
		if err := l.answered(a); err != nil {
			return err
		}
		select {
		case a = <-answers:
		default:
			return nil
		}
	}
}

// drain waits for the calls under way after a failure. They are cut short, and
// what they still bring is recorded if the journal takes it.
func (l *loop) drain(ctx context.Context, answers <-chan answer, cancel context.CancelCauseFunc, cause error) error {
	if !errors.Is(cause, ErrSignIn) && !errors.Is(cause, ErrPermission) && !errors.Is(cause, ErrOutage) {
		cancel(cause)
	}
	l.under -= len(l.launched) // not announced, or the commit failed: these never left
	l.launched = nil
	for l.under > 0 {
		// The run has failed already; a second failure adds nothing to it.
		_ = l.answered(<-answers)
	}
	return l.flush(ctx)
}

// launch forms as many calls as the gates and the width allow, and says how
// long it is until trying again makes sense.
func (l *loop) launch(now time.Time) (wake time.Duration, err error) {
	wake = time.Hour
	if l.stopping != nil {
		return wake, nil
	}
	for _, ln := range l.lanes {
		for ln.under < min(ln.workers, ln.gate.Width()) {
			if wait := ln.down(now); wait > 0 {
				wake = min(wake, wait)
				break
			}
			n, err := ln.queue.ready(now, ChunkSize)
			if err != nil {
				return 0, err
			}
			if n == 0 {
				if wait, ok := ln.queue.next(now); ok {
					wake = min(wake, wait)
				}
				break
			}
			if wait := ln.gate.Admit(now, n); wait > 0 {
				wake = min(wake, wait)
				break
			}
			if ln.under == 0 {
				ln.quiet = now
			}
			l.calls++
			l.under++
			ln.under++
			l.launched = append(l.launched, outgoing{lane: ln, no: l.calls, sent: now, tasks: ln.queue.take(now, n)})
		}
	}
	return wake, nil
}

// flush commits what was settled and the intents of the launched writes.
func (l *loop) flush(ctx context.Context) error {
	var calls []Call
	for _, o := range l.launched {
		if !o.lane.writes {
			continue
		}
		seqs := make([]int, len(o.tasks))
		for i, t := range o.tasks {
			seqs[i] = t.user.Seq
		}
		calls = append(calls, Call{No: o.no, App: o.lane.app, SentAt: o.sent, Seqs: seqs})
	}
	if err := l.commit(ctx, calls, l.over); err != nil {
		return err // what was settled is kept, for the attempt to save it that drain makes
	}
	l.over = l.over[:0]
	return nil
}

// empty reports whether all lanes are through.
func (l *loop) empty() bool {
	for _, ln := range l.lanes {
		if !ln.queue.empty() || len(ln.probation.held) > 0 {
			return false
		}
	}
	return true
}

// answered counts the call off, tells the gate, and settles each of its users.
func (l *loop) answered(a answer) error {
	now := time.Now()
	ln := a.lane
	l.under--
	ln.under--
	if ln.writes {
		l.over = append(l.over, a.no)
	}
	ln.gate.Leave(now, a.feedback())
	if a.err == nil {
		ln.lastGood, ln.troubled, ln.bad, ln.lastErr, ln.stale = now, time.Time{}, 0, nil, 0
	} else {
		ln.failed(now, a)
	}
	ln.quiet = now
	ln.probation.see(a.common())
	for i, t := range a.tasks {
		if err := l.reply(now, a, t, i); err != nil {
			return err
		}
	}
	return l.health(now, a)
}

// reply brings one user's trial up to date and settles it.
func (l *loop) reply(now time.Time, a answer, t task, i int) error {
	if a.err != nil && errors.Is(a.err, ErrNotSent) {
		a.lane.queue.put(t)
		return nil
	}
	var r Reply
	if e, ok := errors.AsType[*CallError](a.err); ok {
		r = e.reply()
	} else if a.err != nil {
		r = Reply{Message: "no answer to the call: " + a.err.Error()}
	} else {
		r = a.replies[i]
	}
	before := t.trial
	t.trial = Trial{
		Seq: t.user.Seq, Attempts: before.Attempts, Throttles: before.Throttles, SentAt: a.sent,
		Doubt:  before.Doubt || doubtful(r),
		Status: r.Status, Code: r.Code, Message: r.Message, RequestID: r.RequestID,
	}
	switch c, _ := classify(r); {
	case c == throttled:
		t.trial.Throttles++
	case a.err != nil && before.Attempts > 0 && !a.lane.lastGood.After(before.SentAt):
		// Nobody has been answered since this user's last attempt: that is an
		// outage, and it is not counted against the user.
	default:
		t.trial.Attempts++
	}
	if r.Status == 403 && !a.lane.probation.over {
		a.lane.probation.held = append(a.lane.probation.held, heldReply{t, r})
		a.lane.note(t.trial)
		return nil
	}
	return a.lane.settle(now, t, r)
}

// release settles the users held back, once it is known that their 403 was
// about them, or nobody is left who could tell.
func (l *loop) release(now time.Time, ln *lane) error {
	p := &ln.probation
	if len(p.held) == 0 || p.failed() != nil || !p.over && (ln.under > 0 || !ln.queue.empty() || l.stopping != nil) {
		return nil
	}
	held := p.held
	p.held = nil
	for _, h := range held {
		if err := ln.settle(now, h.task, h.reply); err != nil {
			return err
		}
	}
	return nil
}

// staleStrikes is how many calls in a row, each with a token fetched after the
// one before was refused, end the run. One is a token that has expired; more are
// on record as a backend's mistake, and with every kind of trouble at 5 % of all
// calls three in a row came once in 4,000 calls.
const staleStrikes = 5

// health ends the run when the calls themselves cannot go on.
func (l *loop) health(now time.Time, a answer) error {
	ln := a.lane
	if err := ln.probation.failed(); err != nil {
		return fmt.Errorf("%w: the first %d %s calls were all refused with HTTP %d; they need the Graph permission %s",
			err, ln.probation.calls, ln.name, ln.probation.status, ln.needs)
	}
	if a.err == nil {
		return nil
	}
	if errors.Is(a.err, ErrSignIn) || errors.Is(a.err, ErrNotGraph) {
		return a.err
	}
	e, ok := errors.AsType[*CallError](a.err)
	if ok && e.fatal() {
		return fmt.Errorf("%s call: %w", ln.name, a.err)
	}
	if ok && e.Status == 401 && !a.sent.Before(ln.staleAt) {
		ln.staleAt = now
		if ln.stale++; ln.stale >= staleStrikes {
			return fmt.Errorf("%w: new tokens are refused too: %w", ErrSignIn, a.err)
		}
	}
	return ln.lost(now, l.outage)
}

// jitter is a number in [0, 1).
func jitter() float64 { return rand.Float64() }
