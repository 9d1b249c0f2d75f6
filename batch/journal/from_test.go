package journal

import (
	"testing"
	"time"

	"offboard/batch"
)

// TestFrom: the date of a row comes back with its cells as they were, and only a plan with
// a date gate stores anything for it. What is said of an account is told from nothing said.
func TestFrom(t *testing.T) {
	from := time.Date(2026, 3, 1, 22, 59, 59, 5, time.UTC)
	for _, dated := range []bool{true, false} {
		s := openNew(t)
		r := create(t, s, batch.Plan{Run: "r", Columns: []string{"upn", "Dept"}, Dated: dated})
		rows := []batch.Planned{member(1), member(2), member(3), member(4)}
		for i := range rows {
			rows[i].Row.Cells, rows[i].Row.From = []string{rows[i].Row.Input, "2026"}, from
		}
		rows[1].Row.From = time.Time{}
		rows[1].User.Enabled, rows[1].User.Disabled = false, true
		rows[2].Row.Cells = nil
		rows[2].User.Enabled = false
		rows[3].DuplicateOf = 1
		rows[3].Row.From = from.Add(time.Hour)
		must(t, r.AddRows(t.Context(), rows))
		must(t, r.Seal(t.Context(), batch.Plan{Run: "r", Rows: 4, Users: 3, Columns: []string{"upn", "Dept"}, Dated: dated}))
		lines := check(t, r)
		for i, l := range lines {
			want := rows[i].Row.From
			if !dated || rows[i].Row.Cells == nil {
				want = time.Time{}
			}
			user := rows[i].User
			if rows[i].DuplicateOf != 0 {
				user = rows[0].User
			}
			diff(t, "cells", l.Row.Cells, rows[i].Row.Cells)
			diff(t, "from", l.Row.From, want)
			diff(t, "user", l.User, user)
		}
		must(t, s.read(t.Context(), func(x *tx) error {
			stored, err := number(x, "SELECT count(*) FROM rows r CROSS JOIN json_each(r.cells) c")
			want := 6
			if dated {
				want += 2
			}
			diff(t, "cells in the file", stored, want)
			return err
		}))
	}
}
