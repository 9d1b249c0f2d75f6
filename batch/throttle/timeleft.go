package throttle

import (
	"sort"
	"time"

	"golang.org/x/time/rate"
)

// Earliest is how long it takes a pool at least until the last of so many users can
// leave, however they are spread over its apps, by the windows, the rate and the pauses
// as they are now. It is a lower bound, as if every call took no time. For 50,000
// users of one app at 3,000 per 150 s it is 40 minutes.
func Earliest(pool []*Controller, users int, now time.Time) time.Duration {
	return soonest(pool, users, func(c *Controller, own, all int) time.Duration {
		return c.after(own, all, now, 0)
	})
}

// TimeLeft is the time that so many users will still take a pool, as far as can be
// said: Earliest with the latency seen so far, which makes every window longer by one
// call, and with no more calls at once than the width. In a pause it holds the rest of
// the pause.
func TimeLeft(pool []*Controller, users int, now time.Time) time.Duration {
	return soonest(pool, users, func(c *Controller, own, all int) time.Duration {
		return c.timeLeft(own, all, now)
	})
}

// soonest finds the first moment at which the apps can be done with all users.
// need says how long a controller needs for users of its own, and for all of
// them what the pool shares.
func soonest(pool []*Controller, users int, need func(c *Controller, own, all int) time.Duration) time.Duration {
	pool[0].mu.Lock() // which is that of all
	defer pool[0].mu.Unlock()
	alone, least := need(pool[0], users, users), need(pool[0], 0, users)
	for _, c := range pool[1:] {
		alone, least = min(alone, need(c, users, users)), max(least, need(c, 0, users))
	}
	if len(pool) == 1 || users <= 0 {
		return alone
	}
	const step = 100 * time.Millisecond // finer is of no use to anybody
	steps := sort.Search(max(0, int((alone-least)/step)), func(i int) bool {
		limit, done := least+time.Duration(i)*step, 0
		for _, c := range pool {
			done += sort.Search(users-done, func(n int) bool { return need(c, n+1, 0) > limit })
		}
		return done >= users
	})
	return min(alone, least+time.Duration(steps)*step)
}

// timeLeft is how long one app still takes for users of its own, while the pool has all
// users to send.
func (c *Controller) timeLeft(own, all int, now time.Time) time.Duration {
	if own <= 0 && all <= 0 {
		return 0
	}
	long := c.after(own, all, now, c.latency) + c.latency
	if own > 0 {
		calls := (own + chunk - 1) / chunk
		rounds := (calls + c.Width() - 1) / c.Width()
		long = max(long, c.longerPause().remaining(now)+time.Duration(rounds)*c.latency)
	}
	return long
}

// after is when the last of users can enter: of the app's own by its limits, of
// all by those of the pool. Each round of a window is longer by the latency.
func (c *Controller) after(own, all int, now time.Time, latency time.Duration) time.Duration {
	if own <= 0 && all <= 0 {
		return 0
	}
	rest := c.tenant.remaining(now)
	if own > 0 {
		rest = c.longerPause().remaining(now)
	}
	longest := rest
	if c.rate != nil {
		longest = max(longest, c.rate.after(now, all))
	}
	for _, l := range c.limits {
		users := own
		if l.Scope == Tenant {
			users = all
		}
		if users <= 0 {
			continue
		}
		round := l.Window + latency
		switch {
		case l.learnedLimit == 0:
			longest = max(longest, l.after(now, users, l.Limit, rest, round))
		case l.bucket.rate != nil:
			longest = max(longest, drain(l.bucket.rate, now, users))
		default:
			longest = max(longest, l.after(now, users, l.learnedLimit, rest, round))
		}
	}
	return longest
}

// after is when the last of users can enter the log if it is held to most and
// nothing leaves during rest. Its places are taken one by one, round and round.
func (l *limit) after(now time.Time, users, most int, rest, round time.Duration) time.Duration {
	if most == 0 {
		return rest
	}
	rounds := (users - 1) / most
	place := users - rounds*most // of the places, the one that the last user takes
	return max(rest, l.log.waitUnder(now, place, most, l.countFrom, entry.all)) + time.Duration(rounds)*round
}

// drain is how long users take at a smooth rate.
func drain(r *rate.Limiter, now time.Time, users int) time.Duration {
	missing := max(0, float64(users)-r.TokensAt(now))
	return time.Duration(missing / float64(r.Limit()) * float64(time.Second))
}
