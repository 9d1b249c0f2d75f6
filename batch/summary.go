package batch

import (
	"maps"
	"slices"
)

// Summary counts the lines of a run by outcome.
type Summary struct {
	Lines   int
	Counts  map[Outcome]int
	Again   map[Outcome]int // of the Counts, lines that name a user whom another line named first; nil for none
	Refused int             // of the not_sent, those who were sent, and refused or told to wait

	InTime map[InTime]int // users by whether they were contained within the plan's SLA; nil without one

	// Of a run whose steps contain people. They count people, each once, and not those who
	// were left alone on purpose as a whole.
	Users     int
	Contained int // see [Line.Contained]

	// The rest is of a run whose users may have several writes.
	Steps []StepCounts // in the order of the plan; of users who did not end before any step
	Left  map[Left]int // writes that are left for others to do
}

// StepCounts counts what became of a step.
type StepCounts struct {
	Step    Step
	Users   map[Outcome]int // to whom it had something to do, by the worst outcome
	Targets map[Outcome]int // what it writes to: see [Write.Things]

	Refused   int    // users who were refused it, all alike; -1 once one was not
	RefusedAs Record // of the first of them
}

// Left is why writes ended ineffective or not_possible, or already, failed or unverified where
// the next sync decides. The reason says who can do it.
type Left struct {
	Step    Step
	Outcome Outcome
	Reason  string
}

// mostLeft is how many reasons are kept, which are few unless they name somebody.
const mostLeft = 200

// AddInTime counts a line's user against the plan's SLA, if there is one.
func (s *Summary) AddInTime(p Plan, l *Line) {
	if p.SLA == 0 || l.First.Line != 0 {
		return
	}
	if s.InTime == nil {
		s.InTime = map[InTime]int{}
	}
	s.InTime[l.InTime(p)]++
}

// AddContained counts a line's person, and whether the directory showed them contained.
func (s *Summary) AddContained(steps []Step, l *Line) {
	if l.First.Line != 0 || l.Whole && l.Record.Outcome.Kind() == Neutral {
		return
	}
	s.Users++
	if l.Contained(steps) {
		s.Contained++
	}
}

// AddLine counts a line of a run with these steps.
func (s *Summary) AddLine(steps []Step, l *Line) {
	s.Add(l.Record.Outcome)
	if l.First.Line != 0 {
		s.AddAgain(l.Record.Outcome, 1)
	}
	s.AddContained(steps, l)
	if l.First.Line != 0 || l.Whole {
		return
	}
	if s.Steps == nil {
		s.Left = map[Left]int{}
		for _, step := range steps {
			s.Steps = append(s.Steps, StepCounts{Step: step, Users: map[Outcome]int{}, Targets: map[Outcome]int{}})
		}
	}
	for i := range s.Steps {
		c := &s.Steps[i]
		of := l.Of(c.Step)
		if len(of) == 0 {
			continue
		}
		c.Users[Worst(of).Outcome]++
		c.compare(of)
		for _, w := range of {
			things := len(w.Things())
			c.Targets[w.Record.Outcome] += things
			why := Left{c.Step, w.Record.Outcome, w.Record.Reason}
			if _, known := s.Left[why]; w.left(l.User) && (known || len(s.Left) < mostLeft) {
				s.Left[why] += things
			}
		}
	}
}

// left reports whether the write is left for others to do at the user's: see [Left].
func (w Write) left(u User) bool {
	switch w.Record.Outcome {
	case NotPossible, Ineffective:
		return true
	case Already, Failed, Unverified:
		return w.MayReturn(u)
	}
	return false
}

// compare holds what became of a user's writes against the refusals of those before. What
// was not sent or not answered says nothing.
func (c *StepCounts) compare(of []Write) {
	worst := Worst(of)
	switch o := worst.Outcome; {
	case c.Refused < 0:
	case o.Kind() == Neutral, o == Already, o == NotPossible, o.Open():
		if slices.ContainsFunc(of, func(w Write) bool { return !w.Record.Accepted.IsZero() }) {
			c.Refused = -1
		}
	case o == GaveUp, worst.Status < 300, c.Refused > 0 && (worst.Status != c.RefusedAs.Status || worst.Code != c.RefusedAs.Code):
		c.Refused = -1
	default:
		if c.Refused++; c.Refused == 1 {
			c.RefusedAs = worst
		}
	}
}

// Refusal is what Graph said when it refused the step, or a part of it, alike to all users
// to whom it was sent, two at least; "" where it did not. Part is whether another part was done.
func (c StepCounts) Refusal() (said string, part bool) {
	if c.Refused < 2 {
		return "", false
	}
	for o, n := range c.Targets {
		part = part || n > 0 && o.Kind() == Success && o != Already
	}
	return Refusal(c.RefusedAs.Status, c.RefusedAs.Code, c.RefusedAs.Message), part
}

// AllDenied reports whether all that was sent of the step and answered was denied.
func (c StepCounts) AllDenied() bool { return allDenied(c.Targets) }

// Add counts one more line.
func (s *Summary) Add(o Outcome) {
	if s.Counts == nil {
		s.Counts = make(map[Outcome]int, len(Outcomes))
	}
	s.Lines++
	s.Counts[o]++
}

// AddAgain says of so many of the lines that they name a user again.
func (s *Summary) AddAgain(o Outcome, n int) {
	if s.Again == nil {
		s.Again = map[Outcome]int{}
	}
	s.Again[o] += n
}

// People counts the lines without those that name a user again: a line that names nobody who
// is known counts as somebody.
func (s Summary) People() Summary {
	p := Summary{Lines: s.Lines, Counts: maps.Clone(s.Counts)}
	for o, n := range s.Again {
		p.Lines, p.Counts[o] = p.Lines-n, p.Counts[o]-n
	}
	return p
}

// CountOf counts the lines whose outcome is of the kind.
func (s Summary) CountOf(k Kind) int {
	n := 0
	for o, c := range s.Counts {
		if o.Kind() == k {
			n += c
		}
	}
	return n
}

// AllDenied reports whether every user who was sent and answered was denied. It says
// nothing of a run whose users may have several writes: see [StepCounts.AllDenied].
func (s Summary) AllDenied() bool { return s.Steps == nil && allDenied(s.Counts) }

func allDenied(counts map[Outcome]int) bool {
	for _, o := range [...]Outcome{Verified, Revoked, Accepted, Unverified, Ineffective, Failed, GaveUp} {
		if counts[o] > 0 {
			return false
		}
	}
	return counts[Denied] > 0
}

// Open counts the lines that a resumed run would work on.
func (s Summary) Open() int { return s.Counts[Unsettled] + s.Counts[NotSent] }
