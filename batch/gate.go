package batch

import "time"

// Gate decides when a call may leave and how many may be under way. It is a
// state machine without a clock, a goroutine or a lock: one goroutine asks it,
// and hands it the time.
type Gate interface {
	// Admit asks to send a call that carries cost users. Zero means go, and the
	// users are counted at once. Otherwise nothing is counted, and it is worth
	// asking again after the wait, or after the next Leave.
	Admit(now time.Time, cost int) (wait time.Duration)

	// Leave tells the end of a call that was admitted.
	Leave(now time.Time, f Feedback)

	// Width is how many calls may be under way now; at least 1.
	Width() int

	// Pace says how fast the gate lets users through now, and why.
	Pace(now time.Time) Pace
}

// Pace is a speed with its reason.
type Pace struct {
	PerSecond float64   // writes a second that the gate allows over time; 0 when it sets no limit
	Reason    string    // in words, for a person: "documented quota: 3,000 writes per 150 s"
	Until     time.Time // nothing is admitted before; zero when there is no pause
	Room      time.Time // when a quota that is used up has room again; zero while it has some
}
