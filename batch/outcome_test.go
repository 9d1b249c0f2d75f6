package batch

import "testing"

// A line is as good as the worst of its writes, and names the step that was.
func TestWorst(t *testing.T) {
	w := func(s Step, o Outcome, target ...string) Write {
		wr := Write{Target: Target{Step: s}, Record: Record{Step: s, Outcome: o, Reason: "why"}}
		if len(target) > 0 {
			wr.Target.ID, wr.Record.Target = target[0], target[0]
		}
		if len(target) > 1 {
			wr.Target.Name = target[1]
		}
		return wr
	}
	for _, c := range []struct {
		name   string
		writes []Write
		want   Outcome
		reason string
	}{
		{"nothing to write", nil, Already, "the user has nothing that these steps change"},
		{"one write keeps its words", []Write{w(Revoke, Denied)}, Denied, "why"},
		{"done before it was proven", []Write{w(Disable, Already), w(Revoke, Verified)}, Verified, "revoke: why"},
		{"the least proven success", []Write{w(Disable, Verified), w(Revoke, Revoked), w(Devices, Already, "d")}, Revoked, "revoke: why"},
		{"accepted alone", []Write{w(Disable, Accepted), w(Revoke, Verified)}, Accepted, "disable: why"},
		{"left alone is worse than success", []Write{w(Groups, Skipped, "g"), w(Revoke, Verified)}, Skipped, "groups g: why"},
		{"what cannot be is worse than left alone", []Write{w(Groups, Skipped, "g"), w(Devices, NotPossible, "d", "PHONE")}, NotPossible, "devices PHONE: why"},
		{"without effect beside what cannot be", []Write{w(Disable, Ineffective), w(Devices, NotPossible, "d")}, Ineffective, "disable: why"},
		{"a failure is worse than what cannot be", []Write{w(Disable, Ineffective), w(Revoke, Unverified)}, Unverified, "revoke: why"},
		{"the first of several failures", []Write{w(Disable, Denied), w(Revoke, Failed), w(Devices, GaveUp, "d")}, Denied, "disable: why"},
		{"not sent is worse than failed", []Write{w(Disable, Failed), w(Revoke, NotSent)}, NotSent, "revoke: why"},
		{"what was done before is told", []Write{w(Disable, Verified), w(Password, Already), w(Revoke, Accepted), w(Devices, Verified, "d"), w(Devices, NotSent, "e"), w(Groups, NotSent, "g")}, NotSent, "disable, revoke done; devices e: why"},
		{"sent and unanswered is the worst", []Write{w(Disable, NotSent), w(Revoke, Unsettled), w(Devices, Failed, "d")}, Unsettled, "revoke: why"},
		{"an unknown outcome is a failure", []Write{w(Disable, Verified), w(Revoke, "odd")}, "odd", "revoke: why"},
	} {
		if got := Worst(c.writes); got.Outcome != c.want || got.Reason != c.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", c.name, got.Outcome, got.Reason, c.want, c.reason)
		}
	}
	// Whatever the outcomes: a line is a success only if all its writes are.
	for _, a := range Outcomes {
		for _, b := range Outcomes {
			got := Worst([]Write{w(Disable, a), w(Revoke, b)}).Outcome
			if all := a.Kind() == Success && b.Kind() == Success; (got.Kind() == Success) != all || got != a && got != b {
				t.Errorf("%s and %s make %s", a, b, got)
			}
		}
	}
}
