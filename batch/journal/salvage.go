package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// wreck is a damaged journal, read around its bad pages.
type wreck struct{ db *sql.DB }

// maxBarren is how many probes in a row may find nothing. As the widest gaps are
// looked into first, what is left is then narrower than a five-hundredth of
// what was asked for.
const maxBarren = 1000

// errStop ends a scan whose keys go the wrong way or are another run's, as in a
// tree that leads back into itself.
var errStop = errors.New("keys go the wrong way")

// read calls f with the good rows of a run in a table whose keys lie between 1
// and last, in no order; a run's number is the key where there is no other.
func (w *wreck) read(ctx context.Context, t *table, run, last int64, f func(*cells) error) error {
	p := &probe{w: w, table: t, run: run, f: f}
	gaps, barren := [][2]int64{{1, last}}, 0
	for len(gaps) > 0 && barren < maxBarren {
		found := p.found
		low, high, err := p.narrow(ctx, gaps[0][0], gaps[0][1])
		if err != nil {
			return err
		}
		if barren++; p.found > found {
			barren = 0
		}
		if gaps = gaps[1:]; low < high || p.found > found && low == high {
			half := low + (high-low)/2
			gaps = append(gaps, [2]int64{low, half}, [2]int64{half + 1, high})
		}
	}
	return nil
}

// top is the highest key of a good row, or 0 when it cannot be told.
func (w *wreck) top(ctx context.Context, t *table, run int64) (key int64, err error) {
	p := &probe{w: w, table: t, run: run, f: func(c *cells) error {
		key, _ = c.vals[t.keys-1].(int64)
		return errStop
	}}
	_, _, err = p.scan(ctx, 1, 1<<62, "DESC")
	return key, err
}

// probe reads one table of one run.
type probe struct {
	w     *wreck
	table *table
	run   int64
	f     func(*cells) error
	found int // rows
}

// narrow reads the keys between two, upward until a bad page and downward until
// one, and gives the gap in between.
func (p *probe) narrow(ctx context.Context, low, high int64) (int64, int64, error) {
	up, whole, err := p.scan(ctx, low, high, "ASC")
	if err != nil || whole {
		return 1, 0, err
	}
	down, _, err := p.scan(ctx, up+1, high, "DESC")
	return up + 1, down - 1, err
}

// scan reads keys in one direction, and tells the last that it came to and
// whether it came to the end. An error is one of f, or of the context.
func (p *probe) scan(ctx context.Context, low, high int64, order string) (last int64, whole bool, err error) {
	t := p.table
	last, step := low-1, int64(1)
	if order == "DESC" {
		last, step = high+1, -1
	}
	where, args := "WHERE run = ? AND ", []any{p.run, low, high}
	if t.keys == 1 {
		where, args = "WHERE ", args[1:]
	}
	query := t.query + where + t.columns[t.keys-1] + " BETWEEN ? AND ? ORDER BY " + t.columns[t.keys-1] + " " + order
	var stop error
	bad := each(ctx, p.w.db, func(c *cells) error {
		key, ok := c.vals[t.keys-1].(int64)
		if !ok || (key-last)*step <= 0 || t.keys == 2 && c.vals[0] != any(p.run) {
			return errStop
		}
		last, p.found = key, p.found+1
		if !t.good(c) {
			return nil // lost
		}
		c.next = t.keys - 1
		stop = p.f(c)
		return stop
	}, query, args...)
	switch {
	case ctx.Err() != nil:
		return last, false, context.Cause(ctx)
	case stop != nil && !errors.Is(stop, errStop):
		return last, false, stop
	}
	return last, bad == nil, nil
}

// runsSeen lists the runs of a table, as far as its pages lead from either end.
func (w *wreck) runsSeen(ctx context.Context, t *table, seen func(int64)) error {
	for _, next := range []string{"> ? ORDER BY run", "< ? ORDER BY run DESC"} {
		id := int64(0)
		if strings.HasPrefix(next, "<") {
			id = maxRuns
		}
		for more := true; more; {
			more = false
			_ = each(ctx, w.db, func(c *cells) error { // whatever fails, it is the end
				id = c.num64()
				if more = c.err == nil && 0 < id && id < maxRuns; more {
					seen(id)
				}
				return nil
			}, fmt.Sprintf("SELECT run FROM %s WHERE run %s LIMIT 1", t.name, next), id)
		}
	}
	return ctx.Err()
}
