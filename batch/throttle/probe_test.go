package throttle

import (
	"testing"

	"offboard/batch"
)

// TestHeed has a limit of 20 learned at 1 s. Its log is used up at 305 s, and a
// probe beyond it is due.
func TestHeed(t *testing.T) {
	for _, tt := range []struct {
		name    string
		percent float64
		probes  bool
	}{
		{"no header", 0, true}, {"below the limit", 0.9, true}, {"at the limit", 1, false}, {"beyond", 1.8, false},
	} {
		c := New(Config{Quotas: writes(3_000), MaxWidth: 4})
		mustAdmit(t, c, 0)
		c.Leave(at(1), refused(0, 150))
		mustAdmit(t, c, 152)
		c.Leave(at(153), accepted(152))
		mustAdmit(t, c, 304)
		f := accepted(304)
		f.Percent = tt.percent
		c.Leave(at(305), f)
		if got := c.Admit(at(306), 20) == 0; got != tt.probes {
			t.Errorf("%s: probes: %v, want %v", tt.name, got, tt.probes)
		}
		if p := c.Pace(at(306)); p.PerSecond != 20.0/150 || !p.Until.IsZero() && !p.Until.Equal(at(151)) {
			t.Errorf("%s: pace %+v", tt.name, p)
		}
		if tt.probes {
			continue
		}
		mustAdmit(t, c, 455.1) // what was learned holds as ever
		c.Leave(at(456), accepted(455.1))
		if c.Admit(at(457), 20) != 0 {
			t.Errorf("%s: no probe a window later", tt.name)
		}
	}
}

// TestHeedNothingLearned changes nothing where nothing was learned.
func TestHeedNothingLearned(t *testing.T) {
	c := New(Config{Quotas: writes(3_000), MaxWidth: 4})
	c.Leave(at(1), batch.Feedback{Sent: at(0), Cost: 20, Accepted: 20, Percent: 1.8})
	mustAdmit(t, c, 1)
}

// TestHeedNoNews gives the header in calls that tell what is known already.
func TestHeedNoNews(t *testing.T) {
	for name, f := range map[string]batch.Feedback{
		"left before the last refusal": {Sent: at(10), Cost: 20, Accepted: 20, Percent: 1.8},
		"refused":                      {Sent: at(30), Cost: 20, Throttled: 20, Percent: 1.8},
	} {
		l := &limit{met: met{at: at(20)}, Quota: writes(3_000)[0]}
		if l.heed(at(40), f); !l.warnedUntil.IsZero() {
			t.Errorf("%s: warned", name)
		}
	}
}
