package job

import (
	"testing"

	"offboard/batch"
)

// A role is drift only where it was read both times; else what one of the two
// knows is taken for both.
func TestRolesThatOneReadingKnows(t *testing.T) {
	for _, c := range []struct{ both, planned, now, wantPlanned, wantNow bool }{
		{true, true, false, true, false},
		{true, false, true, false, true},
		{false, true, false, true, true},
		{false, false, true, true, true},
		{false, false, false, false, false},
	} {
		planned, now := batch.User{Privileged: c.planned}, batch.User{Privileged: c.now}
		(&applying{roles: c.both}).settleRoles(&planned, &now)
		if planned.Privileged != c.wantPlanned || now.Privileged != c.wantNow {
			t.Errorf("%+v: got %v and %v", c, planned.Privileged, now.Privileged)
		}
	}
}
