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
	Summary batch.Summary
}

// Change is a moment at which a run came to a state.
type Change struct {
	At     time.Time
	State  State
	Reason string
}

// Filter chooses runs by what is known of them without a look at their users.
// What is zero lets every run through.
type Filter struct {
	States    []State   // in one of these
	Tenant    string    // exactly this, but for the case of ASCII letters
	Digest    string    // of this input or plan file
	NewerThan time.Time // created after this moment
	OlderThan time.Time // created before this moment
}

// where is the condition on runs, with its arguments. A run that is being
// pruned is no run any more.
func where(filters []Filter) (string, []any) {
	cond, args := "WHERE state <> 'pruning'", []any(nil)
	and := func(sql string, with ...any) {
		cond, args = cond+" AND "+sql, append(args, with...)
	}
	for _, f := range filters {
		if n := len(f.States); n > 0 {
			var with []any
			for _, s := range f.States {
				with = append(with, string(s))
			}
			and("state IN ("+placeholders(n)+")", with...)
		}
		if f.Tenant != "" {
			and("lower(tenant) = lower(?)", f.Tenant)
		}
		if f.Digest != "" {
			and("digest = ?", f.Digest)
		}
		if !f.NewerThan.IsZero() {
			and("created > ?", millis(f.NewerThan))
		}
		if !f.OlderThan.IsZero() {
			and("created < ?", millis(f.OlderThan))
		}
	}
	return cond + " ", args
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
	now := changes[len(changes)-1]
	return Info{Plan: r.Plan(), State: now.State, Reason: now.Reason, Since: now.At, Summary: sum}, err
}

// History tells how the run came to its state, from the first to the last.
func (r *Run) History(ctx context.Context) ([]Change, error) {
	var changes []Change
	err := r.ask(ctx, func(ctx context.Context, t *sql.Tx) error {
		err := each(ctx, t, func(c *cells) error {
			changes = append(changes, Change{At: c.time(), State: State(c.text()), Reason: c.text()})
			return nil
		}, "SELECT at, state, reason FROM states WHERE run = ? ORDER BY no", r.id)
		if err == nil && len(changes) == 0 {
			err = fmt.Errorf("%w: table states: it has no state", ErrDamaged)
		}
		return err
	})
	return changes, r.wrap("read history of", err)
}

// Summary counts the run's lines by outcome. It says what adding up Lines
// would, sooner, and without the check of the file.
func (r *Run) Summary(ctx context.Context) (sum batch.Summary, err error) {
	err = r.ask(ctx, func(ctx context.Context, t *sql.Tx) error { sum, err = r.summary(ctx, t); return err })
	return sum, r.wrap("sum up", err)
}

// Every user with a mark, and every duplicate of one.
const (
	countMarks = "SELECT m.outcome, m.doubt, m.sent_at = 0, count(*) FROM marks m WHERE m.run = ? AND m.step = ? AND m.target = '' GROUP BY m.outcome, m.doubt, m.sent_at = 0"
	countDups  = `SELECT m.outcome, m.doubt, m.sent_at = 0, count(*) FROM rows d JOIN marks m ON m.run = d.run AND m.seq = d.same
		WHERE d.run = ? AND d.same <> 0 AND m.step = ? AND m.target = '' GROUP BY m.outcome, m.doubt, m.sent_at = 0`
)

func (r *Run) summary(ctx context.Context, t asker) (sum batch.Summary, err error) {
	rows, err := number(ctx, t, "SELECT count(*) FROM rows WHERE run = ?", r.id)
	if err != nil {
		return sum, err
	}
	sum.Lines, sum.Counts = rows, map[batch.Outcome]int{}
	for _, query := range []string{countMarks, countDups} {
		if err := each(ctx, t, func(c *cells) error {
			switch o, doubt, unsent, n := outcome(c), c.flag(), c.flag(), c.num(); {
			case o != "":
				sum.Counts[o] += n
			case doubt:
				sum.Counts[batch.Unsettled] += n
			case !unsent:
				sum.Refused += n
			}
			return nil
		}, query, r.id, r.step()); err != nil {
			return sum, err
		}
	}
	calls, err := r.openCalls(ctx, t)
	if err != nil {
		return sum, err
	}
	seen := map[int]bool{}
	for _, k := range calls {
		for _, seq := range k.Seqs {
			if seen[seq] {
				continue
			}
			seen[seq] = true
			// Its lines, unless they are counted above.
			lines, err := number(ctx, t, `SELECT 1 + (SELECT count(*) FROM rows WHERE run = ? AND same = ? AND same <> 0)
				WHERE NOT EXISTS (SELECT 1 FROM marks WHERE run = ? AND seq = ? AND step = ? AND target = '' AND (outcome IS NOT NULL OR doubt = 1))`,
				r.id, seq, r.id, seq, r.step())
			if err != nil {
				return sum, err
			}
			if lines == 0 {
				continue
			}
			sum.Counts[batch.Unsettled] += lines
			before, err := number(ctx, t, "SELECT count(*) FROM marks WHERE run = ? AND seq = ? AND step = ? AND target = '' AND sent_at <> 0", r.id, seq, r.step())
			if err != nil {
				return sum, err
			}
			sum.Refused -= lines * before // in an earlier call
		}
	}
	open := sum.Lines
	for _, n := range sum.Counts {
		open -= n
	}
	if open > 0 {
		sum.Counts[batch.NotSent] = open
	}
	return sum, nil
}

// Remaining counts the users, not the rows, that a resumed run would send, and those
// that it would only verify. The plan must be sealed.
func (r *Run) Remaining(ctx context.Context) (send, verify int, err error) {
	err = r.ask(ctx, func(ctx context.Context, t *sql.Tx) error {
		return each(ctx, t, func(c *cells) error {
			send, verify = r.Plan().Rows-c.num()-c.num(), c.num()
			return nil
		}, `SELECT (SELECT count(*) FROM rows WHERE run = ? AND same <> 0), count(*), count(CASE outcome WHEN 'unverified' THEN 1 END)
			FROM marks WHERE run = ? AND step = ? AND target = '' AND outcome IS NOT NULL`, r.id, r.id, r.step())
	})
	return send, verify, r.wrap("count users left of", err)
}
