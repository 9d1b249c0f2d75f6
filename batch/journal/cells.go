package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// cells reads one result row from left to right. The first mismatch is kept,
// so that a reader need not look after every cell.
//
// Scanning into plain ints costs the driver's interface a conversion through
// text; this way a line of 28 columns takes a few microseconds.
type cells struct {
	vals    []any
	dest    []any
	next    int
	err     error
	scratch []byte // for sums
}

func (c *cells) take() any {
	if c.next >= len(c.vals) {
		c.err = fmt.Errorf("column %d of %d", c.next+1, len(c.vals))
		return nil
	}
	c.next++
	return c.vals[c.next-1]
}

func (c *cells) num() int { return int(c.num64()) }

func (c *cells) num64() int64 {
	switch v := c.take().(type) {
	case int64:
		return v
	case nil:
	default:
		c.err = fmt.Errorf("%w: column %d is a %T, no number", ErrDamaged, c.next, v) // a strict table has none
	}
	return 0
}

func (c *cells) text() string {
	switch v := c.take().(type) {
	case string:
		return v
	case nil:
	default:
		c.err = fmt.Errorf("%w: column %d is a %T, no text", ErrDamaged, c.next, v)
	}
	return ""
}

func (c *cells) flag() bool { return c.num64() != 0 }

func (c *cells) time() time.Time {
	if ms := c.num64(); ms != 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

// asker is a connection, or a transaction on it.
type asker interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
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

// view lends a read transaction: all that is read in it is of one moment.
func (s *Store) view(ctx context.Context, f func(*sql.Tx) error) error {
	return s.read(ctx, func(c *sql.Conn) error {
		t, err := c.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return err
		}
		defer t.Rollback()
		return f(t)
	})
}

// each calls f with every row of the answer.
func each(ctx context.Context, db asker, f func(*cells) error, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	c := &cells{vals: make([]any, len(names)), dest: make([]any, len(names))}
	for i := range c.vals {
		c.dest[i] = &c.vals[i]
	}
	for rows.Next() {
		c.next = 0
		if err := rows.Scan(c.dest...); err != nil {
			return err
		}
		if err := f(c); err != nil {
			return err
		}
		if c.err != nil {
			return c.err
		}
	}
	return rows.Err()
}

// millis is how times are stored; 0 is no time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is what a time becomes by being stored.
func moment(t time.Time) time.Time {
	if ms := millis(t); ms != 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// unless is NULL for the value that a column has by default.
func unless(v, usual string) any {
	if v == usual {
		return nil
	}
	return v
}

// toJSON writes a list; nil and empty are the same.
func toJSON[T any](list []T) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}

// fromJSON reads what toJSON wrote; an empty list is nil.
func fromJSON[T any](text string) ([]T, error) {
	var list []T
	if text == "[]" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	return list, nil
}
