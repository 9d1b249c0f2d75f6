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
					kept := LinesByName{}
					all := func(yield func(Row, error) bool) {
						for _, r := range c.rows {
							if !r(yield) {
								return
							}
						}
					}
					for row, err := range all {
						if bad, ok := err.(*RowError); ok {
							kept.Add(bad.Keeps, row)
						}
					}
					got := make([]string, len(c.rows))
					p := Planner{
						Directory: &phonebook{users: book, asked: map[string]int{}}, Reads: openGate{1}, Rows: withSeqs(all), Stay: kept,
						Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute,
						Add: func(_ context.Context, planned []Planned) error {
							for _, pl := range planned {
								text := pl.User.Address()
								switch {
								case pl.DuplicateOf > 0:
									text = fmt.Sprint("=", pl.DuplicateOf)
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

// A protected user stays protected when rows contradict each other: no row could be
// mended so that the user is sent. The user is named among the protected and counts
// as found, and a row that keeps the user is no part of a contradiction.
func TestProtectedUserOfContradictingRows(t *testing.T) {
	for name, spare := range map[string]Spare{
		"by id":   {IDs: map[string]string{ada: "on the list"}},
		"by name": {Names: []string{"ada@*"}},
		"by role": {Admin: true, Roles: map[string]string{ada: "Global Administrator"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			kept, got := LinesByName{}, map[int]Outcome{}
			claims := []Claim{{Key: ByUPN, Value: "ada@x.example"}}
			kept.Add(claims, Row{Line: 3})
			p := Planner{
				Directory: &phonebook{users: map[string]User{ada: {ID: ada, UPN: "ada@x.example"}}, asked: map[string]int{}}, Reads: openGate{1},
				Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute, Stay: kept, Spare: spare,
				Rows: func(yield func(Row, error) bool) {
					row := Row{Seq: 2, Line: 3}
					_ = yield(Row{Seq: 1, Line: 2, ID: ada}, nil) && yield(row, &RowError{Row: row, Outcome: Skipped, Reason: "stays", Keeps: claims})
				},
				Add: func(_ context.Context, planned []Planned) error {
					for _, pl := range planned {
						got[pl.Row.Line] = pl.Record.Outcome
					}
					return nil
				},
			}
			count, err := p.Plan(t.Context())
			if err != nil || got[2] != Protected || got[3] != Skipped {
				t.Errorf("%s: %v, error %v", name, got, err)
			}
			if len(count.Protected) != 1 || !strings.HasPrefix(count.Protected[0], "ada@x.example (") || count.Ended[Protected] != 1 {
				t.Errorf("%s: named as protected: %v; ended: %v", name, count.Protected, count.Ended)
			}
			if k := (Limits{MinUsers: 1}).Findings(count, -1); k[3].Refusal != "" {
				t.Errorf("%s: %s", name, k[3].Refusal)
			}
		})
	}
}

// A row without cells comes back in retry.csv as one that names nobody. So the row
// that it contradicts comes back as such a row, too, and not alone as it was.
func TestContradictionByRowWithoutCells(t *testing.T) {
	claims := []Claim{{Key: ByID, Value: ada}}
	for name, c := range map[string]struct {
		stays []Row
		cells bool // of the row that lets the user go
	}{
		"cells":              {[]Row{{Line: 3, Cells: []string{"x"}}}, true},
		"none":               {[]Row{{Line: 3}}, false},
		"another with cells": {[]Row{{Line: 3}, {Line: 4, Cells: []string{"x"}}, {Line: 5}}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			kept := LinesByName{}
			for _, r := range c.stays {
				kept.Add(claims, r)
			}
			p := Planner{Concurrency: 1, Stay: kept,
				Rows: func(yield func(Row, error) bool) { yield(Row{Seq: 1, Line: 2, ID: ada, Cells: []string{ada}}, nil) },
				Add: func(_ context.Context, planned []Planned) error {
					for _, pl := range planned {
						if pl.Record.Outcome != Ambiguous || (pl.Row.Cells != nil) != c.cells {
							t.Errorf("%s: %s, cells %q", name, pl.Record.Outcome, pl.Row.Cells)
						}
					}
					return nil
				},
			}
			if count, err := p.Plan(t.Context()); err != nil || count.Ended[Ambiguous] != 1 {
				t.Error(name, count.Ended, err)
			}
		})
	}
}
