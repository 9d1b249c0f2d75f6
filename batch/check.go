package batch

import (
	"cmp"
	"context"
	"iter"
	"time"
)

// Checker reads back what the writes of a run changed, each once, and judges what it sees as
// the run itself did. It writes nothing. Set the fields, then call Check once.
type Checker struct {
	Prover Prover
	Reads  Gate
	Claims iter.Seq2[Unproven, error] // writes, with what the run has recorded of them

	// Told is told of each claim why it does not hold, or ""; Shown and After of the
	// record are what was read.
	Told func(claim Unproven, why string)

	Needs       string // the permissions that the read-backs take
	User        bool   // a user is signed in, and no app of its own
	Concurrency int
	Retry       RetryPolicy
	CallTimeout time.Duration
	Outage      time.Duration
	Until       Deadline
	Stop        <-chan struct{}
	Progress    func(Trouble) // told after every call; may be nil
}

// Check returns nil when every claim was told, or the error that ended it.
func (c *Checker) Check(ctx context.Context) error {
	next, stop := pull(c.Claims)
	defer stop()
	ln := &lane{
		name: "read-back", missing: missingToRead(c.Needs, c.User), call: c.Prover.Show, first: true,
		road: &road{gate: c.Reads, workers: c.Concurrency}, queue: &queue{}, note: func(Trial) {},
	}
	ln.queue.fresh = untilOver(next, func(a Unproven) task { return task{Item: a.Item, record: a.Record} })
	ln.settle = func(now time.Time, t task, reply Reply) {
		if why, again, over := c.judge(now, &t, reply); over {
			c.Told(Unproven{t.Item, t.record}, why)
		} else {
			ln.said, t.due = why, now.Add(again)
			ln.queue.put(t)
		}
	}
	lp := &loop{
		lanes: []*lane{ln}, timeout: c.CallTimeout, outage: c.Outage, until: c.Until, stop: c.Stop,
		commit: func(context.Context, []Call, []int) error { return nil },
	}
	lp.told = func(now time.Time) {
		if c.Progress != nil {
			c.Progress(lp.trouble(now))
		}
	}
	err := lp.run(ctx)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return cmp.Or(err, stopped(c.Stop, c.Until, time.Now()))
}

// judge says why the claim does not hold, or that it is to be read again.
func (c *Checker) judge(now time.Time, t *task, reply Reply) (why string, again time.Duration, over bool) {
	why, after, shown, trouble := t.judge(t.record.Accepted, reply)
	if k, _ := classify(reply); k == accepted && trouble {
		reply = Reply{Message: why} // it says nothing of the target
	}
	v := c.Retry.Decide(t.trial, reply, jitter())
	switch {
	case v.Again:
		return describe(reply), v.Wait, false
	case v.Outcome != "":
		return "it could not be read back: " + v.Reason, 0, true
	}
	t.record.After, t.record.Shown = after, shown
	if why == "" {
		asOf := reply.Date // Graph's clock set Accepted, too
		if t.record.Outcome == Already && now.Before(asOf) {
			asOf = now // this machine's set SettledAt
		}
		why = t.lasts(asOf, t.record)
	}
	return why, 0, true
}

// SyncInterval is how often a directory on premises is synced, and how much later it may
// show: what it is the master of is only then known to last.
const SyncInterval = 35 * time.Minute

// Lasts is the earliest that a read-back of the claim shows what lasts; zero is any time.
// What was so before the run was seen when it was planned.
func (a Unproven) Lasts() time.Time {
	since := a.Record.Accepted
	if a.Record.Outcome == Already {
		since = a.Record.SettledAt
	}
	if a.Item.WithoutEffect() == "" || !a.Item.Step.ByState() || since.IsZero() {
		return time.Time{}
	}
	return since.Add(SyncInterval)
}

// lasts says why a write that the directory shows need not last, or "".
func (it Item) lasts(now time.Time, rec Record) string {
	if !it.Step.ByState() {
		return it.WithoutEffect()
	}
	if at := (Unproven{it, rec}).Lasts(); now.Before(at) {
		return "the directory shows it " + rec.Shown + ", and the next sync may undo that; what it shows after " + at.UTC().Format(time.RFC3339) + " lasts (--watch)"
	}
	return ""
}
