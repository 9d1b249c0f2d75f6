package throttle

import (
	"time"

	"offboard/batch"
)

// full is how long a log has no room beside what is kept free; zero for less than a
// second.
func (l *limit) full(now time.Time, kept int) time.Duration {
	wait := time.Duration(0)
	switch {
	case l.learned == 0:
		wait = l.log.Wait(now, Chunk+kept)
	case l.drip == nil:
		wait = max(l.stated(now, Chunk+kept), l.base(now, Chunk+kept))
	}
	if wait < time.Second {
		return 0
	}
	return wait
}

// free is how many may go at once; zero for less than a chunk, and for a drip.
func (l *limit) free(now time.Time) int {
	l.log.expire(now)
	most, n := l.Limit, 0
	switch {
	case l.drip != nil:
		return 0
	case l.learned > 0:
		most, n = l.learned, l.log.free(l.learned, l.from, entry.all)
	default:
		n = l.log.free(l.Limit, time.Time{}, entry.all)
	}
	if n < min(Chunk, most) {
		return 0
	}
	return n
}

// room says how many may go at once, or when a full log has room again: waiting
// without a word looks like hanging.
func room(full time.Duration, free int) string {
	switch {
	case full > 0:
		return "; used up, room again in " + seconds(full.Round(time.Second))
	case free > 0:
		return ", " + batch.Thousands(free) + " left in it now"
	}
	return ""
}
