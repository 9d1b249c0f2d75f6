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
	runs, err := s.find(ctx, cond+"ORDER BY id DESC", args...)
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
	err := r.s.view(ctx, func(t *sql.Tx) error {
		tally, _, err := r.tally(ctx, t, nil)
		if err != nil {
			return err
		}
		var found total
		err = statesTable.each(ctx, t, func(c *cells) error {
			found[0]++
			found[1] += c.num()
			changes = append(changes, Change{At: c.time(), State: State(c.text()), Reason: c.text()})
			return nil
		}, ofRun+" ORDER BY no", r.id)
		if err != nil {
			return err
		}
		return tally.wantOnly(statesTable.name, found)
	})
	if err != nil {
		return nil, r.wrap("read history of", err)
	}
	return changes, nil
}

// Summary counts the run's lines by outcome. It says what adding up Lines
// would, sooner.
func (r *Run) Summary(ctx context.Context) (batch.Summary, error) {
	var sum batch.Summary
	if err := r.survey(ctx, func(c *census) { sum = c.summary(r.State()) }); err != nil {
		return batch.Summary{}, r.wrap("sum up", err)
	}
	return sum, nil
}
