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
	err := r.update(ctx, func(ctx context.Context, t *tx, _ State) error {
		no := t.tally.of[waitsTable.name][0] + 1
		t.tally.add(waitsTable.name, no, 1)
		return t.put(ctx, waitsTable.insert, r.id, int64(no),
			w.Paused.Milliseconds(), w.Quota.Milliseconds(), w.Learned.Milliseconds(), w.Rate.Milliseconds())
	})
	if err != nil {
		return r.wrap("add waits to", err)
	}
	return nil
}

// Timing tells how long the users took who were sent and settled so far.
func (r *Run) Timing(ctx context.Context) (batch.Timing, error) {
	var t batch.Timing
	err := r.survey(ctx, func(*census) {}) // is all there?
	if err == nil {
		err = r.s.view(ctx, func(tx *sql.Tx) error { return r.timing(ctx, tx, &t) })
	}
	if err != nil {
		return batch.Timing{}, r.wrap("read timing of", err)
	}
	return t, nil
}

func (r *Run) timing(ctx context.Context, db asker, t *batch.Timing) error {
	var settled []time.Time
	for of, read := range map[*table]func(*cells) error{
		callsTable: func(c *cells) error {
			k, err := readCall(c)
			if t.Started.IsZero() || k.SentAt.Before(t.Started) {
				t.Started = k.SentAt
			}
			return err
		},
		recordsTable: func(c *cells) error {
			k := readRecord(c)
			t.Refused += k.Throttles
			if !k.SentAt.IsZero() && !k.SettledAt.IsZero() {
				settled = append(settled, k.SettledAt)
			}
			return nil
		},
		trialsTable: func(c *cells) error {
			t.Refused += readTrial(c).Throttles
			return nil
		},
		waitsTable: func(c *cells) error {
			c.take() // its number
			for _, d := range []*time.Duration{&t.Waits.Paused, &t.Waits.Quota, &t.Waits.Learned, &t.Waits.Rate} {
				*d += time.Duration(c.num64()) * time.Millisecond
			}
			return nil
		},
	} {
		if err := of.each(ctx, db, read, ofRun+" ORDER BY "+of.columns[1], r.id); err != nil {
			return err
		}
	}
	if t.Users = len(settled); t.Users == 0 {
		return nil
	}
	slices.SortFunc(settled, time.Time.Compare)
	// Each is the first whose place is no less than the share of all.
	after := func(percent int) time.Duration { return settled[(t.Users*percent+99)/100-1].Sub(t.Started) }
	t.Median, t.P95, t.Last = after(50), after(95), after(100)
	return nil
}
