package graphsim

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
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
	token     *token
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
	latency := t.cfg.Latency
	if t.cfg.Jitter > 0 {
		latency += time.Duration(c.rng.Int64N(int64(t.cfg.Jitter)))
	}
	ends := time.Now().Add(latency) // what the work takes is part of the latency, and so is a timer that is late
	if err := wait(r.Context(), latency/2); err != nil {
		return nil, err
	}
	if bad == nil {
		if bad = c.parse(r, target, body, readErr); bad != nil {
			t.mu.Lock()
			t.stats.Invalid++
			t.mu.Unlock()
		}
	}
	if bad != nil {
		c.date = t.now()
		return c.outer(bad, nil), wait(r.Context(), time.Until(ends))
	}

	t.runCall(c)
	err := wait(r.Context(), time.Until(ends))
	var rep *reply
	if err == nil {
		rep = c.answer(t)
	}
	t.logItems(c, err == nil)
	return rep, err
}

// begin numbers the call and looks at its token.
func (t *Tenant) begin(r *http.Request, version string) (*call, *failure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.Calls++
	c := &call{no: t.stats.Calls, version: version, origin: origin(r), clientID: r.Header.Get("client-request-id")}
	c.rng = rand.New(rand.NewPCG(t.cfg.Seed, uint64(c.no)))
	c.requestID = c.guid()
	if c.clientID == "" {
		c.clientID = c.requestID // Graph repeats its own id when the client sent none
	}
	var bad *failure
	if c.token, bad = t.authenticate(r.Header); bad != nil {
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
func (c *call) parse(r *http.Request, target string, body []byte, readErr *failure) (bad *failure) {
	if readErr != nil {
		return readErr
	}
	path, _ := splitTarget(target)
	if !isBatch(path) {
		eventual := r.Header.Get("ConsistencyLevel") == "eventual"
		it := &item{method: r.Method, op: route(c.version, r.Method, target, eventual)}
		if len(body) > 0 && json.Unmarshal(body, &it.op.body) != nil {
			return errBadEncoding
		}
		c.items = []*item{it}
		return nil
	}
	c.batch = true
	if r.Method != http.MethodPost {
		return errMethod
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return badBatch("Content-Type must be application/json.")
	}
	c.items, bad = parseBatch(c.version, body)
	return bad
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
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], c.rng.Uint64())
	binary.LittleEndian.PutUint64(b[8:], c.rng.Uint64())
	return guid(b[:], 4)
}

// newReply carries what Graph sets on every answer. Date is the server's own
// clock.
func (c *call) newReply(status int, contentType string, body []byte) *reply {
	return &reply{status: status, body: body, header: http.Header{
		"Content-Type":        {contentType},
		"Date":                {c.date.UTC().Format(http.TimeFormat)},
		"Request-Id":          {c.requestID},
		"Client-Request-Id":   {c.clientID},
		"X-Ms-Ags-Diagnostic": {`{"ServerInfo":{"DataCenter":"graphsim","Slice":"E","Ring":"0"}}`},
	}}
}

func (rep *reply) add(header map[string]string) {
	for name, value := range header {
		rep.header.Set(name, value)
	}
}

// outer answers for the call as a whole with an error.
func (c *call) outer(bad *failure, header map[string]string) *reply {
	rep := c.newReply(bad.status, jsonType, encode(bad.body(c)))
	if bad.status == http.StatusUnauthorized {
		rep.header.Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`)
	}
	rep.add(header)
	return rep
}

// answer makes the reply to a call whose items have run.
func (c *call) answer(t *Tenant) *reply {
	kind := c.fault.kind()
	switch kind {
	case LostAnswer, DropBefore:
		return &reply{fate: dropped}
	case HTML503:
		return c.htmlUnavailable(c.results[0].header)
	case Outer429, Expired401:
		return c.outer(c.results[0].bad, c.results[0].header)
	}
	var rep *reply
	if c.batch {
		rep = c.newReply(http.StatusOK, jsonType, encode(c.batchBody()))
	} else {
		rep = c.direct(c.items[0], &c.results[0])
	}
	if kind == Truncated {
		rep.fate = cut
		rep.body = rep.body[:1+c.rng.IntN(max(1, len(rep.body)-1))]
	}
	return rep
}

// htmlUnavailable is what a gateway in front of Graph says, which knows
// nothing of JSON (microsoft-graph-docs#2290).
func (c *call) htmlUnavailable(header map[string]string) *reply {
	rep := c.newReply(http.StatusServiceUnavailable, "text/html", []byte("<!DOCTYPE html><html><head><title>Service Unavailable</title></head>"+
		"<body><h2>Our services aren't available right now</h2></body></html>"))
	rep.header.Del("Request-Id")
	rep.add(header)
	return rep
}

// direct answers a call that was no batch.
func (c *call) direct(it *item, r *result) *reply {
	var rep *reply
	switch {
	case r.bad != nil:
		return c.outer(r.bad, r.header)
	case it.op.action == actCount:
		text := fmt.Sprint(r.body)
		if c.rng.IntN(2) == 0 { // some OData services send one (oasis-tcs/odata-specs#325)
			text = "\ufeff" + text
		}
		rep = c.newReply(r.status, "text/plain", []byte(text))
	case r.status == http.StatusNoContent:
		rep = c.newReply(r.status, itemType, nil)
	default:
		rep = c.newReply(r.status, itemType, encode(r.body))
	}
	rep.add(map[string]string{"x-ms-resource-unit": strconv.Itoa(it.op.units()), "OData-Version": "4.0"})
	return rep
}

func isBatch(path string) bool {
	path = strings.TrimPrefix(path, "/")
	return path == "$batch" || strings.EqualFold(path, "%24batch")
}
