package batch

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An outage is one from its first call to its last sight, a pause counts as long as it
// lasts, and trouble of a moment is none.
func TestInterruptions(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 11, 27, 3, 0, s, 0, time.UTC) }
	refused := &CallError{Err: errors.Join(errors.New("dial tcp"), syscall.ECONNREFUSED)}
	var s Interruptions
	for now := range 60 {
		p := Progress{Now: at(now)}
		switch {
		case now == 3 || now == 4: // too short
			p.Trouble = Trouble{Since: at(3), Err: refused}
		case now >= 10 && now <= 20:
			p.Trouble = Trouble{Since: at(10), Err: refused}
		case now >= 21 && now <= 30: // the next begins at once
			p.Trouble = Trouble{Since: at(21), Err: refused}
		case now >= 40 && now < 45:
			p.Pace.Until = at(45)
		case now >= 50 && now < 52:
			p.Pace.Until = at(52)
		}
		s.See(p)
	}
	want := []Interruption{
		{Outage, at(10), at(30), "connection refused"},
		{Pause, at(40), at(44), ""},
		{Pause, at(50), at(51), ""},
	}
	if d := cmp.Diff(want, s.All()); d != "" {
		t.Error(d)
	}
	some, together := OfKind(s.All(), Pause)
	if d := cmp.Diff(want[1:], some); d != "" || together != 5*time.Second {
		t.Errorf("together %v\n%s", together, d)
	}
	s = Interruptions{} // of too many the shortest go
	for i := range 2 * mostInterruptions {
		began := at(100 * i)
		for j := range 2 + i%2*5 {
			s.See(Progress{Now: began.Add(time.Duration(j) * time.Second), Pace: Pace{Until: began.Add(time.Hour)}})
		}
	}
	if len(s.All()) != mostInterruptions || s.All()[0].Lasted() != 6*time.Second {
		t.Errorf("%d are kept, the first of %v", len(s.All()), s.All()[0].Lasted())
	}
}
