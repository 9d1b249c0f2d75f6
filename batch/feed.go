package batch

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"
)

// feed hands the writes of a plan to the queues of their steps, in the order of
// sending. A user has one write under way at a time: the next one leaves when the record
// of the one before is about to be durable, in the same commit. So no batch has two items
// about one user, and no step is sent before the steps in front of it were.
type feed struct {
	next    func() (Pending, bool, error)
	over    bool    // next has no more
	pulled  Pending // and not let in yet; without a Seq there is none
	front   task    // let in, and of a step that was not asked for yet; without a Seq there is none
	several bool    // a user may have more than one write
	proofs  bool    // what was accepted is proven

	// Holders of privileged roles stand first in the plan, with all urgent steps. As long
	// as these are pulled, first is true; nothing else is let in before all of them have
	// ended, but for those of users in trouble: one user must not hold up all others.
	first bool
	ahead map[int]int  // how many have not ended, by Seq
	late  map[int]bool // users in trouble, by Seq

	busy    map[int]*turn
	stopped map[int][]failure // by Seq
	spaced  map[int]time.Time
	open    int // writes left without a record, since a proof that they need may still come
	steps   map[Step]*queue
	reread  func(t task) // a write that may have arrived already is read first
	end     func(Record) // a write that is not sent
}

// turn is a user with a write under way, and those of the same user that wait for it.
type turn struct {
	waiting []task
	proving map[Step]bool // accepted, and to be proven yet
	idle    bool          // no write is under way: the first one waiting waits for a proof
}

// failure is a step that ended without success, and what that means for those that need it.
type failure struct {
	step    Step
	outcome Outcome
}

// fresh gives the next write of a step; ok is false when the next one is of another step,
// and more says whether one of this step may come later.
func (f *feed) fresh(s Step) source {
	return func() (task, bool, bool, error) {
		for f.front.User.Seq == 0 && !f.over {
			if err := f.pull(); err != nil || f.over {
				return task{}, false, false, err
			}
			if !f.first && len(f.ahead) > 0 {
				return task{}, false, true, nil
			}
			t := task{Item: f.pulled.Item, trial: f.pulled.Trial}
			f.pulled.Item.User.Seq = 0
			switch {
			case !f.admit(&t):
			case t.due.After(time.Now()):
				f.steps[t.Step].put(t)
			default:
				f.front = t
			}
		}
		if f.front.User.Seq == 0 || f.front.Step != s {
			return task{}, false, !f.over || f.front.User.Seq != 0, nil
		}
		t := f.front
		f.front.User.Seq = 0
		return t, true, true, nil
	}
}

// pull takes the next write of the plan, unless one waits to be let in.
func (f *feed) pull() error {
	if f.pulled.Item.User.Seq != 0 {
		return nil
	}
	p, ok, err := f.next()
	if err != nil || !ok {
		f.over = err == nil
		return err
	}
	if f.steps[p.Item.Step] == nil { // it would wait for ever
		return fmt.Errorf("the plan has no step %q, and user %d is to have it", p.Item.Step, p.Item.User.Seq)
	}
	f.pulled = p
	f.first = f.first && p.Item.User.Privileged && p.Item.Step.Urgent()
	if seq := p.Item.User.Seq; f.first && !f.late[seq] {
		f.ahead[seq]++
	}
	return nil
}

// trouble takes that a write of the user was answered, and has not ended.
func (f *feed) trouble(seq int) {
	delete(f.ahead, seq)
	if f.first {
		f.late[seq] = true
	}
}

// admit reports whether the write may leave now. If not, it waits for another one of its
// user, or has ended.
func (f *feed) admit(t *task) bool {
	if !f.several {
		return true
	}
	seq := t.User.Seq
	u := f.busy[seq]
	if u == nil {
		u = &turn{idle: true}
		f.busy[seq] = u
	}
	u.waiting = append(u.waiting, *t)
	if !u.idle || len(u.waiting) > 1 {
		return false
	}
	next, ok := f.turnOf(seq)
	*t = next
	return ok
}

// remember takes what became of writes in the sessions before.
func (f *feed) remember(records iter.Seq2[Record, error]) error {
	if records == nil || !f.several {
		return nil
	}
	for rec, err := range records {
		switch {
		case err != nil:
			return err
		case rec.Outcome != Unverified, !f.proofs:
			f.bar(rec)
		case f.busy[rec.Seq] == nil:
			f.busy[rec.Seq] = &turn{idle: true, proving: map[Step]bool{rec.Step: true}}
		default:
			f.busy[rec.Seq].proving[rec.Step] = true
		}
	}
	return nil
}

