package journal

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
)

// table is one whose rows carry a sum over all else that they hold: the run
// and the key included, so that a row that moved is seen, and so is one that
// names somebody else.
type table struct {
	name    string
	columns []string // all but the sum, the key first; their order is part of the sum
	keys    int      // how many of them are the key; the last of these tells the row within its run
	query   string   // selects the columns and then the sum
	insert  bulk
	upsert  bulk
}

// The tables, as version 2 of the schema has them.
var (
	runsTable = newTable("runs", 1, "id, name, state, created, version, input, digest, columns, settings, "+
		"tenant, app, cloud, action, resolve, verify, rows, users, lines, accounts, choice, in_order, terms")
	talliesTable = newTable("tallies", 1, "run, gen, counts")
	statesTable  = newTable("states", 2, "run, no, at, state, reason")
	rowsTable    = newTable("rows", 2, "run, seq, line, input, cells, given_id, given_upn, same, id, upn, type, "+
		"enabled, synced, before, privileged")
	skipsTable  = newTable("skips", 2, "run, line, reason")
	waitsTable  = newTable("waits", 2, "run, no, paused, quota, learned, rate")
	callsTable  = newTable("calls", 2, "run, no, app, sent_at, users, over, seqs")
	trialsTable = newTable("trials", 2, "run, seq, attempts, throttles, sent_at, doubt, status, code, message, request_id")

	recordsTable = newTable("records", 2, "run, seq, outcome, status, code, message, attempts, throttles, "+
		"sent_at, settled_at, accepted_at, after, request_id, reason")
)

// parts are the tables that hold a run's own rows.
var parts = []*table{statesTable, rowsTable, skipsTable, waitsTable, callsTable, trialsTable, recordsTable}

func newTable(name string, keys int, columns string) *table {
	t := &table{name: name, keys: keys, columns: strings.Split(columns, ", "),
		query: "SELECT " + columns + ", sum FROM " + name + " "}
	t.insert = newBulk(t, "")
	set := make([]string, 0, len(t.columns))
	for _, c := range append(slices.Clone(t.columns[keys:]), "sum") {
		set = append(set, c+" = excluded."+c)
	}
	t.upsert = newBulk(t, " ON CONFLICT ("+strings.Join(t.columns[:keys], ", ")+") DO UPDATE SET "+strings.Join(set, ", "))
	return t
}

// castagnoli is the polynomial of CRC-32C: whatever flips up to 32 neighbouring
// bits of a row is always seen, anything worse but once in four thousand
// million times; processors have an instruction for it, and SQLite keeps the
// sum in 4 bytes. The wider FNV and xxHash cost 4 bytes more a row and promise
// nothing about flipped bits.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is what the row's sum has to be; false when it holds what no row of ours
// does. Each value is told with its type and length, so that no two rows look
// the same. The buffer is scratch, and handed back to be used again.
func (t *table) sum(scratch []byte, row []any) (int64, []byte, bool) {
	b := append(scratch[:0], t.name...)
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, 0)
		case int64:
			b = binary.LittleEndian.AppendUint64(append(b, 1), uint64(v))
		case string:
			b = append(binary.LittleEndian.AppendUint32(append(b, 2), uint32(len(v))), v...)
		default:
			return 0, b, false
		}
	}
	return int64(int32(crc32.Checksum(b, castagnoli))), b, true
}

// good reports whether the sum of the row under the reader is right.
func (t *table) good(c *cells) bool {
	var sum int64
	var ok bool
	sum, c.scratch, ok = t.sum(c.scratch, c.vals[:len(t.columns)])
	return ok && c.vals[len(t.columns)] == any(sum)
}

// check makes sure of the row under the reader and steps over its run.
func (t *table) check(c *cells) error {
	if !t.good(c) {
		return fmt.Errorf("%w: table %s, row %v: its sum is wrong", ErrDamaged, t.name, c.vals[t.keys-1])
	}
	c.next = t.keys - 1
	return nil
}

// each calls f with every row that the query's rest selects, sums checked, from
// its key on. The rest must order the rows by their key; its first argument, if
// it has any, is the run.
func (t *table) each(ctx context.Context, db asker, f func(*cells) error, rest string, args ...any) error {
	var run, key int64 // of the row before
	seen := false
	return each(ctx, db, func(c *cells) error {
		if err := t.check(c); err != nil {
			return err
		}
		r, _ := c.vals[0].(int64)
		k, _ := c.vals[t.keys-1].(int64)
		// A search led astray by a page above ends at a row that is whole, and
		// another run's.
		if len(args) > 0 && args[0] != any(r) {
			return fmt.Errorf("%w: table %s, row %d: it is one of run %d", ErrDamaged, t.name, k, r)
		}
		// A tree that shows a row twice hides another one.
		if seen && (r < run || r == run && k <= key) {
			return fmt.Errorf("%w: table %s, row %d: comes after row %d", ErrDamaged, t.name, k, key)
		}
		run, key, seen = r, k, true
		return f(c)
	}, t.query+rest, args...)
}

// of is the rest of a query for the rows of some users; seqs ascend. Where they
// stand close together it reads all between the first and the last.
func (t *table) of(run int64, seqs []int) (rest string, args []any, err error) {
	first, last := seqs[0], seqs[len(seqs)-1]
	if last-first < 2*len(seqs) {
		return "WHERE run = ? AND seq BETWEEN ? AND ? ORDER BY seq", []any{run, int64(first), int64(last)}, nil
	}
	list, err := toJSON(seqs)
	return "WHERE run = ? AND seq IN (SELECT value FROM json_each(?)) ORDER BY seq", []any{run, list}, err
}
