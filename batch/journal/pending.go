package journal

import (
	"context"
	"database/sql"
	"iter"

	"offboard/batch"
)

// Pending reads the users without a record, the privileged ones first unless the
// plan is in order, and each kind in the order of the plan, with their trials; a zero trial is a fresh
// user. The loop may write records and trials of users that it has been given.
// A run that a dead process left is recovered first.
//
// Before the first user comes, everything that says who is pending is held
// against the journal's own count; a user is given only when nothing about it
// has changed since it was planned. Otherwise Pending ends in ErrDamaged.
func (r *Run) Pending(ctx context.Context) iter.Seq2[batch.Pending, error] {
	pick := func(c *census) []int { return c.pending(r.Plan().InOrder) }
	return scroll(ctx, r, "pending users", pick, func(p *page, seq int) (batch.Pending, bool) {
		return batch.Pending{User: p.row(seq).user, Trial: p.trial(seq)}, p.record(seq) == nil
	})
}

// Skips reads the lines of the input that are no rows, in order.
func (r *Run) Skips(ctx context.Context) iter.Seq2[batch.Skip, error] {
	return func(yield func(batch.Skip, error) bool) {
		var skips []batch.Skip
		err := r.s.view(ctx, func(t *sql.Tx) error {
			tally, _, err := r.tally(ctx, t, nil)
			if err != nil {
				return err
			}
			var found total
			err = skipsTable.each(ctx, t, func(c *cells) error {
				k := batch.Skip{Line: c.num(), Reason: c.text()}
				skips = append(skips, k)
				found[0]++
				found[1] += k.Line
				return nil
			}, ofRun+" ORDER BY line", r.id)
			if err != nil {
				return err
			}
			return tally.wantOnly(skipsTable.name, found)
		})
		if err != nil {
			yield(batch.Skip{}, r.wrap("read skipped lines of", err))
			return
		}
		for _, k := range skips {
			if !yield(k, nil) {
				return
			}
		}
	}
}
