package batch

import (
	"errors"
	"slices"
)

// One user may be the reason why a whole call gets no answer. Such a user is told apart
// from an outage: others were answered meanwhile.

// markSingles marks the users of the call who were in trouble while others were
// answered: in the same call, or for one who is alone in a call that cannot be
// read, since the last try.
func (a answer) markSingles() {
	others := a.life() == alive
	if errors.Is(a.err, ErrUnreadable) && len(a.tasks) == 1 {
		others = a.lane.outage.lastGood.After(a.tasks[0].trial.SentAt)
	}
	for i := range a.tasks {
		a.tasks[i].single = a.tasks[i].single || others
	}
}

// theirs reports whether the trouble that the call met is that of its users and no
// outage. It is when no other user is left who could be answered: there is one user,
// or all who are left have been in trouble while others were answered.
func (a answer) theirs() bool {
	if a.life() != silent || a.err != nil && !errors.Is(a.err, ErrUnreadable) {
		return false
	}
	q := a.lane.queue
	if q.fresh != nil || len(q.head) > 0 || len(q.halves) > 0 {
		return false
	}
	users, others := len(a.tasks), slices.ContainsFunc(a.tasks, func(t task) bool { return !t.single })
	lists := []waitHeap{q.waiting}
	for _, p := range a.lane.peers {
		if p.under > 0 || len(p.probation.held) > 0 {
			return false
		}
		lists = append(lists, p.handed.waiting)
	}
	for _, list := range lists {
		users += len(list)
		others = others || slices.ContainsFunc(list, func(t *task) bool { return !t.single })
	}
	return users < 2 || !others
}
