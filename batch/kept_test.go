package batch

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// line yields one row of an input.
type line = func(yield func(Row, error) bool) bool

// Rows of which one lets a person go and another keeps the same person all end
// ambiguous, whatever names the person in each and in whatever order they come.
func TestContradictingRows(t *testing.T) {
	user := User{ID: ada, UPN: "ada@x.example", Mail: "a@x.example", EmployeeID: "E7", Type: "Member"}
	book := map[string]User{ada: user, user.UPN: user, bob: {ID: bob, UPN: "bob@x.example"}}
	goes := func(r Row) line {
		return func(yield func(Row, error) bool) bool { return yield(r, nil) }
	}
	keeps := func(line int, o Outcome, named ...Claim) line {
		return func(yield func(Row, error) bool) bool {
			r := Row{Line: line}
			return yield(r, &RowError{Row: r, Reason: "stays", Outcome: o, Keeps: named})
		}
	}
	for _, c := range []struct {
		name string
		rows []line
		want string // outcomes by row; the key of a user who is sent
	}{
		{"by id", []line{goes(Row{Line: 2, ID: ada}), keeps(3, Skipped, Claim{Key: ByID, Value: ada})}, "ambiguous 2 3, ambiguous 2 3"},
		{"the other way round", []line{keeps(2, Skipped, Claim{Key: ByID, Value: ada}), goes(Row{Line: 3, ID: ada})}, "ambiguous 3 2, ambiguous 3 2"},
		{"by name and id", []line{goes(Row{Line: 2, ID: ada}), keeps(3, Skipped, Claim{Key: ByUPN, Value: "ADA@x.example"})}, "ambiguous 2 3, ambiguous 2 3"},
		{"by mail", []line{goes(Row{Line: 2, ID: ada}), keeps(3, Skipped, Claim{Key: ByMail, Value: "A@x.example"})}, "ambiguous 2 3, ambiguous 2 3"},
		{"by another employee id", []line{goes(Row{Line: 2, ID: ada}), keeps(3, Skipped, Claim{Key: ByEmployeeID, Value: "e7"})}, ada + ", skipped"},
		{"a date that nobody can judge", []line{goes(Row{Line: 2, ID: ada}), keeps(3, "", Claim{Key: ByID, Value: ada})}, "ambiguous 2 3, ambiguous 2 3"},
		{"three rows", []line{goes(Row{Line: 2, ID: ada}), goes(Row{Line: 3, UPN: user.UPN}), keeps(4, Skipped, Claim{Key: ByID, Value: ada})}, "ambiguous 2 4, =1, ambiguous 2 4"},
		{"somebody else", []line{goes(Row{Line: 2, ID: bob}), keeps(3, Skipped, Claim{Key: ByID, Value: ada}), keeps(4, "", Claim{Key: ByID, Value: cleo})}, bob + ", skipped, invalid"},
	} {
		for _, blind := range []bool{false, true} {
			if blind && !strings.Contains(c.name, "by id") {
				continue
			}
			t.Run(fmt.Sprintf("%s, blind %v", c.name, blind), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					kept := Kept{}
					all := func(yield func(Row, error) bool) {
						for _, r := range c.rows {
							if !r(yield) {
								return
							}
						}
					}
					for row, err := range all {
						if bad, ok := err.(*RowError); ok {
							kept.Add(bad.Keeps, row.Line)
						}
					}
					got := make([]string, len(c.rows))
					p := Planner{
						Directory: &phonebook{users: book, asked: map[string]int{}}, Reads: openGate{1}, Rows: all, Kept: kept,
						Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute,
						Add: func(_ context.Context, planned []Planned) error {
							for _, pl := range planned {
								text := pl.User.Key()
								switch {
								case pl.Same > 0:
									text = fmt.Sprint("=", pl.Same)
								case pl.Record != nil && pl.Record.Outcome == Ambiguous:
									var gone, stays int
									if _, err := fmt.Sscanf(pl.Record.Reason, "line %d lets this user go, and line %d keeps the user", &gone, &stays); err != nil {
										t.Error(err, pl.Record.Reason)
									}
									text = fmt.Sprint("ambiguous ", gone, " ", stays)
								case pl.Record != nil:
									text = string(pl.Record.Outcome)
								}
								got[pl.User.Seq-1] += text
							}
							return nil
						},
					}
					if blind {
						p.Directory = nil
					}
					count, err := p.Plan(t.Context())
					if text := strings.Join(got, ", "); err != nil || text != c.want || count.Rows != len(c.rows) {
						t.Errorf("%s, %d rows, %v; want %s", text, count.Rows, err, c.want)
					}
				})
			})
		}
	}
}
