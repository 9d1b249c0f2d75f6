package throttle

import (
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// named is a call of 20, all of it refused, by an answer that names a scope.
func named(sent, retryAfter float64, scope string) batch.Feedback {
	f := refused(sent, retryAfter)
	f.Scope = scope
	return f
}

func TestPoolScope(t *testing.T) {
	tests := []struct {
		name string
		f    batch.Feedback
		all  bool // pauses the other app too
		who  int  // limit that learns; -1 for none
	}{
		{"the tenant", named(0, 27, "Tenant/Write/x"), true, 1},
		{"the app in the tenant", named(0, 27, "Tenant_Application/Write/a/x"), false, 0},
		{"the app in all tenants", named(0, 27, "Application/Write/a"), false, 2},
		{"nobody", refused(0, 27), false, 0},
		{"503", batch.Feedback{Sent: at(0), Cost: 20, Outer: 503, RetryAfter: 27 * time.Second}, false, -1},
		{"503 of the tenant", batch.Feedback{Sent: at(0), Cost: 20, Outer: 503, RetryAfter: 27 * time.Second, Scope: "Tenant"}, true, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pool := newPool(3, 10_000)
			mustAdmit(t, pool[0], 0)
			pool[0].Leave(at(1), tt.f)
			mustWait(t, pool[0], 1, 27)
			other := pool[1]
			if got := other.Pace(at(1)).Until.Equal(at(28)); got != tt.all {
				t.Errorf("the other app pauses: %v, want %v", got, tt.all)
			}
			for i, l := range other.limits {
				if got, want := l.learnedLimit > 0, tt.all && i == tt.who; got != want {
					t.Errorf("%s of the other app learned: %v, want %v", l.Name, got, want)
				}
			}
			if tt.all {
				mustWait(t, other, 1, 27)
				return
			}
			mustAdmit(t, other, 1)
		})
	}
}

// TestPoolUnnamed has so many apps that the tenant's even part is the least.
func TestPoolUnnamed(t *testing.T) {
	pool := newPool(7, 10_000)
	pool[0].Leave(at(1), refused(0, 27))
	mustWait(t, pool[6], 1, 27)
}

// TestPoolTenantPauseIsOne counts a row of pauses over all apps, and ends it by a success of any.
func TestPoolTenantPauseIsOne(t *testing.T) {
	pool := newPool(2, 10_000)
	pool[0].Leave(at(1), named(0, 1, "Tenant"))
	pool[1].Leave(at(3), named(2, 1, "Tenant"))
	p := pool[0].Pace(at(4))
	if !strings.HasSuffix(p.Reason, "Graph said 429 with Retry-After 1 s, 2 times in a row") || !p.Until.Equal(at(9)) {
		t.Errorf("pace %+v", p)
	}
	pool[1].Leave(at(10), accepted(9.5))
	pool[0].Leave(at(11), named(10, 1, "Tenant"))
	if p := pool[1].Pace(at(11)); !p.Until.Equal(at(12)) {
		t.Errorf("pause until %v, want 12", p.Until)
	}
}

func TestPoolSharesTheTenant(t *testing.T) {
	quotas := []Quota{
		{"app+tenant-writes", AppTenant, Write, 60, 150 * time.Second, "documented quota"},
		{"tenant-writes", Tenant, Write, 80, 300 * time.Second, "documented quota"},
	}
	pool := NewPool(Config{Quotas: quotas, MaxWidth: 8}, 2)
	for range 3 {
		mustAdmit(t, pool[0], 0)
	}
	mustAdmit(t, pool[1], 0)
	mustWait(t, pool[1], 0, 300)
	for range 3 {
		pool[0].Leave(at(1), accepted(0))
	}
	pool[1].Leave(at(1), accepted(0))
	mustWait(t, pool[0], 151.1, 149.9)
	want := "documented quota: 80 writes per 300 s, for 2 apps; used up, room again in 150 s"
	if p := pool[1].Pace(at(151)); p.Reason != want || p.PerSecond != 80.0/300/2 {
		t.Errorf("pace %+v, want %q", p, want)
	}
	pool[1].Preload(at(200), 80)
	mustWait(t, pool[0], 302, 198)
}

// TestPoolRate has three apps at one rate.
func TestPoolRate(t *testing.T) {
	pool := NewPool(Config{Quotas: quota, MaxWidth: wide, Rate: 30}, 3)
	r := loopPool(pool, newTenancy(0, 3, nil), 6_000, constant(0.5))
	if want := 6_000.0/30 - 20.0/30; r.seconds < want || r.seconds > 1.01*want+0.5 {
		t.Errorf("took %.1f s, want %.1f", r.seconds, want)
	}
	if p := pool[2].Pace(at(r.seconds)); p.PerSecond != 10 || p.Reason != "--rate 30, for 3 apps" {
		t.Errorf("pace %+v", p)
	}
}

// TestPoolBudget lets no app risk what another has spent.
func TestPoolBudget(t *testing.T) {
	pool := newPool(2, 100_000)
	pool[0].budget.spent += 590
	if got := pool[1].budget.remaining(); got != 10 {
		t.Errorf("%d left to risk, want 10", got)
	}
	pool[0].Leave(at(1), batch.Feedback{Sent: at(0), Cost: 200_000, Accepted: 200_000})
	if got := pool[1].budget.remaining(); got != 610 {
		t.Errorf("%d left to risk after 200,000 users, want 610", got)
	}
}

func TestPoolEarliest(t *testing.T) {
	for _, tt := range []struct {
		apps, users int
		want        time.Duration
	}{
		{1, 50_000, 40 * time.Minute}, {3, 0, 0}, {3, 9_000, 0}, {3, 9_001, 150 * time.Second}, {3, 18_001, 300 * time.Second},
		{3, 100_000, 1_650 * time.Second}, {7, 18_000, 0}, {7, 100_000, 1_500 * time.Second},
	} {
		if got := Earliest(newPool(tt.apps, tt.users), tt.users, at(0)); got != tt.want {
			t.Errorf("%d apps, %d users: %v, want %v", tt.apps, tt.users, got, tt.want)
		}
	}
	paused := newPool(3, 0)
	paused[0].Leave(at(0), batch.Feedback{Sent: at(-1), Cost: 20, Outer: 503, RetryAfter: time.Hour})
	if got := Earliest(paused, 8_000, at(0)); got != 150*time.Second {
		t.Errorf("one of three apps paused: %v, want that of two", got)
	}
	paused[1].Leave(at(0), batch.Feedback{Sent: at(-1), Cost: 20, Outer: 503, RetryAfter: 70 * time.Second, Scope: "Tenant"})
	if got := Earliest(paused, 100, at(0)); got != 70*time.Second {
		t.Errorf("the tenant paused: %v, want its pause", got)
	}
}

// TestPoolLeft runs half of the users and asks how long the others will take.
func TestPoolLeft(t *testing.T) {
	for _, apps := range []int{3, 7} {
		whole := loopPool(newPool(apps, 0), newTenancy(0, apps, nil), 80_000, constant(2))
		pool := newPool(apps, 0)
		half := loopPool(pool, newTenancy(0, apps, nil), 40_000, constant(2))
		left := TimeLeft(pool, 40_000, at(half.seconds)).Seconds()
		if want := whole.seconds - half.seconds; left < want-1 || left > want+5 {
			t.Errorf("%d apps: %.1f s left, took %.1f", apps, left, want)
		}
	}
}

func TestPoolOfNone(t *testing.T) {
	if n := len(NewPool(Config{}, 0)); n != 1 {
		t.Errorf("%d controllers, want 1", n)
	}
}
