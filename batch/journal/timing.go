package journal

import (
	"context"
	"time"

	"offboard/batch"
)

// AddWaits keeps what a session's calls waited for. It ignores cancellation.
func (r *Run) AddWaits(ctx context.Context, w batch.Waits) error {
	return r.wrap("add waits to", r.update(ctx, func(t *tx, _ State) error {
		_, err := t.exec(`INSERT INTO waits (run, no, paused, quota, learned, rate)
			VALUES ($1, (SELECT count(*) + 1 FROM waits WHERE run = $1), $2, $3, $4, $5)`, r.id,
			w.Paused, w.Quota, w.Learned, w.Rate)
		return err
	}))
}

// Timing tells how long the users took who were sent and settled so far.
func (r *Run) Timing(ctx context.Context) (timing batch.Timing, err error) {
	err = r.read(ctx, func(t *tx) error { timing, err = r.timing(t); return err })
	return timing, r.wrap("read timing of", err)
}

func (r *Run) timing(t *tx) (batch.Timing, error) {
	timing, err := one(t, func(g *batch.Timing) []any {
		w := &g.Waits
		return []any{&g.Started, &g.Refused, &w.Paused, &w.Quota, &w.Learned, &w.Rate}
	}, `SELECT (SELECT min(sent_at) FROM calls WHERE run = $1), (SELECT sum(throttles) FROM marks WHERE run = $1),
		sum(paused), sum(quota), sum(learned), sum(rate) FROM waits WHERE run = $1`, r.id)
	if err != nil {
		return timing, err
	}
	settled, err := numbers(t, `SELECT settled_at FROM marks
		WHERE run = $1 AND outcome IS NOT NULL AND sent_at <> 0 AND settled_at <> 0 ORDER BY settled_at`, r.id)
	if timing.Users = len(settled); timing.Users == 0 {
		return timing, err
	}
	// Each is the first whose place is no less than the share of all.
	after := func(percent int) time.Duration {
		return time.UnixMilli(int64(settled[(timing.Users*percent+99)/100-1])).Sub(timing.Started)
	}
	timing.Median, timing.P95, timing.Last = after(50), after(95), after(100)
	return timing, err
}

// FirstSuccess is the server's Date of the run's first 2xx: when it began by the clock
// that sets the stamps. It is zero for a run without any.
func (r *Run) FirstSuccess(ctx context.Context) (first time.Time, err error) {
	err = r.read(ctx, func(t *tx) error {
		first, err = one(t, func(at *time.Time) []any { return []any{at} },
			"SELECT min(accepted_at) FROM marks WHERE run = $1 AND accepted_at <> 0", r.id)
		return err
	})
	return first, r.wrap("read the first success of", err)
}
