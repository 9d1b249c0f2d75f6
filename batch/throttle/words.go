package throttle

import (
	"strconv"
	"time"

	"offboard/batch"
)

// words says what the pause is for.
func (p *pause) words(now time.Time) string {
	layout := time.TimeOnly
	if p.until.Format(time.DateOnly) != now.In(p.until.Location()).Format(time.DateOnly) {
		layout = time.DateTime
	}
	s := "paused until " + p.until.Format(layout) + ": Graph said " + strconv.Itoa(p.status)
	if p.info != "" {
		s += " (" + p.info + ")"
	}
	switch {
	case p.said <= 0:
		s += " without a Retry-After"
	case p.said >= batch.LongestRetryAfter:
		s += " with a Retry-After of " + seconds(batch.LongestRetryAfter) + " or more"
	default:
		s += " with Retry-After " + seconds(p.said)
	}
	if p.repeats > 0 {
		s += ", " + strconv.Itoa(p.repeats+1) + " times in a row"
	}
	return s
}

// seconds writes a time as people read it here: "150 s", "2.1 s".
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}

// thousands writes 18000 as "18,000".
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
