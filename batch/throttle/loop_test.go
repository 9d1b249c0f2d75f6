package throttle

import (
	"container/heap"
	"flag"
	"math"
	"math/rand/v2"
	"time"

	"offboard/batch"
)

var soak = flag.Bool("soak", false, "run every case of the closed loop, and every seed; without it a sample")

// sample is every case of a test with -soak, and otherwise one in so many: a number
// without a common factor with the sizes of the test's tables, so that each entry of
// each table is met.
type sample struct{ oneIn, met int }

// skips reports whether the next case is left out.
func (s *sample) skips() bool {
	s.met++
	return !*soak && s.met%s.oneIn != 0
}

// seeds is how many seeds a test with random input runs.
func seeds(all uint64) uint64 {
	if *soak {
		return all
	}
	return all / 5
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// latency draws how long a call takes, in seconds.
type latency func(r *rand.Rand) float64

func constant(s float64) latency { return func(*rand.Rand) float64 { return s } }

// heavyTail has the median m; one call in a hundred takes more than three times that.
func heavyTail(m float64) latency {
	return func(r *rand.Rand) float64 { return math.Min(10*m, m*math.Exp(0.5*r.NormFloat64())) }
}

// call is one under way in the loop.
type call struct {
	sent, arrives, ends float64
	app, cost, ok       int
	scope               string // of the refusal
	retryAfter          float64
	arrived             bool
}

func (c *call) due() float64 {
	if c.arrived {
		return c.ends
	}
	return c.arrives
}

type calls []*call

func (h calls) Len() int           { return len(h) }
func (h calls) Less(i, j int) bool { return h[i].due() < h[j].due() }
func (h calls) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *calls) Push(x any)        { *h = append(*h, x.(*call)) }
func (h *calls) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	return c
}

// result is what a run in the loop came to.
type result struct {
	seconds float64
	refused int
	met     int // of these, under way when a limit was first met
	calls   int
	slowest float64 // call, in seconds
	apps    []share // of each app
}

// share is what one app came to.
type share struct{ accepted, refused int }

// graph is a service for several apps. It names the scope of a refusal, or nothing.
type graph interface {
	takeFrom(app int, t float64, n int) (ok int, retryAfter float64, scope string)
}

// one is a service that does not tell apps apart.
type one struct{ service }

func (s one) takeFrom(_ int, t float64, n int) (int, float64, string) {
	ok, retryAfter := s.take(t, n)
	return ok, retryAfter, ""
}

// loop is the runner in virtual time: users in chunks of 20, refused ones again,
// until all are in. metAfter are the times after which a limit is met for the
// first time; refused users that were under way at that moment count as met.
func loop(g *Controller, s service, users int, lat latency, metAfter ...float64) result {
	return loopPool([]*Controller{g}, one{s}, users, lat, metAfter...)
}

// loopPool is loop for several apps that take users from one queue.
func loopPool(pool []*Controller, s graph, users int, lat latency, metAfter ...float64) result {
	r := rand.New(rand.NewPCG(1, 2))
	at := func(t float64) time.Time { return epoch.Add(span(t)) }
	res := result{apps: make([]share, len(pool))}
	var h calls
	under := make([]int, len(pool))
	t := 0.0
	known, met := make([]float64, len(pool)), make([]int, len(pool)) // last time that a limit was met, and how often
	for i := range known {
		known[i] = math.Inf(-1)
	}
	for users > 0 || len(h) > 0 {
		if t > 1e6 {
			panic("the loop does not end")
		}
		timer := math.Inf(1)
		for i, g := range pool {
			for users > 0 && under[i] < g.Width() {
				cost := min(chunk, users)
				if wait := g.Admit(at(t), cost); wait > 0 {
					timer = min(timer, t+wait.Seconds()+1e-6)
					break
				}
				l := lat(r)
				heap.Push(&h, &call{app: i, sent: t, arrives: t + 0.4*l, ends: t + l, cost: cost})
				users -= cost
				under[i]++
				res.calls++
				res.slowest = max(res.slowest, l)
			}
		}
		if len(h) == 0 || timer < h[0].due() {
			t = timer
			continue
		}
		c := heap.Pop(&h).(*call)
		t = c.due()
		if !c.arrived {
			c.ok, c.retryAfter, c.scope = s.takeFrom(c.app, t, c.cost)
			c.arrived = true
			heap.Push(&h, c)
			continue
		}
		under[c.app]--
		bad := c.cost - c.ok
		if n := met[c.app]; bad > 0 && n < len(metAfter) && c.sent >= metAfter[n] {
			known[c.app] = t
			met[c.app]++
		}
		if bad > 0 && c.sent <= known[c.app] {
			res.met += bad
		}
		users, res.refused = users+bad, res.refused+bad
		res.apps[c.app].accepted += c.ok
		res.apps[c.app].refused += bad
		pool[c.app].Leave(at(t), batch.Feedback{
			Sent: at(c.sent), Cost: c.cost, Accepted: c.ok, Throttled: bad,
			RetryAfter: span(c.retryAfter), Scope: c.scope,
		})
	}
	res.seconds = t
	return res
}
