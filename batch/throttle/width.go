package throttle

import (
	"net/http"
	"time"

	"offboard/batch"
)

// width is how many calls may be under way. As many are as pace x latency
// needs, without any search for the number: the windows let users go, each call
// stays as long as it takes, and what is under way is the product. A smaller
// width could only slow that down, so it is the most that is allowed until
// Graph refuses calls as a whole. Each such refusal halves it; calm widens it
// again by an eighth of the most in every round of calls.
type width struct {
	most    float64
	allowed float64
	halved  time.Time // calls that left before do not halve it again
}

const widenSteps = 8

func newWidth(most int) width {
	m := float64(max(1, most))
	return width{most: m, allowed: m}
}

func (w *width) calls() int { return int(w.allowed) }

func (w *width) leave(now time.Time, f batch.Feedback) {
	switch {
	case !outerTrouble(f.Outer):
		if f.Throttled == 0 {
			w.allowed = min(w.most, w.allowed+max(1, w.most/widenSteps)/w.allowed)
		}
	case !f.Sent.Before(w.halved):
		w.allowed = max(1, w.allowed/2)
		w.halved = now
	}
}

// outerTrouble tells whether the status of a whole call speaks of load.
func outerTrouble(status int) bool {
	return status == http.StatusTooManyRequests || status >= 500
}
