package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	kept := 0
	for _, part := range parts {
		n, err := b.part(ctx, t, part, r, want)
		if err != nil {
			return fmt.Errorf("table %s: %w", part.name, err)
		}
		kept += n
	}
	if kept == 0 && want == nil && b.runs[id] == nil { // it was a wrong number, and no run
		_, err := t.exec(ctx, "DELETE FROM runs WHERE id = ?", id)
		return err
	}
	b.done.Kept += kept
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
func (b *rebuilder) part(ctx context.Context, t *tx, of *table, r *Run, want *tally) (n int, err error) {
	last, err := b.from.top(ctx, of, r.id)
	if err != nil {
		return 0, err
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
		n++
		return in.add(ctx, slices.Clone(c.vals[:len(of.columns)])...)
	})
	if err != nil {
		return n, err
	}
	return n, in.flush(ctx)
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

// countParts counts the rows of a run, by table.
func countParts(ctx context.Context, t *tx, run int64) (map[string]int, error) {
	have := map[string]int{}
	for _, part := range parts {
		var n int
		if err := t.row(ctx, "SELECT count(*) FROM "+part.name+" WHERE run = ?", run).Scan(&n); err != nil {
			return nil, err
		}
		have[part.name] = n
	}
	return have, nil
}

// addLost adds a row for each that is missing below the highest number that
// anything tells of, and gives that number.
func addLost(ctx context.Context, t *tx, run int64, known int) (rows int, err error) {
	rows = known
	for _, last := range []string{"max(seq), 0) FROM rows", "max(same), 0) FROM rows", "max(seq), 0) FROM records", "max(seq), 0) FROM trials"} {
		var seq int
		if err := t.row(ctx, "SELECT coalesce("+last+" WHERE run = ?", run).Scan(&seq); err != nil {
			return 0, err
		}
		rows = max(rows, seq)
	}
	there := make([]bool, rows+1)
	if err := each(ctx, t, func(c *cells) error {
		there[c.num()] = true
		return nil
	}, "SELECT seq FROM rows WHERE run = ?", run); err != nil {
		return 0, err
	}
	in := t.into(rowsTable.insert)
	for seq := 1; seq <= rows; seq++ {
		if there[seq] {
			continue
		}
		if err := in.add(ctx, run, int64(seq), int64(0), lostRow, "[]", "", "", nil,
			"", "", "", int64(0), int64(0), int64(0), int64(0)); err != nil {
			return 0, err
		}
	}
	return rows, in.flush(ctx)
}

// lostRow stands where the input's cell was.
const lostRow = "(this row is lost)"

// lost tells in words what is not there any more.
func (b *rebuilder) lost(id int64, have map[string]int, want *tally) string {
	var words []string
	if b.runs[id] == nil {
		words = append(words, "its plan is lost")
	}
	if want == nil {
		words = append(words, "its count of rows is lost, so nobody knows what else")
	}
	for _, part := range parts {
		if n := want.rowsOf(part) - have[part.name]; n > 0 {
			words = append(words, fmt.Sprintf("%d of its %s are lost", n, part.name))
		}
	}
	if len(words) == 0 {
		words = append(words, "its parts contradict each other")
	}
	return strings.Join(words, "; ")
}

// losses counts the rows that are not there any more.
func losses(have map[string]int, want *tally) (n int) {
	for _, part := range parts {
		n += max(0, want.rowsOf(part)-have[part.name])
	}
	return n
}

// rowsOf is how many rows of a table are counted; a lost tally counts none.
func (t *tally) rowsOf(of *table) int {
	switch {
	case t == nil:
		return 0
	case of == recordsTable:
		return t.records()
	}
	return t.of[of.name][0]
}
