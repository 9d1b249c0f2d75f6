package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// App is one app registration that revokes: its own sign-in, its own quota.
type App struct {
	Name   string // as in Plan.App
	Sender Sender
	Gate   Gate
	User   bool // a user signed in by it
}

// Runner carries out the steps of a plan and proves them. Set the fields, then call Run
// once.
type Runner struct {
	Steps   []Step // of the plan, in order
	Apps    []App  // at least one; several work side by side
	Prover  Prover // of read-backs; may be nil when Verify is off and no step of the plan is read again before a repeat
	Verify  bool   // prove what was accepted
	Reads   Gate   // of the Prover's calls
	Journal Journal

	// Pending are the writes without a record; they are read ahead, in a goroutine of its own. Unless the
	// plan is in order, holders of privileged roles come first with all urgent steps,
	// then the others, a step at a time; then the other steps. Of the things of a user
	// each step takes the first of every user, then the second.
	Pending  iter.Seq2[Pending, error]
	Unproven iter.Seq2[Unproven, error] // writes accepted before, to verify only; nil for none

	// Known gives the user of that Seq with all writes and their records, by which a read is
	// held against what was proven before; nil: reads tell only of what they were made for.
	Known func(seq int) (Line, error)

	// Shared gives the targets of a step that several users have, each with the Seqs of these;
	// nil: it is not known. It is asked once a step, and the plan is complete by then.
	Shared func(Step) (map[string][]int, error)

	// Unsuccessful are the writes of the plan that ended before without success, and
	// those whose proof is to come, of steps that stop others (see [Step.StoppedBy]); nil for none.
	Unsuccessful iter.Seq2[Record, error]

	Concurrency   int // at most so many writes of all apps together are under way (an app has its share, rounded up), and besides as many reads
	Retry         RetryPolicy
	CallTimeout   time.Duration // of one call; Graph may hold one for minutes
	Outage        time.Duration // how long nothing may be answered; 0 waits for ever
	VerifyTimeout time.Duration
	Until         Deadline
	Leave         bool      // end once every write has its answer: a proof that has not come by then is left unverified, for a later Run
	LastCall      int       // number of the last call of the sessions before
	Found         time.Time // when the users were found in the directory; zero when they were not looked up

	Stop     <-chan struct{} // closed: no new calls, answers awaited
	Progress func(Progress)  // told after every commit, from Run's goroutine; may be nil

	feed   *feed
	queues map[Step]*queue // of writes
	verify *lane           // nil without a Prover
	entry  Entry
	state  Progress
	loop   *loop
	failed error // of Known or Shared
	began  time.Time

	retractions map[Mark]*retraction      // that are open, by question
	sharing     map[Step]map[string][]int // what Shared gave
}

// justFound is how long users who were found in the directory are surely still
// there: until then, writes that are all answered "not there" are about the action.
// Later the users may have been deleted.
const justFound = time.Hour

// Progress is where a run stands.
type Progress struct {
	Now      time.Time
	Counts   map[Outcome]int // writes settled by this Run: of one step that lists nothing, its users
	Accepted int             // writes accepted by this Run
	Proving  int             // of them, writes whose proof is awaited
	Waiting  int             // writes sent before and waiting to go again
	Pace     Pace
	Trouble  Trouble // what is waited for, and why
}

// Run returns nil when every user has a final record, ErrStopped when it was
// asked to stop, ErrDeadline when its time was up, or the error that ended the
// run. Whatever was answered until then is in the journal. The end of ctx is the hard
// stop: it cuts calls under way short.
func (r *Runner) Run(ctx context.Context) error {
	r.state.Counts, r.retractions = make(map[Outcome]int), map[Mark]*retraction{}
	r.began = time.Now().Truncate(time.Millisecond) // as the journal has times
	next, stop := pullAhead(r.Pending)
	defer stop()
	r.queues = make(map[Step]*queue, len(r.Steps))
	r.feed = &feed{
		next: next, several: Several(r.Steps), proofs: r.Verify && r.Prover != nil, steps: r.queues,
		busy: map[int]*turn{}, stopped: map[int][]failure{}, spaced: map[int]time.Time{},
		ahead: map[int]int{}, late: map[int]bool{},
		reread: func(t task) { r.reread(time.Now(), t, Reply{}) }, end: r.write,
	}
	r.feed.first = r.feed.several
	lp := &loop{
		timeout: r.CallTimeout, outage: r.Outage, until: r.Until,
		stop: r.Stop, calls: r.LastCall, commit: r.commit, told: r.tell, through: r.onlyProofs,
	}
	r.loop = lp
	roads := make([]*road, len(r.Apps))
	for i, a := range r.Apps {
		roads[i] = &road{gate: a.Gate, workers: (r.Concurrency + len(r.Apps) - 1) / len(r.Apps)}
	}
	var foundUntil time.Time
	if r.LastCall == 0 && !r.Found.IsZero() {
		foundUntil = r.Found.Add(justFound)
	}
	for _, s := range r.Steps {
		r.queues[s] = &queue{fresh: r.feed.fresh(s)}
		var peers []*lane // of one step, one for each app
		for i, a := range r.Apps {
			peers = append(peers, &lane{
				name:    string(s),
				missing: s.Missing(a.User),
				step:    s,
				call:    a.Sender.Send,
				road:    roads[i],
				writes:  true,
				first:   r.LastCall == 0,
				found:   foundUntil,
				app:     a.Name,
				goesOn:  len(r.Steps) > 1,
				queue:   r.queues[s],
				settle:  r.settle,
				note:    r.note,

				several: r.feed.several,
			})
		}
		for _, ln := range peers {
			ln.peers = peers
		}
		lp.lanes = append(lp.lanes, peers...)
	}
	if err := r.feed.remember(r.Unsuccessful); err != nil {
		return err
	}
	if r.Prover != nil {
		r.verify = &lane{
			name:    "read-back",
			missing: missingToRead(NeedsToRead(r.Steps), r.Apps[0].User),
			call:    r.Prover.Show,
			road:    &road{gate: r.Reads, workers: r.Concurrency},
			queue:   &queue{},
			settle:  r.prove,
			note:    func(Trial) {},
		}
		lp.lanes = append(lp.lanes, r.verify)
		if r.Unproven != nil && r.Verify {
			next, stop := pull(r.Unproven)
			defer stop()
			r.verify.queue.fresh = untilOver(next, r.unproven)
		}
	}
	err := lp.run(ctx)
	if err == nil {
		err = r.feed.left()
	}
	if errors.Is(err, ErrStopped) || errors.Is(err, ErrOutage) {
		if unreadErr := r.unread(ctx); unreadErr != nil {
			err = errors.Join(err, unreadErr)
		}
	}
	return err
}

