package graphsim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := newTenant(t, Config{Latency: 300 * time.Millisecond, Jitter: 100 * time.Millisecond})
		start := time.Now()
		replies(t, postBatch(t, tenant, revokeAll("anna@contoso.com")))
		if d := time.Since(start); d < 300*time.Millisecond || d >= 400*time.Millisecond {
			t.Errorf("took %v", d)
		}
		if at := tenant.Log()[0].Time.Sub(start); at < 150*time.Millisecond || at > 200*time.Millisecond {
			t.Errorf("executed after %v, want half way", at)
		}
	})
}

func TestCancelled(t *testing.T) {
	gone := errors.New("the caller has gone")
	tests := map[string]struct {
		after    time.Duration
		calls    int
		executed bool
	}{
		"before the call":    {0, 0, false},
		"on the way there":   {400 * time.Millisecond, 1, false},
		"on the way back":    {600 * time.Millisecond, 1, true},
		"after it came back": {2 * time.Second, 1, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := newTenant(t, Config{Latency: time.Second})
				ctx, cancel := context.WithCancelCause(t.Context())
				if tt.after == 0 {
					cancel(gone)
				}
				timer := time.AfterFunc(tt.after, func() { cancel(gone) })
				defer timer.Stop()
				_, err := do(t, tenant, request(t, "POST", "https://graph.microsoft.com/v1.0/$batch", revokeAll("anna@contoso.com")).WithContext(ctx))
				inTime := tt.after > time.Second
				if inTime != (err == nil) || !inTime && !errors.Is(err, gone) {
					t.Errorf("error %v", err)
				}
				u := user(t, tenant, "anna@contoso.com")
				if s := tenant.Stats(); s.Calls != tt.calls || u.Writes == 1 != tt.executed {
					t.Errorf("stats %+v, user %+v", s, u)
				}
				log := tenant.Log()
				if len(log) == 1 != tt.executed {
					t.Fatalf("log %+v", log)
				}
				if want := map[bool]int{true: 200, false: 0}[inTime]; tt.executed && (log[0].Status != want || !log[0].Executed) {
					t.Errorf("log %+v, user %+v", log, u)
				}
			})
		})
	}
}

func TestManyAtOnce(t *testing.T) {
	var lines bytes.Buffer
	tenant := newTenant(t, Config{NoQuota: true, LogTo: &lines})
	keys := many(t, tenant, 20)
	server := httptest.NewServer(tenant)
	t.Cleanup(server.Close)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				a, err := do(t, server.Client().Transport, request(t, "POST", server.URL+"/v1.0/$batch", revokeAll(keys...)))
				if err != nil || a.status != 200 {
					t.Errorf("%d %v", a.status, err)
				}
			}
		})
	}
	wg.Wait()
	if s := tenant.Stats(); s.Calls != 80 || s.Writes != 1600 {
		t.Errorf("stats %+v", s)
	}
	log := tenant.Log()
	for i, e := range log {
		if e.Seq != i+1 || i > 0 && e.Time.Before(log[i-1].Time) {
			t.Fatalf("event %d is out of order: %+v", i, e)
		}
	}
	if u := user(t, tenant, keys[3]); u.Writes != 80 {
		t.Errorf("user %+v", u)
	}
	if n := bytes.Count(lines.Bytes(), []byte("\n")); n != 1600 || tenant.LogErr() != nil {
		t.Errorf("%d lines, %v", n, tenant.LogErr())
	}
}

func TestLogTo(t *testing.T) {
	var lines bytes.Buffer
	tenant := newTenant(t, Config{LogTo: &lines, NoLog: true, Faults: []Fault{{Kind: Item504, Match: "bob@contoso.com"}}})
	odd := "\"ü\\\u2028<@contoso.com"
	if err := tenant.Add(User{UPN: odd}); err != nil {
		t.Fatal(err)
	}
	postBatch(t, tenant, batchOf(
		revokeItem("1", "/users/anna@contoso.com/revokeSignInSessions"),
		revokeItem("2", "/users/bob@contoso.com/revokeSignInSessions"),
		revokeItem("3", "/users/%22%C3%BC%3C@nowhere/revokeSignInSessions"),
		readItem("4", "/users/anna@contoso.com")))
	var events []Event
	dec := json.NewDecoder(&lines)
	for dec.More() {
		var e Event
		if err := dec.Decode(&e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if len(events) != 3 || len(tenant.Log()) != 0 {
		t.Fatalf("%d lines, %d events in memory; want 3 writes and none", len(events), len(tenant.Log()))
	}
	got := fmt.Sprint(events[0].User, events[0].Status, events[1].Fault, events[1].Executed, events[1].Status, events[2].User, events[2].Status)
	if want := fmt.Sprint("aaaaaaaa-0000-0000-0000-000000000001", 200, "Item504", true, 504, "\"ü<@nowhere", 404); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestLogErr(t *testing.T) {
	tenant := newTenant(t, Config{LogTo: fullDisk{}})
	postBatch(t, tenant, revokeAll("anna@contoso.com"))
	if tenant.LogErr() == nil {
		t.Error("a lost line goes unnoticed")
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	for _, cfg := range []Config{
		{TenantID: "contoso"},
		{Quotas: []Quota{{}}},
		{Faults: []Fault{{Kind: "Flood"}}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v is accepted", cfg)
				}
			}()
			New(cfg)
		}()
	}
}

func BenchmarkSocket(b *testing.B) {
	tenant := newTenant(b, Config{NoQuota: true, NoLog: true})
	body := revokeAll(many(b, tenant, 20)...)
	server := httptest.NewServer(tenant)
	b.Cleanup(server.Close)
	for b.Loop() {
		if a, err := do(b, server.Client().Transport, request(b, "POST", server.URL+"/v1.0/$batch", body)); err != nil || a.status != 200 {
			b.Fatal(a.status, err)
		}
	}
	b.ReportMetric(float64(20*b.N)/b.Elapsed().Seconds(), "users/s")
}

func BenchmarkAdd(b *testing.B) {
	users := make([]User, 100_000)
	for i := range users {
		users[i] = User{UPN: fmt.Sprintf("user%d@contoso.onmicrosoft.com", i), Enabled: true}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := New(Config{}).Add(users...); err != nil {
			b.Fatal(err)
		}
	}
}