// ended takes the record of a write of the user, or that it was accepted and its proof is
// to come, and lets the next write of the user go.
func (f *feed) ended(now time.Time, rec Record, proving bool) {
	if !f.several {
		return
	}
	if n := f.ahead[rec.Seq]; n > 1 {
		f.ahead[rec.Seq]--
	} else {
		delete(f.ahead, rec.Seq)
	}
	u := f.busy[rec.Seq]
	switch {
	case proving:
		if u.proving == nil {
			u.proving = map[Step]bool{}
		}
		u.proving[rec.Step] = true
	case rec.Outcome.Kind() != Success:
		f.bar(rec)
	}
	if gap := rec.Step.rule().spacing; gap > 0 {
		f.space(now, rec.Seq, gap)
	}
	f.goOn(now, rec.Seq)
}

// proven takes the record of a write that was accepted before.
func (f *feed) proven(now time.Time, rec Record) {
	if !f.several {
		return
	}
	u := f.busy[rec.Seq]
	if rec.Outcome.Kind() != Success {
		f.bar(rec)
	}
	if u == nil { // accepted by a process before
		return
	}
	delete(u.proving, rec.Step)
	if u.idle {
		f.goOn(now, rec.Seq)
	}
}

// bar keeps a step that did not end in success, if other steps ask for that.
func (f *feed) bar(rec Record) {
	for s := range f.steps {
		if slices.Contains(s.rule().stoppedBy, rec.Step) {
			f.stopped[rec.Seq] = append(f.stopped[rec.Seq], failure{rec.Step, rec.Outcome})
			return
		}
	}
}

// barred gives the record of a write that is not sent, since a step in front of it did
// not end in success.
func (f *feed) barred(t task) (Record, bool) {
	for _, s := range f.stopped[t.User.Seq] {
		if !slices.Contains(t.Step.rule().stoppedBy, s.step) {
			continue
		}
		o := Failed
		if s.outcome == Ineffective || s.outcome == NotPossible {
			o = NotPossible
		}
		rec := record(t.trial, time.Now(), o, fmt.Sprintf("not tried, since the step %s ended %s; another run may change that once the account is disabled", s.step, s.outcome))
		rec.Seq, rec.Step, rec.Target = t.User.Seq, t.Step, t.Target.ID
		return rec, true
	}
	return Record{}, false
}

// unproven reports whether all that keeps the user's writes from being sent is a proof that
// may still come.
func (f *feed) unproven(seq int) bool {
	return f.proofs && !slices.ContainsFunc(f.stopped[seq], func(s failure) bool { return s.outcome != Unverified })
}

// goOn lets the next write of a user go to the queue of its step.
func (f *feed) goOn(now time.Time, seq int) {
	f.busy[seq].idle = true
	if t, ok := f.turnOf(seq); ok {
		t.due = cmp.Or(t.due, now)
		f.steps[t.Step].put(t)
	}
}

// turnOf takes the next write of an idle user, if there is one and it can leave: if it
// needs a proof, that has come; and if it may have arrived already, it is not sent
// before that was read. A user without any is not busy any more.
func (f *feed) turnOf(seq int) (task, bool) {
	u := f.busy[seq]
	for len(u.waiting) > 0 {
		t := u.waiting[0]
		for s := range u.proving {
			if slices.Contains(t.Step.rule().stoppedBy, s) {
				return task{}, false
			}
		}
		u.waiting = u.waiting[1:]
		if rec, barred := f.barred(t); barred {
			if f.unproven(rec.Seq) {
				f.open++ // a resume reads once more, and sends it when the proof has come
			} else {
				f.end(rec)
			}
			continue
		}
		u.idle = false
		if t.trial.Doubt && t.Step.rule().rereads {
			f.reread(t)
			return task{}, false
		}
		if t.Step.rule().spacing > 0 {
			t.due = f.spaced[seq]
		}
		return t, true
	}
	if len(u.proving) == 0 {
		delete(f.busy, seq)
	}
	return task{}, false
}

// LateProof is what groups and licences wait for in a run that stops before its end though
// nobody stopped it, and what to do.
const LateProof = "the proof that the account is disabled, which has not come yet: resume reads it again, and sends them once it has come"

// ErrLate is ErrStopped, for the reason that a write waits for a proof that has not come.
var ErrLate = fmt.Errorf("%w", ErrStopped)

// left is an error if a write still waits, or was left open: a run must not look whole
// without it.
func (f *feed) left() error {
	for seq, u := range f.busy {
		if len(u.waiting) > 0 {
			return fmt.Errorf("the step %s of user %d waits for another one that never ended; resume the run, and report this as a mistake of offboard", u.waiting[0].Step, seq)
		}
	}
	if f.open > 0 {
		return fmt.Errorf("%w: %s of groups and licences %s for %s", ErrLate, Plural(f.open, "write"), Agree(f.open, "waits", "wait"), LateProof)
	}
	return nil
}

// space keeps the next write to things of a user off for a while. Times that have passed
// are forgotten.
func (f *feed) space(now time.Time, seq int, gap time.Duration) {
	if len(f.spaced) > 1000 {
		for s, until := range f.spaced {
			if !until.After(now) {
				delete(f.spaced, s)
			}
		}
	}
	f.spaced[seq] = now.Add(gap)
}
