package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"offboard/batch"
)

// maxRuns bounds the search for runs whose number nothing tells, and maxKey
// that for rows.
const (
	maxRuns = 1 << 16
	maxKey  = 1 << 22
)

// rebuilder brings runs from a damaged journal into a new one.
type rebuilder struct {
	from    *wreck
	to      *Store
	runs    map[int64]*Run // whose own row is good
	tallies map[int64]*tally
	done    Repaired
}

func rebuild(ctx context.Context, from *sql.DB, to *Store) (Repaired, error) {
	b := &rebuilder{from: &wreck{from}, to: to, runs: map[int64]*Run{}, tallies: map[int64]*tally{}}
	ids, err := b.find(ctx)
	if err != nil {
		return b.done, err
	}
	for _, id := range ids {
		if err := to.update(ctx, func(ctx context.Context, t *tx) error { return b.run(ctx, t, id) }); err != nil {
			return b.done, fmt.Errorf("run %d: %w", id, err)
		}
	}
	return b.done, nil
}

// find lists all runs that left a trace, by their numbers.
func (b *rebuilder) find(ctx context.Context) ([]int64, error) {
	ids := map[int64]bool{}
	err := b.from.read(ctx, runsTable, 0, maxRuns, func(c *cells) error {
		r, err := readRun(c)
		b.runs[r.id], ids[r.id] = r, true
		return err
	})
	if err == nil {
		err = b.from.read(ctx, talliesTable, 0, maxRuns, func(c *cells) error {
			id, t, err := readCounts(c, nil)
			b.tallies[id], ids[id] = t, true
			return err
		})
	}
	for _, part := range parts {
		if err == nil {
			err = b.from.runsSeen(ctx, part, func(id int64) { ids[id] = true })
		}
	}
	return slices.Sorted(maps.Keys(ids)), err
}

// run brings over one run, and finds out whether anything of it is lost.
func (b *rebuilder) run(ctx context.Context, t *tx, id int64) error {
	r, want := b.runs[id], b.tallies[id]
	if r == nil {
		r = &Run{id: id, state: Damaged, plan: batch.Plan{Run: b.name(id), Columns: []string{"input"}}}
	}
	args, err := runArgs(id, r.state, r.plan)
	if err == nil {
		err = t.put(ctx, runsTable.insert, args...)
	}
	if err != nil {
		return err
	}
	kept := b.done.Kept
	for _, part := range parts {
		if err := b.part(ctx, t, part, r, want); err != nil {
			return fmt.Errorf("table %s: %w", part.name, err)
		}
	}
	if kept == b.done.Kept && want == nil && b.runs[id] == nil { // it was a wrong number, and no run
		_, err := t.exec(ctx, "DELETE FROM runs WHERE id = ?", id)
		return err
	}
	c, err := takeCensus(ctx, t, id)
	if err == nil && want != nil {
		err = want.want(c.found)
	}
	if err == nil {
		err = c.wantPlan(ctx, t, id)
	}
	switch {
	case err != nil && !errors.Is(err, ErrDamaged):
		return err
	case err == nil && want != nil && b.runs[id] != nil:
		b.done.Whole++
		t.tally = want
		return t.putTally(ctx, id)
	}
	b.done.Damaged++
	return b.mark(ctx, t, r, want)
}

// name is one for a run that has lost its own.
func (b *rebuilder) name(id int64) string {
	name := fmt.Sprintf("lost-%d", id)
	for _, r := range b.runs {
		if r.plan.Run == name {
			return name + "-of-a-damaged-journal"
		}
	}
	return name
}

// part copies what is good of a run in one table.
func (b *rebuilder) part(ctx context.Context, t *tx, of *table, r *Run, want *tally) error {
	last, err := b.from.top(ctx, of, r.id)
	if err != nil {
		return err
	}
	switch {
	case of == rowsTable || of == recordsTable || of == trialsTable:
		last = max(last, int64(r.plan.Rows))
		if want != nil {
			last = max(last, int64(want.of[rowsTable.name][0]))
		}
	case want != nil: // no key is above the sum of them all
		last = max(last, int64(want.of[of.name][1]))
	}
	if last == 0 {
		last = maxKey
	}
	in := t.into(newBulk(of, " ON CONFLICT DO NOTHING"))
	err = b.from.read(ctx, of, r.id, last, func(c *cells) error {
		b.done.Kept++
		return in.add(ctx, slices.Clone(c.vals[:len(of.columns)])...)
	})
	if err != nil {
		return err
	}
	return in.flush(ctx)
}

// mark makes the run a damaged one: with a line for every row that it ever had,
// as far as that is known, a reason in words, and a tally of what is left.
func (b *rebuilder) mark(ctx context.Context, t *tx, r *Run, want *tally) error {
	have, err := countParts(ctx, t, r.id)
	if err != nil {
		return err
	}
	b.done.Lost += losses(have, want)
	if b.runs[r.id] == nil {
		b.done.Lost++
	}
	if want == nil {
		b.done.Lost++
	}
	reason := "found damaged and repaired: " + b.lost(r.id, have, want)
	if r.plan.Rows, err = addLost(ctx, t, r.id, max(r.plan.Rows, want.rowsOf(rowsTable))); err != nil {
		return err
	}
	if err := t.putRun(ctx, r.id, Damaged, r.plan); err != nil {
		return err
	}
	var no int64
	if err := t.row(ctx, "SELECT coalesce(max(no), 0) + 1 FROM states WHERE run = ?", r.id).Scan(&no); err != nil {
		return err
	}
	if err := t.put(ctx, statesTable.insert, r.id, no, millis(time.Now()), string(Damaged), reason); err != nil {
		return err
	}
	c, err := takeCensus(ctx, t, r.id)
	if err != nil {
		return err
	}
	t.tally = &tally{of: c.found}
	return t.putTally(ctx, r.id)
}
