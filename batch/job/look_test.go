package job

import (
	"errors"
	"testing"

	"offboard/batch"
)

func TestOutcomesOf(t *testing.T) {
	for _, c := range []struct {
		names    []string
		count    int
		has, not batch.Outcome
	}{
		{nil, 0, "", batch.Failed},
		{[]string{"failed"}, 1, batch.Failed, batch.GaveUp},
		{[]string{"failed", "gave_up", "failed"}, 2, batch.GaveUp, batch.Denied},
		{[]string{"success"}, 4, batch.Already, batch.Unverified},
		{[]string{"neutral"}, 2, batch.Protected, batch.Verified},
		{[]string{"failure"}, 11, batch.Unsettled, batch.Skipped},
		{[]string{"open"}, 2, batch.NotSent, batch.Failed},
		{[]string{"open", "verified"}, 3, batch.Verified, batch.Revoked},
		{[]string{"success", "neutral", "failure"}, len(batch.Outcomes), batch.Invalid, ""},
	} {
		got, err := outcomesOf(c.names)
		if err != nil || len(got) != c.count || c.has != "" && !got[c.has] || got[c.not] {
			t.Errorf("%v are %v, error %v", c.names, got, err)
		}
	}
	for _, name := range []string{"", "Failed", "done", "kind"} {
		if _, err := outcomesOf([]string{name}); !errors.Is(err, ErrUsage) {
			t.Errorf("%q: got error %v", name, err)
		}
	}
}
