package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"offboard/batch"
)

// tally counts a run's rows, by table and by what they say, in a row that is
// written with them. A row's own sum tells that the row is whole; the tally
// tells that no row is missing, which nothing else would: SQLite does not
// notice that a page holds one cell less, or that a table begins at another's
// page.
type tally struct {
	gen int64 // goes up with every transaction on the run
	of  map[string]total
}

// total is how many rows there are, and the sum of their keys.
type total [2]int

// What is counted besides the rows of each table.
const (
	countDups       = "rows.same"
	countPrivileged = "rows.privileged"
	countOpen       = "calls.open"
	countSent       = "calls.sent_at" // not a count, but when the last call left
)

// countOutcome are the records of an outcome, by its place in batch.Outcomes.
var countOutcome = func() (names [len(batch.Outcomes)]string) {
	for i, o := range batch.Outcomes {
		names[i] = "records." + string(o)
	}
	return names
}()

func newTally() *tally { return &tally{of: map[string]total{}} }

// add counts a row, or with n = -1 a row less.
func (t *tally) add(what string, key, n int) {
	c := t.of[what]
	c[0] += n
	c[1] += n * key
	if c == (total{}) {
		delete(t.of, what)
		return
	}
	t.of[what] = c
}

// sent notes when a call left.
func (t *tally) sent(ms int64) {
	if c := t.of[countSent]; int(ms) > c[0] {
		t.of[countSent] = total{int(ms)}
	}
}

// records counts all records.
func (t *tally) records() (n int) {
	for _, what := range countOutcome {
		n += t.of[what][0]
	}
	return n
}

// want is an ErrDamaged that names the first count which the rows found do not
// bear out.
func (t *tally) want(found map[string]total) error {
	names := slices.Sorted(maps.Keys(t.of))
	for _, what := range slices.AppendSeq(names, maps.Keys(found)) {
		if want, got := t.of[what], found[what]; want != got {
			return fmt.Errorf("%w: table %s: the journal counts %d (keys %d), and %d are there (keys %d)",
				ErrDamaged, what, want[0], want[1], got[0], got[1])
		}
	}
	return nil
}

// wantOnly compares one count.
func (t *tally) wantOnly(what string, got total) error {
	one := &tally{of: map[string]total{}}
	if c, ok := t.of[what]; ok {
		one.of[what] = c
	}
	return one.want(map[string]total{what: got})
}

const ofRun = "WHERE run = ?"

const (
	getTally = `SELECT t.run, t.gen, t.counts, t.sum, n.name, n.state FROM tallies t JOIN runs n ON n.id = t.run WHERE t.run = ?`
	getTrace = `SELECT (SELECT count(*) FROM tallies WHERE run = ?) + (SELECT count(*) FROM runs WHERE id = ?)`
)

// tally reads the run's count, and its state. It is ErrNoRun when the run is no
// more: deleted or being deleted, or its number is another's by now. The census,
// where there is one, spares reading the counts that it agrees with; it shares
// them.
func (r *Run) tally(ctx context.Context, db asker, known *census) (t *tally, state State, err error) {
	name := ""
	t, name, state, err = readTally(ctx, db, r.id, known)
	if err == nil && (state == pruning || name != r.Plan().Run) {
		return nil, "", ErrNoRun
	}
	return t, state, err
}

// readTally reads the count of whatever run has the number.
func readTally(ctx context.Context, db asker, run int64, known *census) (t *tally, name string, state State, err error) {
	err = each(ctx, db, func(c *cells) error {
		if err := talliesTable.check(c); err != nil {
			return err
		}
		var of int64
		if of, t, err = readCounts(c, known); err == nil && of != run {
			err = fmt.Errorf("%w: table tallies, row %d: it is not row %d", ErrDamaged, of, run)
		}
		c.take() // the sum
		name, state = c.text(), State(c.text())
		return err
	}, getTally, run)
	if err != nil || t != nil {
		return t, name, state, err
	}
	var rows int
	err = each(ctx, db, func(c *cells) error { rows = c.num(); return nil }, getTrace, run, run)
	switch {
	case err != nil:
		return nil, "", "", err
	case rows == 0:
		return nil, "", "", ErrNoRun
	}
	return nil, "", "", fmt.Errorf("%w: tables runs and tallies: the run is not in both", ErrDamaged)
}

// readCounts reads a row of the tallies.
func readCounts(c *cells, known *census) (run int64, t *tally, err error) {
	run, t = c.num64(), newTally()
	t.gen = c.num64()
	counts := c.text()
	if known != nil && known.gen == t.gen {
		t.of = known.found
		return run, t, nil
	}
	if err := json.Unmarshal([]byte(counts), &t.of); err != nil {
		return 0, nil, errors.Join(ErrDamaged, err)
	}
	return run, t, nil
}

// putTally stores the tally as the next of its run.
func (t *tx) putTally(ctx context.Context, run int64) error {
	counts, err := json.Marshal(t.tally.of)
	if err == nil {
		t.tally.gen++
		err = t.put(ctx, talliesTable.upsert, run, t.tally.gen, string(counts))
	}
	if err != nil {
		return fmt.Errorf("count rows: %w", err)
	}
	return nil
}
