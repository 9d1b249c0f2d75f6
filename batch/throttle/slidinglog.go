package throttle

import (
	"slices"
	"time"
)

// slidingLog is a sliding-window log: held to a limit, it admits at most so many users in
// any span of its window, wherever the span begins.
//
// A user counts from admission while the call is under way, and for one window
// after the call's end: the service counted it somewhere between leaving and
// answer, and only the end is sure to be no earlier than that.
type slidingLog struct {
	window    time.Duration
	underWay  int     // users admitted whose call has not ended
	elsewhere int     // users under way in other runs
	logged    int     // users in log
	log       []entry // calls that have ended, by time
}

// entry stands for the calls that ended between first and last. All of them
// count until last leaves the window, which is the safe side; a log
// has no more than grains entries, however fast the calls are.
type entry struct {
	first, last time.Time
	users       int
	served      int
}

// grains is how many parts of its window a log tells apart: calls that end in the same
// part share an entry.
const grains = 1024

// wait says how long until cost users may go, all of them together, if the log is held to
// the limit; zero means now. A limit of 0 admits everything. When room depends on calls under way it is the least that is possible,
// and worth asking again when one has ended. A cost above the limit may go when
// the window is empty, since it could never go otherwise.
func (w *slidingLog) wait(now time.Time, cost, limit int) time.Duration {
	if limit == 0 {
		w.expire(now)
		return 0
	}
	return w.waitUnder(now, cost, limit, time.Time{}, entry.all)
}

// waitUnder is wait where calls that ended before from do not count, and of the others
// what count says.
func (w *slidingLog) waitUnder(now time.Time, cost, limit int, from time.Time, count func(entry) int) time.Duration {
	w.expire(now)
	if w.underWay+w.elsewhere+w.logged+min(cost, limit) <= limit {
		return 0 // whatever counts
	}
	over := min(cost, limit) - w.free(limit, from, count)
	if over <= 0 {
		return 0
	}
	for _, e := range w.log[w.since(from):] {
		if over -= count(e); over <= 0 {
			return w.remaining(now, e)
		}
	}
	return w.window
}

// free is the room under the limit when what is too old is gone; see waitUnder and expire.
func (w *slidingLog) free(limit int, from time.Time, count func(entry) int) int {
	n := limit - w.underWay - w.elsewhere
	for _, e := range w.log[w.since(from):] {
		n -= count(e)
	}
	return n
}

func (e entry) all() int  { return e.users }
func (e entry) good() int { return e.served }

// remaining says how long e still counts. A service may count both ends of its
// window, so an entry that is exactly one window old still does.
func (w *slidingLog) remaining(now time.Time, e entry) time.Duration {
	return w.window - now.Sub(e.last) + 1
}

// enter counts cost users as under way.
func (w *slidingLog) enter(cost int) { w.underWay += cost }

// leave tells that a call with cost users has ended now, and how many of them were
// served. Refused users count as well: Graph counts them.
func (w *slidingLog) leave(now time.Time, cost, served int) {
	w.underWay = max(0, w.underWay-cost)
	w.insert(now, cost, served)
}

// withdraw gives back what enter counted, for a call that never left.
func (w *slidingLog) withdraw(cost int) { w.underWay = max(0, w.underWay-cost) }

// preload counts n users of an earlier process whose calls ended at a time. For
// a call whose end is not known, that is the latest time at which it can have
// been counted.
func (w *slidingLog) preload(at time.Time, n int) {
	w.insert(at, n, n)
}

func (w *slidingLog) insert(at time.Time, users, served int) {
	w.logged += users
	i := len(w.log)
	for i > 0 && w.log[i-1].last.After(at) {
		i--
	}
	if i > 0 && at.Sub(w.log[i-1].first) < w.window/grains {
		e := &w.log[i-1]
		e.last = at
		e.users += users
		e.served += served
		return
	}
	w.log = slices.Insert(w.log, i, entry{at, at, users, served})
}

// expire drops what has left the window.
func (w *slidingLog) expire(now time.Time) {
	n := 0
	for n < len(w.log) && w.remaining(now, w.log[n]) <= 0 {
		w.logged -= w.log[n].users
		n++
	}
	w.log = w.log[n:]
}

// since is the index of the first entry that reaches beyond t.
func (w *slidingLog) since(t time.Time) int {
	i := len(w.log)
	for i > 0 && w.log[i-1].last.After(t) {
		i--
	}
	return i
}

// served counts the users served in calls that ended after t.
func (w *slidingLog) served(t time.Time) int {
	n := 0
	for _, e := range w.log[w.since(t):] {
		n += e.served
	}
	return n
}
