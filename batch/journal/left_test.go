package journal

import (
	"testing"

	"offboard/batch"
)

// A person named twice is one user to send.
func TestLeftCountsUsers(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, t.TempDir()+"/j.db")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	plan := batch.Plan{Run: "r", Rows: 5, Users: 3}
	run, err := s.Create(ctx, plan)
	if err != nil {
		t.Fatal(err)
	}
	rows := []batch.Planned{
		{User: batch.User{Seq: 1, ID: "0000000a-0000-4000-8000-000000000000"}},
		{User: batch.User{Seq: 2, ID: "0000000b-0000-4000-8000-000000000000"}},
		{User: batch.User{Seq: 3, ID: "0000000a-0000-4000-8000-000000000000"}, DuplicateOf: 1},
		{User: batch.User{Seq: 4}, Record: &batch.Record{Seq: 4, Outcome: batch.Invalid}},
		{User: batch.User{Seq: 5, ID: "0000000c-0000-4000-8000-000000000000"}},
	}
	for i := range rows {
		rows[i].Row.Line = i + 2
	}
	if err := run.AddRows(ctx, rows); err != nil {
		t.Fatal(err)
	}
	if err := run.Seal(ctx, plan); err != nil {
		t.Fatal(err)
	}
	if err := run.Write(ctx, batch.Entry{Records: []batch.Record{{Seq: 2, Outcome: batch.Unverified}}}); err != nil {
		t.Fatal(err)
	}
	if send, verify, err := run.Remaining(ctx); err != nil || send != 2 || verify != 1 {
		t.Errorf("got %d to send, %d to verify, error %v; want 2 and 1", send, verify, err)
	}
}
