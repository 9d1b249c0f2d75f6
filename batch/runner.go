package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"time"
)

// App is one app registration that revokes: its own sign-in, its own quota.
type App struct {
	Name   string // as in Plan.App
	Sender Sender
	Gate   Gate
}

// Runner revokes the sessions of the users of a plan and proves it. Set the
// fields, then call Run once.
type Runner struct {
	Apps      []App     // at least one; several work side by side
	Directory Directory // nil turns verification off
	Reads     Gate      // of the Directory's calls
	Journal   Journal

	Pending  iter.Seq2[Pending, error] // users to send; read ahead, in a goroutine of its own
	Unproven iter.Seq2[Line, error]    // users accepted before, to verify only; nil for none

	Concurrency   int // at most so many writes of all apps together are under way (an app has its share, rounded up), and besides as many reads
	Retry         RetryPolicy
	CallTimeout   time.Duration // of one call; Graph may hold one for minutes
	Outage        time.Duration // how long nothing may be answered; 0 waits for ever
	VerifyTimeout time.Duration
	Until         Deadline
	LastCall      int       // number of the last call of the sessions before
	Found         time.Time // when the users were found in the directory; zero when they were not looked up

	Stop     <-chan struct{} // closed: no new calls, answers awaited
	Progress func(Progress)  // told after every commit, from Run's goroutine; may be nil

	queue  queue // of users to revoke
	verify *lane // nil when verification is off
	entry  Entry
	state  Progress
	loop   *loop
}

// justFound is how long users who were found in the directory are surely still
// there: until then, writes that are all answered "not there" are about the action.
// Later the users may have been deleted.
const justFound = time.Hour

// Progress is where a run stands.
type Progress struct {
	Now      time.Time
	Counts   map[Outcome]int // users settled by this Run
	Accepted int             // users accepted by this Run
	Proving  int             // of them, users whose proof is awaited
	Waiting  int             // users sent before and waiting to go again
	Pace     Pace
	Trouble  Trouble // what is waited for, and why
}

// Run returns nil when every user has a final record, ErrStopped when it was
// asked to stop, ErrDeadline when its time was up, or the error that ended the
// run. Whatever was answered until then is in the journal. The end of ctx is the hard
// stop: it cuts calls under way short.
func (r *Runner) Run(ctx context.Context) error {
	r.state.Counts = make(map[Outcome]int)
	next, stop := pullAhead(r.Pending)
	defer stop()
	r.queue.fresh = func() (task, bool, error) {
		p, ok, err := next()
		return task{user: p.User, trial: p.Trial}, ok, err
	}
	lp := &loop{
		timeout: r.CallTimeout, outage: r.Outage, until: r.Until,
		stop: r.Stop, calls: r.LastCall, commit: r.commit, told: r.tell,
	}
	r.loop = lp
	for _, a := range r.Apps {
		lp.lanes = append(lp.lanes, &lane{
			name:    "revoke",
			needs:   NeedsWrite,
			call:    a.Sender.Send,
			gate:    a.Gate,
			workers: (r.Concurrency + len(r.Apps) - 1) / len(r.Apps),
			writes:  true,
			first:   r.LastCall == 0,
			found:   r.LastCall == 0 && time.Since(r.Found) < justFound,
			app:     a.Name,
			queue:   &r.queue,
			settle:  r.settle,
			note:    r.note,
		})
	}
	for _, ln := range lp.lanes {
		ln.peers = lp.lanes[:len(r.Apps):len(r.Apps)]
	}
	if r.Directory != nil {
		r.verify = &lane{
			name:    "read-back",
			needs:   NeedsRead,
			call:    r.Directory.Lookup,
			gate:    r.Reads,
			workers: r.Concurrency,
			queue:   &queue{},
			settle:  r.prove,
			note:    func(Trial) {},
		}
		lp.lanes = append(lp.lanes, r.verify)
		if r.Unproven != nil {
			next, stop := pull(r.Unproven)
			defer stop()
			r.verify.queue.fresh = func() (task, bool, error) {
				a, ok, err := next()
				if ok {
					r.state.Proving++
				}
				return r.readBackTask(time.Now(), a.User, a.Record), ok, err
			}
		}
	}
	err := lp.run(ctx)
	if errors.Is(err, ErrStopped) || errors.Is(err, ErrOutage) {
		if unreadErr := r.unread(ctx); unreadErr != nil {
			err = errors.Join(err, unreadErr)
		}
	}
	return err
}

// settle turns the reply to a revoke into a record, or into another turn.
func (r *Runner) settle(now time.Time, t task, reply Reply) {
	v := r.Retry.Decide(t.trial, reply, jitter())
	if !r.Found.IsZero() && (v.Outcome == NotFound || v.Outcome == Invalid) {
		v.Outcome = Failed
	}
	rec := record(t.trial, now, v.Outcome, v.Reason+t.hint)
	switch {
	case v.Again:
		t.due = now.Add(v.Wait)
		r.note(t.trial)
		cmp.Or(t.home, &r.queue).put(t)
		return
	case v.Outcome != "":
		r.write(rec)
		return
	}
	rec.Accepted = reply.Date
	r.state.Accepted++
	switch {
	case t.user.External():
		rec.Outcome, rec.Reason = Ineffective, "a guest's sessions live in the home tenant; Graph answered 2xx and revoked nothing"
		r.write(rec)
	case r.verify == nil:
		rec.Outcome = Revoked
		r.write(rec)
	default:
		rec.Outcome, rec.Reason = Unverified, "accepted; not read back yet"
		r.entry.Records = append(r.entry.Records, rec)
		r.state.Proving++
		r.verify.queue.put(r.readBackTask(now, t.user, rec))
	}
}

func (r *Runner) write(rec Record) {
	r.entry.Records = append(r.entry.Records, rec)
	r.state.Counts[rec.Outcome]++
}

func (r *Runner) note(t Trial) { r.entry.Trials = append(r.entry.Trials, t) }

// commit writes the entry, if there is anything to write.
func (r *Runner) commit(ctx context.Context, calls []Call, over []int) error {
	e := &r.entry
	e.Calls, e.Over = calls, over
	if len(e.Calls)+len(e.Over)+len(e.Trials)+len(e.Records) == 0 {
		return nil
	}
	if err := r.Journal.Write(ctx, *e); err != nil {
		return err
	}
	e.Trials, e.Records = e.Trials[:0], e.Records[:0]
	return nil
}

func (r *Runner) tell(now time.Time) {
	if r.Progress == nil {
		return
	}
	s := r.state
	s.Counts = maps.Clone(s.Counts) // what comes after is not durable yet, and may never be
	s.Now, s.Waiting, s.Pace = now, r.queue.waitingCount(), r.pace(now)
	s.Trouble = r.loop.trouble(now)
	r.Progress(s)
}

// pace is that of all apps together, with the reason of the first.
func (r *Runner) pace(now time.Time) Pace {
	p := r.Apps[0].Gate.Pace(now)
	for _, a := range r.Apps[1:] {
		p.PerSecond += a.Gate.Pace(now).PerSecond
	}
	if n := len(r.Apps); n > 1 {
		p.Reason = fmt.Sprintf("%d apps, the first: %s", n, p.Reason)
	}
	return p
}
