package batch

import "time"

// Deadline is when a run that is not through stops by itself. The zero Deadline
// never comes.
type Deadline struct {
	start time.Time
	after time.Duration
}

// NewDeadline is one that comes a duration after start, which is read from
// [time.Now]; after 0 it never does.
func NewDeadline(start time.Time, after time.Duration) Deadline {
	return Deadline{start, after}
}

// Passed reports whether the time is up by either of the machine's clocks. The
// monotonic clock stands still while a laptop sleeps, and two hours are meant to be
// two hours on the wall. The wall clock may be set back, which must not make two
// hours endless. When it is set forward, the run stops early, and can be resumed.
func (d Deadline) Passed(now time.Time) bool {
	return d.after > 0 && (now.Sub(d.start) >= d.after || now.Round(0).Sub(d.start.Round(0)) >= d.after)
}
