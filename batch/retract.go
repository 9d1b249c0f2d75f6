package batch

import (
	"slices"
	"strings"
	"time"
)

// A read shows more than what it was made for: the proof of a revocation shows
// whether the account is enabled, that of one membership all others, and that of a device
// what became of it for every user of the run who has it. What was proven
// and is shown as before the run again is proven no longer: somebody, or a sync, took it
// back, or the read came from a replica that lags. Its proof is retracted: it is unverified,
// and is read again until the directory shows it done twice in a row. If that has not come
// when the time for a proof is up, it has failed.
//
// This ends, however often reads differ: of a user's memberships one is read at a time, and
// that read stands for all of them. What such a read shows is retracted once, and what is
// retracted again keeps its first deadline. So there are at most as many retractions as
// other reads, and each makes a few reads until its deadline.

// retraction is what is read again of a user, all of it told by one question.
type retraction []*retracted

// retracted is a proof that was taken back.
type retracted struct {
	Item
	was     Record    // as it was proven
	record  Record    // what is said until it is over
	until   time.Time // then it has failed
	held    int       // reads in a row that show it done again
	counted bool      // among what this Run settled
	over    bool
}

// enough is how many reads in a row bring a proof back: one alone may come from a replica
// that lags, too.
const enough = 2

// The beginnings of reasons of what is retracted, by which a resume knows it, and the
// beginning of those of what was proven and has failed since.
const (
	provenBut = "accepted and proven, but "
	soBut     = "it was so before the run, but "
	backSince = "taken back since: "
)

// wasSo reports whether no call of the run did what is retracted.
func (rec Record) wasSo() bool { return strings.HasPrefix(rec.Reason, soBut) }

// retracted reports whether the record is of a proof that was taken back, and is read again.
func (rec Record) retracted() bool {
	return rec.Outcome == Unverified && (rec.wasSo() || strings.HasPrefix(rec.Reason, provenBut))
}

// retract is the record of what was proven, or was so before the run, and is shown
// otherwise since.
func (it Item) retract(now time.Time, was Record, shown string) Record {
	rec, but := was, provenBut
	if was.Outcome == Already {
		but = soBut
	}
	rec.Outcome, rec.Shown, rec.SettledAt = Unverified, shown, now
	rec.Reason = but + "the directory shows it " + shown + " again"
	if (Write{it.Target, rec}).MayReturn(it.User) {
		rec.Reason += "; disable it in Active Directory"
	}
	return rec
}

// proven is the record from before the proof was retracted, as far as that can be told.
func (it Item) proven(rec Record) Record {
	rec.SettledAt = time.Time{} // when that was is not known: it counts from when it is shown again
	switch so := rec.wasSo(); {
	case so && it.Step == Disable:
		rec.Outcome, rec.Reason = Already, whyAlready("account", it.User.Synced)
	case so:
		rec.Outcome, rec.Reason = Already, whyFound
	default:
		rec.Outcome, rec.Reason = Verified, ""
	}
	return rec
}

// question names what is asked to read the item back: the answer about one membership tells
// of all of them.
func (it Item) question() Mark {
	m := it.Mark()
	if it.inGroup() {
		m.Step, m.Target = Groups, ""
	}
	return m
}

// lookAround holds what a read shows of other writes, of the user or of others who have the
// same device, against their records.
func (r *Runner) lookAround(now time.Time, t task, reply Reply) error {
	if c, _ := classify(reply); c != accepted || r.Known == nil || !r.feed.several {
		return nil
	}
	var seqs []int
	if t.tells(r.Steps, reply) {
		seqs = []int{t.User.Seq}
	} else if t.Step.ofDevices() && t.again(reply) != "" {
		var err error
		if seqs, err = r.sharers(t.Item); err != nil {
			return err
		}
	}
	for _, seq := range seqs {
		line, err := r.Known(seq)
		if err != nil {
			return err
		}
		if !line.Whole {
			r.holdAgainst(now, t, reply, line)
		}
	}
	return nil
}

// sharers are the users of the run who have the item's target, where there are several.
func (r *Runner) sharers(it Item) (seqs []int, err error) {
	if _, known := r.sharing[it.Step]; !known && r.Shared != nil {
		if r.sharing == nil {
			r.sharing = map[Step]map[string][]int{}
		}
		if r.sharing[it.Step], err = r.Shared(it.Step); err != nil {
			return nil, err
		}
	}
	return r.sharing[it.Step][it.Target.ID], nil
}

// holdAgainst retracts what the line's user had proven, and the read shows otherwise.
func (r *Runner) holdAgainst(now time.Time, t task, reply Reply, line Line) {
	for _, w := range line.Writes {
		for _, rec := range r.entry.Records { // not in the journal yet
			if rec.Mark() == w.Record.Mark() {
				w.Record = rec
			}
		}
		it := Item{User: line.User, Step: w.Target.Step, Target: w.Target}
		if shown := it.again(reply); shown != "" && it.Mark() != t.Mark() && (w.Record.Outcome == Verified || w.Record.Outcome == Already) {
			r.retract(now, t, it, w.Record, shown)
		}
	}
}

