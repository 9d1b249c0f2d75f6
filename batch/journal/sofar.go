package journal

import (
	"fmt"

	"offboard/batch"
)

// soFar is what can be said of a user without a record. The record given
// holds what its trial knows; call is the call that is open with this user, or
// 0.
func soFar(c batch.Record, call int, doubt bool) (batch.Outcome, string) {
	switch {
	case call != 0:
		return batch.Unsettled, fmt.Sprintf("sent in call %d, whose answer is not recorded", call)
	case doubt && c.Status != 0:
		return batch.Unsettled, fmt.Sprintf("sent, and the answer %d leaves open whether it was done", c.Status)
	case doubt:
		return batch.Unsettled, "sent, and no answer was seen"
	case c.Throttles > 0 && c.Attempts == 0:
		return batch.NotSent, fmt.Sprintf("told to wait %s, and not sent again", times(c.Throttles))
	case c.Status != 0:
		return batch.NotSent, fmt.Sprintf("last answered %d, and not sent again", c.Status)
	case !c.SentAt.IsZero():
		return batch.NotSent, "tried before, and not sent again"
	}
	return batch.NotSent, "its turn had not come"
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
