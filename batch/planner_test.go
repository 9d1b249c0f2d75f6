package batch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// phonebook answers lookups from a table; a key that is not in it is a 404.
type phonebook struct {
	users  map[string]User
	script map[string][]Reply // replies before the table's, by key
	asked  map[string]int
}

func (p *phonebook) Lookup(ctx context.Context, users []User) ([]Reply, error) {
	select {
	case <-time.After(10 * time.Millisecond):
	case <-ctx.Done():
		return nil, &CallError{Err: context.Cause(ctx)}
	}
	replies := make([]Reply, len(users))
	for i, u := range users {
		k := u.Address()
		n := p.asked[k] // one worker, so no lock
		p.asked[k]++
		if s := p.script[k]; n < len(s) {
			replies[i] = s[n]
			continue
		}
		replies[i] = Reply{Status: 404}
		if found, ok := p.users[k]; ok {
			replies[i] = Reply{Status: 200, User: &found, Date: time.Now()}
		}
	}
	return replies, nil
}

const (
	ada  = "0000000a-0000-4000-8000-000000000000"
	bob  = "0000000b-0000-4000-8000-000000000000"
	cleo = "0000000c-0000-4000-8000-000000000000"
)

// withSeqs gives rows their numbers, as a reader does.
func withSeqs(rows iter.Seq2[Row, error]) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		n := 0
		for row, err := range rows {
			n++
			row.Seq = n
			if bad, ok := errors.AsType[*RowError](err); ok {
				bad.Row.Seq = n
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

func rowsOf(rows ...Row) iter.Seq2[Row, error] {
	return withSeqs(func(yield func(Row, error) bool) {
		for _, r := range rows {
			var err error
			if r.ID == "" && r.UPN == "" {
				err = &RowError{Row: r, Reason: "bad"}
			}
			if !yield(r, err) {
				return
			}
		}
	})
}

func TestPlan(t *testing.T) {
	book := map[string]User{
		ada: {ID: ada, UPN: "ada@x.example", Type: "Member"}, "ada@x.example": {ID: ada, UPN: "ada@x.example", Type: "Member"},
		"ADA@X.example": {ID: "0000000A-0000-4000-8000-000000000000", UPN: "ada@x.example", Type: "Member"},
		bob:             {ID: bob, UPN: "bob@x.example", Type: "Guest"}, "bob@x.example": {ID: bob, UPN: "bob@x.example", Type: "Guest"},
		"swapped@x.example": {ID: cleo, UPN: "cleo@x.example"},
		cleo:                {ID: bob, UPN: "bob@x.example"},
		"kelvin@x.example":  {ID: cleo, UPN: "\u212aelvin@x.example"},
		"empty@x.example":   {},
	}
	for _, c := range []struct {
		name    string
		rows    []Row
		renamed bool
		blind   bool // without a directory
		script  map[string][]Reply
		want    string // per row: key of the user, or =Seq of the same user, or outcome
	}{
		{"by UPN and by id", []Row{{UPN: "ada@x.example"}, {ID: bob}}, false, false, nil, "ada bob"},
		{"one person three ways", []Row{{UPN: "ada@x.example"}, {ID: ada}, {UPN: "ADA@X.example"}}, false, false, nil, "ada =1 =1"},
		{"one object id under two names", []Row{{UPN: "ada@x.example"}, {UPN: "eve@x.example"}, {ID: ada}, {UPN: "EVE@x.example"}}, true, false, map[string][]Reply{
			"eve@x.example": {{Status: 200, User: &User{ID: ada, UPN: "eve@x.example"}}}, "EVE@x.example": {{Status: 200, User: &User{ID: ada, UPN: "eve@x.example"}}},
		}, "ada invalid =1 invalid"},
		{"one object id under two names, as given", []Row{{ID: ada, UPN: "ada@x.example"}, {ID: ada, UPN: "eve@x.example"}, {ID: ada}, {ID: ada, UPN: "Ada@x.example"}}, false, true, nil, "ada invalid =1 =1"},
		{"renamed, as given", []Row{{ID: ada, UPN: "ada@x.example"}, {ID: ada, UPN: "eve@x.example"}}, true, true, nil, "ada =1"},
		{"nobody", []Row{{UPN: "zoe@x.example"}, {UPN: "ada@x.example"}}, false, false, nil, "not_found ada"},
		{"a bad row", []Row{{Input: "?"}, {UPN: "ada@x.example"}}, false, false, nil, "invalid ada"},
		{"id and UPN agree, but for case", []Row{{ID: ada, UPN: "Ada@X.Example"}}, false, false, nil, "ada"},
		{"id and UPN disagree: a shifted column", []Row{{ID: ada, UPN: "bob@x.example"}}, false, false, nil, "invalid"},
		{"renamed, and accepted", []Row{{ID: ada, UPN: "ada.old@x.example"}}, true, false, nil, "ada"},
		{"the directory answers with another user", []Row{{UPN: "swapped@x.example"}}, true, false, nil, "invalid"},
		{"the directory answers with another id", []Row{{ID: cleo}}, true, false, nil, "invalid"},
		{"letters that only look alike", []Row{{UPN: "kelvin@x.example"}}, true, false, nil, "invalid"},
		{"two answers mixed up once", []Row{{UPN: "ada@x.example"}, {ID: bob}}, false, false, map[string][]Reply{
			"ada@x.example": {{Status: 200, User: &User{ID: bob, UPN: "bob@x.example"}}}, bob: {{Status: 200, User: &User{ID: ada, UPN: "ada@x.example"}}},
		}, "ada bob"},
		{"an answer that names nobody", []Row{{UPN: "empty@x.example"}}, false, false, nil, "failed"},
		{"throttled is not missing", []Row{{UPN: "ada@x.example"}}, false, false, map[string][]Reply{"ada@x.example": {{Status: 429, RetryAfter: time.Second}, {Status: 429, RetryAfter: time.Second}}}, "ada"},
		{"trouble is not missing", []Row{{UPN: "ada@x.example"}}, false, false, map[string][]Reply{"ada@x.example": {{Status: 503}, {}}}, "ada"},
		{"an answer without a body is trouble", []Row{{UPN: "ada@x.example"}}, false, false, map[string][]Reply{"ada@x.example": {{Status: 200}}}, "ada"},
		{"trouble without end", []Row{{UPN: "ada@x.example"}}, false, false, map[string][]Reply{"ada@x.example": make([]Reply, 99)}, "gave_up"},
		{"one lookup denied", []Row{{UPN: "ada@x.example"}, {ID: bob}}, false, false, map[string][]Reply{"ada@x.example": {{Status: 403}}}, "denied bob"},
		{"as given", []Row{{UPN: "zoe@x.example"}, {UPN: "ZOE@x.example"}, {ID: ada}, {Input: "?"}}, false, true, nil, "zoe@x.example =1 ada invalid"},
		{"as given, with letters that only look alike", []Row{{UPN: "\u212aelvin@x.example"}, {ID: ada, UPN: "\u0430da@x.example"}}, false, true, nil, "invalid ada"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := make([]string, len(c.rows))
				p := Planner{
					Directory: &phonebook{users: book, script: c.script, asked: map[string]int{}},
					Reads:     openGate{1}, Rows: rowsOf(c.rows...), AllowRenamed: c.renamed,
					Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute,
					Add: func(_ context.Context, planned []Planned) error {
						for _, pl := range planned {
							switch {
							case pl.Record != nil:
								got[pl.User.Seq-1] = string(pl.Record.Outcome)
								if pl.Record.Seq != pl.User.Seq || pl.Record.Reason == "" {
									t.Errorf("record of row %d: %+v", pl.User.Seq, *pl.Record)
								}
							case pl.DuplicateOf != 0:
								got[pl.User.Seq-1] = fmt.Sprint("=", pl.DuplicateOf)
							default:
								got[pl.User.Seq-1] = map[string]string{ada: "ada", bob: "bob"}[pl.User.ID] + pl.User.UPN[:len(pl.User.UPN)*btoi(pl.User.ID == "")]
							}
						}
						return nil
					},
				}
				if c.blind {
					p.Directory = nil
				}
				count, err := p.Plan(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if s := fmt.Sprint(got); s != "["+c.want+"]" {
					t.Errorf("got %s, want [%s]", s, c.want)
				}
				ended := 0
				for _, n := range count.Ended {
					ended += n
				}
				if count.Rows != len(c.rows) || count.Users+count.Duplicates+ended != count.Rows {
					t.Errorf("the counts do not add up: %+v", count)
				}
			})
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Without permission to read, nobody is written off, and the plan is not whole.
func TestPlanWithoutPermission(t *testing.T) {
	for _, n := range []int{100, 2} {
		planWithoutPermission(t, n)
	}
}

func planWithoutPermission(t *testing.T, n int) {
	synctest.Test(t, func(t *testing.T) {
		script := map[string][]Reply{}
		var rows []Row
		for i := range n {
			k := fmt.Sprintf("u%d@x.example", i)
			rows = append(rows, Row{UPN: k})
			script[k] = make([]Reply, 9)
			for j := range script[k] {
				script[k][j] = Reply{Status: 403}
			}
		}
		p := Planner{
			Directory: &phonebook{script: script, asked: map[string]int{}}, Reads: openGate{1}, Rows: rowsOf(rows...),
			Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute,
			Add: func(_ context.Context, planned []Planned) error {
				t.Errorf("%d rows were planned", len(planned))
				return nil
			},
		}
		if _, err := p.Plan(t.Context()); !errors.Is(err, ErrPermission) {
			t.Errorf("got error %v, want ErrPermission", err)
		}
	})
}

// A reader that fails, and a journal that fails, both end the planning.
func TestPlanErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &phonebook{asked: map[string]int{}}
		failing := func(yield func(Row, error) bool) {
			_ = yield(Row{Seq: 1, UPN: "a@x.example"}, nil) && yield(Row{}, errDisk)
		}
		ok := func(context.Context, []Planned) error { return nil }
		for name, p := range map[string]Planner{
			"rows":                  {Rows: failing, Add: ok, Directory: book},
			"rows, blind":           {Rows: failing, Add: ok},
			"journal":               {Rows: rowsOf(Row{UPN: "a@x.example"}), Add: func(context.Context, []Planned) error { return errDisk }, Directory: book},
			"journal, without rows": {Rows: rowsOf(Row{}), Add: func(context.Context, []Planned) error { return errDisk }},
		} {
			p.Reads, p.Concurrency, p.Retry, p.CallTimeout = openGate{1}, 1, DefaultRetry, time.Minute
			if _, err := p.Plan(t.Context()); !errors.Is(err, errDisk) {
				t.Errorf("%s: got error %v, want %v", name, err, errDisk)
			}
		}
	})
}

// Rows that share a number would be given each other's answers.
func TestPlanRefusesRowsOutOfOrder(t *testing.T) {
	for name, seqs := range map[string][2]int{"without a number": {1, 0}, "twice": {1, 1}, "backwards": {2, 1}} {
		p := Planner{
			Rows: func(yield func(Row, error) bool) {
				_ = yield(Row{Seq: seqs[0], ID: ada}, nil) && yield(Row{Seq: seqs[1], ID: bob}, nil)
			},
			Add: func(context.Context, []Planned) error { return nil },
		}
		if _, err := p.Plan(t.Context()); err == nil || !strings.Contains(err.Error(), "comes after row") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
