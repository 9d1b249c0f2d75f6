package throttle

import (
	"math/rand/v2"
	"testing"
	"time"

	"offboard/batch"
)

// TestNeverStuck gives controllers answers without sense or order. Whatever they
// conclude: when nothing is under way, waiting as long as told, a few times,
// must end in an admission, and nothing may be admitted in a pause.
func TestNeverStuck(t *testing.T) {
	t.Parallel()
	for seed := range seeds(100) {
		r := rand.New(rand.NewPCG(seed, 11))
		pool := NewPool(Config{Quotas: randomQuotas(r), MaxWidth: 1 + r.IntN(64), Rate: float64(r.IntN(3)) * 10, Users: r.IntN(20_000)}, 1+int(seed%3))
		now := epoch
		var under []outgoing
		asked, app, paused := 0, 0, make([]time.Time, len(pool))
		for range 2_000 {
			cost := 1 + r.IntN(chunk)
			if asked == 0 {
				app = r.IntN(len(pool))
			}
			c := pool[app]
			wait := c.Admit(now, cost)
			switch {
			case wait < 0:
				t.Fatalf("seed %d: wait %v", seed, wait)
			case wait == 0:
				if now.Before(paused[app]) {
					t.Fatalf("seed %d: admitted %v before the pause ends", seed, paused[app].Sub(now))
				}
				asked = 0
				under = append(under, outgoing{c, batch.Feedback{Sent: now, Cost: cost}})
			case len(under) == 0:
				if asked++; asked > 40 {
					t.Fatalf("seed %d: asked %d times, told %v: %s", seed, asked, wait, c.Pace(now).Reason)
				}
				now = now.Add(wait)
				continue
			}
			if n := len(under); n > 0 && (wait > 0 || n >= c.Width() || r.IntN(3) == 0) {
				i := r.IntN(n)
				c, f := under[i].c, under[i].f
				under = append(under[:i], under[i+1:]...)
				now = now.Add(time.Duration(r.ExpFloat64() * float64(time.Second)))
				nonsense(r, &f)
				c.Leave(now, f)
				for i, c := range pool {
					if p := c.Pace(now); p.Until.After(paused[i]) {
						paused[i] = p.Until
					}
				}
				if w := c.Width(); w < 1 {
					t.Fatalf("seed %d: width %d", seed, w)
				}
			}
			if TimeLeft([]*Controller{c}, 1_000, now) < c.longerPause().remaining(now) {
				t.Fatalf("seed %d: the time left forgets the pause", seed)
			}
			if r.IntN(50) == 0 && TimeLeft(pool, 1_000, now) > TimeLeft([]*Controller{c}, 1_000, now) {
				t.Fatalf("seed %d: the pool takes longer than one app alone", seed)
			}
		}
	}
}

// outgoing is a call under way.
type outgoing struct {
	c *Controller
	f batch.Feedback
}

func randomQuotas(r *rand.Rand) []Quota {
	var quotas []Quota
	for range r.IntN(4) {
		quotas = append(quotas, Quota{
			Scope:  Scope(r.IntN(3)),
			Limit:  1 + r.IntN(500),
			Window: time.Duration(1+r.IntN(200)) * time.Second,
		})
	}
	return quotas
}

// nonsense ends a call in any way.
func nonsense(r *rand.Rand, f *batch.Feedback) {
	f.Scope = []string{"", "Tenant/Write/x", "Application/ReadWrite", "/", "Tenant_Application"}[r.IntN(5)]
	f.RetryAfter = []time.Duration{0, 0, time.Second, 249 * time.Millisecond, 27 * time.Second, -time.Second, 150 * time.Second}[r.IntN(7)]
	f.Percent = float64(r.IntN(3)) * 0.9
	switch r.IntN(6) {
	case 0:
		f.Unsent = true
	case 1:
		f.Outer = []int{401, 429, 500, 503}[r.IntN(4)]
		f.Throttled = f.Cost * r.IntN(2)
	case 2:
		f.Throttled = r.IntN(f.Cost + 1)
		f.Accepted = f.Cost - f.Throttled
	case 3:
		f.Throttled = f.Cost
	default:
		f.Accepted = f.Cost
	}
}
