package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/signature"
)

// A run that an engine carries out goes in slices: each is a resume that ends by itself after
// so many writes, in whatever process comes next.

// SliceOptions are those of a slice. Of Connection, Rate is the pace that was lent. Nobody is
// asked; what resume would ask is refused.
type SliceOptions struct {
	RunName  string         // of any run that can be resumed, whoever began it
	Most     int            // writes; 0 is 500, and no more are done by the first slice of a process
	ByPerson func() bool    // is asked once Host.Stop is closed: a person stopped the run, and not only this process; nil is no
	Enough   func() bool    // is asked once Host.Stop is closed: the slice alone is over, before Most, since others wait for its pace; nil is no
	Beat     func(done int) // is told at least once a second while writes go, from one goroutine: how many of the slice have ended; may be nil
	Overtake bool           // a worker that has the run's lock is dead or frozen: it is put out, and never another process. On SQLite a lock that is held is never taken
	MaxAge   Length         // as of resume. It is asked where a process takes the run up: in its first slice, after one that ended in an error, and after an hour without one

	Approving
	Guards
	Connection
	Execution
}

// Approving says who must have approved a run before anything is written of it.
type Approving struct {
	Approvals int    `help:"How many different people of the trusted set must have approved each run, or more where its submission asks for more." default:"0" placeholder:"N"`
	Trusted   string `help:"The trusted set: an allowed_signers file of OpenSSH, for the namespace offboard-run. A person counts once, whatever number of keys signed." placeholder:"FILE" type:"path"`
}

// CheckWorker says what keeps a process from carrying out any run, as far as that is known without one: a worker
// that has begun takes runs, and would end each of them by it.
func CheckWorker(h *Host, o *SliceOptions) error {
	conn := o.Connection
	conn.Tenant = cmp.Or(conn.Tenant, "00000000-0000-0000-0000-000000000000") // each run has its own, and no call is made
	j := h.newJob(&conn, &o.Execution)
	defer j.close()
	var trust error
	switch {
	case o.Approvals > 0 && o.Trusted == "":
		trust = fmt.Errorf("%w: --approvals %d needs --trusted, the allowed_signers file of those who may approve", ErrUsage, o.Approvals)
	case o.Approvals > 0:
		_, trust = h.signers(o.Trusted)
	}
	return refused("the worker was not started", trust, j.pace(), o.Guards.wrong(h, true), j.prepare())
}

// ErrUnapproved says that a run lacks approvals. Nothing was written.
var ErrUnapproved = signature.ErrUnapproved

// Sliced is what a slice did, in numbers alone.
type Sliced struct {
	Done      int                   // writes that ended in it, or were accepted
	Counts    map[batch.Outcome]int // of them; of a Finished run, of its lines
	Left      int                   // writes that are still to be sent
	ToProve   int                   // writes that were accepted, and whose proof is to come: the last slice reads them
	Throttled time.Duration         // how long Graph asked to wait at the end of the slice; 0 for not
	AppWide   bool                  // that holds for the app in all tenants
	Finished  bool                  // the run is at its end; its report is written, or the error said once why not
}

// Slice does the next writes of a run, at most o.Most of them, and leaves it running; if none is
// left, it proves what is to be proven and ends the run as [Resume] does. The process keeps the
// sign-in, and what the guards said, for ten minutes at the most, in Host.Shared, which the caller
// sets and gives to every slice.
//
// Errors are those of Resume: batch.ErrSignIn, batch.ErrPermission, ErrRefused, batch.ErrOutage,
// journal's ErrLocked and so on; the run can be resumed. After Host.Stop it is batch.ErrStopped,
// with what was done; the run stays "running" for the next process, or if a person stopped it is
// "stopped", with a report. A slice that did Enough is no error. ErrPartial is none, either: see Counts.
func Slice(ctx context.Context, h *Host, o *SliceOptions) (s Sliced, err error) {
	ctx = journal.ForEngine(ctx)
	if h.Shared == nil {
		h.Shared = &Shared{}
		defer h.Shared.Close()
	}
	j := h.Shared.takeUp(o.RunName)
	fresh := j == nil
	if fresh {
		j = h.newJob(&o.Connection, &o.Execution)
	}
	j.Host, j.Connection, j.Execution, j.Yes = h, &o.Connection, &o.Execution, true
	j.undo, j.undone = nil, nil
	s, err = j.slice(ctx, o, fresh)
	j.close()
	if err == nil && !s.Finished {
		h.Shared.putDown(j)
	}
	return s, err
}

