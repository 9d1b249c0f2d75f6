package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// paceLatency is how long calls take: always as long, or else as the sender draws it.
type paceLatency struct {
	name  string
	fixed time.Duration // by the tenant
	drawn time.Duration // the median of a log-normal time, by the sender
}

var paceLatencies = []paceLatency{
	{name: "50 ms", fixed: 50 * time.Millisecond},
	{name: "500 ms", fixed: 500 * time.Millisecond},
	{name: "2 s tail", drawn: 2 * time.Second},
}

// draw gives one call its time. What is drawn depends on the call alone, and
// not on the order in which workers come.
func (l paceLatency) draw(u batch.User) time.Duration {
	if l.drawn == 0 {
		return 0
	}
	r := rand.New(rand.NewPCG(uint64(u.Seq), uint64(time.Now().UnixNano())))
	return min(10*l.drawn, time.Duration(float64(l.drawn)*math.Exp(0.5*r.NormFloat64())))
}

// paceToken is what the tenant accepts without signing in, as its own app.
const paceToken = "pace"

// paceSender is the least that speaks JSON batch.
type paceSender struct {
	tenant  *graphsim.Tenant
	token   string
	latency paceLatency
	watch   *paceWatch
	moody   *paceMoody // nil for a service that refuses nobody but for its quotas
}

// paceMoody refuses some users, each once, and takes the others of the same calls.
type paceMoody struct {
	mu      sync.Mutex
	percent int
	wait    time.Duration
	had     map[int]bool // users who were refused
}

// refuses tells whether a user is refused now.
func (m *paceMoody) refuses(u batch.User) bool {
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if u.Seq*37%100 >= m.percent || m.had[u.Seq] {
		return false
	}
	m.had[u.Seq] = true
	return true
}

// paceWatch keeps what the table needs to know of calls.
type paceWatch struct {
	mu      sync.Mutex
	slowest time.Duration
	meets   []time.Time // after each of them a limit is first met
	known   time.Time   // when the first refusal after the last one came back
	met     int         // refused in calls that had left by then
	start   time.Time
	refused []paceEntry // by the time of the answer, since start
}

type paceItem struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    struct{}          `json:"body"`
}

type paceAnswer struct {
	Responses []struct {
		ID      string            `json:"id"`
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
	} `json:"responses"`
}

var paceHeaders = map[string]string{"Content-Type": "application/json"}

// Send implements batch.Sender.
func (s *paceSender) Send(ctx context.Context, items []batch.Item) ([]batch.Reply, error) {
	users := make([]batch.User, len(items))
	for i, it := range items {
		users[i] = it.User
	}
	sent := time.Now()
	d := s.latency.draw(users[0])
	if err := paceWait(ctx, d/2); err != nil {
		return nil, &batch.CallError{Err: err}
	}
	asked := users[:0:0]
	for _, u := range users {
		if !s.moody.refuses(u) {
			asked = append(asked, u)
		}
	}
	got, err := s.call(ctx, asked)
	if err != nil {
		return nil, &batch.CallError{Err: err}
	}
	replies := make([]batch.Reply, len(users))
	for i, u := range users {
		if len(asked) == 0 || u.Seq != asked[0].Seq {
			replies[i] = batch.Reply{Status: http.StatusTooManyRequests, RetryAfter: s.moody.wait}
			continue
		}
		replies[i], got, asked = got[0], got[1:], asked[1:]
	}
	if err := paceWait(ctx, d-d/2); err != nil {
		return nil, &batch.CallError{Err: err}
	}
	s.watch.saw(sent, replies)
	return replies, nil
}

// call makes the call.
func (s *paceSender) call(ctx context.Context, users []batch.User) ([]batch.Reply, error) {
	var body struct {
		Requests []paceItem `json:"requests"`
	}
	for i, u := range users {
		body.Requests = append(body.Requests, paceItem{
			ID: strconv.Itoa(i + 1), Method: http.MethodPost, URL: "/users/" + u.ID + "/revokeSignInSessions", Headers: paceHeaders,
		})
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://graph.microsoft.com/v1.0/$batch", bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.tenant.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer paceAnswer
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("read answer with HTTP %d: %w", resp.StatusCode, err)
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return nil, err
	}
	replies := make([]batch.Reply, len(users))
	for _, item := range answer.Responses {
		i, err := strconv.Atoi(item.ID)
		if err != nil || i < 1 || i > len(users) {
			return nil, fmt.Errorf("answer for an item %q", item.ID)
		}
		r := batch.Reply{Status: item.Status, Date: date}
		for name, v := range item.Headers {
			switch strings.ToLower(name) {
			case "retry-after":
				seconds, err := strconv.ParseFloat(v, 64)
				if err != nil {
					return nil, err
				}
				r.RetryAfter = time.Duration(math.Ceil(seconds*1000)) * time.Millisecond
			case "x-ms-throttle-scope":
				r.Scope = v
			}
		}
		replies[i-1] = r
	}
	return replies, nil
}

// saw takes a call that has ended.
func (w *paceWatch) saw(sent time.Time, replies []batch.Reply) {
	now, refused := time.Now(), 0
	for _, r := range replies {
		if r.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slowest = max(w.slowest, now.Sub(sent))
	if refused == 0 {
		return
	}
	w.refused = append(w.refused, paceEntry{now.Sub(w.start), refused})
	if len(w.meets) > 0 && !sent.Before(w.meets[0]) {
		w.known, w.meets = now, w.meets[1:]
	}
	if !sent.After(w.known) {
		w.met += refused
	}
}

// paceWait waits, unless the context ends before.
func paceWait(ctx context.Context, d time.Duration) error {
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

// paceSignIn gets a token for another app.
func paceSignIn(t *testing.T, tenant *graphsim.Tenant, app string) string {
	t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {"s"}, "scope": {"https://graph.microsoft.com/.default"},
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"https://login.microsoftonline.com/"+tenant.TenantID()+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := tenant.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("no token for %s: HTTP %d, %v", app, resp.StatusCode, err)
	}
	return answer.Token
}

// paceJournal counts, and keeps nothing.
type paceJournal struct{ revoked, others int }

// Write implements batch.Journal.
func (j *paceJournal) Write(_ context.Context, e batch.Entry) error {
	for _, r := range e.Records {
		if r.Outcome == batch.Revoked {
			j.revoked++
		} else {
			j.others++
		}
	}
	return nil
}
