package throttle

import (
	"math"
	"math/rand/v2"
	"time"
)

// service is a model of how Graph may count. Times are seconds of virtual time
// and never go back. take lets up to n users in and says, when it refuses any,
// after how many seconds there is room again.
type service interface {
	take(t float64, n int) (ok int, retryAfter float64)
}

// limitAt is a limit that may move.
type limitAt func(t float64) int

func steady(n int) limitAt { return func(float64) int { return n } }

// dips is high, but low from one time to another.
func dips(high, low int, from, to float64) limitAt {
	return func(t float64) int {
		if t >= from && t < to {
			return low
		}
		return high
	}
}

// sliding counts the users of the last width seconds, refused ones too if harsh.
type sliding struct {
	limit  limitAt
	width  float64
	harsh  bool
	at     []float64
	n      []int
	logged int
}

func (s *sliding) take(t float64, n int) (int, float64) {
	for len(s.at) > 0 && s.at[0] <= t-s.width {
		s.logged -= s.n[0]
		s.at, s.n = s.at[1:], s.n[1:]
	}
	ok := max(0, min(n, s.limit(t)-s.logged))
	counted := ok
	if s.harsh {
		counted = n
	}
	if counted > 0 {
		s.at, s.n, s.logged = append(s.at, t), append(s.n, counted), s.logged+counted
	}
	if ok == n {
		return ok, 0
	}
	over := s.logged + 1 - s.limit(t)
	for i := range s.at {
		if over -= s.n[i]; over <= 0 {
			return ok, math.Max(1, math.Ceil(s.at[i]+s.width-t))
		}
	}
	return ok, math.Ceil(s.width)
}

// fixed counts from zero at phase, phase+width, ...
type fixed struct {
	limit        limitAt
	width, phase float64
	window       float64
	used         int
}

func (s *fixed) take(t float64, n int) (int, float64) {
	w := math.Floor((t - s.phase) / s.width)
	if w != s.window {
		s.window, s.used = w, 0
	}
	ok := max(0, min(n, s.limit(t)-s.used))
	s.used += ok
	if ok == n {
		return ok, 0
	}
	return ok, math.Max(1, math.Ceil((w+1)*s.width+s.phase-t))
}

// bucket holds limit users and refills by limit in width seconds.
type bucket struct {
	limit  limitAt
	width  float64
	tokens float64
	last   float64
	begun  bool
}

func (s *bucket) take(t float64, n int) (int, float64) {
	size := float64(s.limit(t))
	if !s.begun {
		s.begun, s.tokens = true, size
	}
	s.tokens = math.Min(size, s.tokens+(t-s.last)*size/s.width)
	s.last = t
	ok := max(0, min(n, int(s.tokens)))
	s.tokens -= float64(ok)
	if ok == n {
		return ok, 0
	}
	return ok, math.Max(1, math.Ceil((1-s.tokens)*s.width/size))
}

// emptied is a bucket that loses what it holds, once: at the first call after at.
type emptied struct {
	*bucket
	at   float64
	done bool
}

func (s *emptied) take(t float64, n int) (int, float64) {
	if t >= s.at && !s.done {
		s.bucket.take(t, 0)
		s.tokens, s.done = 0, true
	}
	return s.bucket.take(t, n)
}

// count counts users of another app, refused or not.
func (s *sliding) count(t float64, n int) {
	s.at, s.n, s.logged = append(s.at, t), append(s.n, n), s.logged+n
}

func (s *fixed) count(t float64, n int) {
	s.take(t, 0)
	s.used += n
}

func (s *bucket) count(t float64, n int) {
	s.take(t, 0)
	s.tokens -= float64(n)
}

// shared is a tenant of which another app uses so much per second.
type shared struct {
	service         countable
	perSecond, last float64
}

// countable is a service that others use too; a count below zero is given back.
type countable interface {
	service
	count(t float64, n int)
}

func (s *shared) count(t float64, n int) { s.service.count(t, n) }

func (s *shared) take(t float64, n int) (int, float64) {
	for ; s.last+1 <= t; s.last++ {
		s.service.count(s.last+1, int(s.perSecond))
	}
	return s.service.take(t, n)
}

// says is a service whose Retry-After is another than the truth.
type says struct {
	service
	retryAfter float64 // 0 for none
}

func (s says) take(t float64, n int) (int, float64) {
	ok, _ := s.service.take(t, n)
	return ok, s.retryAfter
}

// optimum is when the last of n users gets in if somebody who knows the service
// sends each user at the first moment at which it is let in, and calls take no
// time. More haste is not possible, and waiting never helps: in every model here a user
// let in earlier leaves at least as much room at every later time.
func optimum(s service, n int) float64 {
	step := 0.05
	if n > 5_000 {
		step = 0.25
	}
	if h, harsh := s.(*sliding); harsh {
		h.harsh = false // asking in vain costs nothing to somebody who knows
	}
	for i := 0; ; i++ {
		t := float64(i) * step
		for ok := 1; n > 0 && ok > 0; n -= ok {
			ok, _ = s.take(t, n)
		}
		if n == 0 {
			return t
		}
	}
}

func span(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// flaky is a service that now and then refuses a user out of turn.
type flaky struct {
	service
	chance float64
	r      *rand.Rand
}

func (s flaky) take(t float64, n int) (int, float64) {
	ok, retryAfter := s.service.take(t, n)
	good := 0
	for range ok {
		if s.r.Float64() >= s.chance {
			good++
		}
	}
	if good < ok && retryAfter == 0 {
		retryAfter = 0.249
	}
	return good, retryAfter
}
