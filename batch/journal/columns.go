package journal

import (
	"cmp"
	"encoding/json"
	"errors"
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
	rows, err := t.rows(query, args)
	if err != nil {
		return all, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return all, err
	}
	var row, zero T
	to := pointers(&row)
	for i := range to {
		to[i] = column{to[i], names[i]}
	}
	for rows.Next() {
		row = zero
		if err := rows.Scan(to...); err != nil {
			return all, cmp.Or(errors.Unwrap(err), err) // without the words that database/sql puts before a column's own
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// first is the first of a list; where there is none, it is zero.
func first[T any](all []T, err error) (value T, _ error) {
	if len(all) > 0 {
		value = all[0]
	}
	return value, err
}

// alone is for rows of one column.
func alone[T any](value *T) []any { return []any{value} }

// number reads the one number of the answer; NULL is 0.
func number(t *tx, query string, args ...any) (int, error) {
	return first(list(t, alone[int], query, args...))
}

// column takes a value of the database for a field, of the types that encode knows.
type column struct {
	field any
	name  string // for errors
}

// Scan sets the field. A value that does not fit is ErrDamaged.
func (c column) Scan(value any) error {
	if err := c.set(value); err != nil {
		return fmt.Errorf("%w (column %s)", err, c.name)
	}
	return nil
}

func (c column) set(value any) error {
	if value == nil {
		return nil
	}
	number, ok := value.(int64)
	text, isText := value.(string)
	if yes, is := value.(bool); is {
		number, ok = 0, true
		if yes {
			number = 1
		}
	}
	switch to := c.field.(type) {
	case *int:
		*to = int(number)
	case *bool:
		*to = number != 0
	case *time.Duration:
		*to = time.Duration(number) * time.Millisecond
	case *time.Time:
		if number != 0 {
			*to = time.UnixMilli(number).UTC()
		}
	case *string:
		*to, ok = text, isText
	case account:
		to.user.Enabled, to.user.Disabled = number == 1, number == 0
	case *batch.Step:
		*to, ok = batch.Step(text), isText
	case *State:
		*to, ok = State(text), isText
	case *batch.Outcome:
		// The database holds the words too, in its schema, which may be what was damaged.
		*to = batch.Outcome(text)
		ok = isLastWord(*to)
	case *batch.Plan:
		err := Decode(text, to)
		if errors.Is(err, ErrVersion) {
			err = fmt.Errorf("%w; version %s planned the run", err, to.Version)
		}
		return err
	case *[]string:
		// Most lists have no escape in them. Those are taken apart at their quotes, in a
		// tenth of the time.
		if inner, simple := strings.CutPrefix(text, `["`); simple && !strings.Contains(inner, `\`) {
			*to, ok = strings.Split(strings.TrimSuffix(inner, `"]`), `","`), true
		} else {
			ok = decode(text, to)
		}
	default:
		ok = decode(text, to)
	}
	if !ok {
		return fmt.Errorf("%w: %v is no %s", ErrDamaged, value, strings.TrimLeft(fmt.Sprintf("%T", c.field), "*"))
	}
	return nil
}

// Decode reads JSON that says what is to be done to whom. A key that this program does not know is
// another version's, and may be what keeps somebody from being touched: that is [ErrVersion].
func Decode(text string, to any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if key, unknown := strings.CutPrefix(fmt.Sprint(err), "json: unknown field "); unknown {
		return fmt.Errorf("%w: the key %s is not known to this one", ErrVersion, key)
	}
	if err == nil && d.InputOffset() != int64(len(text)) {
		err = errors.New("something stands behind the JSON")
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// decode reads JSON; an empty list is nil.
func decode(text string, to any) bool {
	return text == "[]" || json.Unmarshal([]byte(text), to) == nil
}

// isLastWord reports whether a user can end with the outcome.
func isLastWord(o batch.Outcome) bool { return !o.Open() && slices.Contains(batch.Outcomes[:], o) }

// encode makes of values what the database stores: times and durations are
// milliseconds, lists and plans JSON.
func encode(args []any) error {
	for i, arg := range args {
		switch v := arg.(type) {
		case time.Time:
			args[i] = int64(0)
			if !v.IsZero() {
				args[i] = v.UnixMilli()
			}
		case time.Duration:
			args[i] = v.Milliseconds()
		case []string, []int, []batch.Interruption, []File, batch.Plan:
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

// account is the column enabled, which fills two fields of a user; NULL is not told.
type account struct{ user *batch.User }

// enabledOf is what the column has of a user.
func enabledOf(u batch.User) any {
	if !u.Enabled && !u.Disabled {
		return nil
	}
	return u.Enabled
}

// cellsOf are the cells of a row as they are stored: with a date gate the moment from which
// the row passes is the last one.
func (r *Run) cellsOf(row batch.Row) []string {
	p := r.Plan()
	if !p.Dated || row.From.IsZero() || len(row.Cells) != len(p.Columns) {
		return row.Cells
	}
	return append(slices.Clip(row.Cells), row.From.UTC().Format(time.RFC3339Nano))
}

// takeFrom takes that moment from the cells of a row.
func takeFrom(p batch.Plan, row *batch.Row) (err error) {
	if last := len(p.Columns); p.Dated && len(row.Cells) == last+1 {
		if row.From, err = time.Parse(time.RFC3339Nano, row.Cells[last]); err != nil {
			return fmt.Errorf("%w: table rows: the last cell of %s is no time: %w", ErrDamaged, row.Place(), err)
		}
		row.Cells = row.Cells[:last]
	}
	return nil
}