// takeUp gives the job that the last slice of the run in this process left, if there is one, to this
// slice alone.
func (s *Shared) takeUp(run string) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.slices[run]
	delete(s.slices, run)
	return j
}

func (s *Shared) putDown(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slices == nil {
		s.slices = map[string]*job{}
	}
	maps.DeleteFunc(s.slices, func(_ string, j *job) bool { return time.Since(j.asked) > 6*askAgain }) // other processes go on with those
	s.slices[j.run.Plan().Run] = j
}

// usualSlice is how many writes a slice has.
const usualSlice = 500

// askAgain is for how long what the guards said is taken for true.
const askAgain = 10 * time.Minute

func (j *job) slice(ctx context.Context, o *SliceOptions, fresh bool) (s Sliced, err error) {
	if fresh {
		if j.store, err = j.Shared.keep(ctx, j.Host, journal.Open, true); err != nil {
			return s, err
		}
		if j.run, err = j.store.Run(ctx, o.RunName); err != nil {
			return s, err
		}
	}
	if err := j.claim(ctx, o.Overtake); err != nil {
		if errors.Is(err, ErrNoneToResume) { // the process that brought it to its end died before it could say so
			return j.atEnd(ctx)
		}
		return s, err
	}
	j.Earlier, j.plan = true, j.run.Plan()
	j.About(j.plan)
	if j.stopped() {
		return s, j.halt(ctx, o)
	}
	recovered := make(chan error, 1) // which takes as long as a sign-in, in a run of thousands
	go func() {
		_, err := j.run.Recover(ctx)
		recovered <- err
	}()
	if fresh {
		err = j.signInFor(ctx, o)
	} else {
		err = j.readySignKey() // the host is of this slice, which may be the one that reports
	}
	if err := cmp.Or(<-recovered, err); err != nil {
		return s, err
	}
	j.tenant.heed(j.Stop)
	j.shareReads()
	if err := j.lockUndone(ctx); err != nil {
		return s, err
	}
	if j.guards = o.Guards; fresh || time.Since(j.asked) > askAgain {
		if err := j.guardSlice(ctx, o, fresh); err != nil {
			return s, err
		}
	}
	return j.writeSlice(ctx, o, fresh)
}

// claim locks the run that was found; [journal.Run.Recover] is the next thing to do. It is
// ErrNoneToResume for one that is at its end.
func (j *job) claim(ctx context.Context, overtake bool) error {
	if err := j.later(lockOf(j.run, overtake)); err != nil {
		return err
	}
	if err := j.run.Refresh(ctx); err != nil { // another process may have held it
		return err
	}
	return j.mayResume(ctx)
}

func lockOf(run *journal.Run, overtake bool) (unlock func() error, err error) {
	if overtake {
		return run.Overtake()
	}
	return run.Lock()
}

// atEnd tells of a run that is at its end.
func (j *job) atEnd(ctx context.Context) (Sliced, error) {
	sum, err := j.run.Summary(ctx)
	return Sliced{Finished: err == nil, Counts: sum.Counts}, err
}

// stopped reports whether no call may be made any more.
func (h *Host) stopped() bool {
	select {
	case <-h.Stop:
		return true
	default:
		return false
	}
}

// halt ends a slice that was stopped before it began.
func (j *job) halt(ctx context.Context, o *SliceOptions) error {
	if o.ByPerson == nil || !o.ByPerson() {
		return batch.ErrStopped
	}
	if _, err := j.run.Recover(ctx); err != nil {
		return err
	}
	if err := j.claimReport(); err != nil {
		return err
	}
	return j.finish(context.WithoutCancel(ctx), batch.ErrStopped)
}

