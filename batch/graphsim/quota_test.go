package graphsim

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// A step asks for n writes at a time, one by one.
type step struct {
	at       time.Duration
	n        int
	admitted int
	wait     time.Duration // of the last one refused
}

func TestCountingModels(t *testing.T) {
	s := time.Second
	tests := map[Model][]step{
		// 10 in 10 s. The window is a log: what came at 0 leaves at 10 s, and
		// refused writes stay in it as long as the others.
		SlidingWindow: {
			{0, 6, 6, 0},
			{4 * s, 4, 4, 0},
			{5 * s, 1, 0, 5 * s},
			{10 * s, 6, 5, 4 * s}, // six have left, the one refused at 5 s has not
			{14 * s, 3, 3, 0},
			{14*s + 1, 1, 0, 6*s - 1},
			{20 * s, 7, 6, 4 * s},
		},
		// Twice the limit around a boundary is let through.
		FixedWindow: {
			{9 * s, 10, 10, 0},
			{9*s + s/2, 2, 0, s / 2},
			{10 * s, 10, 10, 0},
			{11 * s, 1, 0, 9 * s},
			{20 * s, 1, 1, 0},
		},
		// One token a second; refused writes take none.
		TokenBucket: {
			{0, 12, 10, s},
			{s / 2, 5, 0, s / 2},
			{s, 2, 1, s},
			{5 * s, 5, 4, s},
			{60 * s, 20, 10, s}, // no more than its capacity
		},
		// Refused ones are missing too, but no more than a tenth of the limit.
		DebtBucket: {
			{0, 12, 10, 2 * s},
			{s, 1, 0, 2 * s},
			{2 * s, 1, 0, 2 * s},
			{5 * s, 3, 2, 2 * s},
			{60 * s, 20, 10, 2 * s},
		},
	}
	for model, steps := range tests {
		t.Run(string(model), func(t *testing.T) {
			var ms meters
			ms.set(Quota{AppTenant, Writes, 10, 10 * time.Second, model})
			start := time.Unix(0, 0)
			for _, st := range steps {
				admitted, wait := 0, time.Duration(0)
				for range st.n {
					_, w := ms.take(start.Add(st.at), "app", cost{writes: 1, units: 1})
					if w == 0 {
						admitted++
					} else {
						wait = w
					}
				}
				if admitted != st.admitted || wait != st.wait {
					t.Errorf("at %v: %d of %d admitted, wait %v; want %d, %v", st.at, admitted, st.n, wait, st.admitted, st.wait)
				}
			}
		})
	}
}

func TestChangedQuotaKeepsCount(t *testing.T) {
	for _, model := range []Model{SlidingWindow, FixedWindow, TokenBucket} {
		var ms meters
		now := time.Unix(0, 0)
		ms.set(Quota{AppTenant, Writes, 10, 10 * time.Second, model})
		take := func(n int) (admitted int) {
			for range n {
				if _, w := ms.take(now, "app", cost{writes: 1, units: 1}); w == 0 {
					admitted++
				}
			}
			return admitted
		}
		got := []int{take(6)}
		ms.set(Quota{AppTenant, Writes, 4, 10 * time.Second, model})
		got = append(got, take(1))
		ms.set(Quota{AppTenant, Writes, 20, 10 * time.Second, model})
		got = append(got, take(20))
		// The window models have counted the refused one too; the bucket was
		// cut down to its new capacity.
		want := []int{6, 0, 13}
		if model == TokenBucket {
			want = []int{6, 0, 16}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: admitted %v, want %v", model, got, want)
		}
	}
}

func TestScopes(t *testing.T) {
	now := time.Unix(0, 0)
	tests := map[Scope][2]int{ // admitted of 8 each, for two apps
		AppTenant: {5, 5},
		AppWide:   {5, 5},
		AllApps:   {5, 0},
	}
	for scope, want := range tests {
		var ms meters
		ms.set(Quota{scope, Writes, 5, time.Minute, SlidingWindow})
		var got [2]int
		for i, app := range []string{"one", "two"} {
			for range 8 {
				if by, w := ms.take(now, app, cost{writes: 1, units: 1}); w == 0 {
					got[i]++
				} else if by.Scope != scope {
					t.Errorf("refused by %+v", by)
				}
			}
		}
		if got != want {
			t.Errorf("%s: %v, want %v", scope, got, want)
		}
	}
}

func TestReadsCostNoWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := newTenant(t, Config{Quotas: []Quota{
			{AppTenant, Writes, 1, time.Minute, SlidingWindow},
			{AppTenant, Units, 4, 10 * time.Second, SlidingWindow},
		}})
		read := readItem("read", "/users/anna@contoso.com")
		list := readItem("list", "/users?$filter=mail eq 'a@contoso.com'")
		write := revokeItem("write", "/users/anna@contoso.com/revokeSignInSessions")
		r := replies(t, postBatch(t, tenant, batchOf(write, read, list))) // 1 + 1 + 2 units
		if r["write"].Status != 200 || r["read"].Status != 200 || r["list"].Status != 200 {
			t.Fatalf("%+v", r)
		}
		if r["list"].Headers != nil && r["list"].header("x-ms-resource-unit") != "2" {
			t.Errorf("a list costs two: %v", r["list"].Headers)
		}
		r = replies(t, postBatch(t, tenant, batchOf(read)))
		if r["read"].Status != 429 || r["read"].header("x-ms-throttle-information") != "ResourceUnitLimitExceeded" ||
			r["read"].header("x-ms-throttle-scope") != "Tenant_Application/ReadWrite/"+DefaultClientID+"/"+DefaultTenantID {
			t.Errorf("%+v", r)
		}
		if s := tenant.Stats(); s.Throttled != 1 || s.RefusedReads != 1 {
			t.Errorf("stats %+v", s)
		}
	})
}

// Whoever waits as long as the longest Retry-After says is let in; whoever
// comes a moment too early is not, and has to wait anew.
func TestRetryAfterIsTrue(t *testing.T) {
	for _, model := range []Model{SlidingWindow, FixedWindow, TokenBucket} {
		t.Run(string(model), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := newTenant(t, Config{Quotas: []Quota{{AppTenant, Writes, 30, 50 * time.Second, model}}})
				keys := many(t, tenant, 20)
				<-time.After(1300 * time.Millisecond)
				if n, _ := attempt(t, tenant, keys); n != 20 {
					t.Fatalf("%d of the first 20 admitted", n)
				}
				<-time.After(time.Second)
				n, wait := attempt(t, tenant, keys)
				if n < 10 || n == 20 || wait <= 0 {
					t.Fatalf("%d of the second 20 admitted, wait %v", n, wait)
				}
				<-time.After(wait - 1100*time.Millisecond) // earlier than any rounding
				if n, again := attempt(t, tenant, keys[:1]); n != 0 && model != TokenBucket {
					t.Fatalf("admitted %v too early", 1100*time.Millisecond)
				} else if n == 0 {
					wait = again
				}
				<-time.After(wait)
				if n, _ := attempt(t, tenant, keys[:1]); n != 1 {
					t.Error("refused after waiting as told")
				}
			})
		})
	}
}

// attempt sends one batch; it returns how many were admitted and the longest wait.
func attempt(t *testing.T, tenant *Tenant, keys []string) (admitted int, wait time.Duration) {
	t.Helper()
	for _, r := range replies(t, postBatch(t, tenant, revokeAll(keys...))) {
		if r.Status == 200 {
			admitted++
			continue
		}
		seconds, err := strconv.ParseFloat(r.header("retry-after"), 64)
		if r.Status != 429 || err != nil {
			t.Fatalf("reply %d %v: %v", r.Status, r.Headers, err)
		}
		if want := "Tenant_Application/Write/" + DefaultClientID + "/" + DefaultTenantID; r.header("x-ms-throttle-scope") != want ||
			r.header("x-ms-throttle-information") != "WriteLimitExceeded" {
			t.Errorf("headers %v", r.Headers)
		}
		wait = max(wait, time.Duration(seconds*float64(time.Second)))
	}
	return admitted, wait
}

func TestRetryAfterIsSpeltInManyWays(t *testing.T) {
	tenant := newTenant(t, Config{Quotas: []Quota{{AppTenant, Writes, 1, time.Minute, SlidingWindow}}})
	keys := many(t, tenant, 20)
	forms := make(map[string]bool)
	for range 10 {
		for _, r := range replies(t, postBatch(t, tenant, revokeAll(keys...))) {
			for name, value := range r.Headers {
				if v := fmt.Sprint(value); name == "Retry-After" || name == "retry-after" {
					forms[name] = true
					_, err := strconv.Atoi(v)
					forms[fmt.Sprint("whole ", err == nil)] = true
				}
			}
			if r.Status == 429 {
				forms["code "+r.code()] = true
			}
		}
	}
	for _, want := range []string{"Retry-After", "retry-after", "whole true", "whole false", "code TooManyRequests", "code UnknownError"} {
		if !forms[want] {
			t.Errorf("never seen: %s", want)
		}
	}
}

func TestDefaultQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := newTenant(t, Config{})
		keys := many(t, tenant, 20)
		admitted := 0
		for range 151 {
			n, _ := attempt(t, tenant, keys)
			admitted += n
		}
		if admitted != 3000 {
			t.Errorf("%d writes admitted at once, want 3,000", admitted)
		}
		<-time.After(150*time.Second - 1)
		if n, _ := attempt(t, tenant, keys[:1]); n != 0 {
			t.Error("admitted before the window has passed")
		}
		<-time.After(1)
		// 20 refused at 0 and one before are still counted, or about to leave.
		if n, _ := attempt(t, tenant, keys); n != 20 {
			t.Errorf("%d of 20 admitted after the window has passed", n)
		}
	})
}

func TestOtherApps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := newTenant(t, Config{
			Quotas: []Quota{{AllApps, Writes, 100, 10 * time.Second, SlidingWindow}},
			Others: 8,
		})
		keys := many(t, tenant, 20)
		count := func() (n int) {
			for range 6 {
				r := replies(t, postBatch(t, tenant, revokeAll(keys...)))
				for _, item := range r {
					if item.Status == 200 {
						n++
					}
				}
			}
			return n
		}
		if n := count(); n != 100 {
			t.Errorf("%d admitted before the others began, want 100", n)
		}
		<-time.After(time.Hour)
		if n := count(); n != 20 {
			t.Errorf("%d admitted beside 8/s of others, want 100 - 80", n)
		}
		<-time.After(time.Hour)
		tenant.UseByOthers(AllApps, 15)
		if n := count(); n != 5 {
			t.Errorf("%d admitted after another 15 were consumed, want 5", n)
		}
		if err := tenant.SetQuota(Quota{Scope: AllApps, Resource: Writes, Limit: 1000, Window: 10 * time.Second}); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 120 {
			t.Errorf("%d admitted after the limit was raised, want all", n)
		}
	})
}

func TestQuotaValidation(t *testing.T) {
	good := Quota{AppTenant, Writes, 1, time.Second, ""}
	if err := New(Config{}).SetQuota(good); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Quota){
		"scope":    func(q *Quota) { q.Scope = "app" },
		"resource": func(q *Quota) { q.Resource = "reads" },
		"model":    func(q *Quota) { q.Model = "leaky" },
		"limit":    func(q *Quota) { q.Limit = 0 },
		"window":   func(q *Quota) { q.Window = 0 },
	} {
		q := good
		spoil(&q)
		if New(Config{}).SetQuota(q) == nil || (Config{Quotas: []Quota{q}}).Validate() == nil {
			t.Errorf("a wrong %s is accepted", name)
		}
	}
}

// Two tenants of one app share its quota over all tenants, and nothing else.
func TestAppsShareAQuota(t *testing.T) {
	apps := &Apps{}
	quotas := []Quota{{AppWide, Writes, 3, time.Minute, SlidingWindow}, {AppTenant, Writes, 2, time.Minute, SlidingWindow}}
	var tenants []*Tenant
	for i := range 2 {
		tenants = append(tenants, New(Config{TenantID: fmt.Sprintf("8f4c2f6e-0000-4000-8000-00000000000%d", i+3), Quotas: quotas, Apps: apps}))
	}
	now, write := time.Now(), cost{writes: 1}
	take := func(tenant int, app string) Scope {
		by, _ := tenants[tenant].meters.take(now, app, write)
		return by.Scope
	}
	for i, c := range []struct {
		tenant int
		app    string
		want   Scope
	}{{0, "a", ""}, {0, "a", ""}, {1, "a", ""}, {1, "b", ""}, {1, "a", AppWide}, {0, "a", AppWide}, {1, "b", ""}} {
		if got := take(c.tenant, c.app); got != c.want {
			t.Errorf("write %d, of app %s in tenant %d, is refused by %q, want %q", i, c.app, c.tenant, got, c.want)
		}
	}
	if a, b := apps.Busiest("A"), apps.Busiest("b"); a != 5 || b != 2 {
		t.Errorf("the busiest windows have %d and %d writes, want 5 and 2", a, b)
	}
}
