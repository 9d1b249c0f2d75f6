package journal

import (
	"testing"

	"offboard/batch"
)

// What is packed reads as it was, and what is said twice takes no room.
func TestPackedRows(t *testing.T) {
	const id, other = "0000000a-0000-4000-8000-000000000000", "0000000b-0000-4000-8000-000000000000"
	for _, c := range []struct {
		name  string
		row   batch.Row
		user  batch.User
		bytes int // of texts stored
	}{
		{"id and name, as exports have them", batch.Row{Input: id, ID: id, UPN: "a@x.example", Cells: []string{id, "a@x.example"}}, batch.User{ID: id, UPN: "a@x.example"}, 36 + 1 + 11 + 1 + 1 + 5},
		{"a name alone", batch.Row{Input: "a@x.example", UPN: "a@x.example", Cells: []string{"a@x.example"}}, batch.User{ID: id, UPN: "a@x.example"}, 11 + 36},
		{"capitals", batch.Row{Input: "0000000A-0000-4000-8000-000000000000", ID: id, Cells: []string{"0000000A-0000-4000-8000-000000000000"}}, batch.User{ID: id, UPN: "a@x.example"}, 36 + 1 + 1 + 11},
		{"renamed", batch.Row{Input: id, ID: id, UPN: "a@x.example", Cells: []string{id, "A@x.example"}}, batch.User{ID: id, UPN: "b@x.example"}, 36 + 1 + 11 + 1 + 11 + 17},
		{"another id", batch.Row{Input: "a@x.example", ID: other, UPN: "a@x.example", Cells: []string{"a@x.example", other}}, batch.User{ID: id, UPN: "a@x.example"}, 11 + 36 + 36 + 5},
		{"a cell that looks like a mark", batch.Row{Input: "x", Cells: []string{"0", "=", "2", "x"}}, batch.User{}, 1 + 15},
		{"no cells", batch.Row{Input: "x"}, batch.User{}, 1 + 2},
		{"a bad row beside a name", batch.Row{Input: "x", UPN: "a@x.example", Cells: []string{"x", "a@x.example"}}, batch.User{}, 1 + 11 + 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openNew(t)
			plan := batch.Plan{Run: "r", Rows: 1}
			r := create(t, s, plan)
			c.row.Line, c.user.Seq = 2, 1
			p := batch.Planned{Row: c.row, User: c.user}
			if c.user.ID == "" {
				p.Record = &batch.Record{Seq: 1, Outcome: batch.Invalid}
			} else {
				plan.Users = 1
			}
			must(t, r.AddRows(t.Context(), []batch.Planned{p}))
			must(t, r.Seal(t.Context(), plan))
			for l, err := range r.Lines(t.Context()) {
				must(t, err)
				diff(t, "row", l.Row, c.row)
				diff(t, "user", l.User, c.user)
			}
			var bytes int
			must(t, s.r.QueryRow(`SELECT sum(coalesce(length(input), 0) + coalesce(length(cells), 0) + coalesce(length(given_id), 0)
				+ coalesce(length(given_upn), 0) + coalesce(length(id), 0) + coalesce(length(upn), 0)) FROM rows`).Scan(&bytes))
			if bytes != c.bytes {
				t.Errorf("%d bytes of texts are stored, want %d", bytes, c.bytes)
			}
			var gotID, gotUPN string
			must(t, s.r.QueryRow("SELECT user_id, user_principal_name FROM lines").Scan(&gotID, &gotUPN))
			if gotID != c.user.ID || gotUPN != c.user.UPN {
				t.Errorf("the view lines has %q, %q", gotID, gotUPN)
			}
		})
	}
}

// The mark itself is nobody's name.
func TestMarkIsNoName(t *testing.T) {
	r := create(t, openNew(t), batch.Plan{Run: "r"})
	err := r.AddRows(t.Context(), []batch.Planned{{Row: batch.Row{Line: 2, UPN: "="}, User: batch.User{Seq: 1}}})
	wantErr(t, err, ErrPlan)
}
