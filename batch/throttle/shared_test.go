package throttle

import (
	"testing"

	"offboard/batch"
)

// Two runs of one app in two tenants: each has 100 of its own, and both together 120.
func TestShared(t *testing.T) {
	quotas := []Quota{
		{"app+tenant-writes", AppTenant, Write, 100, 150 * 1e9, "documented quota"},
		{"app-writes", App, Write, 120, 300 * 1e9, "documented quota"},
	}
	var s Shared
	runs := []*Controller{New(Config{Quotas: quotas, MaxWidth: 9, Users: 100}), New(Config{Quotas: quotas, MaxWidth: 9, Users: 100})}
	other := New(Config{Quotas: quotas, MaxWidth: 9, Users: 100})
	for _, c := range runs {
		c.Share(&s, "app")
	}
	other.Share(&s, "another app")
	room := func(sec float64, first, second int) {
		t.Helper()
		if a, b, c := runs[0].Room(at(sec)), runs[1].Room(at(sec)), other.Room(at(sec)); a != first || b != second || c != 100 {
			t.Errorf("at %g: room for %d and %d, and %d of the other app; want %d, %d and 100", sec, a, b, c, first, second)
		}
	}
	room(0, 100, 100)
	for range 4 {
		mustAdmit(t, runs[0], 0)
	}
	room(0, 20, 40)
	for range 4 {
		runs[0].Leave(at(1), batch.Feedback{Cost: chunk, Accepted: chunk, Sent: at(0)})
	}
	room(1, 20, 40)
	s.Count("app", Other{}, Other{At: at(2), Users: 20}) // by an earlier session, in a third tenant
	room(2, 20, 20)
	mustAdmit(t, runs[1], 3)
	if runs[0].Admit(at(3), chunk) == 0 || runs[1].Admit(at(3), chunk) == 0 {
		t.Error("more leaves than the app has room for in all tenants")
	}
	// A refusal of the app pauses both, and one of an app in a tenant that run alone.
	runs[1].Leave(at(4), batch.Feedback{Cost: chunk, Throttled: chunk, Sent: at(3), Scope: "Tenant_Application/Write/app/t", RetryAfter: 5e9})
	if runs[0].longerPause().remaining(at(4)) > 0 || runs[1].longerPause().remaining(at(4)) == 0 {
		t.Error("a refusal of one tenant pauses the other")
	}
	runs[1].Leave(at(4), batch.Feedback{Cost: chunk, Throttled: chunk, Sent: at(3), Scope: "Application/Write/app/t", RetryAfter: 50e9})
	if runs[0].longerPause().remaining(at(4)) != 50e9 || other.longerPause().remaining(at(4)) > 0 {
		t.Error("a refusal of the app does not pause its other run, or pauses another app")
	}
}
