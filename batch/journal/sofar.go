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
	case doubt && (c.Status == 408 || c.Status >= 500):
		return batch.Unsettled, fmt.Sprintf("sent, and the answer %s leaves open whether it was done", answer(c))
	case doubt && c.Status != 0:
		return batch.Unsettled, fmt.Sprintf("sent more than once: no answer was seen to one call, and the last was refused with %s", answer(c))
	case doubt:
		return batch.Unsettled, "sent, and no answer was seen"
	case c.Throttles > 0 && c.Attempts == 0:
		return batch.NotSent, fmt.Sprintf("sent, and told to wait %s; nothing was done, and it was not sent again", times(c.Throttles))
	case c.Status != 0:
		return batch.NotSent, fmt.Sprintf("sent, and refused with %s; nothing was done, and it was not sent again", answer(c))
	}
	return batch.NotSent, "its turn had not come"
}

// answer is the last one, with Graph's code.
func answer(c batch.Record) string { return batch.Refusal(c.Status, c.Code, "") }

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
