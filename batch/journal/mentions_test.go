package journal

import (
	"fmt"
	"strings"
	"testing"

	"offboard/batch"
)

func TestMentions(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	named := func(run string, rows ...batch.Planned) {
		plan := batch.Plan{Run: run, Tenant: "t-" + run, Rows: len(rows), Users: len(rows)}
		r := create(t, s, plan)
		for i := range rows {
			rows[i].User.Seq, rows[i].Row.Line = i+1, i+2
			if rows[i].DuplicateOf != 0 {
				plan.Users--
			}
		}
		must(t, r.AddRows(t.Context(), rows))
		must(t, r.Seal(t.Context(), plan))
	}
	row := func(input, cellID, cellUPN, id, upn string) batch.Planned {
		return batch.Planned{Row: batch.Row{Input: input, Cells: []string{cellID, cellUPN}}, User: batch.User{ID: id, UPN: upn}}
	}
	again := func(p batch.Planned, same int) batch.Planned { p.DuplicateOf = same; return p }
	named("upn", row("Ada@c.example", "", "Ada@c.example", "ID-a", "ada@c.example"), row("bob@c.example", "", "bob@c.example", "id-b", "bob@c.example"))
	named("id", row("id-A", "id-A", "", "id-a", "ada.lovelace@c.example"), row("bob@c.example", "", "bob@c.example", "id-b", "bob@c.example"))
	named("both", row("id-a", "id-a", "ADA@c.example", "id-a", ""))
	named("twice", row("bob@c.example", "", "bob@c.example", "id-b", "bob@c.example"),
		row("ada@c.example", "", "ada@c.example", "id-a", "ada@c.example"),
		again(row("a.l@c.example", "", "a.l@c.example", "", ""), 2))
	named("cell", row("ÄDA  x", "", "", "", ""))
	named("quoted", row("x", "", `"a","b"`, "", ""))
	named("none", row("adam@c.example", "", "adam@c.example", "id-am", "adam@c.example"))

	for _, c := range []struct{ key, want string }{
		{"ada@c.example", "twice:3 twice:4 both:2 upn:2"},
		{"ADA@C.EXAMPLE", "twice:3 twice:4 both:2 upn:2"},
		{"id-a", "twice:3 twice:4 both:2 id:2 upn:2"},
		{"ada.lovelace@c.example", "id:2"},
		{"a.l@c.example", "twice:4"},
		{"ÄDA  X", "cell:2"},
		{"äda  x", ""}, // beyond ASCII nothing is the same but the same
		{"ada", ""},
		{`"A","B"`, "quoted:2"}, // a cell, and no two of them
		{"a", ""},
		{",", ""},
		{"ada_c.example", ""},
		{"%", ""},
	} {
		var got []string
		for m, err := range s.Mentions(t.Context(), c.key) {
			must(t, err)
			got = append(got, fmt.Sprintf("%s:%d", m.Plan.Run, m.Line.Row.Line))
			if m.State != Planned || m.Plan.Tenant != "t-"+m.Plan.Run || m.Line.Record.Outcome != batch.NotSent {
				t.Errorf("%+v", m)
			}
		}
		diff(t, c.key, strings.Join(got, " "), c.want)
	}
}

// It says of a line what the report says.
func TestHistoryIsAsLines(t *testing.T) {
	t.Parallel()
	s := openAt(t, inThePast(t, func(t *testing.T, s *Store) { worked(t, s, "r", 2*pageRows) }))
	r, err := s.Run(t.Context(), "r")
	must(t, err)
	whole := check(t, r)
	for _, i := range []int{0, pageRows, 2*pageRows - 1} {
		want := []batch.Line{whole[i]}
		if i == 0 {
			want = append(want, whole[2*pageRows]) // the duplicate
		}
		var got []batch.Line
		for _, m := range all(t, s.Mentions(t.Context(), strings.ToUpper(whole[i].User.UPN))) {
			got = append(got, m.Line)
		}
		diff(t, "lines", got, want)
	}
}

// The body may break off, and an error ends it.
func TestHistoryEnds(t *testing.T) {
	s := openNew(t)
	for _, name := range []string{"one", "two"} {
		must(t, create(t, s, batch.Plan{Run: name}).AddRows(t.Context(), []batch.Planned{member(1), member(2)}))
	}
	n := 0
	for range s.Mentions(t.Context(), "user1@contoso.example") {
		n++
		break
	}
	must(t, s.r.Close())
	for _, err := range s.Mentions(t.Context(), "user1@contoso.example") {
		if n++; err == nil {
			t.Error("a closed journal was read")
		}
	}
	if n != 2 {
		t.Errorf("%d turns, want one and one with an error", n)
	}
}
