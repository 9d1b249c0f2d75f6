package batch

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadlinePassed(t *testing.T) {
	start := time.Now()
	for _, c := range []struct {
		after time.Duration
		now   time.Time
		want  bool
	}{
		{0, start.Add(1000 * time.Hour), false},
		{time.Hour, start.Add(time.Hour - 1), false},
		{time.Hour, start.Add(time.Hour), true},
		{time.Hour, start.Add(-time.Hour), false},
		{time.Hour, start.Add(time.Hour).Round(0), true}, // by the wall alone
	} {
		if got := NewDeadline(start, c.after).Passed(c.now); got != c.want {
			t.Errorf("%v after the start with %v allowed: passed is %v", c.now.Sub(start), c.after, got)
		}
	}
	if (Deadline{}).Passed(start) {
		t.Error("the zero deadline has passed")
	}
}

// At the deadline nobody else is sent, and what is under way is recorded.
func TestDeadlineStopsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 1000)
		f.latency = 20 * time.Second
		r.Until = NewDeadline(time.Now(), time.Minute)
		start := time.Now()
		err := r.Run(t.Context())
		if !errors.Is(err, ErrDeadline) || !errors.Is(err, ErrStopped) {
			t.Errorf("got error %v, want ErrDeadline, which is an ErrStopped", err)
		}
		// Calls leave at 0, 20 and 40 s, four at a time; at 60 s none does.
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %v", took)
		}
		if f.n != 12 || len(j.records) != 240 || len(j.open) != 0 {
			t.Errorf("%d calls, %d records, %d calls still open", f.n, len(j.records), len(j.open))
		}
	})
}

// An outage is waited out for as long as the deadline allows, and no longer.
func TestDeadlineInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 1000)
		r.Outage = 2 * time.Hour
		r.Until = NewDeadline(time.Now(), time.Hour)
		for range 10000 {
			f.calls = append(f.calls, &CallError{Err: io.EOF})
		}
		start := time.Now()
		if err := r.Run(t.Context()); !errors.Is(err, ErrDeadline) {
			t.Errorf("got error %v, want ErrDeadline", err)
		}
		if took := time.Since(start); took < time.Hour || took > time.Hour+time.Minute {
			t.Errorf("stopped after %v", took)
		}
		if len(j.records) > 0 {
			t.Errorf("records: %s", j.outcomes())
		}
	})
}

// Planning stops at the deadline, with a directory and without one.
func TestDeadlineStopsPlanning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, d := range []Directory{nil, &phonebook{users: map[string]User{ada: {ID: ada}}, asked: map[string]int{}}} {
			p := Planner{
				Directory: d, Reads: openGate{1}, Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute,
				Rows: rowsOf(Row{Line: 2, ID: ada}), Until: NewDeadline(time.Now().Add(-time.Hour), time.Minute),
				Add: func(context.Context, []Planned) error { return nil },
			}
			if _, err := p.Plan(t.Context()); !errors.Is(err, ErrDeadline) {
				t.Errorf("directory %v: got error %v, want ErrDeadline", d != nil, err)
			}
		}
	})
}
