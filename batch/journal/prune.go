package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// pruning is what a run is from the first moment of its deletion to the last.
// It is a run no more: Store.Run and Runs do not find it, and every method of a
// Run that was found before fails with ErrNoRun, however much is left of it.
// Only Old knows it, so that a deletion that was cut short goes on.
const pruning State = "pruning"

// Remembered is how long a run must have been at rest before it can be pruned.
// What a run sent counts toward Graph's quotas for minutes: see Store.SentCalls.
const Remembered = time.Hour

// sliceRows is how many rows of a table one transaction deletes; fewer in tests.
var sliceRows = 5000

// Old is a run at rest, as it was when it was looked at.
type Old struct {
	*Run
	Since   time.Time // its last change of state, or its last call where that is later
	Reports []string  // SHA-256, in hex, of the report.sha256 of each of its reports
}

// HalfPruned reports whether the run's deletion was begun and cut short. What is
// left of it is in no list and no report.
func (o Old) HalfPruned() bool { return o.State() == pruning }

// Old lists the runs that nothing has happened to since the cutoff, the oldest
// first, and those whose deletion was begun, whatever their age. A cutoff that
// is less than [Remembered] ago is an error.
func (s *Store) Old(ctx context.Context, cutoff time.Time) (old []Old, err error) {
	if time.Since(cutoff) < Remembered {
		return nil, fmt.Errorf("what runs sent in the last %s counts toward Graph's quotas; keep it", Remembered)
	}
	runs, err := s.find(ctx, "ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("list old runs in %s: %w", s.path, err)
	}
	for _, r := range runs {
		o := Old{Run: r}
		if err = s.read(ctx, func(t *tx) error {
			if o.Since, err = r.lastSign(t); err == nil {
				o.Reports, err = list(t, alone[string], "SELECT sha256 FROM reports WHERE run = $1 ORDER BY no", r.id)
			}
			return err
		}); err != nil {
			return nil, r.wrap("look at", err)
		}
		if o.HalfPruned() || o.Since.Before(cutoff) {
			old = append(old, o)
		}
	}
	return old, nil
}

// lastSign is when the run came to its state, or when its last call left where
// that is later.
func (r *Run) lastSign(t *tx) (time.Time, error) {
	return first(list(t, alone[time.Time], `SELECT max(at) FROM (
		SELECT max(at) AS at FROM states WHERE run = $1 UNION ALL SELECT max(sent_at) FROM calls WHERE run = $1) AS signs`, r.id))
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
	return o.PruneAfter(ctx, func() error { return nil })
}

// PruneAfter prunes the run once before has returned nil, which is called when nobody else can
// work on it any more. After an error of before the run stays.
func (o Old) PruneAfter(ctx context.Context, before func() error) error {
	unlock, err := o.s.lock(o.Plan().Run)
	if err != nil {
		return o.wrap("prune", err)
	}
	allow := func(t *tx, now State) error {
		last, err := o.lastSign(t)
		if err == nil && !last.Equal(o.Since) {
			err = fmt.Errorf("%w: it is %s now, and was used since it was listed", ErrState, now)
		}
		return err
	}
	if err = o.update(ctx, allow); err == nil || errors.Is(err, ErrNoRun) {
		if first := before(); first != nil {
			return errors.Join(first, unlock())
		}
	}
	if err == nil {
		err = o.startPruning(ctx, allow)
	}
	if err == nil || errors.Is(err, ErrNoRun) { // a deletion that was begun goes on
		err = o.remove(ctx)
	}
	return o.wrap("prune", errors.Join(err, unlock()))
}

// Discard deletes a run that never came to anything: one that is planning, or
// planned and then not wanted. Once a call was intended the run stays until it
// is pruned, and Discard is ErrState. It ignores cancellation.
func (r *Run) Discard(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	err := r.startPruning(ctx, func(_ *tx, now State) error {
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

// startPruning makes the run invisible, if that is allowed. From here on there is only
// forward.
func (r *Run) startPruning(ctx context.Context, allow func(*tx, State) error) error {
	return r.update(ctx, func(t *tx, now State) error {
		if err := allow(t, now); err != nil {
			return err
		}
		return r.become(t, pruning, "")
	})
}

// remove deletes all that there is of a run whose deletion was begun. What may
// be much goes slice by slice; what is left goes with the run itself.
func (r *Run) remove(ctx context.Context) error {
	for _, of := range []struct{ table, key string }{{"rows", "seq"}, {"targets", "seq"}, {"marks", "seq"}, {"calls", "no"}} {
		if err := r.s.inSlices(ctx, func(t *tx) (more bool, err error) {
			deleted, err := t.exec(strings.NewReplacer("TABLE", of.table, "KEY", of.key).Replace(
				"DELETE FROM TABLE WHERE run = $1 AND KEY IN (SELECT KEY FROM TABLE WHERE run = $1 ORDER BY KEY LIMIT $2)"), r.id, sliceRows)
			return deleted >= sliceRows, err
		}); err != nil {
			return fmt.Errorf("empty %s: %w", of.table, err)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.s.update(ctx, func(t *tx) error {
		deleted, err := t.exec("DELETE FROM runs WHERE id = $1", r.id)
		if err == nil && deleted == 0 {
			err = ErrNoRun // another prune was faster
		}
		return err
	})
}

// inSlices runs f in one transaction after the other, until there is no more to do. It
// rests in between, as long as it worked: a process that waits for SQLite's lock asks
// for it now and then, and is not told when it is free.
func (s *Store) inSlices(ctx context.Context, f func(*tx) (more bool, err error)) error {
	for more := true; more; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		start := time.Now()
		if err := s.update(ctx, func(t *tx) (err error) { more, err = f(t); return err }); err != nil {
			return err
		}
		if more {
			select {
			case <-time.After(time.Since(start)):
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// Compact gives the space of deleted rows back to the file system, and tells how many
// bytes that were. It takes many transactions, as Prune does, and can be cut short. The
// file shrinks when its log is moved into it: by Close at the latest, if no other process
// reads the journal.
func (s *Store) Compact(ctx context.Context) (freed int, err error) {
	if err = s.inSlices(ctx, func(t *tx) (bool, error) {
		n, err := s.shrink(t)
		freed += n
		return n > 0, err
	}); err != nil {
		err = fmt.Errorf("compact journal %s: %w", s.path, err)
	}
	return freed, err
}
