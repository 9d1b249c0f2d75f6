package journal

import (
	"context"
	"slices"
	"time"

	"offboard/batch"
)

// AddWaits keeps what a session's calls waited for. It ignores cancellation.
func (r *Run) AddWaits(ctx context.Context, w batch.Waits) error {
	err := r.update(ctx, func(ctx context.Context, t *tx, _ State) error {
		_, err := t.exec(ctx, `INSERT INTO waits (run, no, paused, quota, learned, rate)
			SELECT ?, coalesce(max(no), 0) + 1, ?, ?, ?, ? FROM waits WHERE run = ?`,
			r.id, w.Paused.Milliseconds(), w.Quota.Milliseconds(), w.Learned.Milliseconds(), w.Rate.Milliseconds(), r.id)
		return err
	})
	if err != nil {
		return r.wrap("add waits to", err)
	}
	return nil
}

// Timing tells how long the users took who were sent and settled so far.
func (r *Run) Timing(ctx context.Context) (batch.Timing, error) {
	var t batch.Timing
	err := r.each(ctx, func(c *cells) error {
		t.Started = c.time()
		return nil
	}, "SELECT coalesce(min(sent_at), 0) FROM calls WHERE run = ?", r.id)
	if err == nil {
		err = r.quantiles(ctx, &t)
	}
	if err == nil {
		err = r.each(ctx, func(c *cells) error {
			w := &t.Waits
			for _, d := range []*time.Duration{&w.Paused, &w.Quota, &w.Learned, &w.Rate} {
				*d = time.Duration(c.num()) * time.Millisecond
			}
			t.Refused = c.num()
			return nil
		}, `SELECT coalesce(sum(paused), 0), coalesce(sum(quota), 0), coalesce(sum(learned), 0), coalesce(sum(rate), 0),
			(SELECT coalesce(sum(throttles), 0) FROM records WHERE run = ?) + (SELECT coalesce(sum(throttles), 0) FROM trials WHERE run = ?)
			FROM waits WHERE run = ?`, r.id, r.id, r.id)
	}
	if err != nil {
		return t, r.wrap("read timing of", err)
	}
	return t, nil
}

// quantiles sorts the moments of settling here: 8 bytes a user, and a second
// less for a million of them than three times in the database.
func (r *Run) quantiles(ctx context.Context, t *batch.Timing) error {
	var settled []int64
	err := r.each(ctx, func(c *cells) error {
		settled = append(settled, c.num64())
		return nil
	}, "SELECT settled_at FROM records WHERE run = ? AND sent_at > 0 AND settled_at > 0", r.id)
	if err != nil || len(settled) == 0 {
		return err
	}
	slices.Sort(settled)
	t.Users = len(settled)
	// A quantile is the first moment by which no less than its share was settled.
	at := func(percent int) time.Duration {
		return time.UnixMilli(settled[(len(settled)*percent+99)/100-1]).Sub(t.Started)
	}
	t.Median, t.P95, t.Last = at(50), at(95), at(100)
	return nil
}
