package journal

import (
	"context"
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

const fromSettled = `FROM records WHERE run = ? AND sent_at > 0 AND settled_at > 0`

// Timing tells how long the users took who were sent and settled so far.
func (r *Run) Timing(ctx context.Context) (batch.Timing, error) {
	var t batch.Timing
	err := r.s.each(ctx, func(c *cells) error {
		t.Started, t.Users = c.time(), c.num()
		return nil
	}, `SELECT (SELECT coalesce(min(sent_at), 0) FROM calls WHERE run = ?), count(*) `+fromSettled, r.id, r.id)
	// Each quantile is a position in the order of settling; the first ones whose
	// place is no less than the share of all.
	for _, q := range []struct {
		to      *time.Duration
		percent int
	}{{&t.Median, 50}, {&t.P95, 95}, {&t.Last, 100}} {
		if err != nil || t.Users == 0 {
			break
		}
		place := (t.Users*q.percent+99)/100 - 1
		err = r.s.each(ctx, func(c *cells) error {
			*q.to = c.time().Sub(t.Started)
			return nil
		}, "SELECT settled_at "+fromSettled+" ORDER BY settled_at LIMIT 1 OFFSET ?", r.id, place)
	}
	if err == nil {
		err = r.s.each(ctx, func(c *cells) error {
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
