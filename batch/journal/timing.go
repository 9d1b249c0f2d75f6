package journal

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"offboard/batch"
)

// AddWaits keeps what a session's calls waited for. It ignores cancellation.
func (r *Run) AddWaits(ctx context.Context, w batch.Waits) error {
	return r.wrap("add waits to", r.update(ctx, func(ctx context.Context, t *tx, _ State) error {
		_, err := t.exec(ctx, `INSERT INTO waits (run, no, paused, quota, learned, rate)
			VALUES (?, (SELECT count(*) + 1 FROM waits WHERE run = ?), ?, ?, ?, ?)`, r.id, r.id,
			w.Paused.Milliseconds(), w.Quota.Milliseconds(), w.Learned.Milliseconds(), w.Rate.Milliseconds())
		return err
	}))
}

// Timing tells how long the users took who were sent and settled so far.
func (r *Run) Timing(ctx context.Context) (t batch.Timing, err error) {
	err = r.ask(ctx, func(ctx context.Context, tx *sql.Tx) error { return r.timing(ctx, tx, &t) })
	return t, r.wrap("read timing of", err)
}

func (r *Run) timing(ctx context.Context, db asker, t *batch.Timing) error {
	if err := each(ctx, db, func(c *cells) error {
		t.Started, t.Refused = c.time(), c.num()
		for _, d := range []*time.Duration{&t.Waits.Paused, &t.Waits.Quota, &t.Waits.Learned, &t.Waits.Rate} {
			*d = time.Duration(c.num()) * time.Millisecond
		}
		return nil
	}, `SELECT (SELECT min(sent_at) FROM calls WHERE run = ?), (SELECT sum(throttles) FROM marks WHERE run = ?),
		sum(paused), sum(quota), sum(learned), sum(rate) FROM waits WHERE run = ?`, r.id, r.id, r.id); err != nil {
		return err
	}
	var settled []int
	if err := each(ctx, db, func(c *cells) error {
		settled = append(settled, c.num())
		return nil
	}, "SELECT settled_at FROM marks WHERE run = ? AND outcome IS NOT NULL AND sent_at <> 0 AND settled_at <> 0", r.id); err != nil {
		return err
	}
	if t.Users = len(settled); t.Users == 0 {
		return nil
	}
	slices.Sort(settled)
	// Each is the first whose place is no less than the share of all.
	after := func(percent int) time.Duration {
		return time.UnixMilli(int64(settled[(t.Users*percent+99)/100-1])).Sub(t.Started)
	}
	t.Median, t.P95, t.Last = after(50), after(95), after(100)
	return nil
}

// Began is the server's Date of the run's first 2xx: when it began by the clock
// that sets the stamps. It is zero for a run without any.
func (r *Run) Began(ctx context.Context) (first time.Time, err error) {
	err = r.ask(ctx, func(ctx context.Context, t *sql.Tx) error {
		return each(ctx, t, func(c *cells) error { first = c.time(); return nil },
			"SELECT min(accepted_at) FROM marks WHERE run = ? AND accepted_at <> 0", r.id)
	})
	return first, r.wrap("read the beginning of", err)
}
