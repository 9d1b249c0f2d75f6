package batch

import (
	"strings"
	"time"
)

// A read shows more of a user than what it was made for: the proof of a revocation shows
// whether the account is enabled, and that of one membership all others. What was proven
// and is shown as before the run again is proven no longer: somebody, or a sync, took it
// back, or the read came from a replica that lags. It is read again until the directory
// shows it done twice in a row, or the time for a proof is up.

// doubt is why a proven write is read again.
type doubt struct {
	was  Record // as it was proven
	held int    // reads in a row that show it done again
}

// enough is how many reads in a row settle a doubt: one alone may come from a replica that
// lags, too.
const enough = 2

// lookAround holds what a read shows of other writes of the user against their records.
func (r *Runner) lookAround(now time.Time, t task, reply Reply) error {
	if c, _ := classify(reply); c != accepted || r.Known == nil || !r.feed.several || !t.tells(r.Steps, reply) {
		return nil
	}
	line, err := r.Known(t.User.Seq)
	if err != nil {
		return err
	}
	for _, w := range line.Writes {
		for _, rec := range r.entry.Records { // not in the journal yet
			if rec.Mark() == w.Record.Mark() {
				w.Record = rec
			}
		}
		it := Item{User: line.User, Step: w.Target.Step, Target: w.Target}
		if shown := it.again(reply); shown != "" && it.Mark() != t.Mark() && (w.Record.Outcome == Verified || w.Record.Outcome == Already) {
			r.doubt(now, it, w.Record, shown)
		}
	}
	return nil
}

// doubt takes a proof back, and reads the write again.
func (r *Runner) doubt(now time.Time, it Item, was Record, shown string) {
	t := r.readBackTask(now, it, was.TakenBack(now, shown))
	t.due, t.doubt = now.Add(pollWait(2)), &doubt{was: was}
	r.entry.Records = append(r.entry.Records, t.record)
	if r.state.Counts[was.Outcome] > 0 { // else it was counted by a session before
		r.state.Counts[was.Outcome]--
	}
	r.state.Proving++
	r.feed.doubt(it.Mark())
	r.verify.queue.put(t)
}

// TakenBack is the record of a write that was proven, or was so before the run, and that
// the directory shows otherwise since. What a call of the run changed can be proven yet.
func (rec Record) TakenBack(now time.Time, shown string) Record {
	rec.Reason, rec.Shown, rec.SettledAt = rec.before()+"the directory shows it "+shown+" again", shown, now
	if rec.Outcome = Unverified; rec.Accepted.IsZero() && !rec.Doubt {
		rec.Outcome = Failed
	}
	return rec
}

// before says how a write was before it was taken back.
func (rec Record) before() string {
	if rec.Outcome == Already || rec.Outcome == Failed {
		return "it was so before the run, but "
	}
	return "accepted and proven, but "
}

// settleDoubt takes one more read of a proven write: why is empty when it shows it done. It
// reports whether the doubt is over.
func (r *Runner) settleDoubt(now time.Time, t *task, why string) bool {
	if why != "" {
		t.doubt.held = 0
		t.record.Reason = t.record.before() + strings.Replace(why, "still shows it "+t.record.Shown, "shows it "+t.record.Shown+" again", 1)
		return false
	}
	if t.doubt.held++; t.doubt.held < enough {
		return false
	}
	shown := t.record.Shown
	t.record = t.doubt.was
	t.record.Shown = shown
	return true
}

// doubt keeps back those writes of the user that need the proof.
func (f *feed) doubt(m Mark) {
	u := f.busy[m.Seq]
	if u == nil {
		u = &turn{idle: true}
		f.busy[m.Seq] = u
	}
	if u.proving == nil {
		u.proving = map[Step]bool{}
	}
	u.proving[m.Step] = true
}
