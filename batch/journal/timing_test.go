package journal

import (
	"testing"
	"time"

	"offboard/batch"
)

func TestTiming(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, t.TempDir()+"/j.db")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const n = 40
	plan := batch.Plan{Run: "r", Rows: n, Users: n}
	run, err := s.Create(ctx, plan)
	if err != nil {
		t.Fatal(err)
	}
	var rows []batch.Planned
	for i := range n {
		rows = append(rows, batch.Planned{Row: batch.Row{Line: i + 2}, User: batch.User{Seq: i + 1, UPN: "u"}})
	}
	if err := run.AddRows(ctx, rows); err != nil {
		t.Fatal(err)
	}
	if err := run.Seal(ctx, plan); err != nil {
		t.Fatal(err)
	}
	if got, err := run.Timing(ctx); err != nil || got != (batch.Timing{}) {
		t.Errorf("before the first call: %+v, error %v", got, err)
	}
	if err := run.SetState(ctx, Running, ""); err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var e batch.Entry
	seqs := []int{}
	for i := range n {
		seqs = append(seqs, i+1)
		rec := batch.Record{Seq: i + 1, Outcome: batch.Revoked, SentAt: start, SettledAt: start.Add(time.Duration(i+1) * time.Second)}
		if i == 0 {
			rec.Throttles = 3
		}
		e.Records = append(e.Records, rec)
	}
	e.Calls = []batch.Call{{No: 1, SentAt: start, Seqs: seqs}}
	if err := run.Write(ctx, e); err != nil {
		t.Fatal(err)
	}
	for range 2 { // two sessions
		if err := run.AddWaits(ctx, batch.Waits{Paused: time.Second, Quota: 150 * time.Second, Learned: 3 * time.Millisecond, Rate: 4 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := run.Timing(ctx)
	want := batch.Timing{
		Started: start, Median: 20 * time.Second, P95: 38 * time.Second, Last: 40 * time.Second, Users: n, Refused: 3,
		Waits: batch.Waits{Paused: 2 * time.Second, Quota: 300 * time.Second, Learned: 6 * time.Millisecond, Rate: 8 * time.Millisecond},
	}
	if err != nil || got != want {
		t.Errorf("got  %+v, error %v\nwant %+v", got, err, want)
	}
}
