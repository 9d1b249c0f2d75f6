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

// update runs f in one transaction: all of it is durable when update returns
// nil, and none of it has happened otherwise.
func (s *Store) update(ctx context.Context, f func(context.Context, *tx) error) error {
	t, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer t.Rollback() // does nothing after Commit
	if err := f(ctx, &tx{t, s.stmts}); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// prepared lists the statements that a run executes again and again.
func prepared() []string {
	q := []string{getState, countUsers, endCall, dropIntents, dropTrial}
	for _, b := range []bulk{insertRows, insertCalls, insertIntents, upsertTrials, upsertRecords} {
		q = append(q, b.one, b.many)
	}
	return q
}

func (s *Store) prepare(ctx context.Context) error {
	s.stmts = make(map[string]*sql.Stmt)
	for _, q := range prepared() {
		st, err := s.w.PrepareContext(ctx, q)
		if err != nil {
			return fmt.Errorf("prepare statement: %w", err)
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

// row asks for one row.
func (t *tx) row(ctx context.Context, query string, args ...any) *sql.Row {
	if st := t.stmts[query]; st != nil {
		return t.StmtContext(ctx, st).QueryRowContext(ctx, args...)
	}
	return t.QueryRowContext(ctx, query, args...)
}

// bulkRows is how many rows one INSERT takes. More is slower: the driver looks
// every parameter up in a list of all of them.
const bulkRows = 8

// bulk is an INSERT of one row, and the same of bulkRows.
type bulk struct {
	one, many string
	width     int
}

// newBulk makes the statement from the table with its columns, and what is to
// happen on conflict.
func newBulk(into, columns, conflict string) bulk {
	width := strings.Count(columns, ",") + 1
	row := "(" + strings.Repeat("?,", width-1) + "?)"
	head := "INSERT INTO " + into + " (" + columns + ") VALUES "
	return bulk{
		one:   head + row + " " + conflict,
		many:  head + strings.Repeat(row+",", bulkRows-1) + row + " " + conflict,
		width: width,
	}
}

// inserter gathers rows for a bulk. Nothing is sure to be executed before
// flush.
type inserter struct {
	t    *tx
	b    bulk
	args []any
}

func (t *tx) into(b bulk) *inserter {
	return &inserter{t: t, b: b, args: make([]any, 0, b.width*bulkRows)}
}

func (in *inserter) add(ctx context.Context, row ...any) error {
	in.args = append(in.args, row...)
	if len(in.args) < in.b.width*bulkRows {
		return nil
	}
	_, err := in.t.exec(ctx, in.b.many, in.args...)
	in.args = in.args[:0]
	return err
}

func (in *inserter) flush(ctx context.Context) error {
	for args := in.args; len(args) > 0; args = args[in.b.width:] {
		if _, err := in.t.exec(ctx, in.b.one, args[:in.b.width]...); err != nil {
			return err
		}
	}
	in.args = in.args[:0]
	return nil
}
