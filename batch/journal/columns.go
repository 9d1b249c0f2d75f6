package journal

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
)

// list reads every row of the answer. pointers names for each column the field of a T
// that it goes to. NULL leaves the field zero.
func list[T any](t *tx, pointers func(*T) []any, query string, args ...any) ([]T, error) {
	return appendList(nil, t, pointers, query, args...)
}

// appendList is list behind what is there.
func appendList[T any](all []T, t *tx, pointers func(*T) []any, query string, args ...any) ([]T, error) {
	st, err := t.stmt(query)
	if err == nil {
		err = encode(args)
	}
	if err != nil {
		return all, err
	}
	rows, err := st.QueryContext(t.ctx, args...)
	if err != nil {
		return all, err
	}
	defer rows.Close()
	var one, zero T
	to := pointers(&one)
	values, scan := make([]any, len(to)), make([]any, len(to))
	for i := range values {
		scan[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(scan...); err != nil {
			return all, err
		}
		one = zero
		for i, value := range values {
			if err := decode(value, to[i]); err != nil {
				return all, fmt.Errorf("%w: column %s: %w", ErrDamaged, nameOf(rows, i), err)
			}
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// nameOf is the table and the name of a column, or the expression that it comes from.
func nameOf(rows *sql.Rows, i int) string {
	names, err := rows.Columns()
	if err != nil {
		return fmt.Sprint(i + 1)
	}
	return names[i]
}

// one reads the one row of the answer; where there is none, it is zero.
func one[T any](t *tx, pointers func(*T) []any, query string, args ...any) (value T, err error) {
	all, err := list(t, pointers, query, args...)
	if len(all) > 0 {
		value = all[0]
	}
	return value, err
}

// number reads the one number of the answer; NULL is 0.
func number(t *tx, query string, args ...any) (int, error) {
	return one(t, func(n *int) []any { return []any{n} }, query, args...)
}

// numbers reads a column of numbers.
func numbers(t *tx, query string, args ...any) ([]int, error) {
	return list(t, func(n *int) []any { return []any{n} }, query, args...)
}

// decode sets what a pointer points to, of the types that encode knows, to a value of the
// database. database/sql could do it too, and takes a number through its text.
func decode(value, pointer any) error {
	if value == nil {
		return nil
	}
	switch to := pointer.(type) {
	case *int:
		n, ok := value.(int64)
		*to = int(n)
		return wantType(ok, "number", value)
	case *bool:
		n, ok := value.(int64)
		*to = n != 0
		return wantType(ok, "flag", value)
	case *time.Duration:
		ms, ok := value.(int64)
		*to = time.Duration(ms) * time.Millisecond
		return wantType(ok, "duration", value)
	case *time.Time:
		ms, ok := value.(int64)
		if ms != 0 {
			*to = time.UnixMilli(ms).UTC()
		}
		return wantType(ok, "time", value)
	}
	text, ok := value.(string)
	if !ok || text == "[]" { // an empty list is nil
		return wantType(ok, "text", value)
	}
	switch to := pointer.(type) {
	case *string:
		*to = text
	case *State:
		*to = State(text)
	case *batch.Outcome:
		// The database holds the words too, in its schema, which may be what was damaged.
		*to = batch.Outcome(text)
		return wantType(isLastWord(*to), "outcome", value)
	case *[]string:
		// Most lists have no escape in them. Those are taken apart at their quotes, in a
		// tenth of the time.
		if inner, ok := strings.CutPrefix(text, `["`); ok && !strings.Contains(inner, `\`) {
			*to = strings.Split(strings.TrimSuffix(inner, `"]`), `","`)
			return nil
		}
		return json.Unmarshal([]byte(text), to)
	default:
		return json.Unmarshal([]byte(text), to)
	}
	return nil
}

func wantType(ok bool, what string, value any) error {
	if !ok {
		return fmt.Errorf("%v is no %s", value, what)
	}
	return nil
}

// isLastWord reports whether a user can end with the outcome.
func isLastWord(o batch.Outcome) bool { return !o.Open() && slices.Contains(batch.Outcomes[:], o) }

// encode makes of values what the database stores: times and durations are
// milliseconds, flags numbers, lists and plans JSON.
func encode(args []any) error {
	for i, arg := range args {
		switch v := arg.(type) {
		case int: // database/sql takes it, too, by reflection
			args[i] = int64(v)
		case bool:
			args[i] = int64(0)
			if v {
				args[i] = int64(1)
			}
		case time.Time:
			args[i] = int64(0)
			if !v.IsZero() {
				args[i] = v.UnixMilli()
			}
		case time.Duration:
			args[i] = v.Milliseconds()
		case State:
			args[i] = string(v)
		case batch.Outcome:
			args[i] = string(v)
		case batch.Action:
			args[i] = string(v)
		case []string, []int, batch.Plan:
			text, err := json.Marshal(v)
			if err != nil {
				return err
			}
			if args[i] = string(text); args[i] == "null" {
				args[i] = "[]"
			}
		}
	}
	return nil
}

// stored is what a time becomes by being stored.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}
