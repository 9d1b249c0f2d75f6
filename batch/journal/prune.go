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

// pruned are the tables with a run's rows in the order in which they are emptied.
// The rows go first: the view "lines", which knows nothing of this, then has
// fewer lines and never a wrong one.
var pruned = []*table{rowsTable, recordsTable, trialsTable, callsTable, skipsTable, waitsTable, statesTable}

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
	runs, err := s.find(ctx, "ORDER BY id")
	if err != nil {
		return nil, err
	}
	var old []Old
	for _, r := range runs {
		o := Old{Run: r}
		err := s.view(ctx, func(t *sql.Tx) error {
			return each(ctx, t, func(c *cells) error {
				o.Since = later(c.time(), c.time())
				return nil
			}, lastSign, r.id, r.id)
		})
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
	for _, of := range pruned {
		if err == nil {
			err = o.s.empty(ctx, of.name, of.columns[of.keys-1], o.id)
		}
	}
	if err == nil {
		err = o.s.update(ctx, func(ctx context.Context, t *tx) error {
			if _, err := t.exec(ctx, "DELETE FROM tallies WHERE run = ?", o.id); err != nil {
				return err
			}
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
	if o.Begun() {
		return nil
	}
	err := o.update(ctx, func(ctx context.Context, t *tx, now State) error {
		var changed, sent sql.NullInt64
		if err := t.row(ctx, lastSign, o.id, o.id).Scan(&changed, &sent); err != nil {
			return err
		}
		if max(changed.Int64, sent.Int64) != millis(o.Since) {
			return fmt.Errorf("%w: it is %s now, and was used since it was listed", ErrState, now)
		}
		return o.become(ctx, t, pruning, nil, "")
	})
	if errors.Is(err, ErrNoRun) && o.half(ctx) {
		return nil
	}
	return err
}

// half reports whether somebody else has begun to delete the run.
func (o Old) half(ctx context.Context) bool {
	_, name, state, err := readTally(ctx, o.s.r, o.id, nil)
	return err == nil && state == pruning && name == o.Plan().Run
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
