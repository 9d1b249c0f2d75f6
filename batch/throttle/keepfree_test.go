package throttle

import (
	"testing"
	"time"
)

func TestSized(t *testing.T) {
	stated := Documented()
	stated[3].Limit, stated[3].Origin = 100, "quota file"
	for _, tt := range []struct {
		quotas      []Quota
		users, want int
	}{{Documented(), -1, 3_500}, {Documented(), 49, 3_500}, {Documented(), 50, 5_000}, {Documented(), 501, 8_000}, {stated, 501, 100}} {
		if got := Sized(tt.quotas, tt.users)[3].Limit; got != tt.want {
			t.Errorf("%d users: %d units, want %d", tt.users, got, tt.want)
		}
	}
}

// TestRestate keeps what was sent, and what was learned.
func TestRestate(t *testing.T) {
	c := New(Config{Quotas: For(Documented(), ReadUnit), MaxWidth: 500})
	for range 175 {
		mustAdmit(t, c, 0)
	}
	mustWait(t, c, 0, 10)
	c.Restate(For(Sized(Documented(), 600), ReadUnit))
	for range 400 - 175 {
		mustAdmit(t, c, 0)
	}
	mustWait(t, c, 0, 10)
	if p := c.Pace(at(0)); p.PerSecond != 800 {
		t.Errorf("pace %+v, want 800 a second", p)
	}
	c.Leave(at(1), refused(0, 9))
	c.Restate(For(Sized(Documented(), 60), ReadUnit))
	if p := c.Pace(at(11)); p.PerSecond > 10 {
		t.Errorf("pace %+v: a limit that was learned is forgotten", p)
	}
}

// TestKeepFree has 8,000 units, and writes that may take 3,000 of them at once.
func TestKeepFree(t *testing.T) {
	writes := New(Config{Quotas: quota, MaxWidth: wide, Users: 3_000})
	reads := New(Config{Quotas: For(Sized(Documented(), 600), ReadUnit), MaxWidth: 500})
	reads.KeepFree(writes)
	admitted := 0
	read := func(s float64, most int) {
		t.Helper()
		for reads.Admit(at(s), chunk) == 0 {
			admitted += chunk
		}
		if admitted != most {
			t.Errorf("at %g: %d reads, want %d", s, admitted, most)
		}
	}
	pace := func(s, perSecond float64, reason string) {
		t.Helper()
		if p := reads.Pace(at(s)); p.PerSecond != perSecond || p.Reason != reason {
			t.Errorf("at %g: %g a second, %s; want %g, %s", s, p.PerSecond, p.Reason, perSecond, reason)
		}
	}
	const units = "documented quota: 8,000 resource units per 10 s"
	pace(0, 500, units+", 3,000 of them kept free for writes, 5,000 left in it now")
	read(0, 5_000)
	pace(0, 500, units+", 3,000 of them kept free for writes; used up, room again in 10 s")
	for s := range 6 {
		for range 25 {
			mustAdmit(t, writes, float64(s))
		}
		read(float64(s), 5_000) // what left counts as what was to leave
		for range 25 {
			writes.Leave(at(float64(s)+0.5), accepted(float64(s)))
		}
	}
	read(6, 8_000)
	pace(6, 800, units+"; used up, room again in 10 s")
	smallest := New(Config{Quotas: For(Documented(), ReadUnit), MaxWidth: 500})
	smallest.KeepFree(New(Config{Quotas: quota, MaxWidth: wide, Users: 3_000}))
	for range 175 {
		mustAdmit(t, smallest, 0)
	}
	if wait := smallest.Admit(at(0), chunk); wait < 9*time.Second {
		t.Errorf("wait %v", wait)
	}
}