// NeedsToRead are the permissions that the read-backs of the steps take.
func NeedsToRead(steps []Step) string {
	var needs []string
	for _, s := range steps {
		if n := s.Reads(); !slices.Contains(needs, n) {
			needs = append(needs, n)
		}
	}
	return strings.Join(needs, " and ")
}

// settle turns the reply to a write into a record, or into another turn.
func (r *Runner) settle(now time.Time, t task, reply Reply) {
	v := r.Retry.Decide(t.trial, reply, jitter())
	rule := t.Step.rule()
	switch {
	case v.Outcome != "" && t.mayBeDone(reply) && r.verify != nil:
		r.note(t.trial)
		r.reread(now, t, reply)
		return
	case !r.Found.IsZero() && (v.Outcome == NotFound || v.Outcome == Invalid):
		v.Outcome = Failed
	}
	rec := record(t.trial, now, v.Outcome, v.Reason+t.hint)
	switch {
	case v.Again && rule.rereads && t.trial.Doubt:
		r.note(t.trial)
		t.due = now.Add(v.Wait)
		r.reread(now, t, Reply{})
		return
	case v.Again:
		t.due = now.Add(v.Wait)
		r.note(t.trial)
		cmp.Or(t.home, r.queues[t.Step]).put(t)
		return
	case v.Outcome != "":
		r.settled(now, rec)
		return
	}
	rec.Accepted = reply.Date
	r.state.Accepted++
	why := t.WithoutEffect()
	switch {
	case why != "":
		rec.Outcome, rec.Reason = Ineffective, why
		r.settled(now, rec)
	case !r.Verify:
		if rec.Outcome = Accepted; t.Step == Revoke || t.Step == Invalidate {
			rec.Outcome = Revoked
		}
		r.settled(now, rec)
	default:
		rec.Outcome, rec.Reason = Unverified, "accepted; not read back yet"
		r.entry.Records = append(r.entry.Records, rec)
		r.state.Proving++
		r.verify.queue.put(r.readBackTask(now, t.Item, rec))
		r.feed.ended(now, rec, true)
	}
}

// settled writes the last word on a write, and lets the next one of the user go.
func (r *Runner) settled(now time.Time, rec Record) {
	r.write(rec)
	r.feed.ended(now, rec, false)
}

func (r *Runner) write(rec Record) {
	r.entry.Records = append(r.entry.Records, rec)
	r.state.Counts[rec.Outcome]++
}

// note keeps the trial of a write that has not ended.
func (r *Runner) note(t Trial) {
	r.entry.Trials = append(r.entry.Trials, t)
	r.feed.trouble(t.Seq)
}

// commit writes the entry, if there is anything to write.
func (r *Runner) commit(ctx context.Context, calls []Call, over []int) error {
	if r.failed != nil { // what was answered is kept all the same, and no call leaves any more
		calls = nil
	}
	e := &r.entry
	e.Calls, e.Over = calls, over
	if len(e.Calls)+len(e.Over)+len(e.Trials)+len(e.Records) == 0 {
		return r.failed
	}
	if err := r.Journal.Write(ctx, *e); err != nil {
		return err
	}
	e.Trials, e.Records = e.Trials[:0], e.Records[:0]
	return r.failed
}

func (r *Runner) tell(now time.Time) {
	if r.Progress == nil {
		return
	}
	s := r.state
	s.Counts = maps.Clone(s.Counts) // what comes after is not durable yet, and may never be
	s.Now, s.Waiting, s.Pace = now, r.waiting(), r.pace(now)
	s.Trouble = r.loop.trouble(now)
	r.Progress(s)
}

// waiting counts the writes that were sent and wait to go again, by whichever app.
func (r *Runner) waiting() (n int) {
	for _, q := range r.queues {
		n += q.waitingCount()
	}
	for _, ln := range r.loop.lanes {
		n += ln.handed.waitingCount()
	}
	return n
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
