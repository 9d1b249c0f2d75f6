package journal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"offboard/batch"
)

// Recover takes a run over from a process that died: the calls that it left
// open are over now, and every user in them has a trial with Doubt. It tells
// how many users that are. Whoever recovers holds the Lock, or the calls may not
// be lost at all. It ignores cancellation; a second time, or in a damaged run, it
// does nothing.
func (r *Run) Recover(ctx context.Context) (users int, err error) {
	err = r.update(ctx, func(ctx context.Context, t *tx, now State) error {
		c, err := r.look(ctx, t, t.tally)
		if err != nil || now == Damaged {
			return err
		}
		e, err := c.lost(ctx, t, r.id)
		users = len(e.Trials)
		if err != nil {
			return fmt.Errorf("doubt users: %w", err)
		}
		return r.apply(ctx, t, c, e)
	})
	if err != nil {
		return 0, r.wrap("recover", err)
	}
	return users, nil
}

// lost is the entry that ends all open calls. A trial that is there keeps what
// it knows. A user with a record was settled before the call was; nothing is
// open about that one.
func (c *census) lost(ctx context.Context, t *tx, run int64) (e batch.Entry, err error) {
	sent := map[int]time.Time{}
	for _, k := range c.open {
		e.Over = append(e.Over, k.No)
		for _, seq := range k.Seqs {
			if at, ok := sent[seq]; c.outcome[seq] == 0 && (!ok || k.SentAt.After(at)) {
				sent[seq] = k.SentAt
			}
		}
	}
	if len(sent) == 0 {
		return e, nil
	}
	var p page
	seqs := slices.Sorted(maps.Keys(sent))
	if err := p.readTrials(ctx, t, run, seqs); err != nil {
		return e, err
	}
	for _, seq := range seqs {
		trial := p.trial(seq)
		trial.Seq, trial.SentAt, trial.Doubt = seq, sent[seq], true
		e.Trials = append(e.Trials, trial)
	}
	return e, nil
}

// LastCall is the highest number of a call that was ever intended, 0 when none
// was, so that numbers go on after a resume.
func (r *Run) LastCall(ctx context.Context) (int, error) {
	no := 0
	if err := r.survey(ctx, func(c *census) { no = c.lastCall }); err != nil {
		return 0, r.wrap("read last call of", err)
	}
	return no, nil
}
