package journal

import (
	"reflect"
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
	if got, err := run.Timing(ctx); err != nil || !reflect.DeepEqual(got, batch.Timing{}) {
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
	out := batch.Interruption{Kind: batch.Outage, Began: start, Ended: start.Add(1500 * time.Millisecond), Cause: "refused"}
	for range 2 { // two sessions
		if err := run.AddWaits(ctx, batch.Waits{Paused: time.Second, Quota: 150 * time.Second, Learned: 3 * time.Millisecond, Rate: 4 * time.Millisecond, Interruptions: []batch.Interruption{out}}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := run.Timing(ctx)
	want := batch.Timing{
		Started: start, Median: 20 * time.Second, P95: 38 * time.Second, Last: 40 * time.Second, Users: n, Refused: 3,
		Waits: batch.Waits{Paused: 2 * time.Second, Quota: 300 * time.Second, Learned: 6 * time.Millisecond, Rate: 8 * time.Millisecond, Interruptions: []batch.Interruption{out, out}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, error %v\nwant %+v", got, err, want)
	}
}

// TestTimingOfSeveralSteps holds that a user counts once, with the last of the writes, and
// that a run began with the first 2xx that moved a stamp.
func TestTimingOfSeveralSteps(t *testing.T) {
	ctx := t.Context()
	r := create(t, openNew(t), batch.Plan{Run: "r", Steps: []batch.Step{batch.Disable, batch.Revoke}})
	fill(t, r, 2)
	plan := r.Plan()
	plan.Rows, plan.Users, plan.Writes = 2, 2, 4
	must(t, r.Seal(ctx, plan))
	must(t, r.SetState(ctx, Running, ""))
	record := func(seq int, s batch.Step, n int) batch.Record {
		return batch.Record{Seq: seq, Step: s, Outcome: batch.Accepted, SentAt: at(n), SettledAt: at(n + 1), Accepted: at(n)}
	}
	must(t, r.Write(ctx, batch.Entry{Calls: []batch.Call{{No: 1, Step: batch.Disable, SentAt: at(1), Seqs: []int{1, 2}}}}))
	must(t, r.Write(ctx, batch.Entry{Over: []int{1}, Records: []batch.Record{
		record(1, batch.Disable, 1), record(2, batch.Disable, 2), record(1, batch.Revoke, 5), record(2, batch.Revoke, 9)}}))
	timing, err := r.Timing(ctx)
	must(t, err)
	if want := at(10).Sub(at(1)); timing.Users != 2 || timing.Last != want || timing.Median != at(6).Sub(at(1)) {
		t.Errorf("%d users, half of them in %v and all in %v, want 2, %v and %v", timing.Users, timing.Median, timing.Last, at(6).Sub(at(1)), want)
	}
	began, err := r.FirstSuccess(ctx)
	must(t, err)
	if !began.Equal(at(5)) {
		t.Errorf("began at %v, want %v", began, at(5))
	}
}
