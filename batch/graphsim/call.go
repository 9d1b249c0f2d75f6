package graphsim

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// call is one HTTP request to Graph under way.
type call struct {
	no        int
	rng       *rand.Rand // of this call alone, so that draws do not depend on its neighbours
	version   string
	origin    string // scheme and host by which the client called
	batch     bool
	requestID string
	clientID  string // client-request-id, echoed
	date      time.Time
	bearer    *token
	items     []*item
	results   []result
	fault     *activeFault
}

// graph serves a call to Graph: sign-in is checked first, then the shape of
// the whole, then the items run, then the answer is made.
//
// The mutex is taken three times and never held across a wait. Half of the
// latency lies before the call takes effect and half after it, so that a caller
// who gives up may leave either way: unsent, or executed and unanswered.
func (t *Tenant) graph(r *http.Request, version, target string, body []byte, readErr *failure) (*reply, error) {
	c, bad := t.begin(r, version)
	latency := t.latency(c)
	ends := time.Now().Add(latency) // what the work takes is part of the latency, and so is a timer that is late
	if err := wait(r.Context(), latency/2); err != nil {
		return nil, err
	}
	if bad == nil {
		bad = c.parse(r, target, body, readErr)
		t.noteInvalid(bad)
	}
	if bad != nil {
		c.date = t.now()
		return c.outer(bad), wait(r.Context(), time.Until(ends))
	}

	t.run(c)
	err := wait(r.Context(), time.Until(ends))
	var rep *reply
	if err == nil {
		rep = c.answer(t)
	}
	t.settle(c, err == nil)
	return rep, err
}

// begin numbers the call and looks at its token.
func (t *Tenant) begin(r *http.Request, version string) (*call, *failure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls++
	t.stats.Calls++
	c := &call{no: t.calls, version: version, origin: origin(r), clientID: r.Header.Get("client-request-id")}
	c.rng = rand.New(rand.NewPCG(t.cfg.Seed, uint64(c.no)))
	c.requestID = c.guid()
	if c.clientID == "" {
		c.clientID = c.requestID // Graph repeats its own id when the client sent none
	}
	var bad *failure
	if c.bearer, bad = t.authenticate(r.Header); bad != nil {
		t.stats.Unauthorized++
	}
	return c, bad
}

// origin is where links to next pages lead: to where the client called.
func origin(r *http.Request) string {
	switch {
	case r.URL.Host != "":
		return r.URL.Scheme + "://" + r.URL.Host
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// parse reads what the call asks for.
func (c *call) parse(r *http.Request, target string, body []byte, readErr *failure) *failure {
	if readErr != nil {
		return readErr
	}
	path, _ := splitTarget(target)
	if path != "/$batch" && !strings.EqualFold(path, "/%24batch") {
		eventual := r.Header.Get("ConsistencyLevel") == "eventual"
		c.items = []*item{{method: r.Method, op: route(c.version, r.Method, target, eventual)}}
		return nil
	}
	c.batch = true
	if r.Method != http.MethodPost {
		return errMethod
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return badBatch("Invalid batch payload format: Content-Type must be application/json.")
	}
	items, bad := parseBatch(c.version, body)
	c.items = items
	return bad
}

func (t *Tenant) noteInvalid(bad *failure) {
	if bad == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.Invalid++
}

// latency is the time that the call takes.
func (t *Tenant) latency(c *call) time.Duration {
	d := t.cfg.Latency
	if t.cfg.Jitter > 0 {
		d += time.Duration(c.rng.Int64N(int64(t.cfg.Jitter)))
	}
	return d
}

// wait ends with the context.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// guid draws an id, such as Graph gives to every request.
func (c *call) guid() string {
	var g guid
	binary.LittleEndian.PutUint64(g[:8], c.rng.Uint64())
	binary.LittleEndian.PutUint64(g[8:], c.rng.Uint64())
	g[6] = g[6]&0x0f | 0x40
	g[8] = g[8]&0x3f | 0x80
	return g.String()
}
