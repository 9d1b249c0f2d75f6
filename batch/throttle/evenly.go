package throttle

import "time"

// evenly is an operator's rate: a call enters when those before it have had their time. What calls
// lose that enter late, since their users were not ready or the process had else to do, the next ones make up for.
type evenly struct {
	perSecond float64
	due       time.Time // when the next call may enter; zero before the first
}

// madeUpFor is how much lateness is made up for. No window has more users than its time and this at the rate, and a
// chunk; quotas, which are counted apart, hold all the same.
const madeUpFor = time.Second

func (e *evenly) wait(now time.Time) time.Duration { return max(0, e.due.Sub(now)) }

func (e *evenly) enter(now time.Time, users int) { e.due = e.from(now).Add(e.takes(users)) }

// from is when a call that enters now would have entered in time.
func (e *evenly) from(now time.Time) time.Time {
	if e.due.IsZero() {
		return now
	}
	return later(e.due, now.Add(-madeUpFor))
}

func (e *evenly) takes(users int) time.Duration {
	return time.Duration(float64(users) / e.perSecond * float64(time.Second))
}

// after is when the last of users can enter.
func (e *evenly) after(now time.Time, users int) time.Duration {
	return max(0, e.from(now).Add(e.takes(max(0, users-chunk))).Sub(now))
}
