package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// cells reads one result row from left to right. The first mismatch is kept,
// so that a reader need not look after every cell.
//
// Scanning into plain ints costs the driver's interface a conversion through
// text; this way a line of 28 columns takes a few microseconds.
type cells struct {
	vals []any
	dest []any
	next int
	err  error
}

func (c *cells) take() any {
	if c.next >= len(c.vals) {
		c.err = fmt.Errorf("column %d of %d", c.next+1, len(c.vals))
		return nil
	}
	c.next++
	return c.vals[c.next-1]
}

// num is a number; NULL is 0.
func (c *cells) num() int {
	switch v := c.take().(type) {
	case int64:
		return int(v)
	case nil:
	default:
		c.err = fmt.Errorf("%w: column %d is a %T, no number", ErrDamaged, c.next, v) // a strict table has none
	}
	return 0
}

// text is a text; NULL is "".
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

func (c *cells) flag() bool { return c.num() != 0 }

func (c *cells) time() time.Time {
	if ms := c.num(); ms != 0 {
		return time.UnixMilli(int64(ms)).UTC()
	}
	return time.Time{}
}

// fromJSON reads what toJSON wrote; an empty list is nil.
func fromJSON[T any](c *cells) (list []T) {
	if text := c.text(); text != "[]" && c.err == nil {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			c.err = fmt.Errorf("%w: column %d: %w", ErrDamaged, c.next, err)
		}
	}
	return list
}

// texts is fromJSON for a list of texts. Most have no escape in them, and are
// taken apart at their quotes, in a tenth of the time.
func texts(c *cells) []string {
	text := c.text()
	if inner, ok := strings.CutPrefix(text, `["`); ok && !strings.Contains(inner, `\`) {
		return strings.Split(strings.TrimSuffix(inner, `"]`), `","`)
	}
	c.next--
	return fromJSON[string](c)
}

// asker is a database, a connection, or a transaction on it.
type asker interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
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

// number is the one number that the query asks for; NULL is 0.
func number(ctx context.Context, db asker, query string, args ...any) (n int, err error) {
	err = each(ctx, db, func(c *cells) error { n = c.num(); return nil }, query, args...)
	return n, err
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
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// unless is NULL for a text that another column has.
func unless(text, other string) any {
	if text == other {
		return nil
	}
	return text
}

// toJSON writes a list; nil and empty are the same.
func toJSON[T any](list []T) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}
