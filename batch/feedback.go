package batch

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// Feedback is what a call that has ended tells the gate.
type Feedback struct {
	Sent       time.Time     // when the call left
	Cost       int           // users that it carried, as admitted
	Accepted   int           // users whose reply was 2xx
	Throttled  int           // users told to wait: their own 429, or all of them for an outer one
	RetryAfter time.Duration // the longest wait that a reply named; zero when none did
	Scope      string        // x-ms-throttle-scope of a throttled reply, when it had one
	Info       string        // x-ms-throttle-information of a throttled reply, such as "WriteLimitExceeded"; empty when absent
	Percent    float64       // the highest x-ms-throttle-limit-percentage seen, 0.8 to 1.8; 0 when absent
	Outer      int           // HTTP status of a call refused as a whole (429, 503, ...); zero otherwise
	Unsent     bool          // the call never left: what Admit counted is given back
}

// feedback tells the gate what the call met.
func (a answer) feedback() Feedback {
	f := Feedback{Sent: a.sent, Cost: len(a.tasks)}
	if a.err != nil {
		f.Unsent = fateOf(a.err) == unsent
		if e, ok := errors.AsType[*CallError](a.err); ok {
			f.Outer, f.RetryAfter, f.Scope, f.Info, f.Percent = e.Status, e.RetryAfter, e.Scope, e.Info, e.Percent
			if e.Status == 429 {
				f.Throttled = f.Cost
			}
		}
		return f
	}
	for _, r := range a.replies {
		f.Percent = max(f.Percent, r.Percent)
		switch c, _ := classify(r); c {
		case accepted:
			f.Accepted++
		case throttled:
			f.Throttled++
			f.RetryAfter = max(f.RetryAfter, r.RetryAfter)
			f.Scope, f.Info = cmp.Or(r.Scope, f.Scope), cmp.Or(r.Info, f.Info)
		}
	}
	return f
}

// readFeedback tells the gate what a read met.
func readFeedback(sent time.Time, cost int, err error) Feedback {
	o := answer{outgoing: outgoing{sent: sent, tasks: make([]task, cost)}, err: err}
	if err == nil {
		o.replies = slices.Repeat([]Reply{{Status: 200}}, cost)
	}
	return o.feedback()
}
