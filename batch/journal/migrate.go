package journal

import (
	"context"
	"fmt"
	"maps"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

// sums is the second step: a sum for each row, a count of the rows, and users
// who hold a role. The tally is one of its run, which goes when the run goes.
var sums = `
ALTER TABLE rows ADD COLUMN privileged INTEGER NOT NULL DEFAULT 0;

ALTER TABLE runs ADD COLUMN accounts TEXT NOT NULL DEFAULT '[]';     -- JSON: [external, synced, enabled, privileged]
ALTER TABLE runs ADD COLUMN choice   TEXT NOT NULL DEFAULT '';       -- digest of the flags that chose the users
ALTER TABLE runs ADD COLUMN in_order INTEGER NOT NULL DEFAULT 0;     -- 1: the file's order, whoever is privileged
ALTER TABLE runs ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';         -- JSON: batch.Terms

CREATE TABLE tallies (                    -- what there is of each run; a missing row is found out by it
	run    INTEGER PRIMARY KEY REFERENCES runs(id) ON DELETE CASCADE,
	gen    INTEGER NOT NULL,              -- goes up with every change
	counts TEXT NOT NULL                  -- JSON: {table or part of one: [how many rows, sum of their keys]}
) STRICT;
` + addSums() + `
DROP INDEX calls_over; -- nothing asks for it any more, and every call was written to it twice

DROP VIEW lines;
` + strings.NewReplacer("OR t.doubt = 1", "OR t.doubt = 1 OR n.state = 'damaged'",
	"u.id AS", unsame("u.id", unsame("u.given_id", "lower(u.input)"))+" AS",
	"coalesce(u.upn, u.input)", "coalesce("+unsame("u.upn", "coalesce(u.given_upn, u.input)")+", u.input)",
).Replace(linesView)

// unsame is what a column says that may be [same].
func unsame(column, as string) string {
	return "CASE " + column + " WHEN '" + same + "' THEN " + as + " ELSE " + column + " END"
}

func addSums() string {
	var sql strings.Builder
	for _, t := range append([]*table{runsTable, talliesTable}, parts...) {
		sql.WriteString("ALTER TABLE " + t.name + " ADD COLUMN sum INTEGER;\n")
	}
	return sql.String()
}

// migrate takes the steps that are missing, all or none.
func (s *Store) migrate(ctx context.Context, steps []step) error {
	return s.update(ctx, func(ctx context.Context, t *tx) error {
		// Once more, now that no other process can be at it.
		version, err := schemaVersion(ctx, t)
		if err != nil {
			return err
		}
		if err := checkVersion(version, steps); err != nil || version == len(steps) {
			return err
		}
		if version > 0 {
			if err := wantWhole(ctx, t); err != nil {
				return err
			}
		}
		for i, st := range steps[version:] {
			_, err := t.ExecContext(ctx, st.sql)
			if sqliteCode(err) == sqlite3.SQLITE_ERROR { // every step was tried on what its version says
				err = fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			if err == nil && st.fill != nil {
				err = st.fill(ctx, t)
			}
			if err != nil {
				return fmt.Errorf("migrate schema to version %d: %w", version+i+1, err)
			}
		}
		stamp := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(steps))
		if _, err := t.ExecContext(ctx, stamp); err != nil {
			return fmt.Errorf("stamp schema version: %w", err)
		}
		return nil
	})
}

// wantWhole asks SQLite whether its own structures are whole, before a
// migration takes them for the truth.
func wantWhole(ctx context.Context, t *tx) error {
	return each(ctx, t, func(c *cells) error {
		if word := c.text(); word != "ok" {
			return fmt.Errorf("%w: %s", ErrDamaged, word)
		}
		return nil
	}, "PRAGMA integrity_check(1)")
}

// fillSums gives each row its sum, and each run its tally.
func fillSums(ctx context.Context, t *tx) error {
	if err := wantTables(ctx, t); err != nil {
		return err
	}
	var runs []int64
	if err := each(ctx, t, func(c *cells) error {
		runs = append(runs, c.num64())
		return nil
	}, "SELECT id FROM runs ORDER BY id"); err != nil {
		return err
	}
	for _, run := range runs {
		for _, part := range append([]*table{runsTable}, parts...) {
			if err := fillTable(ctx, t, part, run); err != nil {
				return fmt.Errorf("sum up table %s: %w", part.name, err)
			}
		}
		c, err := takeCensus(ctx, t, run)
		if err == nil {
			err = c.wantPlan(ctx, t, run)
		}
		if err != nil {
			return err
		}
		t.tally = &tally{of: maps.Clone(c.found)}
		if err := t.putTally(ctx, run); err != nil {
			return err
		}
	}
	return nil
}

// fillTable gives the run's rows in a table their sums, a page at a time.
func fillTable(ctx context.Context, t *tx, of *table, run int64) error {
	key, where := of.columns[of.keys-1], of.columns[0]+" = ?"
	st, err := t.PrepareContext(ctx, "UPDATE "+of.name+" SET sum = ? WHERE "+where+" AND "+key+" = ?")
	if err != nil {
		return err
	}
	defer st.Close()
	type sum struct{ key, sum int64 }
	for last, page := int64(-1<<63), []sum(nil); ; {
		page = page[:0]
		err := each(ctx, t, func(c *cells) error {
			s, _, ok := of.sum(nil, c.vals[:len(of.columns)])
			if !ok {
				return fmt.Errorf("%w: row %v holds what it cannot", ErrDamaged, c.vals[of.keys-1])
			}
			last, _ = c.vals[of.keys-1].(int64)
			page = append(page, sum{last, s})
			return nil
		}, fmt.Sprintf("%s WHERE %s AND %s > ? ORDER BY %s LIMIT %d", of.query, where, key, key, pageRows), run, last)
		if err != nil {
			return err
		}
		for _, p := range page {
			if _, err := st.ExecContext(ctx, p.sum, run, p.key); err != nil {
				return err
			}
		}
		if len(page) < pageRows {
			return nil
		}
	}
}

// wantTables is an ErrDamaged that names the first table or column which the
// version of the schema has and the file has not.
func wantTables(ctx context.Context, db asker) error {
	have := map[string]bool{}
	err := each(ctx, db, func(c *cells) error {
		have[c.text()] = true
		return nil
	}, `SELECT m.name FROM sqlite_schema m WHERE m.type = 'table'
		UNION ALL SELECT m.name || '.' || p.name FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table'`)
	if err != nil {
		return fmt.Errorf("read tables: %w", sqliteFault(err))
	}
	for _, t := range append([]*table{runsTable, talliesTable}, parts...) {
		if !have[t.name] {
			return fmt.Errorf("%w: table %s is missing", ErrDamaged, t.name)
		}
		for _, c := range append(t.columns[:len(t.columns):len(t.columns)], "sum") {
			if !have[t.name+"."+c] {
				return fmt.Errorf("%w: table %s has no column %s", ErrDamaged, t.name, c)
			}
		}
	}
	return nil
}
