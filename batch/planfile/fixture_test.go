package planfile

import (
	"bytes"
	"iter"
	"testing"
	"time"

	"offboard/batch"
)

// content is a whole plan, as a test holds it.
type content struct {
	head  Head
	rows  []batch.Planned
	skips []batch.Skip
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// leavers has one row of every kind.
func leavers() content {
	ada, bob := "11111111-2222-3333-4444-55555555aaaa", "11111111-2222-3333-4444-55555555bbbb"
	return content{
		head: Head{
			Plan: batch.Plan{
				Created: noon, Version: "1.4.0", Input: "leavers.csv",
				Digest: "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
				Tenant: "99999999-8888-7777-6666-555555555555", App: "99999999-8888-7777-6666-000000000000",
				Cloud: "https://graph.microsoft.com", Steps: []batch.Step{batch.Revoke}, Resolve: true, Verify: true,
				Lines: 8, Rows: 5, Users: 2, Writes: 2, Columns: []string{"id", "upn"},
				Settings: []batch.Setting{{Name: "delimiter", Value: "comma", Why: "it splits the header into most columns"}},
			},
			Options: []batch.Flag{{Name: "column", Value: "upn"}, {Name: "allow-renamed", Value: "true"}},
			Guards: []Guard{
				{Name: "users", Limit: "500", Counted: "2"},
				{Name: "privileged", Limit: "0", Counted: "1", Refusal: "the plan has 1 privileged user, and --max-privileged is 0"},
			},
		},
		rows: []batch.Planned{
			{
				Row:  batch.Row{Line: 3, Input: ada, ID: ada, UPN: "ada@contoso.com", Cells: []string{ada, "ada@contoso.com"}},
				User: batch.User{Seq: 1, ID: ada, UPN: "ada@contoso.com", Type: "Member", Enabled: true, Synced: true, Stamp: noon.Add(-time.Hour)},
			},
			{
				Row:    batch.Row{Line: 4, Input: "\"J\u00f6rg\"\t\\\u202e\u2603", Cells: []string{"", "\"J\u00f6rg\"\t\\\u202e\u2603"}},
				User:   batch.User{Seq: 2},
				Record: &batch.Record{Seq: 2, Outcome: batch.Invalid, SettledAt: noon, Reason: "not a user principal name: there is no @"},
			},
			{
				Row: batch.Row{Line: 5, Input: "ADA@contoso.com", UPN: "ADA@contoso.com", Cells: []string{"", "ADA@contoso.com"}}, User: batch.User{Seq: 3}, DuplicateOf: 1,
			},
			{
				Row:  batch.Row{Line: 7, Input: "0042", By: batch.ByEmployeeID, Value: "0042", Cells: []string{"", "0042"}},
				User: batch.User{Seq: 4, ID: bob, UPN: "bob@contoso.com", By: batch.ByEmployeeID, Value: "0042", Type: "Guest", Privileged: true},
			},
			{
				Row:  batch.Row{Line: 8, Input: "eve@contoso.com", UPN: "eve@contoso.com", Cells: []string{"", "eve@contoso.com"}},
				User: batch.User{Seq: 5, UPN: "eve@contoso.com"},
				Record: &batch.Record{Seq: 5, Outcome: batch.NotFound, Status: 404, Code: "Request_ResourceNotFound", Message: "Resource 'eve@contoso.com' does not exist",
					Attempts: 1, Throttles: 2, SettledAt: noon.Add(250 * time.Millisecond), RequestID: "b1f5c3ce/5", Reason: "lookup: no such user"},
			},
		},
		skips: []batch.Skip{{Line: 1, Reason: "version line"}, {Line: 6, Reason: "blank"}},
	}
}

// tiny is a plan of two rows, one of which ended.
func tiny() content {
	return content{
		head: Head{
			Plan:    batch.Plan{Created: noon, Steps: []batch.Step{batch.Revoke}, Rows: 2, Users: 1, Writes: 1, Columns: []string{"upn"}},
			Options: []batch.Flag{{Name: "a", Value: "b"}},
			Guards:  []Guard{{Name: "users", Limit: "5"}},
		},
		rows: []batch.Planned{
			{Row: batch.Row{Line: 2, Input: "a@x", UPN: "a@x"}, User: batch.User{Seq: 1, UPN: "a@x", Enabled: true}},
			{Row: batch.Row{Line: 3, Input: "\"\u0001\u00e9"}, User: batch.User{Seq: 2}, Record: &batch.Record{Seq: 2, Outcome: batch.Invalid}},
		},
		skips: []batch.Skip{{Line: 4, Reason: "blank"}},
	}
}

// pairs are the elements of a list without errors.
func pairs[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func written(t testing.TB, in content) ([]byte, Digest) {
	t.Helper()
	var b bytes.Buffer
	d, err := Write(&b, in.head, pairs(in.rows), pairs(in.skips))
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), d
}

// reread reads a file with all that a Sink gets.
func reread(file []byte) (content, File, error) {
	var out content
	f, err := Read(bytes.NewReader(file), Sink{
		Rows:  func(rows []batch.Planned) error { out.rows = append(out.rows, rows...); return nil },
		Skips: func(skips []batch.Skip) error { out.skips = append(out.skips, skips...); return nil },
	})
	out.head = f.Head
	return out, f, err
}

// forged is a plan that keeps to the format and to no rule.
func forged(in content) []byte {
	var b bytes.Buffer
	put := func(v any) {
		text, err := encode(v)
		if err != nil {
			panic(err)
		}
		b.Write(text)
	}
	put(headLine{format, Version, in.head})
	last := end{Skips: len(in.skips)}
	for _, p := range in.rows {
		put(line{Row: &p.Row, User: &p.User, DuplicateOf: p.DuplicateOf, Record: p.Record})
		last.Rows++
		if p.Record == nil && p.DuplicateOf == 0 {
			last.Users++
		}
	}
	for _, s := range in.skips {
		put(line{Skip: &s})
	}
	put(line{End: &last})
	return b.Bytes()
}
