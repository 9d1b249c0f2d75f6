package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"offboard/batch"
)

// Info is a run at a glance.
type Info struct {
	Plan    batch.Plan
	State   State
	Reason  string    // why it is in this state, in words; may be empty
	Since   time.Time // when it came to this state
	Ended   time.Time // as Since, in a state that ends a run; zero otherwise
	Summary batch.Summary
}

// Change is a moment at which a run came to a state.
type Change struct {
	At     time.Time
	State  State
	Reason string
}

// Runs lists the runs that every filter lets through, the newest first.
func (s *Store) Runs(ctx context.Context, filters ...Filter) ([]Info, error) {
	cond, args := where(filters)
	runs, err := s.find(ctx, selectRuns+cond+"ORDER BY id DESC", args...)
	if err != nil {
		return nil, fmt.Errorf("list runs in %s: %w", s.path, err)
	}
	infos := make([]Info, 0, len(runs))
	for _, r := range runs {
		in, err := r.Info(ctx)
		if errors.Is(err, ErrNoRun) {
			continue // discarded or pruned since
		}
		if err != nil {
			return nil, err
		}
		infos = append(infos, in)
	}
	return infos, nil
}

// Info reads the run at a glance, as it is in the journal now.
func (r *Run) Info(ctx context.Context) (Info, error) {
	changes, err := r.History(ctx)
	if err != nil {
		return Info{}, err
	}
	if len(changes) == 0 {
		return Info{}, r.wrap("read", ErrNoRun)
	}
	sum, err := r.Summary(ctx)
	if err != nil {
		return Info{}, err
	}
	now := changes[len(changes)-1]
	in := Info{Plan: r.Plan(), State: now.State, Reason: now.Reason, Since: now.At, Summary: sum}
	if now.State.ended() {
		in.Ended = now.At
	}
	return in, nil
}

// History tells how the run came to its state, from the first to the last.
func (r *Run) History(ctx context.Context) ([]Change, error) {
	var changes []Change
	err := r.each(ctx, func(c *cells) error {
		changes = append(changes, Change{At: c.time(), State: State(c.text()), Reason: c.text()})
		return nil
	}, "SELECT at, state, reason FROM states WHERE run = ? ORDER BY no", r.id)
	if err != nil {
		return nil, r.wrap("read history of", err)
	}
	return changes, nil
}

const (
	countRows = `SELECT count(*) FROM rows WHERE run = ?`

	countRecords = `SELECT outcome, count(*) FROM records WHERE run = ? GROUP BY outcome`

	countDuplicates = `SELECT c.outcome, count(*)
		FROM rows d JOIN records c ON c.run = d.run AND c.seq = d.same
		WHERE d.run = ? AND d.same IS NOT NULL GROUP BY c.outcome`

	countUnsettled = `SELECT count(*) + coalesce(sum(
			(SELECT count(*) FROM rows d WHERE d.run = ? AND d.same = x.seq)), 0)
		FROM (SELECT seq FROM intents WHERE run = ?
			UNION SELECT seq FROM trials WHERE run = ? AND doubt = 1) x
		WHERE NOT EXISTS (SELECT 1 FROM records c WHERE c.run = ? AND c.seq = x.seq)`
)

// Summary counts the run's lines by outcome. It says what adding up Lines
// would, sooner.
func (r *Run) Summary(ctx context.Context) (batch.Summary, error) {
	sum := batch.Summary{Counts: make(map[batch.Outcome]int, len(batch.Outcomes))}
	if err := r.read(ctx, func(c *sql.Conn) error { return r.summary(ctx, c, &sum) }); err != nil {
		return batch.Summary{}, r.wrap("sum up", err)
	}
	return sum, nil
}

func (r *Run) summary(ctx context.Context, c *sql.Conn, sum *batch.Summary) error {
	// One read transaction, so that all counts are of the same moment.
	t, err := c.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer t.Rollback()
	var unsettled int
	if err := t.QueryRowContext(ctx, countRows, r.id).Scan(&sum.Lines); err != nil {
		return err
	}
	if err := t.QueryRowContext(ctx, countUnsettled, r.id, r.id, r.id, r.id).Scan(&unsettled); err != nil {
		return err
	}
	open := sum.Lines - unsettled
	for _, query := range []string{countRecords, countDuplicates} {
		err := each(ctx, t, func(c *cells) error {
			o, n := batch.Outcome(c.text()), c.num()
			sum.Counts[o] += n
			open -= n
			return nil
		}, query, r.id)
		if err != nil {
			return err
		}
	}
	if unsettled > 0 {
		sum.Counts[batch.Unsettled] += unsettled
	}
	if open > 0 {
		sum.Counts[batch.NotSent] += open
	}
	return nil
}
