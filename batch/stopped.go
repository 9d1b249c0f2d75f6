package batch

import "time"

// stopped is ErrStopped when stop is closed, ErrDeadline when the time is up, and
// nil before both.
func stopped(stop <-chan struct{}, until Deadline, now time.Time) error {
	select {
	case <-stop:
		return ErrStopped
	default:
	}
	if until.Passed(now) {
		return ErrDeadline
	}
	return nil
}
