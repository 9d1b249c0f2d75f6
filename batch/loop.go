package batch

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// loop moves users through its lanes until none is left. One goroutine, the
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
	// through is asked while no call is under way: the rest may be left; nil is no.
	through func() bool

	calls    int   // number of the last call
	under    int   // calls under way, all lanes
	stopping error // ErrStopped or ErrDeadline, once no more calls may leave
	launched []outgoing
	over     []int
}

// run returns nil when all users are through, ErrStopped or ErrDeadline when
// stopped with work left, or the error that ended the run. No goroutine outlives it.
func (l *loop) run(ctx context.Context) error {
	answers := make(chan answer)
	var workers errgroup.Group
	var roads []*road
	for _, ln := range l.lanes {
		if ln.peers == nil {
			ln.peers = []*lane{ln}
		}
		r := ln.road
		if r.work != nil {
			continue
		}
		r.work = make(chan outgoing)
		roads = append(roads, r)
		for range r.workers {
			workers.Go(func() error { r.serve(ctx, l.timeout, answers); return nil })
		}
	}
	err := l.turns(ctx, answers)
	if err != nil { // also one that only tells of a stop, as a sign-in does that was given up
		if drainErr := l.drain(ctx, answers); drainErr != nil && drainErr.Error() != err.Error() {
			err = errors.Join(err, drainErr)
		}
	}
	for _, r := range roads {
		close(r.work)
	}
	return errors.Join(err, workers.Wait())
}

// tick is the longest that the loop goes without telling where it stands.
const tick = time.Second

// turns is the loop itself: launch, commit, send, then wait for whatever comes
// first. Everything that came in between two commits shares one of them.
func (l *loop) turns(ctx context.Context, answers <-chan answer) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if ctx.Err() != nil { // before anything leaves: an answer may have won the select below
			return context.Cause(ctx)
		}
		now := time.Now()
		if l.stopping == nil {
			l.stopping = stopped(l.stop, l.until, now)
		}
		wake, err := l.launch(now)
		if err != nil {
			return err
		}
		for _, ln := range l.lanes {
			if err := cmp.Or(ln.outageError(now, l.outage), l.settleHeld(now, ln)); err != nil {
				return err
			}
		}
		if err := l.flush(ctx); err != nil {
			return err
		}
		if l.stopping == nil {
			l.stopping = stopped(l.stop, l.until, time.Now())
		}
		if l.stopping != nil && len(l.launched) > 0 {
			if err := l.recall(); err != nil {
				return err
			}
			continue
		}
		for _, o := range l.launched {
			o.lane.road.work <- o // a worker is free: no more calls are under way than there are workers
		}
		l.launched = l.launched[:0]
		l.told(now)
		if l.under == 0 {
			switch {
			case l.empty(), l.through != nil && l.through():
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
			l.stopping, l.stop = ErrStopped, nil // not again: answers are awaited
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// recall takes back the calls that a stop overtook while they were announced. The
// next commit says that they are over.
func (l *loop) recall() error {
	launched := l.launched
	l.launched = nil
	for _, o := range launched {
		if err := l.answered(answer{outgoing: o, err: &CallError{Err: ErrNotSent}}); err != nil {
			return err
		}
	}
	return nil
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

// drain waits for the calls under way after a failure: what they bring is the
// truth about their users, and is recorded if the journal takes it. Only the end
// of ctx cuts them short.
func (l *loop) drain(ctx context.Context, answers <-chan answer) error {
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
	for before := -1; before < l.calls; { // a call of one lane may bring forth the turn of a lane in front of it
		before = l.calls
		for _, ln := range l.lanes {
			wait, err := l.launchLane(now, ln)
			if err != nil {
				return 0, err
			}
			wake = min(wake, wait)
		}
	}
	return wake, nil
}

// launchLane does so for one lane.
func (l *loop) launchLane(now time.Time, ln *lane) (wake time.Duration, err error) {
	wake = time.Hour
	if ln.lacks() {
		return l.refuse(now, ln)
	}
	for ln.road.open() {
		if wait := ln.down(now); wait > 0 {
			return min(wake, wait), nil
		}
		q := &ln.handed
		n, err := q.ready(now, ChunkSize)
		if n == 0 {
			q = ln.queue
			n, err = q.ready(now, ChunkSize)
		}
		if err != nil {
			return 0, err
		}
		if n == 0 {
			for _, q := range [...]*queue{&ln.handed, ln.queue} {
				if wait, ok := q.nextDue(now); ok {
					wake = min(wake, wait)
				}
			}
			return wake, nil
		}
		if wait := ln.road.gate.Admit(now, n); wait > 0 {
			return min(wake, wait), nil
		}
		if ln.under == 0 {
			ln.quiet = now
		}
		l.calls++
		l.under++
		ln.under++
		ln.road.under++
		half := q.halved(now)
		l.launched = append(l.launched, outgoing{lane: ln, no: l.calls, id: NewCallID(), sent: now, half: half, tasks: q.take(now, n)})
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
		seqs, targets := make([]int, len(o.tasks)), []string(nil)
		for i, t := range o.tasks {
			if seqs[i] = t.User.Seq; t.Target.ID != "" && targets == nil {
				targets = make([]string, len(o.tasks))
			}
			if targets != nil {
				targets[i] = t.Target.ID
			}
		}
		calls = append(calls, Call{No: o.no, App: o.lane.app, Step: o.lane.step, SentAt: o.sent, ID: o.id, Seqs: seqs, Targets: targets})
	}
	if err := l.commit(ctx, calls, l.over); err != nil {
		return err // what was settled is kept, for the attempt to save it that drain makes
	}
	l.over = l.over[:0]
	return nil
}

// empty reports whether all lanes are through.
func (l *loop) empty() bool {
	return !slices.ContainsFunc(l.lanes, func(ln *lane) bool { return !ln.empty() })
}
