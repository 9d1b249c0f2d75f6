package batch

import (
	"cmp"
	"context"
	"time"
)

// unread says of the users whose proof was awaited when the run stopped that it was
// cut short: a resumed run reads them back.
func (r *Runner) unread(ctx context.Context) error {
	if r.verify == nil {
		return nil
	}
	for _, t := range r.verify.queue.waitingTasks() {
		if t.reread != nil || t.retraction != nil { // a resume reads the one before it sends it, and the other is unverified in the journal
			continue
		}
		if t.polls+t.trial.Attempts+t.trial.Throttles == 0 {
			t.record.Reason = "accepted; the run was stopped before it was read back"
		} else {
			t.record.Reason += "; the run was stopped before the time for that was up"
		}
		r.entry.Records = append(r.entry.Records, t.record)
	}
	return r.commit(ctx, nil, nil)
}

// onlyProofs reports whether all that is left are proofs of accepted writes, which may be left.
// What is read before it is sent, or for which another write waits, is none.
func (r *Runner) onlyProofs() bool {
	if !r.Leave || r.verify == nil || r.verify.queue.fresh != nil || len(r.retractions) > 0 {
		return false
	}
	for _, ln := range r.loop.lanes {
		if ln != r.verify && !ln.empty() {
			return false
		}
	}
	for _, t := range append(r.verify.queue.waitingTasks(), r.verify.queue.head...) {
		if t.reread != nil {
			return false
		}
	}
	for _, u := range r.feed.busy {
		if len(u.waiting) > 0 {
			return false
		}
	}
	return true
}

// readBackTask is the task of reading back what the item changes.
func (r *Runner) readBackTask(now time.Time, it Item, rec Record) task {
	return task{Item: it, record: rec, until: now.Add(r.VerifyTimeout), due: now}
}

// prove holds what was read back against the record. Until the deadline, "not
// yet" is no failure: reads may come from a replica that lags. A read that
// failed, or that brought another user, says nothing of the stamp, so a user who got only such has as long
// again, and as many reads as the retry policy gives attempts: the lane may have
// been too slow for more than one or two.
func (r *Runner) prove(now time.Time, t task, reply Reply) {
	r.failed = cmp.Or(r.failed, r.lookAround(now, t, reply))
	switch {
	case t.reread != nil:
		r.rereadAnswer(now, t, reply)
		return
	case t.retraction != nil:
		r.readRetracted(now, t, reply)
		return
	}
	c, _ := classify(reply)
	why, after, shown, trouble := t.judge(t.record.Accepted, reply)
	deadline, wait := t.until, pollWait(t.polls)
	switch {
	case c == accepted && !trouble:
		r.verify.said = ""
		t.record.After, t.record.Shown = after, shown
		if why == "" {
			if t.record.Outcome, t.record.Reason = Verified, ""; reply.User != nil {
				t.record.Reason = reply.User.shownBy()
			}
			r.proofOver(now, t.record)
			return
		}
		t.polls++
		t.trial = Trial{}
		t.record.Reason = "accepted, but " + why
	case c == final:
		t.record.Reason = "accepted, but the read-back was refused: " + describe(reply)
		r.proofOver(now, t.record)
		return
	default:
		if c != accepted {
			why = describe(reply)
		}
		deadline = deadline.Add(r.VerifyTimeout)
		wait = max(reply.RetryAfter, min(pollWait(t.trial.Attempts), troubleCap))
		r.verify.said = why
		t.record.Reason = "accepted, but the read-back met trouble: " + why
	}
	tries := t.trial.Attempts + t.trial.Throttles // since a read went well
	if !now.Before(deadline) && (tries == 0 || tries >= r.Retry.Attempts) {
		r.proofOver(now, t.record)
		return
	}
	t.due = now.Add(wait)
	if now.Before(deadline) && t.due.After(deadline) {
		t.due = deadline
	}
	r.verify.queue.put(t)
}

// proofOver writes the record of a user whose proof has come, or will not come.
func (r *Runner) proofOver(now time.Time, rec Record) {
	rec.SettledAt = now
	r.state.Proving--
	r.write(rec)
	r.feed.proven(now, rec)
}

// troubleCap is the longest wait after a read-back, or the page of a list, that failed.
const troubleCap = 4 * time.Second

// pollWait is how long to wait before reading a stamp again: often at first,
// when most of them show, then every 15 seconds.
func pollWait(polls int) time.Duration {
	return min(15*time.Second, time.Second<<min(polls, 4))
}
