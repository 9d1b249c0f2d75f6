package journal

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

// tx is a write transaction with the store's prepared statements.
type tx struct {
	*sql.Tx
	stmts map[string]*sql.Stmt
	tally *tally // of the run that is updated; nil when there is none any more
}

// update runs f in one transaction: all of it is durable when update returns
// nil, and none of it has happened otherwise. After a sync that failed nothing
// is written any more: see ErrDisk.
func (s *Store) update(ctx context.Context, f func(context.Context, *tx) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.unsynced != nil {
		return fmt.Errorf("nothing is written after a failed sync: %w", s.unsynced)
	}
	err := s.transact(ctx, f)
	if err == nil {
		s.keepLogShort(ctx)
	} else if syncFailed(err) {
		s.unsynced = err
	}
	return err
}

func (s *Store) transact(ctx context.Context, f func(context.Context, *tx) error) error {
	t, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", sqliteFault(err))
	}
	defer t.Rollback() // does nothing after Commit
	if err := f(ctx, &tx{Tx: t, stmts: s.stmts}); err != nil {
		return sqliteFault(err)
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", sqliteFault(err))
	}
	return nil
}

// prepared lists the statements that a run executes again and again.
func prepared() []string {
	q := []string{getTally, endCall, dropTrials, logLength, talliesTable.upsert.of[len(bulkSizes)-1]}
	for _, b := range []bulk{rowsTable.insert, callsTable.insert, trialsTable.upsert, recordsTable.upsert} {
		q = append(q, b.of[:]...)
	}
	return q
}

func (s *Store) prepare(ctx context.Context) error {
	s.stmts = make(map[string]*sql.Stmt)
	for _, q := range prepared() {
		st, err := s.w.PrepareContext(ctx, q)
		if err != nil {
			if sqliteCode(err)&0xff == sqlite3.SQLITE_ERROR { // the tables are there; what they refer to is not
				err = fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			return fmt.Errorf("prepare statement: %w", sqliteFault(err))
		}
		s.stmts[q] = st
	}
	return nil
}

// exec runs a statement and tells how many rows it touched.
func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	var res sql.Result
	var err error
	if st := t.stmts[query]; st != nil {
		res, err = t.StmtContext(ctx, st).ExecContext(ctx, args...)
	} else {
		res, err = t.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// QueryContext makes a tx an asker that knows the prepared statements.
func (t *tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := t.stmts[query]; st != nil {
		return t.StmtContext(ctx, st).QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, query, args...)
}

// row asks for one row.
func (t *tx) row(ctx context.Context, query string, args ...any) *sql.Row {
	if st := t.stmts[query]; st != nil {
		return t.StmtContext(ctx, st).QueryRowContext(ctx, args...)
	}
	return t.QueryRowContext(ctx, query, args...)
}

// bulkSizes are how many rows one INSERT takes. More than 8 is slower: the
// driver looks every parameter up in a list of all of them. A remainder takes
// few statements by its powers of two.
var bulkSizes = [...]int{8, 4, 2, 1}

// bulk is an INSERT of as many rows as each of bulkSizes.
type bulk struct {
	of    [len(bulkSizes)]string
	table *table
}

// newBulk makes the statements from the table and what is to happen on conflict.
func newBulk(t *table, conflict string) bulk {
	b := bulk{table: t}
	row := "(" + strings.Repeat("?,", len(t.columns)) + "?)"
	for i, n := range bulkSizes {
		b.of[i] = "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ", sum) VALUES " +
			strings.Repeat(row+",", n-1) + row + conflict
	}
	return b
}

// inserter gathers rows for a bulk and gives each its sum. Nothing is sure to
// be executed before flush.
type inserter struct {
	t       *tx
	b       bulk
	args    []any
	scratch []byte
}

func (t *tx) into(b bulk) *inserter {
	return &inserter{t: t, b: b}
}

// put inserts one row.
func (t *tx) put(ctx context.Context, b bulk, row ...any) error {
	in := t.into(b)
	if err := in.add(ctx, row...); err != nil {
		return err
	}
	return in.flush(ctx)
}

// width is how many arguments a row takes.
func (in *inserter) width() int { return len(in.b.table.columns) + 1 }

func (in *inserter) add(ctx context.Context, row ...any) error {
	if in.args == nil { // not before: many have nothing to insert
		in.args = make([]any, 0, in.width()*bulkSizes[0])
	}
	var sum int64
	var ok bool
	if sum, in.scratch, ok = in.b.table.sum(in.scratch, row); !ok {
		return fmt.Errorf("table %s cannot hold %v", in.b.table.name, row)
	}
	in.args = append(append(in.args, row...), sum)
	if len(in.args) < in.width()*bulkSizes[0] {
		return nil
	}
	return in.flush(ctx)
}

func (in *inserter) flush(ctx context.Context) error {
	args := in.args
	in.args = in.args[:0]
	for i, n := range bulkSizes {
		if n *= in.width(); len(args) >= n { // at most once, as each size is half of the one before
			if _, err := in.t.exec(ctx, in.b.of[i], args[:n]...); err != nil {
				return err
			}
			args = args[n:]
		}
	}
	return nil
}
