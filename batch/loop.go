package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
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
	answers := make(chan answer)
	var workers errgroup.Group
	for _, ln := range l.lanes {
		ln.work = make(chan outgoing)
		if ln.peers == nil {
			ln.peers = []*lane{ln}
		}
		for range ln.workers {
			workers.Go(func() error { ln.serve(ctx, l.timeout, answers); return nil })
		}
	}
	err := l.turn(ctx, answers)
	if err != nil { // also one that only tells of a stop, as a sign-in does that was given up
		if lost := l.drain(ctx, answers); lost != nil && lost.Error() != err.Error() {
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
		if l.stopping == nil {
			l.stopping = stopped(l.stop, l.until, now)
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
	for _, ln := range l.lanes {
		for ln.under < min(ln.workers, ln.gate.Width()) {
			if wait := ln.down(now); wait > 0 {
				wake = min(wake, wait)
				break
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
					if wait, ok := q.next(now); ok {
						wake = min(wake, wait)
					}
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
			half := q.halved(now)
			l.launched = append(l.launched, outgoing{lane: ln, no: l.calls, sent: now, half: half, tasks: q.take(now, n)})
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
		if !ln.queue.empty() || !ln.handed.empty() || len(ln.probation.held) > 0 {
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
	a.single()
	a.own = a.theirs()
	ln.hear(now, a)
	if a.err != nil {
		ln.said = a.err.Error()
	}
	switch {
	case errors.Is(a.err, ErrUnsendable) && a.splits():
		ln.home(a).split(now, a.tasks)
	case a.splits():
		for i := range a.tasks {
			a.tasks[i].trial = a.tried(a.tasks[i], a.said(i))
			ln.note(a.tasks[i].trial)
		}
		ln.home(a).split(now.Add(ln.halfWait()), a.tasks)
	default:
		for i, t := range a.tasks {
			l.reply(now, a, t, a.said(i))
		}
	}
	return l.health(now, a)
}

// hear keeps what the call says of the service, of the token, and of the first
// calls as a whole.
func (l *lane) hear(now time.Time, a answer) {
	switch life := a.life(); {
	case life == alive:
		l.lastGood, l.refused = now, 0
		fallthrough
	case life == paced:
		l.troubled, l.bad, l.lastErr = time.Time{}, 0, nil
	case a.own, errors.Is(a.err, ErrUnsendable): // no trouble of the service
	default:
		l.failed(now, a)
	}
	l.quiet = now
	if a.err == nil && !a.unauthorized() {
		l.stale = 0
	}
	if e, ok := errors.AsType[*CallError](a.err); ok && e.fatal() {
		if l.refusal = a.err; !a.half {
			l.refused++
		}
	}
	l.probation.see(a.common())
}

// home is where the users of a call wait for the next one.
func (l *lane) home(a answer) *queue { return cmp.Or(a.tasks[0].home, l.queue) }

// halfWait is how long the halves of a call that failed wait: longer while
// nothing has gone well yet, so that the first calls show first whether all fail
// alike.
func (l *lane) halfWait() time.Duration {
	if l.lastGood.IsZero() {
		return 5 * time.Second
	}
	return time.Second
}

// said is what the call says of the user at i. When the user was alone in a call
// that was refused as a whole, the refusal is the user's.
func (a answer) said(i int) Reply {
	e, ok := errors.AsType[*CallError](a.err)
	switch {
	case a.err == nil:
		return a.replies[i]
	case errors.Is(a.err, ErrUnsendable):
		return Reply{Message: a.err.Error(), whole: true}
	case ok && e.fatal() && len(a.tasks) == 1:
		return Reply{Status: e.Status, Code: e.Code, Message: e.Message, RequestID: e.RequestID, Date: e.Date, whole: true}
	case ok:
		return e.reply()
	}
	return Reply{Message: "no answer to the call: " + a.err.Error()}
}

// tried brings a user's trial up to date with a reply. The trial tells what was
// answered, also where that is not the user's own answer.
func (a answer) tried(t task, r Reply) Trial {
	before := t.trial
	trial := Trial{
		Seq: t.user.Seq, Attempts: before.Attempts, Throttles: before.Throttles, SentAt: a.sent,
		Doubt:  before.Doubt || a.doubtful(r),
		Status: r.Status, Code: r.Code, Message: r.Message, RequestID: r.RequestID,
	}
	if e, ok := errors.AsType[*CallError](a.err); ok && e.Status != 0 {
		trial.Status, trial.Code, trial.Message = e.Status, e.Code, e.Message
	}
	switch c, _ := classify(r); {
	case c == throttled:
		trial.Throttles++
	case c != accepted && c != final && before.Attempts > 0 && !a.lane.lastGood.After(before.SentAt) && !a.own:
		// Nobody has been answered since this user's last attempt: that is an
		// outage, and it is not counted against the user.
	default:
		trial.Attempts++
	}
	return trial
}

// doubtful reports whether Graph may have acted on a user who got this reply.
func (a answer) doubtful(r Reply) bool {
	if a.err == nil {
		return doubtful(r)
	}
	c, _ := classify(r)
	return fateOf(a.err) == lost && c != throttled
}

// reply brings one user's trial up to date and settles it.
func (l *loop) reply(now time.Time, a answer, t task, r Reply) {
	ln := a.lane
	if fateOf(a.err) == unsent && !r.whole {
		cmp.Or(t.home, ln.queue).put(t)
		return
	}
	if !errors.Is(a.err, ErrUnsendable) {
		t.trial = a.tried(t, r)
	} else if t.trial.Seq = t.user.Seq; t.trial.Message == "" {
		t.trial.Message = r.Message
	}
	c, _ := classify(r)
	held := c == final && !ln.probation.over && ln.suspects(r)
	if a.err == nil && (held || c != final && c != accepted) {
		ln.said = describe(r)
	}
	if held {
		ln.probation.held = append(ln.probation.held, heldReply{t, r})
		ln.note(t.trial)
		return
	}
	l.conclude(now, ln, t, r)
}

// conclude settles the user, or hands a user who was denied to the next app: that
// app's roles and administrative units may allow it.
func (l *loop) conclude(now time.Time, ln *lane, t task, r Reply) {
	if r.Status == 403 {
		t.denied = append(slices.Clip(t.denied), ln)
		if next := ln.next(t); next != nil {
			t.due, t.home = now, &next.handed
			ln.note(t.trial)
			t.home.put(t)
			return
		}
	}
	ln.settle(now, t, r)
}

// release settles the users held back, once it is known that the refusal was
// about them, or no other user is left to tell.
func (l *loop) release(now time.Time, ln *lane) error {
	p := &ln.probation
	if len(p.held) == 0 || p.failed() || !p.over && (ln.busy() || l.stopping != nil) {
		return nil
	}
	if err := ln.refusesAll(); err != nil {
		return err
	}
	held := p.held
	p.held = nil
	for _, h := range held {
		if !p.over && h.reply.Status == 403 && p.calls > 0 {
			h.task.hint = fmt.Sprintf("; everybody was refused so: if these users hold no roles, the app lacks the Graph permission %s", ln.needs)
		}
		l.conclude(now, ln, h.task, h.reply)
	}
	return nil
}

// refusesAll is the error of a lane that got no answer for anyone, for a reason not
// specific to a user: a lookup that may not be made, or calls that are all refused
// as a whole, unless an earlier process has been through that.
func (l *lane) refusesAll() error {
	p := &l.probation
	switch r := p.held[0].reply; {
	case p.over || !l.first:
		return nil
	case r.whole && r.Status != 0 && l.lastGood.IsZero():
		return fmt.Errorf("%s call: %w", l.name, l.refusal)
	case !l.writes && r.Status == 403:
		return l.denied()
	}
	return nil
}

// denied is the verdict that a permission is missing.
func (l *lane) denied() error {
	p := &l.probation
	return fmt.Errorf("%w: every %s call was refused: %s; they need the Graph permission %s", ErrPermission, l.name, describe(p.said), l.needs)
}

// staleStrikes is how many calls in a row, each with a token fetched after the
// one before was refused, end the run: strikes while nothing has gone well yet.
// One is a token that has expired; more are on record as a backend's mistake, and
// with every kind of trouble at 5 % of all calls three in a row came once in 4,000
// calls.
const staleStrikes = 5

// limit is strikes for a lane of which nothing has gone well yet.
func (l *lane) limit(later int) int {
	if l.lastGood.IsZero() {
		return strikes
	}
	return later
}

// health ends the run when the calls themselves cannot go on.
func (l *loop) health(now time.Time, a answer) error {
	ln := a.lane
	switch p := &ln.probation; {
	case p.failed() && p.said.Status == 403:
		return ln.denied()
	case p.failed():
		return fmt.Errorf("%w: the first %d %s calls were all refused alike: %s", ErrNotOffered, p.calls, ln.name, describe(p.said))
	case errors.Is(a.err, ErrSignIn), errors.Is(a.err, ErrNotGraph):
		return a.err
	case ln.refused >= ln.limit(downAfter):
		return fmt.Errorf("%s call: %w", ln.name, a.err)
	}
	if a.unauthorized() && !a.sent.Before(ln.staleAt) {
		ln.staleAt = now
		if ln.stale++; ln.stale >= ln.limit(staleStrikes) {
			return fmt.Errorf("%w: new tokens are refused too: %w", ErrSignIn, a.excuse())
		}
	}
	return ln.lost(now, l.outage)
}

// jitter is a number in [0, 1).
func jitter() float64 { return rand.Float64() }
