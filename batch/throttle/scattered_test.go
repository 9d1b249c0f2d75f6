package throttle

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
)

// moody is a Sender that refuses some users, each once.
type moody struct {
	latency    time.Duration
	retryAfter time.Duration
	refuses    func(seq int) bool

	mu      sync.Mutex
	asked   map[int]time.Time // when a user was refused
	refused int
	early   int // users who came back before they were told to
}

func (s *moody) Send(_ context.Context, users []batch.Item) ([]batch.Reply, error) {
	time.Sleep(s.latency)
	s.mu.Lock()
	defer s.mu.Unlock()
	replies := make([]batch.Reply, len(users))
	for i, u := range users {
		at, again := s.asked[u.User.Seq]
		if again && time.Since(at) < s.retryAfter {
			s.early++
		}
		if again || !s.refuses(u.User.Seq) {
			replies[i] = batch.Reply{Status: 200, Date: time.Now()}
			continue
		}
		s.asked[u.User.Seq] = time.Now()
		s.refused++
		replies[i] = batch.Reply{Status: 429, RetryAfter: s.retryAfter}
	}
	return replies, nil
}

// discard is a journal that keeps nothing.
type discard struct{}

func (discard) Write(context.Context, batch.Entry) error { return nil }

// TestScatteredRefusals has a service that refuses 8 % of the users and takes the others
// of the same calls. Only those who are refused wait: the run ends one Retry-After and
// two round trips after the last fresh user.
func TestScatteredRefusals(t *testing.T) {
	for _, tt := range []struct {
		width      int
		retryAfter time.Duration
	}{{8, 2 * time.Second}, {150, 2 * time.Second}, {8, 0}, {150, 0}} {
		synctest.Test(t, func(t *testing.T) {
			const users, latency = 1_000, 50 * time.Millisecond
			s := &moody{latency: latency, retryAfter: tt.retryAfter, asked: map[int]time.Time{},
				refuses: func(seq int) bool { return seq*37%100 < 8 }}
			gate := New(Config{Quotas: For(Documented(), Write), MaxWidth: tt.width, Users: users})
			r := batch.Runner{
				Steps: []batch.Step{batch.Revoke}, Apps: []batch.App{{Name: "a", Sender: s, Gate: gate}}, Journal: discard{}, Concurrency: tt.width,
				Retry: batch.DefaultRetry, CallTimeout: time.Minute,
				Pending: func(yield func(batch.Pending, error) bool) {
					for i := range users {
						if !yield(batch.Pending{Item: batch.Item{Step: batch.Revoke, User: batch.User{Seq: i + 1, ID: "u"}}}, nil) {
							return
						}
					}
				},
			}
			start := time.Now()
			if err := r.Run(t.Context()); err != nil {
				t.Error(err)
			}
			took, stats := time.Since(start), gate.Waits()
			t.Logf("%d calls, Retry-After %v: %v, %d refused, paused for %v", tt.width, tt.retryAfter, took, s.refused, stats.Paused)
			wait := max(tt.retryAfter, 3*time.Second)
			if tt.retryAfter > 0 {
				wait = tt.retryAfter
			}
			if most := wait + 500*time.Millisecond; took > most {
				t.Errorf("%d calls: took %v, want at most %v", tt.width, took, most)
			}
			if s.refused != 80 || s.early > 0 || stats.Paused > 0 {
				t.Errorf("%d calls: %d refused, %d of them came back too early; %+v", tt.width, s.refused, s.early, stats)
			}
			if p := gate.Pace(time.Now()); p.PerSecond != 20 || !p.Until.IsZero() {
				t.Errorf("%d calls: pace %+v, want the documented one", tt.width, p)
			}
		})
	}
}
