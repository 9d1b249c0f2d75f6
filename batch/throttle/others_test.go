package throttle

import "testing"

// TestCountOthers has two apps in a pool, limits of 100 each, and 160 for both.
func TestCountOthers(t *testing.T) {
	pool := NewPool(Config{Quotas: []Quota{
		{"app+tenant-writes", AppTenant, Write, 100, 150 * 1e9, "documented quota"},
		{"tenant-writes", Tenant, Write, 160, 150 * 1e9, "documented quota"},
	}, MaxWidth: 9}, 2)
	room := func(s float64, first, second int) {
		t.Helper()
		if a, b := pool[0].Room(at(s)), pool[1].Room(at(s)); a != first || b != second {
			t.Errorf("at %g: room for %d and %d, want %d and %d", s, a, b, first, second)
		}
	}
	room(0, 80, 80)
	open := Other{Users: 40, Open: true}
	pool[0].Count(Other{}, open, false) // by the first app
	room(0, 60, 60)
	over := Other{At: at(5), Users: 40}
	pool[0].Count(open, over, false)
	room(5, 60, 60)
	pool[1].Count(Other{}, Other{At: at(6), Users: 60}, true) // by an app that is foreign
	room(6, 30, 30)
	for range 3 {
		mustAdmit(t, pool[0], 7)
	}
	if pool[0].Admit(at(7), 20) == 0 || pool[1].Room(at(7)) != 0 {
		t.Error("more leaves than the tenant has room for")
	}
	room(155.1, 20, 20) // what the first app's other run sent has left
}
