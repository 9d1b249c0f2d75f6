package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// pruning is what a run is from the first moment of its deletion to the last.
// It is a run no more: Store.Run and Runs do not find it, and every method of a
// Run that was found before fails with ErrNoRun, however much is left of it.
// Only Old knows it, so that a deletion that was cut short goes on.
const pruning State = "pruning"

// Remembered is how long a run must have been at rest before it can be pruned.
// What a run sent counts toward Graph's quotas for minutes: see Store.Sent.
const Remembered = time.Hour

// sliceRows is how many rows of a table one transaction deletes.
const sliceRows = 5000

// parts are the tables with a run's rows, each with what numbers them, in the
// order in which they are emptied. The rows go first: the view "lines", which
// knows nothing of this, then has fewer lines and never a wrong one.
var parts = [...]struct{ table, key string }{
	{"rows", "seq"}, {"records", "seq"}, {"trials", "seq"}, {"calls", "no"}, {"skips", "line"}, {"waits", "no"}, {"states", "no"},
}

// Old is a run at rest, as it was when it was looked at.
type Old struct {
	*Run
	Since time.Time // its last change of state, or its last call where that is later
}

// Begun reports whether the run's deletion was begun and cut short. What is
// left of it is in no list and no report.
func (o Old) Begun() bool { return o.State() == pruning }

// Old lists the runs that nothing has happened to since a moment, the oldest
// first, and those whose deletion was begun, whatever their age. A moment that
// is less than [Remembered] ago is an error.
func (s *Store) Old(ctx context.Context, since time.Time) ([]Old, error) {
	old, err := s.old(ctx, since)
	if err != nil {
		return nil, fmt.Errorf("list old runs in %s: %w", s.path, err)
	}
	return old, nil
}

func (s *Store) old(ctx context.Context, since time.Time) ([]Old, error) {
	if time.Since(since) < Remembered {
		return nil, fmt.Errorf("what runs sent in the last %s counts toward Graph's quotas; keep it", Remembered)
	}
	runs, err := s.find(ctx, selectRuns+"ORDER BY id")
	if err != nil {
		return nil, err
	}
	var old []Old
	for _, r := range runs {
		o := Old{Run: r}
		err := s.each(ctx, func(c *cells) error {
			o.Since = later(c.time(), c.time())
			return nil
		}, lastSign, r.id, r.id)
		if err != nil {
			return nil, err
		}
		if o.Begun() || o.Since.Before(since) {
			old = append(old, o)
		}
	}
	return old, nil
}

// lastSign is when a run came to its state, and when its last call left.
const lastSign = `SELECT
	(SELECT at FROM states WHERE run = ? ORDER BY no DESC LIMIT 1),
	(SELECT sent_at FROM calls WHERE run = ? ORDER BY no DESC LIMIT 1)`

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Prune deletes the run for good, with everything of its own, in whatever state
// it is. One that somebody works on is a *LockedError; one that is not as it was
// when it was listed is ErrState.
//
// It takes many transactions, and rests between them, so that others who write
// to the journal get their turn. When ctx ends, or the process dies, after the
// first of them, the run is gone for everybody, and Old lists it to be pruned to
// its end.
func (o Old) Prune(ctx context.Context) error {
	if err := o.prune(ctx); err != nil {
		return o.wrap("prune", err)
	}
	return nil
}

func (o Old) prune(ctx context.Context) error {
	unlock, err := o.s.lock(o.Plan().Run)
	if err != nil {
		return err
	}
	err = o.begin(context.WithoutCancel(ctx))
	for _, p := range parts {
		if err == nil {
			err = o.s.empty(ctx, p.table, p.key, o.id)
		}
	}
	if err == nil {
		err = o.s.update(ctx, func(ctx context.Context, t *tx) error {
			_, err := t.exec(ctx, "DELETE FROM runs WHERE id = ?", o.id)
			return err
		})
	}
	err = errors.Join(err, unlock())
	if err == nil || errors.Is(err, ErrNoRun) {
		o.s.dropLock(o.Plan().Run)
	}
	return err
}

// begin makes the run invisible, if nothing has happened to it since it was
// listed. From here on there is only forward.
func (o Old) begin(ctx context.Context) error {
	return o.s.update(ctx, func(ctx context.Context, t *tx) error {
		var state string
		err := t.row(ctx, "SELECT state FROM runs WHERE id = ? AND name = ?", o.id, o.Plan().Run).Scan(&state)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrNoRun
		case err != nil:
			return err
		case State(state) == pruning:
			return nil
		}
		var changed, sent sql.NullInt64
		if err := t.row(ctx, lastSign, o.id, o.id).Scan(&changed, &sent); err != nil {
			return err
		}
		if max(changed.Int64, sent.Int64) != millis(o.Since) {
			return fmt.Errorf("%w: it is %s now, and was used since it was listed", ErrState, state)
		}
		return setState(ctx, t, o.id, pruning, "")
	})
}

// empty deletes a run's rows from a table, slice by slice in the order of the
// key.
func (s *Store) empty(ctx context.Context, table, key string, run int64) error {
	query := fmt.Sprintf(`DELETE FROM %[1]s WHERE run = ? AND %[2]s <= (
		SELECT max(%[2]s) FROM (SELECT %[2]s FROM %[1]s WHERE run = ? ORDER BY %[2]s LIMIT ?) AS slice)`, table, key)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var n int64
		start := time.Now()
		err := s.update(context.WithoutCancel(ctx), func(ctx context.Context, t *tx) (err error) {
			n, err = t.exec(ctx, query, run, run, int64(sliceRows))
			return err
		})
		if err != nil {
			return fmt.Errorf("empty %s: %w", table, err)
		}
		if n < sliceRows {
			return nil
		}
		rest(ctx, time.Since(start))
	}
}

// rest leaves the journal to others for a while. Whoever waits for SQLite's
// lock asks for it now and then, and is not told when it is free.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// read lends a connection that can only read, and fails with ErrNoRun when the
// run is gone or going by the end of it: then what was read may be less than
// the run was. The first thing a deletion does is to be seen here.
func (r *Run) read(ctx context.Context, f func(*sql.Conn) error) error {
	return r.s.read(ctx, func(c *sql.Conn) error {
		if err := f(c); err != nil {
			return err
		}
		var state string
		err := c.QueryRowContext(ctx, getState, r.id, r.Plan().Run).Scan(&state)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w any more", ErrNoRun)
		}
		return err
	})
}

// each reads rows in a read of its own, as read does.
func (r *Run) each(ctx context.Context, f func(*cells) error, query string, args ...any) error {
	return r.read(ctx, func(c *sql.Conn) error { return each(ctx, c, f, query, args...) })
}
