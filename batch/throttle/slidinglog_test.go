package throttle

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// step is one thing that happens to a window of 100 users in 10 s.
type step struct {
	at   float64 // seconds
	do   string  // enter, leave, withdraw, preload
	n    int
	wait float64 // of enter, in seconds; 0 means admitted
}

func TestWindow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		steps []step
	}{
		{"what fits never waits", []step{
			{0, "enter", 60, 0}, {0, "enter", 40, 0}, {0, "enter", 1, 10},
		}},
		{"counts from the end of the call, not its beginning", []step{
			{0, "enter", 100, 0}, {3, "leave", 100, 0},
			{4, "enter", 20, 9}, {12.9, "enter", 20, 0.1}, {13, "enter", 20, 1e-9}, {13.1, "enter", 20, 0},
		}},
		{"waits until the whole cost fits", []step{
			{0, "enter", 50, 0}, {0, "enter", 50, 0}, {1, "leave", 50, 0}, {2, "leave", 50, 0},
			{3, "enter", 20, 8}, {3, "enter", 50, 8}, {3, "enter", 51, 9},
		}},
		{"a call under way may end at any moment", []step{
			{0, "enter", 50, 0}, {0, "enter", 50, 0}, {1, "leave", 50, 0},
			{2, "enter", 50, 9}, {2, "enter", 60, 10},
		}},
		{"what never left is given back", []step{
			{0, "enter", 100, 0}, {1, "withdraw", 20, 0}, {1, "enter", 20, 0}, {1, "enter", 1, 10},
		}},
		{"an earlier run counts", []step{
			{0, "preload", 90, 0}, {1, "enter", 20, 9}, {1, "enter", 10, 0},
			{2, "preload", 5, 0}, {10.1, "enter", 20, 0},
		}},
		{"an earlier run may have used more than there is", []step{
			{0, "preload", 300, 0}, {1, "enter", 1, 9}, {10.1, "enter", 100, 0},
		}},
		{"a cost above the limit goes alone", []step{
			{0, "enter", 20, 0}, {0, "enter", 150, 10}, {1, "leave", 20, 0},
			{2, "enter", 150, 9}, {11.1, "enter", 150, 0}, {11.1, "enter", 1, 10},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &slidingLog{window: 10 * time.Second}
			for _, s := range tt.steps {
				now := epoch.Add(span(s.at))
				switch s.do {
				case "enter":
					got := w.wait(now, s.n, 100)
					if diff := got - span(s.wait); diff < 0 || diff > 1 {
						t.Fatalf("at %g: Wait(%d) = %v, want %v", s.at, s.n, got, span(s.wait))
					}
					if got == 0 {
						w.enter(s.n)
					}
				case "leave":
					w.leave(now, s.n, s.n)
				case "withdraw":
					w.withdraw(s.n)
				case "preload":
					w.preload(now, s.n)
				}
			}
		})
	}
}

// TestWindowOutOfOrder preloads in any order and gets the same waits.
func TestWindowOutOfOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	at := r.Perm(50)
	w, v := &slidingLog{window: 10 * time.Second}, &slidingLog{window: 10 * time.Second}
	for _, s := range at {
		w.preload(epoch.Add(time.Duration(s)*100*time.Millisecond), 2)
	}
	slices.Sort(at)
	for _, s := range at {
		v.preload(epoch.Add(time.Duration(s)*100*time.Millisecond), 2)
	}
	for n := 1; n <= 100; n++ {
		if a, b := w.wait(epoch.Add(5*time.Second), n, 100), v.wait(epoch.Add(5*time.Second), n, 100); a != b {
			t.Fatalf("Wait(%d) = %v, in order %v", n, a, b)
		}
	}
}

// TestWindowNeverExceeds runs random schedules, lets the service count each call
// at a random moment between its leaving and its end, and looks at every span of
// the window's width that ends with a count.
func TestWindowNeverExceeds(t *testing.T) {
	t.Parallel()
	type count struct {
		at time.Duration
		n  int
	}
	for seed := range seeds(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		limit := 20 + r.IntN(300)
		wide := time.Duration(1+r.IntN(20)) * time.Second
		w := &slidingLog{window: wide}
		var counts []count
		ends := map[time.Duration]int{}
		now := time.Duration(0)
		for range 2_000 {
			cost := 1 + r.IntN(chunk)
			wait := w.wait(epoch.Add(now), cost, limit)
			if wait == 0 {
				w.enter(cost)
				took := time.Duration(r.ExpFloat64() * r.Float64() * float64(wide) / 4)
				counts = append(counts, count{now + time.Duration(r.Float64()*float64(took)), cost})
				ends[now+took] += cost
				if r.IntN(3) > 0 {
					continue
				}
				wait = time.Duration(r.Float64() * float64(wide) / 50)
			}
			next := now + wait
			for _, at := range sorted(ends) {
				if at > next {
					break
				}
				w.leave(epoch.Add(at), ends[at], ends[at])
				delete(ends, at)
				next = at
				break
			}
			now = max(now, next)
		}
		slices.SortFunc(counts, func(a, b count) int { return int(a.at - b.at) })
		sum, first := 0, 0
		for i, c := range counts {
			sum += c.n
			for counts[first].at < c.at-wide {
				sum -= counts[first].n
				first++
			}
			if sum > limit {
				t.Fatalf("seed %d: %d users within %v up to count %d, limit %d", seed, sum, wide, i, limit)
			}
		}
	}
}

func sorted(m map[time.Duration]int) []time.Duration {
	var keys []time.Duration
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// TestWindowIsSmall has a million calls in a window and little to show for it.
func TestWindowIsSmall(t *testing.T) {
	t.Parallel()
	w := &slidingLog{window: 150 * time.Second}
	for i := range 1_000_000 {
		w.enter(chunk)
		w.leave(epoch.Add(time.Duration(i)*150*time.Microsecond), chunk, chunk)
	}
	if len(w.log) > grains+1 {
		t.Errorf("%d entries, want at most %d", len(w.log), grains+1)
	}
	if w.logged != 1_000_000*chunk {
		t.Errorf("logged %d users, want all", w.logged)
	}
}
