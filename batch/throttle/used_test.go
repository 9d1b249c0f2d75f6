package throttle

import (
	"fmt"
	"testing"
)

// penal is a service that counts refused users too, until it is a tenth of its
// limit below empty. Counts keeps what it counted so, for the optimum.
type penal struct {
	countable
	below  func(t float64) int // how many more refused users it counts now
	counts []counted
}

type counted struct {
	t float64
	n int
}

func (s *penal) take(t float64, n int) (int, float64) {
	ok, retryAfter := s.countable.take(t, n)
	if some := min(n-ok, s.below(t)); some > 0 {
		s.countable.count(t, some)
		s.counts = append(s.counts, counted{t, some})
		_, retryAfter = s.countable.take(t, 1)
	}
	return ok, retryAfter
}

// replayed has what another has counted of refused users.
type replayed struct {
	countable
	counts []counted
}

func (s *replayed) take(t float64, n int) (int, float64) {
	for len(s.counts) > 0 && s.counts[0].t <= t {
		s.countable.count(s.counts[0].t, s.counts[0].n)
		s.counts = s.counts[1:]
	}
	return s.countable.take(t, n)
}

// usedModels are services with the documented limit of which only so many are left,
// since somebody else was there before, all at once or evenly over a time. What comes free evenly in a
// sliding log comes in lumps of a few users and ends at some moment, so there the bounds are wider.
var usedModels = []struct {
	name         string
	fixed        bool
	ratio, slack float64 // what is allowed: time over optimum, and seconds besides
	share        float64 // of the writes that may be refused
	make         func(left int) countable
}{
	{"sliding, all 75 s ago", false, 1.15, 1.5, 0.3, func(left int) countable { return slidingUsed(left, 75, 75) }},
	{"sliding, all 130 s ago", false, 1.15, 1.5, 0.3, func(left int) countable { return slidingUsed(left, 130, 130) }},
	{"sliding, all 10 s ago", false, 1.15, 1.5, 0.3, func(left int) countable { return slidingUsed(left, 10, 10) }},
	{"sliding, evenly", false, 1.75, 7, 0.35, func(left int) countable { return slidingUsed(left, 149, 1) }},
	{"sliding, evenly until 100 s ago", false, 1.5, 3, 0.35, func(left int) countable { return slidingUsed(left, 149, 100) }},
	{"fixed, 20 s old", true, 1.15, 1.5, 0.3, func(left int) countable { return fixedUsed(left, 20) }},
	{"fixed, 75 s old", true, 1.15, 1.5, 0.3, func(left int) countable { return fixedUsed(left, 75) }},
	{"fixed, 140 s old", true, 1.15, 1.5, 0.3, func(left int) countable { return fixedUsed(left, 140) }},
	{"bucket", false, 1.15, 1.5, 0.3, func(left int) countable {
		return &bucket{limit: steady(3_000), width: modelWidth, begun: true, tokens: float64(left)}
	}},
}

func fixedUsed(left int, age float64) countable {
	return &fixed{limit: steady(3_000), width: modelWidth, phase: -age, used: 3_000 - left}
}

// slidingUsed has the users that are not left spread over the time between two moments before the run.
func slidingUsed(left int, from, to float64) countable {
	s := &sliding{limit: steady(3_000), width: modelWidth}
	used, n := 3_000-left, 100
	for i := range n {
		part := used*(i+1)/n - used*i/n
		s.count(-from+(from-to)*float64(i)/float64(n-1), part)
	}
	return s
}

// withPenalty makes a service count refused users to a tenth below empty.
func withPenalty(c countable) *penal {
	p := &penal{countable: c}
	switch s := c.(type) {
	case *sliding:
		p.below = func(t float64) int { return s.limit(t)*11/10 - s.logged }
	case *bucket:
		p.below = func(t float64) int { return int(s.tokens + float64(s.limit(t))/10) }
	default:
		p.below = func(float64) int { return 0 }
	}
	return p
}

// TestUsedQuota has a quota of which 10 to 60 % are left when the run begins. Nobody may
// say that somebody else was there; it shows in a 429 before the log says full.
//
// The optimum is that of a sender that knows the service, what others have used and what the
// run's own refused users cost: they take room of the ideal at the moments at which they took
// it of the service. To it come round trips: five of the first burst, and those in which room is
// found again from one call on; and a second to which Retry-After is rounded.
func TestUsedQuota(t *testing.T) {
	t.Parallel()
	const roundTrips = 8
	some := sample{oneIn: 11}
	for _, m := range usedModels {
		for _, counts := range []bool{false, true} {
			if counts && m.fixed {
				continue // a window that is full stays full, whoever asks
			}
			for _, users := range []int{500, 1_000, 1_500, 2_000, 3_000} {
				for _, percent := range []int{10, 15, 20, 30, 40, 50, 60} {
					left := 30 * percent
					for _, l := range latencies {
						if some.skips() {
							continue
						}
						s := withPenalty(m.make(left))
						if !counts {
							s.below = func(float64) int { return 0 }
						}
						r := loop(New(Config{Quotas: quota, MaxWidth: wide, Users: users}), s, users, l.draw)
						best := optimum(&replayed{m.make(left), s.counts}, users)
						name := fmt.Sprintf("%s, %d left", m.name, left)
						if counts {
							name += ", refused count"
						}
						line(t, name, users, l.name, best, r)
						if most := m.ratio*best + roundTrips*r.slowest + m.slack; r.seconds > most {
							t.Errorf("%s, %d users, %s: took %.1f s, want at most %.1f", name, users, l.name, r.seconds, most)
						}
						most := m.share
						if l.name == "2 s tail" {
							most += 0.02 // what was refused is known after seconds, and more is under way then
						}
						if share := float64(r.refused) / float64(users+r.refused); share > most {
							t.Errorf("%s, %d users, %s: %.3f of the writes refused, want at most %.2f", name, users, l.name, share, most)
						}
					}
				}
			}
		}
	}
}
