package batch

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// answered counts the call off, tells the gate, and settles each of its users.
func (l *loop) answered(a answer) error {
	now := time.Now()
	ln := a.lane
	l.under--
	ln.under--
	ln.road.under--
	if ln.writes {
		l.over = append(l.over, a.no)
	}
	ln.road.gate.Leave(now, a.feedback())
	a.markSingles()
	a.usersTrouble = a.theirs()
	ln.hear(now, a)
	if a.err != nil {
		ln.said = a.err.Error()
	}
	switch {
	case errors.Is(a.err, ErrUnsendable) && a.splits():
		ln.home(a).split(now, a.tasks)
	case a.splits() && !(ln.writes && ln.step.rule().rereads && errors.Is(a.err, ErrUnreadable)):
		for i := range a.tasks {
			a.tasks[i].trial = a.tried(a.tasks[i], a.said(i))
			ln.note(a.tasks[i].trial)
		}
		ln.home(a).split(now.Add(ln.halfWait()), a.tasks)
	default:
		for i, t := range a.tasks {
			t.alone = t.alone || a.splits() // it is read before it is sent again, and cannot stay in its half
			l.settleUser(now, a, t, a.said(i))
		}
	}
	return l.health(now, a)
}

// settleUser brings one user's trial up to date and settles it.
func (l *loop) settleUser(now time.Time, a answer, t task, r Reply) {
	ln := a.lane
	if fateOf(a.err) == unsent && !r.whole {
		cmp.Or(t.home, ln.queue).put(t)
		return
	}
	if !errors.Is(a.err, ErrUnsendable) {
		t.trial = a.tried(t, r)
	} else if t.trial.Seq, t.trial.Step, t.trial.Target = t.User.Seq, t.Step, t.Target.ID; t.trial.Message == "" {
		t.trial.Message = r.Message
	}
	c, _ := classify(r)
	holdBack := c == final && !ln.probation.over && ln.suspects(r)
	if a.err == nil && (holdBack || c != final && c != accepted) {
		ln.said = describe(r)
	}
	if holdBack {
		ln.probation.held = append(ln.probation.held, heldReply{t, r})
		ln.note(t.trial)
		return
	}
	l.conclude(now, ln, t, r)
}

// conclude settles the user, or hands a user who was denied to the next app: that
// app's roles and administrative units may allow it.
func (l *loop) conclude(now time.Time, ln *lane, t task, r Reply) {
	if r.Status == 403 {
		t.denied = append(slices.Clip(t.denied), ln)
		if next := ln.nextApp(t); next != nil {
			t.due, t.home = now.Add(t.Step.rule().spacing), &next.handed
			ln.note(t.trial)
			t.home.put(t)
			return
		}
	}
	ln.settle(now, t, r)
}
