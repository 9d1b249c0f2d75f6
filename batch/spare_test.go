package batch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSpare(t *testing.T) {
	since := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := Spare{
		IDs:   map[string]string{ada: "protected by line 3 of protect.txt"},
		Names: []string{"breakglass-*@x.example", "Exact@X.example"},
		Roles: map[string]string{bob: "Global Administrator"},
		Since: since,
	}
	strict := s
	strict.Admin = true
	for _, c := range []struct {
		name  string
		spare Spare
		user  User
		want  string // outcome and the beginning of the reason
	}{
		{"by id", s, User{ID: ada, UPN: "a@x.example"}, "protected protected by line 3"},
		{"by id in capitals", s, User{ID: strings.ToUpper(ada)}, "protected protected by line 3"},
		{"by pattern", s, User{ID: cleo, UPN: "BreakGlass-1@x.Example"}, "protected protected as breakglass-*@x.example"},
		{"by a name without a pattern", s, User{ID: cleo, UPN: "exact@x.example"}, "protected protected as Exact@X.example"},
		{"nearly a pattern", s, User{ID: cleo, UPN: "breakglass-1@x.example.evil"}, ""},
		{"letters that only look alike", s, User{ID: cleo, UPN: "brea\u212aglass-1@x.example"}, ""},
		{"an admin", s, User{ID: bob}, ""},
		{"an admin, with --protect-privileged", strict, User{ID: bob}, "protected holds the role Global Administrator"},
		{"protected counts before already", s, User{ID: ada, Before: since.Add(time.Hour)}, "protected protected by"},
		{"revoked since", s, User{ID: cleo, Before: since.Add(time.Second)}, "already revoked since 2026-11-22T12:00:00Z"},
		{"revoked at that very second", s, User{ID: cleo, Before: since}, ""},
		{"revoked before", s, User{ID: cleo, Before: since.Add(-time.Second)}, ""},
		{"a stamp that nobody set", s, User{ID: cleo}, ""},
		{"a guest's stamp says nothing", s, User{ID: cleo, Type: "Guest", Before: since.Add(time.Hour)}, ""},
		{"an unreadable pattern fails closed", Spare{Names: []string{"["}}, User{ID: cleo, UPN: "c@x.example"}, "protected protected as ["},
		{"nothing to spare", Spare{}, User{ID: cleo, Before: since}, ""},
		{"nobody known", Spare{IDs: map[string]string{ada: "x"}}, User{UPN: "a@x.example"}, ""},
	} {
		rec, ok := c.spare.record(c.user, time.Time{})
		got := ""
		if ok {
			got = string(rec.Outcome) + " " + rec.Reason
		}
		if got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if rec.Outcome == Already && !rec.After.Equal(c.user.Before) {
			t.Errorf("%s: the stamp is %v", c.name, rec.After)
		}
	}
}

// Whoever is spared is no user of the plan, by whatever form the rows name them,
// and is counted as ended.
func TestPlanSpares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &phonebook{asked: map[string]int{}, users: map[string]User{
			"alias@x.example": {ID: strings.ToUpper(ada), UPN: "alias@x.example"}, ada: {ID: ada, UPN: "ada@x.example"},
			bob: {ID: bob, UPN: "bob@x.example", Synced: true, Enabled: true}, cleo: {ID: cleo, UPN: "cleo@x.example", Type: "Guest"},
		}}
		rows := func(yield func(Row, error) bool) {
			_ = yield(Row{Line: 2, UPN: "alias@x.example"}, nil) && yield(Row{Line: 3, ID: ada}, nil) &&
				yield(Row{Line: 4}, &RowError{Row: Row{Line: 4}, Outcome: Skipped, Reason: "not yet"}) &&
				yield(Row{Line: 5, ID: bob}, nil) && yield(Row{Line: 6, ID: cleo}, nil)
		}
		got := map[int]string{}
		p := Planner{
			Directory: book, Reads: openGate{1}, Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute, Rows: rows,
			Spare: Spare{IDs: map[string]string{ada: "kept"}, Roles: map[string]string{bob: "Global Administrator"}},
			Add: func(_ context.Context, planned []Planned) error {
				for _, pl := range planned {
					switch {
					case pl.Record != nil:
						got[pl.Row.Line] = string(pl.Record.Outcome) + " " + pl.Record.Reason
					case pl.Same > 0:
						got[pl.Row.Line] = "same as " + strconv.Itoa(pl.Same)
					default:
						got[pl.Row.Line] = fmt.Sprintf("%s privileged %v", pl.User.UPN, pl.User.Privileged)
					}
				}
				return nil
			},
		}
		count, err := p.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// All rows went in one call, so the order of their places is that of the file.
		want := map[int]string{2: "protected kept", 3: "same as 1", 4: "skipped not yet", 5: "bob@x.example privileged true", 6: "cleo@x.example privileged false"}
		if !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if count.Users != 2 || count.Synced != 1 || count.Enabled != 1 || count.External != 1 || count.Privileged != 1 || count.Ended[Protected] != 1 ||
			count.Ended[Skipped] != 1 || !slices.Equal(count.Admins, []string{"bob@x.example (Global Administrator)"}) {
			t.Errorf("counted %+v", count)
		}
	})
}
