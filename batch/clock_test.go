package batch

import (
	"strings"
	"testing"
	"time"
)

// A clock is wrong when no moment between asking and answering was within five
// minutes of Graph's Date, which has whole seconds.
func TestClock(t *testing.T) {
	graph := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name            string
		asked, answered time.Duration // after Graph's Date
		skew            time.Duration
		wrong           bool
	}{
		{"right", 0, 300 * time.Millisecond, 0, false},
		{"right, within the second", 900 * time.Millisecond, time.Second, 0, false},
		{"right, after a slow answer", -10 * time.Minute, 10 * time.Minute, 0, false},
		{"ahead as far as may be", mostSkew + time.Second, mostSkew + 2*time.Second, mostSkew, false},
		{"ahead", mostSkew + 2*time.Second, mostSkew + 3*time.Second, mostSkew + time.Second, true},
		{"behind as far as may be", -mostSkew - time.Second, -mostSkew, -mostSkew, false},
		{"behind", -mostSkew - 2*time.Second, -mostSkew - time.Second, -mostSkew - time.Second, true},
		{"a day ahead", 24 * time.Hour, 24*time.Hour + time.Second, 24*time.Hour - time.Second, true},
	} {
		clock := Clock{Asked: graph.Add(c.asked), Answered: graph.Add(c.answered), Graph: graph}
		k := clock.Check("--date-column", "--as-of X")
		if clock.Skew() != c.skew || (k.Refusal != "") != c.wrong {
			t.Errorf("%s: skew %s, want %s; %q", c.name, clock.Skew(), c.skew, k.Refusal)
		}
		here := clock.Answered.Format(time.RFC3339)
		if c.wrong && (k.Lift != "--as-of X" || !strings.Contains(k.Refusal, here) || !strings.Contains(k.Refusal, "2026-11-26T12:00:00Z")) {
			t.Errorf("%s: %q does not say both times, %s and Graph's, and %q", c.name, k.Refusal, here, k.Lift)
		}
	}
	if k := (Clock{Asked: graph, Answered: graph}).Check("--date-column", "--as-of X"); k.Refusal != "" {
		t.Errorf("an answer without a Date: %q", k.Refusal)
	}
}