// retract takes a proof back that the read t shows otherwise.
func (r *Runner) retract(now time.Time, t task, it Item, was Record, shown string) {
	q := it.question()
	all := r.retractions[q]
	if all == nil {
		all = &retraction{}
		r.retractions[q] = all
		r.verify.queue.put(task{Item: it, due: now.Add(pollWait(2)), retraction: all})
	}
	i := slices.IndexFunc(*all, func(p *retracted) bool { return p.Mark() == it.Mark() })
	switch {
	case i < 0:
		// What was settled by a session before, or by the plan, is not counted.
		counted := !was.SettledAt.Before(r.began) && r.state.Counts[was.Outcome] > 0
		i, *all = len(*all), append(*all, &retracted{Item: it, until: now.Add(r.VerifyTimeout), counted: counted})
	case t.retraction != nil:
		return
	}
	p := (*all)[i]
	p.was, p.record, p.held, p.over = was, it.retract(now, was, shown), 0, false
	r.entry.Records = append(r.entry.Records, p.record)
	if p.counted {
		r.state.Counts[was.Outcome]--
	}
	r.state.Proving++
	r.feed.retract(it.Mark())
}

// readRetracted takes one more read of what is retracted.
func (r *Runner) readRetracted(now time.Time, t task, reply Reply) {
	c, _ := classify(reply)
	said, _, _, trouble := t.judge(time.Time{}, reply)
	wait, good := pollWait(t.polls+1), c == accepted && !trouble
	if good {
		t.polls++
		t.trial, said = Trial{}, ""
	} else {
		if c != accepted {
			said = describe(reply)
		}
		wait = max(reply.RetryAfter, min(pollWait(t.trial.Attempts), troubleCap))
	}
	r.verify.said = said
	asked, best := t.Item, -1
	due := now.Add(wait)
	for _, p := range *t.retraction {
		if p.over {
			continue
		}
		failed, rank := false, 0 // whom to ask next: first of whom this read tells nothing, then who is shown done, since that list is whole
		done, shown := p.seenIn(asked, reply)
		switch {
		case !good:
			failed = c == final || !now.Before(p.until.Add(r.VerifyTimeout)) && t.trial.Attempts+t.trial.Throttles >= r.Retry.Attempts
		case done:
			p.held++
			p.was.Shown, rank = shown, 1
		case shown == "" && p.Mark() != asked.Mark():
			rank = 2
		default:
			if p.held = 0; shown != "" {
				p.record = p.retract(now, p.was, shown)
			}
			failed = !now.Before(p.until)
		}
		switch {
		case failed:
			p.record.Outcome, p.record.SettledAt = Failed, now
			if p.record.Reason = strings.Replace(p.record.Reason, provenBut, backSince, 1); !good {
				p.record.Reason += "; since then it could not be read: " + said
			}
			r.retractionOver(now, p, p.record)
		case p.held >= enough:
			r.retractionOver(now, p, p.was)
		default:
			if rank > best {
				best, t.Item = rank, p.Item
			}
			if now.Before(p.until) && due.After(p.until) {
				due = p.until
			}
		}
	}
	if best < 0 {
		if q := asked.question(); r.retractions[q] == t.retraction {
			delete(r.retractions, q)
		}
		return
	}
	t.due = due
	r.verify.queue.put(t)
}

// seenIn says whether an answer about another item of the question shows it done, and the
// state that it shows; "" where it does not tell.
func (p *retracted) seenIn(asked Item, reply Reply) (done bool, shown string) {
	if p.Mark() == asked.Mark() {
		why, _, shown, _ := p.judge(time.Time{}, reply)
		return why == "", shown
	}
	if shown = p.again(reply); shown == "" && p.inGroup() && reply.Shown != nil && reply.Shown.State == StateGone { // the list is whole
		return true, StateGone
	}
	return false, shown
}

// retractionOver writes the last word on what was retracted.
func (r *Runner) retractionOver(now time.Time, p *retracted, rec Record) {
	p.over = true
	r.state.Proving--
	if rec.SettledAt.IsZero() {
		rec.SettledAt = now
	}
	r.entry.Records = append(r.entry.Records, rec)
	if p.counted {
		r.state.Counts[rec.Outcome]++
	}
	r.feed.proven(now, rec)
}

// unproven is the task of reading back what a session before left unverified.
func (r *Runner) unproven(a Unproven) task {
	now := time.Now()
	r.state.Proving++
	t := r.readBackTask(now, a.Item, a.Record)
	if a.Record.retracted() {
		t.retraction = &retraction{{Item: a.Item, was: a.Item.proven(a.Record), record: a.Record, until: t.until, counted: true}}
	}
	return t
}

// retract keeps back those writes of the user that need the proof.
func (f *feed) retract(m Mark) {
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
