package journal

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	sqlite3 "modernc.org/sqlite/lib"

	"offboard/batch"
)

// census is who is in a run, and how everybody stands: about two bytes a user.
// Once it is taken, the count of everything is known to be right.
type census struct {
	gen        int64        // of the tally that it agrees with
	rows       int          // rows of the input
	seqs       []int        // their numbers while the plan is not complete; nil when they are 1 to rows
	dups       []dup        // by seq
	orphans    map[int]bool // seqs of those whose user is yet to be planned; nil: none
	privileged []int        // seqs, ascending
	outcome    []uint8      // by seq: 0 for no record, or its place in batch.Outcomes from 1
	tried      []uint8      // by seq: who has a trial, and of what kind
	open       []batch.Call // calls that are not over, by number
	lastCall   int
	found      map[string]total // what a tally of this is; shared with the one that it agrees with
}

// dup is a row that names the user of another.
type dup struct{ seq, same, line int }

// The kinds of trials.
const (
	triedSurely uint8 = 1 + iota
	triedInDoubt
)

// maxSeq bounds what is made room for, should a number be damaged.
const maxSeq = 1 << 28

// takeCensus reads everything that says how somebody stands. What it counts
// has still to be held against the tally.
func takeCensus(ctx context.Context, db asker, run int64) (*census, error) {
	c := &census{found: map[string]total{}}
	for _, read := range []func(context.Context, asker, int64) error{c.readRows, c.readRecords, c.readTrials, c.readCalls, c.countRest} {
		err := read(ctx, db, run)
		if sqliteCode(err)&0xff == sqlite3.SQLITE_ERROR { // a sum of keys that is no number any more
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

// note counts rows as a tally would.
func (c *census) note(what string, n, keys int) {
	t := tally{of: c.found}
	if n != 0 {
		t.of[what] = total{t.of[what][0] + n, t.of[what][1] + keys}
	}
}

func (c *census) readRows(ctx context.Context, db asker, run int64) error {
	var keys, last, special int
	err := each(ctx, db, func(v *cells) error {
		c.rows, keys, last, special = v.num(), v.num(), v.num(), v.num()
		return nil
	}, `SELECT count(*), coalesce(sum(seq), 0), coalesce(max(seq), 0),
		count(CASE WHEN same IS NOT NULL OR privileged IS NOT 0 THEN 1 END)
		FROM rows WHERE run = ?`, run)
	switch {
	case err != nil:
		return err
	case last < c.rows || last > maxSeq:
		return fmt.Errorf("%w: table rows: of %d the last has the number %d", ErrDamaged, c.rows, last)
	}
	c.note("rows", c.rows, keys)
	c.outcome, c.tried = make([]uint8, last+1), make([]uint8, last+1)
	if last > c.rows {
		if err := each(ctx, db, func(v *cells) error {
			c.seqs = append(c.seqs, v.num())
			return nil
		}, "SELECT seq FROM rows WHERE run = ? ORDER BY seq", run); err != nil {
			return err
		}
	}
	if special == 0 {
		return nil
	}
	return c.readSpecial(ctx, db, run)
}

// readSpecial reads the rows that are more than a row with its user.
func (c *census) readSpecial(ctx context.Context, db asker, run int64) error {
	return rowsTable.each(ctx, db, func(v *cells) error {
		k, err := readRow(v)
		if k.same != 0 {
			c.dups = append(c.dups, dup{k.seq, k.same, k.row.Line})
			c.note(countDups, 1, k.seq)
			if !c.there(k.same) {
				if c.orphans == nil {
					c.orphans = map[int]bool{}
				}
				c.orphans[k.seq] = true
			}
		}
		if k.user.Privileged {
			c.privileged = append(c.privileged, k.seq)
			c.note(countPrivileged, 1, k.seq)
		}
		return err
	}, "WHERE run = ? AND (same IS NOT NULL OR privileged IS NOT 0) ORDER BY seq", run)
}

// there reports whether there is a row with the number.
func (c *census) there(seq int) bool {
	if c.seqs == nil {
		return 1 <= seq && seq <= c.rows
	}
	_, ok := slices.BinarySearch(c.seqs, seq)
	return ok
}

func (c *census) readRecords(ctx context.Context, db asker, run int64) error {
	var kinds [len(batch.Outcomes)]total
	last := 0
	err := each(ctx, db, func(v *cells) error {
		seq, o := v.num(), slices.Index(batch.Outcomes[:], batch.Outcome(v.text()))
		if o < 0 || seq <= last || seq >= len(c.outcome) {
			return fmt.Errorf("%w: table records, row %d: it says nothing that could be so", ErrDamaged, seq)
		}
		last, c.outcome[seq] = seq, uint8(o)+1
		kinds[o][0]++
		kinds[o][1] += seq
		return nil
	}, "SELECT seq, outcome FROM records WHERE run = ? ORDER BY seq", run)
	for o, n := range kinds {
		c.note(countOutcome[o], n[0], n[1])
	}
	return err
}

func (c *census) readTrials(ctx context.Context, db asker, run int64) error {
	return trialsTable.each(ctx, db, func(v *cells) error {
		t := readTrial(v)
		if t.Seq < 1 || t.Seq >= len(c.tried) {
			return fmt.Errorf("%w: table trials, row %d: it is of nobody", ErrDamaged, t.Seq)
		}
		c.try(t)
		c.note("trials", 1, t.Seq)
		return nil
	}, ofRun+" ORDER BY seq", run)
}

func (c *census) try(t batch.Trial) {
	c.tried[t.Seq] = triedSurely
	if t.Doubt {
		c.tried[t.Seq] = triedInDoubt
	}
}

func (c *census) readCalls(ctx context.Context, db asker, run int64) error {
	return callsTable.each(ctx, db, func(v *cells) error {
		k, err := readCall(v)
		if err != nil {
			return err
		}
		c.lastCall = k.No
		c.note("calls", 1, k.No)
		if k.open {
			c.open = append(c.open, k.Call)
			c.note(countOpen, 1, k.No)
		}
		t := tally{of: c.found}
		t.sent(millis(k.SentAt))
		return nil
	}, ofRun+" ORDER BY no", run)
}

func (c *census) countRest(ctx context.Context, db asker, run int64) error {
	for _, t := range []*table{statesTable, skipsTable, waitsTable} {
		err := each(ctx, db, func(v *cells) error {
			c.note(t.name, v.num(), v.num())
			return nil
		}, "SELECT count(*), coalesce(sum("+t.columns[1]+"), 0) FROM "+t.name+" WHERE run = ?", run)
		if err != nil {
			return err
		}
	}
	return nil
}

// look gives the census that agrees with the tally, as of the transaction.
// Whoever looks holds r.counting.
func (r *Run) look(ctx context.Context, db asker, t *tally) (*census, error) {
	if r.known != nil && r.known.gen == t.gen {
		return r.known, nil
	}
	c, err := takeCensus(ctx, db, r.id)
	if err == nil {
		err = t.want(c.found)
	}
	if err == nil {
		err = c.wantPlan(ctx, db, r.id)
	}
	if err != nil {
		return nil, err
	}
	c.gen, c.found, r.known = t.gen, t.of, c
	return c, nil
}

// wantPlan makes sure that a plan which was sealed has its rows.
func (c *census) wantPlan(ctx context.Context, db asker, run int64) error {
	return runsTable.each(ctx, db, func(v *cells) error {
		r, err := readRun(v)
		if err == nil && r.state.sealed() && (c.seqs != nil || r.plan.Rows != c.rows) {
			err = fmt.Errorf("%w: table rows: the plan has rows 1 to %d, and %d are there", ErrDamaged, r.plan.Rows, c.rows)
		}
		return err
	}, "WHERE id = ?", run)
}

// survey shows f the census as it is now; f must not keep any of it.
func (r *Run) survey(ctx context.Context, f func(*census)) error {
	r.counting.Lock()
	defer r.counting.Unlock()
	return r.s.view(ctx, func(t *sql.Tx) error {
		tally, _, err := r.tally(ctx, t, r.known)
		if err != nil {
			return err
		}
		c, err := r.look(ctx, t, tally)
		if err == nil {
			f(c)
		}
		return err
	})
}
