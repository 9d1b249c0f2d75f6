package batch

// Summary counts the lines of a run by outcome.
type Summary struct {
	Lines   int
	Counts  map[Outcome]int
	Refused int // of the not_sent, those who were sent, and refused or told to wait
}

// Add counts one more line.
func (s *Summary) Add(o Outcome) {
	if s.Counts == nil {
		s.Counts = make(map[Outcome]int, len(Outcomes))
	}
	s.Lines++
	s.Counts[o]++
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

// AllDenied reports whether every user who was sent and answered was denied.
func (s Summary) AllDenied() bool {
	for _, o := range [...]Outcome{Verified, Revoked, Unverified, Ineffective, Failed, GaveUp} {
		if s.Counts[o] > 0 {
			return false
		}
	}
	return s.Counts[Denied] > 0
}

// Open counts the lines that a resumed run would work on.
func (s Summary) Open() int { return s.Counts[Unsettled] + s.Counts[NotSent] }
