package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"offboard/batch"
)

// Info is a run at a glance.
type Info struct {
	Plan    batch.Plan
	State   State
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

func (f Filter) admits(r *Run) bool {
	p := r.plan
	return (len(f.States) == 0 || slices.Contains(f.States, r.state)) &&
		(f.Tenant == "" || batch.LowerASCII(f.Tenant) == batch.LowerASCII(p.Tenant)) &&
		(f.Digest == "" || f.Digest == p.Digest) &&
		(f.NewerThan.IsZero() || p.Created.After(f.NewerThan)) &&
		(f.OlderThan.IsZero() || p.Created.Before(f.OlderThan))
}

// newestFirst selects all runs but those that are being pruned.
const newestFirst = "WHERE state <> 'pruning' ORDER BY id DESC"

// Runs lists the runs that the filter admits, the newest first.
func (s *Store) Runs(ctx context.Context, filter Filter) ([]Info, error) {
	runs, err := s.find(ctx, newestFirst)
	if err != nil {
		return nil, fmt.Errorf("list runs in %s: %w", s.path, err)
	}
	infos := []Info{}
	for _, r := range runs {
		if !filter.admits(r) {
			continue
		}
		sum, err := r.Summary(ctx)
		if errors.Is(err, ErrNoRun) {
			continue // discarded or pruned since
		}
		if err != nil {
			return nil, err
		}
		infos = append(infos, Info{Plan: r.plan, State: r.state, Summary: sum})
	}
	return infos, nil
}

// History tells how the run came to its state, from the first to the last.
func (r *Run) History(ctx context.Context) (changes []Change, err error) {
	err = r.read(ctx, func(t *tx) error {
		changes, err = list(t, func(c *Change) []any { return []any{&c.At, &c.State, &c.Reason} },
			"SELECT at, state, reason FROM states WHERE run = $1 ORDER BY no", r.id)
		if err == nil && len(changes) == 0 {
			err = fmt.Errorf("%w: table states: it has no state", ErrDamaged)
		}
		return err
	})
	return changes, r.wrap("read history of", err)
}

// countLines counts lines by what is known of their users, and in the row without a
// word all lines. Nothing of it walks over the rows of users, which are wide.
const countLines = `
	WITH open AS MATERIALIZED (SELECT DISTINCT seq FROM intents WHERE run = $1 AND step = $2),
	known AS (
		SELECT m.seq, coalesce(m.outcome, CASE WHEN m.doubt = 1 OR o.seq IS NOT NULL THEN 'unsettled'
			WHEN m.sent_at <> 0 THEN 'refused' ELSE 'not_sent' END) AS word
		FROM marks m LEFT JOIN open o ON o.seq = m.seq WHERE m.run = $1 AND m.step = $2 AND m.target = ''
		UNION ALL
		SELECT o.seq, 'unsettled' FROM open o
		WHERE NOT EXISTS (SELECT 1 FROM marks m WHERE m.run = $1 AND m.seq = o.seq AND m.step = $2 AND m.target = ''))
	SELECT word, count(*) FROM (
		SELECT word FROM known
		UNION ALL
		SELECT k.word FROM rows d JOIN known k ON k.seq = d.same WHERE d.run = $1 AND d.same <> 0) AS lines
	GROUP BY word
	UNION ALL
	SELECT '', count(*) FROM rows WHERE run = $1`

// Summary counts the run's lines by outcome. It says what adding up Lines
// would, sooner, and without the check of the file.
func (r *Run) Summary(ctx context.Context) (sum batch.Summary, err error) {
	sum.Counts = map[batch.Outcome]int{}
	err = r.read(ctx, func(t *tx) error {
		type group struct {
			word string
			n    int
		}
		groups, err := list(t, func(g *group) []any { return []any{&g.word, &g.n} }, countLines, r.id, r.step())
		for _, g := range groups {
			switch g.word {
			case "":
				sum.Lines = g.n
			case "refused":
				sum.Refused = g.n
			case string(batch.NotSent): // counted below, with those of whom nothing is known
			default:
				sum.Counts[batch.Outcome(g.word)] = g.n
			}
		}
		return err
	})
	open := sum.Lines
	for _, n := range sum.Counts {
		open -= n
	}
	if open > 0 {
		sum.Counts[batch.NotSent] = open
	}
	return sum, r.wrap("sum up", err)
}

// Remaining counts the users, not the rows, that a resumed run would send, and those
// that it would only verify. The plan must be sealed.
func (r *Run) Remaining(ctx context.Context) (send, verify int, err error) {
	type users struct{ settled, unverified int } // settled: with the duplicates
	var done users
	err = r.read(ctx, func(t *tx) error {
		done, err = one(t, func(u *users) []any { return []any{&u.settled, &u.unverified} },
			`SELECT (SELECT count(*) FROM rows WHERE run = $1 AND same <> 0) + count(*), count(CASE outcome WHEN 'unverified' THEN 1 END)
			FROM marks WHERE run = $1 AND step = $2 AND target = '' AND outcome IS NOT NULL`, r.id, r.step())
		return err
	})
	return r.Plan().Rows - done.settled, done.unverified, r.wrap("count users left of", err)
}
