package throttle

import "testing"

// TestFirstBurst lets a sixth of the users go, and as many again when those are answered.
func TestFirstBurst(t *testing.T) {
	for _, tt := range []struct{ users, step int }{{60, 100}, {500, 100}, {1_000, 180}, {3_000, 500}, {100_000, 500}} {
		c := New(Config{Quotas: quota, MaxWidth: wide, Users: tt.users})
		for n := 0; n < tt.step; n += chunk {
			mustAdmit(t, c, 0)
		}
		if c.Admit(at(0), chunk) == 0 {
			t.Errorf("%d users: more than %d go at once", tt.users, tt.step)
		}
		c.Leave(at(1), accepted(0))
		mustAdmit(t, c, 1)
	}
}

// TestFirstBurstOnce has the second window's users leave as the log lets them.
func TestFirstBurstOnce(t *testing.T) {
	c := New(Config{Quotas: writes(3_000), MaxWidth: wide, Users: 10_000})
	mustAdmit(t, c, 0)
	c.Leave(at(1), accepted(0))
	for range 149 {
		mustAdmit(t, c, 151)
	}
}

// TestReadsAreInNoDoubt lets lookups go at once: nobody else uses an app's units, and a refusal costs a few seconds.
func TestReadsAreInNoDoubt(t *testing.T) {
	c := New(Config{Quotas: For(Documented(), ReadUnit), MaxWidth: 175})
	for range 175 {
		mustAdmit(t, c, 0)
	}
}

func TestDoubtInWords(t *testing.T) {
	c := New(Config{Quotas: quota, MaxWidth: wide, Users: 3_000})
	for range 25 {
		mustAdmit(t, c, 0)
	}
	const grows = "documented quota: 3,000 writes per 150 s, 2,500 left in it now; the first ones leave 500 at a time, to see whether others have used it"
	if p := c.Pace(at(0)); p.Reason != grows {
		t.Errorf("reason %q, want %q", p.Reason, grows)
	}
	c.Leave(at(1), accepted(0))
	c.Leave(at(1), refused(0, 3))
	const doubt = "documented quota: 3,000 writes per 150 s, but a 429 came before they were used up; finding out what is left; used up, room again in 150 s"
	if p := c.Pace(at(4)); p.Reason != doubt {
		t.Errorf("reason %q, want %q", p.Reason, doubt)
	}
}
