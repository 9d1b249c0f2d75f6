package batch

import (
	"cmp"
	"slices"
	"time"
)

// Some writes must not be repeated blindly: to remove a membership that is gone already
// is refused with 404, as it is for a user who is no more. Where such a write may have
// arrived, its target is read first. What is so by then is verified when a call of ours
// may have done it, and already when none did.

// reread is why a write is read before it is sent again, or before its refusal is believed.
type reread struct {
	refusal Reply // zero: there is none
	write   task  // as it goes on after the read
}

// mayBeDone reports whether a refusal of the write may mean that its target is so
// already.
func (it Item) mayBeDone(r Reply) bool {
	return slices.Contains(it.Step.rule().doneWhen, r.Status)
}

// reread reads the target before the write is sent again, or before the refusal is
// believed: a zero reply is none.
func (r *Runner) reread(now time.Time, t task, refusal Reply) {
	// The read has its own trial and waits in no queue of writes, or a call of reads that
	// fails would be sent as one of writes.
	r.verify.queue.put(task{Item: t.Item, due: t.due, reread: &reread{refusal, t}, until: now.Add(r.VerifyTimeout)})
}

// rereadAnswer takes what was read.
func (r *Runner) rereadAnswer(now time.Time, t task, reply Reply) {
	write, refusal := t.reread.write, t.reread.refusal
	c, _ := classify(reply)
	why, _, shown, trouble := t.judge(time.Time{}, reply)
	if c == accepted && !trouble && shown != "" {
		if why != "" && refusal.Status == 404 && now.Before(t.until) { // the refusal says that it is gone: the read lags
			t.polls++
			t.trial = Trial{}
			t.due = now.Add(pollWait(t.polls))
			r.verify.queue.put(t)
			return
		}
		switch {
		case why == "":
			r.foundDone(now, write, shown)
		case refusal.Status != 0:
			v := r.Retry.Decide(write.trial, refusal, 0)
			if v.Outcome == NotFound || v.Outcome == Invalid {
				v.Outcome = Failed
			}
			r.settled(now, record(write.trial, now, v.Outcome, v.Reason))
		default:
			write.due = now // still in doubt: the read may have lagged, and the refusal of the repeat would be our own doing
			q := cmp.Or(write.home, r.queues[write.Step])
			if write.alone {
				q.halve(now, []task{write})
				return
			}
			q.put(write)
		}
		return
	}
	tries := t.trial.Attempts + t.trial.Throttles
	if c == final || !now.Before(t.until) && tries >= r.Retry.Attempts {
		if c != accepted {
			why = describe(reply)
		}
		r.settled(now, record(write.trial, now, GaveUp, "it is not known whether an earlier call did it, and it could not be read before it is sent again: "+why))
		return
	}
	t.due = now.Add(max(reply.RetryAfter, min(pollWait(t.trial.Attempts), troubleCap)))
	r.verify.queue.put(t)
}

// whyFound is why a write is already so that was to be sent.
const whyFound = "the directory shows it, and no call of this run did it"

// foundDone ends a write whose target is so already.
func (r *Runner) foundDone(now time.Time, t task, shown string) {
	o, why := Already, whyFound
	if t.trial.Doubt && shown == t.Step.rule().proof {
		o, why = Verified, "the directory shows it; the call whose answer was lost did it"
	}
	rec := record(t.trial, now, o, why)
	rec.Shown = shown
	r.settled(now, rec)
}
