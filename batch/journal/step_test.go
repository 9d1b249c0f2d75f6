package journal

import (
	"testing"

	"offboard/batch"
)

// TestOtherStepsAreApart puts marks of another step, and of a thing of the user, beside
// those of the run's step, and a call of another step. Nothing that is read of the step
// may change by them.
func TestOtherStepsAreApart(t *testing.T) {
	ctx := t.Context()
	s := openNew(t)
	r := create(t, s, batch.Plan{Run: "r", Action: batch.Revoke})
	fill(t, r, 6)
	foreign := func(outcome any) {
		t.Helper()
		for seq := 1; seq <= 6; seq++ {
			for _, of := range [][2]string{{"disable", ""}, {string(batch.Revoke), "device"}} {
				_, err := s.w.Exec("INSERT OR REPLACE INTO marks (run, seq, step, target, outcome, doubt, sent_at, settled_at, accepted_at) VALUES (?, ?, ?, ?, ?, 1, 7, 8, 9)",
					r.id, seq, of[0], of[1], outcome)
				must(t, err)
			}
		}
	}
	foreign("verified")
	plan := r.Plan()
	plan.Rows, plan.Users = 6, 6
	must(t, r.Seal(ctx, plan))
	must(t, r.SetState(ctx, Running, ""))
	m := newModel()
	for seq := 1; seq <= 6; seq++ {
		m.addRows([]batch.Planned{realistic(seq)})
	}
	e := batch.Entry{Calls: []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{4}}},
		Trials:  []batch.Trial{{Seq: 1, Attempts: 1, Status: 429, SentAt: at(1)}},
		Records: []batch.Record{settled(2, 1, batch.Unverified), settled(3, 1, batch.Verified)}}
	must(t, r.Write(ctx, e))
	m.write(e)
	_, err := s.w.Exec("INSERT INTO calls (run, no, step, app, sent_at, users, over, seqs) VALUES (?, 99, 'disable', '', 8, 2, 0, '[5,6]')", r.id)
	must(t, err)
	m.calls[99] = batch.Call{No: 99} // numbers are the run's, whatever the step
	for _, outcome := range []any{"verified", "unverified", nil} {
		foreign(outcome)
		m.compare(t, r)
		send, verify, err := r.Remaining(ctx)
		must(t, err)
		if send != 4 || verify != 1 {
			t.Errorf("%d to send and %d to verify, want 4 and 1", send, verify)
		}
	}
	foreign("verified")
	users, err := r.Recover(ctx)
	must(t, err)
	if want := m.recover(); users != want {
		t.Errorf("recovered %d users, want %d", users, want)
	}
	m.compare(t, r)
	timing, err := r.Timing(ctx)
	must(t, err)
	began, err := r.FirstSuccess(ctx)
	must(t, err)
	if want := stored(e.Records[1].Accepted); timing.Users != 2 || !began.Equal(want) {
		t.Errorf("%d users were settled, and the first success was at %s; want 2 and %s", timing.Users, began, want)
	}
}
