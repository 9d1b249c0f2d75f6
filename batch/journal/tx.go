package journal

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// tx is a write transaction with the store's prepared statements.
type tx struct {
	*sql.Tx
	stmts map[string]*sql.Stmt
}

// read lends a connection that can only read.
func (s *Store) read(ctx context.Context, f func(*sql.Conn) error) error {
	c, err := s.r.Conn(ctx)
	if err != nil {
		return sqliteFault(err)
	}
	defer c.Close()
	// Whatever becomes of this, it is about speed.
	defer func() { _, _ = c.ExecContext(context.WithoutCancel(ctx), dropCache) }()
	return sqliteFault(f(c))
}

// update runs f in one transaction: all of it is durable when update returns
// nil, and none of it has happened otherwise. After a sync that failed nothing
// is written any more: see ErrDisk.
func (s *Store) update(ctx context.Context, f func(context.Context, *tx) error) error {
	if s.w == nil {
		return fmt.Errorf("%w: the journal was opened to read", ErrState)
	}
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
	return sqliteFault(t.Commit())
}

// prepare prepares the statements that a run executes again and again.
func (s *Store) prepare(ctx context.Context) error {
	s.stmts = make(map[string]*sql.Stmt)
	queries := []string{stateOf, endCall, logLength}
	for _, b := range []bulk{addRows, addCalls, addTrials, addRecords} {
		queries = append(queries, b.of[:]...)
	}
	for _, q := range queries {
		st, err := s.w.PrepareContext(ctx, q)
		if err != nil {
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

// bulkRows is how many rows one INSERT takes at the most. More are slower: the
// driver looks every parameter up in a list of all of them.
const bulkRows = 8

// bulk is an INSERT of one row, of two, and so on.
type bulk struct {
	of    [bulkRows]string
	width int // columns
}

// newBulk makes the statements; their end says what happens on a conflict.
func newBulk(table, columns, conflict string) bulk {
	b := bulk{width: strings.Count(columns, ",") + 1}
	row := "(" + placeholders(b.width) + ")"
	for i := range b.of {
		b.of[i] = "INSERT INTO " + table + " (" + columns + ") VALUES " + strings.Repeat(row+",", i) + row + conflict
	}
	return b
}

// inserter gathers rows for a bulk. Nothing is sure to be executed before flush.
type inserter struct {
	t       *tx
	b       bulk
	args    []any
	touched int // rows inserted or changed
}

func (t *tx) into(b bulk) *inserter { return &inserter{t: t, b: b} }

func (in *inserter) add(ctx context.Context, row ...any) error {
	in.args = append(in.args, row...)
	if len(in.args) < in.b.width*bulkRows {
		return nil
	}
	return in.flush(ctx)
}

func (in *inserter) flush(ctx context.Context) error {
	if len(in.args) == 0 {
		return nil
	}
	n, err := in.t.exec(ctx, in.b.of[len(in.args)/in.b.width-1], in.args...)
	in.args, in.touched = in.args[:0], in.touched+int(n)
	return err
}
