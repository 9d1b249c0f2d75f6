package journal

import (
	"context"
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
// What a run sent counts toward Graph's quotas for minutes: see Store.SentByOthers.
const Remembered = time.Hour

// sliceRows is how many rows of a table one transaction deletes.
const sliceRows = 5000

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
func (s *Store) Old(ctx context.Context, since time.Time) (old []Old, err error) {
	if time.Since(since) < Remembered {
		return nil, fmt.Errorf("what runs sent in the last %s counts toward Graph's quotas; keep it", Remembered)
	}
	runs, err := s.find(ctx, "ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("list old runs in %s: %w", s.path, err)
	}
	for _, r := range runs {
		o := Old{Run: r}
		if o.Since, err = r.lastSign(ctx, s.r); err != nil {
			return nil, r.wrap("look at", sqliteFault(err))
		}
		if o.Begun() || o.Since.Before(since) {
			old = append(old, o)
		}
	}
	return old, nil
}

// lastSign is when the run came to its state, or when its last call left where
// that is later.
func (r *Run) lastSign(ctx context.Context, db asker) (last time.Time, err error) {
	err = each(ctx, db, func(c *cells) error { last = c.time(); return nil },
		`SELECT max(at) FROM (SELECT max(at) AS at FROM states WHERE run = ? UNION ALL SELECT max(sent_at) FROM calls WHERE run = ?) AS signs`, r.id, r.id)
	return last, err
}

// Prune deletes the run for good, with everything of its own, in whatever state
// it is, and nothing else: numbers of runs are never used again. One that somebody
// works on is a *LockedError; one that is not as it was when it was listed is
// ErrState.
//
// It takes many transactions, and rests between them, so that others who write
// to the journal get their turn. When ctx ends, or the process dies, after the
// first of them, the run is gone for everybody, and Old lists it to be pruned to
// its end.
func (o Old) Prune(ctx context.Context) error {
	unlock, err := o.s.lock(o.Plan().Run)
	if err != nil {
		return o.wrap("prune", err)
	}
	// A deletion that somebody has begun goes on.
	if err = o.begin(ctx, func(ctx context.Context, t *tx, now State) error {
		last, err := o.lastSign(ctx, t)
		if err == nil && !last.Equal(o.Since) {
			err = fmt.Errorf("%w: it is %s now, and was used since it was listed", ErrState, now)
		}
		return err
	}); err == nil || errors.Is(err, ErrNoRun) {
		err = o.remove(ctx)
	}
	return o.wrap("prune", errors.Join(err, unlock()))
}

// Discard deletes a run that never came to anything: one that is planning, or
// planned and then not wanted. Once a call was intended the run stays until it
// is pruned, and Discard is ErrState. It ignores cancellation.
func (r *Run) Discard(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	err := r.begin(ctx, func(_ context.Context, _ *tx, now State) error {
		// Only a running run intends calls, and none goes back from there.
		if now != Planning && now != Planned {
			return fmt.Errorf("%w: it is %s", ErrState, now)
		}
		return nil
	})
	if err == nil {
		err = r.remove(ctx)
	}
	return r.wrap("discard", err)
}

// begin makes the run invisible, if that is allowed. From here on there is only
// forward.
func (r *Run) begin(ctx context.Context, allow func(context.Context, *tx, State) error) error {
	return r.update(ctx, func(ctx context.Context, t *tx, now State) error {
		if err := allow(ctx, t, now); err != nil {
			return err
		}
		return r.become(ctx, t, pruning, "")
	})
}

// remove deletes all that there is of a run whose deletion was begun. What may
// be much goes slice by slice; what is left goes with the run itself.
func (r *Run) remove(ctx context.Context) error {
	for _, of := range []struct{ table, key string }{{"rows", "seq"}, {"marks", "seq"}, {"calls", "no"}} {
		if err := r.empty(ctx, of.table, of.key); err != nil {
			return fmt.Errorf("empty %s: %w", of.table, err)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := r.s.update(context.WithoutCancel(ctx), func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, "DELETE FROM runs WHERE id = ?", r.id)
		if err == nil && n == 0 {
			err = ErrNoRun // somebody else was faster
		}
		return err
	})
	if err == nil || errors.Is(err, ErrNoRun) {
		r.s.dropLock(context.WithoutCancel(ctx), r.Plan().Run)
	}
	return err
}

// empty deletes a run's rows from a table in the order of the key.
func (r *Run) empty(ctx context.Context, table, key string) error {
	last, err := number(context.WithoutCancel(ctx), r.s.r, "SELECT max("+key+") FROM "+table+" WHERE run = ?", r.id)
	for done := 0; err == nil && done < last; done += sliceRows {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		start := time.Now()
		err = r.s.update(context.WithoutCancel(ctx), func(ctx context.Context, t *tx) error {
			_, err := t.exec(ctx, "DELETE FROM "+table+" WHERE run = ? AND "+key+" <= ?", r.id, done+sliceRows)
			return err
		})
		if done+sliceRows < last {
			// Others get their turn. Who waits for SQLite's lock asks for it now and
			// then, and is not told when it is free.
			select {
			case <-time.After(time.Since(start)):
			case <-ctx.Done():
			}
		}
	}
	return sqliteFault(err)
}