// signInFor does what resume does before it locks the run.
func (j *job) signInFor(ctx context.Context, o *SliceOptions) error {
	if err := j.follow(j.plan, nothingMore); err != nil {
		return err
	}
	if err := j.Keep(j.plan); err != nil {
		return err
	}
	if err := refused(nothingMore, j.pace(), o.Guards.wrong(j.Host, j.plan.Resolve)); err != nil {
		return err
	}
	j.maxAge = o.MaxAge.Duration
	if err := j.enter(ctx, j.guarded(seedRun(j.run), o.Guards, j.plan.Terms.Guards)); err != nil {
		return err
	}
	if err := j.sameCaller(j.plan); err != nil {
		return err
	}
	return j.claimReport()
}

// guardSlice asks approvals and guards before the first write of a process, and again after a while.
func (j *job) guardSlice(ctx context.Context, o *SliceOptions, fresh bool) error {
	send, verify, err := j.run.Remaining(ctx)
	if err != nil {
		return err
	}
	if fresh {
		if err := j.mayDo(ctx, send, verify); err != nil {
			return err
		}
	}
	if err := j.guardRest(ctx, send, o.Approving, fresh); err != nil {
		return err
	}
	j.asked, j.maxAge = time.Now(), 0
	return nil
}

// ends are the errors of a run that end it as resume ends, resumable and with a report. After
// another one, such as that of a database, the run stays as it is for the next slice.
var ends = []error{batch.ErrStopped, batch.ErrSignIn, batch.ErrNotGraph, batch.ErrPermission, batch.ErrNotOffered, batch.ErrOutage}

func (j *job) writeSlice(ctx context.Context, o *SliceOptions, fresh bool) (s Sliced, err error) {
	most := cmp.Or(o.Most, usualSlice)
	if fresh { // nothing goes before all of them are read, and the worker that was here before has ended
		most = min(most, usualSlice)
	}
	next, err := j.run.Next(ctx, most)
	if err != nil {
		return s, err
	}
	last, err := j.run.LastCall(ctx)
	if err != nil {
		return s, err
	}
	p := &portion{next: next, begins: fresh || len(next) == 0 || j.run.State() != journal.Running, beat: o.Beat}
	if len(next) == 0 {
		if _, p.prove, err = j.run.Remaining(ctx); err != nil {
			return s, err
		}
	}
	_, runErr, err := j.write(ctx, last, len(next), p.prove, p)
	if err != nil {
		return s, err
	}
	s.Done, s.Counts, s.Throttled, s.AppWide = p.done(), p.counts(), p.paused, p.appWide
	cut := runErr != nil && (ctx.Err() != nil || j.stopped())
	byPerson := cut && o.ByPerson != nil && o.ByPerson()
	enough := cut && !byPerson && o.Enough != nil && o.Enough() && runErr.Error() == batch.ErrStopped.Error() // and nothing else happened
	ctx = context.WithoutCancel(ctx)
	switch {
	case enough:
	case cut && !byPerson:
		return s, runErr // the next process goes on
	case errors.Is(runErr, batch.ErrLate) && s.Done > 0:
	case runErr == nil && len(next) > 0:
	case runErr == nil, byPerson, slices.ContainsFunc(ends, func(end error) bool { return errors.Is(runErr, end) }):
		err := j.finish(ctx, runErr)
		if j.run.State() != journal.Finished {
			return s, err
		}
		if err == ErrPartial {
			err = nil
		}
		done, unread := j.atEnd(ctx)
		s.Finished, s.Counts = done.Finished, done.Counts
		return s, errors.Join(err, unread)
	default:
		return s, runErr
	}
	s.Left, s.ToProve, err = j.run.Remaining(ctx)
	return s, err
}

// portion is what one slice does of a run. It sees the records of the slice pass.
type portion struct {
	begins bool            // a session: the journal keeps who carries the run out
	next   []batch.Pending // the writes; none: it proves what is left, and ends the run
	prove  int
	beat   func(done int)

	are     map[batch.Mark]bool          // the writes
	ended   map[batch.Mark]batch.Outcome // of them
	paused  time.Duration
	appWide bool
}

