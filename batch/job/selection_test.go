package job

import (
	"testing"
	"time"
)

// A day that a flag names begins when the clocks show it first, also where they are
// put on at midnight, so that there is none.
func TestDaysWithoutMidnight(t *testing.T) {
	for _, c := range []struct{ zone, day, begins string }{
		{"America/Santiago", "2026-09-06", "2026-09-06T01:00:00-03:00"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00"},
		{"Europe/Berlin", "2026-11-22", "2026-11-22T00:00:00+01:00"},
	} {
		s := Selection{Key: "auto", DateColumn: "day", TimeZone: c.zone, AsOf: c.day}
		opt, err := s.options(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := opt.DateGate.AsOf.In(opt.DateGate.Zone).Format(time.RFC3339); got != c.begins || opt.DateGate.Now {
			t.Errorf("--as-of %s in %s is %s, want %s", c.day, c.zone, got, c.begins)
		}
		from, err := (&job{}).sinceWhen(t.Context(), c.day, s.zone, time.Now())
		if got := from.at.In(opt.DateGate.Zone).Format(time.RFC3339); err != nil || got != c.begins {
			t.Errorf("--since %s in %s is %s, want %s; error %v", c.day, c.zone, got, c.begins, err)
		}
	}
}
