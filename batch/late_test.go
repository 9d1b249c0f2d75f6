package batch

import (
	"testing"
	"time"
)

// TestInTime: a user is late when the directory showed the last urgent step after the
// time, or when the time was over and it had not. What nobody can know is not said.
func TestInTime(t *testing.T) {
	date := time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)
	after := func(hours float64) time.Time { return date.Add(time.Duration(hours * float64(time.Hour))) }
	ended := func(s Step, o Outcome, hours float64) Write {
		return Write{Target{Step: s}, Record{Step: s, Outcome: o, SettledAt: after(hours)}}
	}
	three := []Step{Disable, Revoke, Groups}
	for _, c := range []struct {
		name   string
		steps  []Step
		writes []Write
		is     InTime
		after  float64 // -1: not known
	}{
		{"in time", three, []Write{ended(Disable, Verified, 1), ended(Revoke, Verified, 3), ended(Groups, Verified, 99)}, Timely, 3},
		{"to the minute", three, []Write{ended(Disable, Verified, 24), ended(Revoke, Verified, 1)}, Timely, 24},
		{"late by the last urgent step", three, []Write{ended(Disable, Verified, 1), ended(Revoke, Verified, 24.01)}, Late, 24.01},
		{"other steps do not count", three, []Write{ended(Disable, Verified, 1), ended(Revoke, Verified, 1), ended(Groups, Failed, 30)}, Timely, 1},
		{"what was so before does not count", three, []Write{ended(Disable, Already, 30), ended(Revoke, Verified, 2)}, Timely, 2},
		{"before the date", three, []Write{ended(Disable, Verified, -5), ended(Revoke, Verified, -4)}, Timely, 0},
		{"so before the run, which came late", three, []Write{ended(Disable, Already, 30), ended(Revoke, Already, 30)}, TimeUnknown, -1},
		{"so before the run, which came in time", three, []Write{ended(Disable, Already, 2), ended(Revoke, Already, 2)}, Timely, -1},
		{"not contained, and the time is over", three, []Write{ended(Disable, Denied, 30), ended(Revoke, Verified, 30)}, Late, -1},
		{"not contained, and still in time", three, []Write{ended(Disable, Denied, 2), ended(Revoke, Verified, 2)}, TimeUnknown, -1},
		{"accepted is not contained", three, []Write{ended(Disable, Accepted, 30), ended(Revoke, Verified, 1)}, Late, -1},
		{"left alone", three, []Write{ended(Disable, Protected, 30), ended(Revoke, Protected, 30)}, TimeUnknown, -1},
		{"steps that contain nobody", []Step{Revoke, Groups}, []Write{ended(Revoke, Verified, 1)}, TimeUnknown, -1},
		{"one step", []Step{Disable}, []Write{ended(Disable, Verified, 25)}, Late, 25},
		{"one step, denied", []Step{Disable}, []Write{ended(Disable, Denied, 25)}, Late, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := Line{Row: Row{From: date}, Record: Worst(c.writes), Writes: c.writes}
			if !Several(c.steps) {
				l.Writes = nil
			}
			if l.Record.SettledAt.IsZero() {
				t.Fatal("the line has no time")
			}
			p := Plan{Steps: c.steps, SLA: 24 * time.Hour, Created: after(1)}
			if got := l.InTime(p); got != c.is {
				t.Errorf("InTime %d, want %d", got, c.is)
			}
			want := time.Duration(c.after * float64(time.Hour))
			if got, known := l.ContainedAfter(p); known != (c.after >= 0) || known && got != want {
				t.Errorf("ContainedAfter %s, %t; want %s", got, known, want)
			}
			l.Row.From = time.Time{}
			if got := l.InTime(p); got != TimeUnknown {
				t.Errorf("without a date: %d", got)
			}
		})
	}
}