// told tells how many have ended.
func (p *portion) told() {
	if p != nil && p.beat != nil {
		p.beat(p.done())
	}
}

// pauses takes how long an app must wait.
func (p *portion) pauses(left time.Duration, appWide bool) {
	if p != nil && left > p.paused {
		p.paused, p.appWide = left, appWide
	}
}

func (p *portion) done() int { return len(p.ended) }

func (p *portion) counts() map[batch.Outcome]int {
	n := map[batch.Outcome]int{}
	for _, o := range p.ended {
		n[o]++
	}
	return n
}

// narrow has the runner do no more than the slice. A proof that does not come at once is left to the
// last slice, but for what is needed to go on with a user.
func (p *portion) narrow(ctx context.Context, run *journal.Run, r *batch.Runner) error {
	if p == nil {
		return nil
	}
	p.are, p.ended = map[batch.Mark]bool{}, map[batch.Mark]batch.Outcome{}
	r.Journal = counting{r.Journal, p}
	if len(p.next) == 0 {
		return nil
	}
	var seqs []int
	for _, w := range p.next {
		p.are[w.Item.Mark()] = true
		seqs = append(seqs, w.Item.User.Seq)
	}
	r.Leave, r.Pending, r.Unproven, r.Unsuccessful = true, each(p.next), nil, nil
	if !batch.Several(r.Steps) {
		return nil
	}
	slices.Sort(seqs)
	lines, err := run.Of(ctx, slices.Compact(seqs))
	if err != nil {
		return err
	}
	unproven, failed := batch.Before(r.Steps, lines)
	r.Unproven, r.Unsuccessful = each(unproven), each(failed)
	return nil
}

// each gives the values one after the other.
func each[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
	}
}

// counting is a journal that a portion sees the records of.
type counting struct {
	batch.Journal
	by *portion
}

// Write implements batch.Journal.
func (s counting) Write(ctx context.Context, e batch.Entry) error {
	if err := s.Journal.Write(ctx, e); err != nil {
		return err
	}
	for _, k := range e.Records {
		if s.by.are[k.Mark()] {
			s.by.ended[k.Mark()] = k.Outcome
		}
	}
	return nil
}

// GiveUp ends the next writes of a run, at most so many, as gave_up with the cause, which may hold
// no secret and no name. It is for a slice that fails for good, so that a process that has the run's
// lock is put out as by Overtake of a slice; n is how many writes ended.
func GiveUp(ctx context.Context, h *Host, run string, most int, cause string) (n int, err error) {
	ctx = journal.ForEngine(ctx)
	j := h.newJob(&Connection{}, &Execution{})
	defer j.close()
	if err := j.openRun(ctx, journal.Open, run); err != nil {
		return 0, err
	}
	if err := j.claim(ctx, true); err != nil {
		return 0, err
	}
	if _, err := j.run.Recover(ctx); err != nil {
		return 0, err
	}
	next, err := j.run.Next(ctx, most)
	if err != nil {
		return 0, err
	}
	var e batch.Entry
	for _, w := range next {
		e.Records = append(e.Records, w.GaveUp(time.Now(), cause))
	}
	return len(next), j.run.Write(ctx, e)
}

// Audited is whether every row of a run has its result.
type Audited struct {
	Rows  int // of the input
	Ended int // of them, those with exactly one result that is no open one
}

// Audit reads the whole run once more, plan and records, and counts. A journal that does not hold
// exactly the rows of the plan is an error.
func Audit(ctx context.Context, h *Host, run string) (a Audited, err error) {
	j := h.newJob(&Connection{}, &Execution{})
	defer j.close()
	if err := j.openRun(ctx, journal.OpenToRead, run); err != nil {
		return a, err
	}
	for l, err := range j.run.Lines(ctx) {
		if err != nil {
			return Audited{}, err
		}
		a.Rows++
		if !l.Record.Outcome.Open() { // it was sent, and its answer was seen
			a.Ended++
		}
	}
	return a, nil
}
