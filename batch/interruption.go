package batch

import (
	"cmp"
	"slices"
	"time"
)

// Interruption is a time in which a run could not send, although it had something to send.
type Interruption struct {
	Kind  string    `json:"kind"` // Outage or Pause
	Began time.Time `json:"began_at"`
	Ended time.Time `json:"ended_at"`
	Cause string    `json:"cause"` // of an outage, what the last call that failed got; "" of a pause
}

// Kinds of interruptions.
const (
	Outage = "outage" // Graph did not answer
	Pause  = "pause"  // Graph asked to wait, by a 429
)

// Lasted is how long it was.
func (i Interruption) Lasted() time.Duration { return i.Ended.Sub(i.Began) }

// mostInterruptions is how many are kept of a session: the longest ones.
const mostInterruptions = 100

// rejoin is how far two interruptions of a kind may be apart and still be one.
const rejoin = 2 * time.Second

// Interruptions are those of a session so far. The zero value has none.
type Interruptions struct{ all []Interruption }

// See takes in where the run stands, which is told every second at the least.
func (s *Interruptions) See(p Progress) {
	t := p.Trouble
	s.goesOn(Outage, p.Now, t.Since, p.Now, t.Any() && p.Now.Sub(t.Since) >= slow, t)
	s.goesOn(Pause, p.Now, p.Now, p.Now, p.Pace.Until.After(p.Now), Trouble{})
}

// goesOn makes the last interruption of the kind longer, or begins one.
func (s *Interruptions) goesOn(kind string, now, began, ended time.Time, is bool, t Trouble) {
	if !is {
		return
	}
	last := -1
	for i, k := range s.all {
		if k.Kind == kind {
			last = i
		}
	}
	if last < 0 || began.Sub(s.all[last].Ended) > rejoin {
		s.all = append(s.all, Interruption{Kind: kind, Began: stampOf(began)})
		last = len(s.all) - 1
	}
	s.all[last].Ended = stampOf(ended)
	if kind == Outage {
		s.all[last].Cause = t.Cause()
	}
	if len(s.all) > mostInterruptions {
		shortest := 0
		for i, k := range s.all[:len(s.all)-1] {
			if k.Lasted() < s.all[shortest].Lasted() {
				shortest = i
			}
		}
		s.all = slices.Delete(s.all, shortest, shortest+1)
	}
}

// stampOf is a time as it is kept: in UTC, and in milliseconds.
func stampOf(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// All are they, in order of time.
func (s *Interruptions) All() []Interruption { return s.all }

// OfKind are those of a kind, the longest first, and how long they were together.
func OfKind(all []Interruption, kind string) (some []Interruption, together time.Duration) {
	for _, i := range all {
		if i.Kind == kind {
			some, together = append(some, i), together+i.Lasted()
		}
	}
	slices.SortStableFunc(some, func(a, b Interruption) int { return cmp.Compare(b.Lasted(), a.Lasted()) })
	return some, together
}
