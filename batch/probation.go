package batch

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// probation watches the first calls of a lane for the mistakes that refuse all
// users: no permission, or an action that is not offered. Users refused meanwhile
// are held back until an answer of another kind shows that the refusal was about
// them. Without such an answer the run stops, and they can be sent again.
type probation struct {
	over  bool
	calls int          // answered so far, while none was different
	seen  map[int]bool // users of these calls, by Seq
	said  Reply        // what they all got
	held  []heldReply

	things map[string]bool // what was refused in these calls: groups, devices, or something of one user
}

type heldReply struct {
	task  task
	reply Reply
}

// strikes is how many first calls, all refused alike, stop the run.
const strikes = 3

// see takes what a call says of all its users. A call with other things of the users of
// the calls before says no more than those did: all phones of one user are refused.
func (p *probation) see(a answer) {
	switch said, ok := a.common(); {
	case p.over || !ok:
	case said.Status < 300, p.calls > 0 && (said.Status != p.said.Status || said.Code != p.said.Code):
		p.over = true
	default:
		if a.err != nil || !a.lane.step.Listed() || p.others(a.tasks) {
			p.calls++
		}
		p.said = said
		// A group that many users are in may be refused to all of them, and no other is.
		p.over = a.err == nil && a.lane.step.Listed() && p.mustStop() && len(p.things) < strikes
	}
}

// others reports whether one of the tasks is of a user who was in no call before.
func (p *probation) others(tasks []task) bool {
	if p.seen == nil {
		p.seen, p.things = map[int]bool{}, map[string]bool{}
	}
	before := len(p.seen)
	for _, t := range tasks {
		p.seen[t.User.Seq] = true
		p.things[cmp.Or(t.Target.ID, strconv.Itoa(t.User.Seq))] = true
	}
	return len(p.seen) > before
}

// mustStop reports whether the run must stop.
func (p *probation) mustStop() bool { return !p.over && p.calls >= strikes }

// common is what probation.see wants: a refusal that all users of the call got, or a
// 2xx when one of them was told something else. The call says nothing when it
// was lost, throttled or out of order for the moment; and a 403 says nothing of
// the permission when the user holds a role or was denied to another app.
func (a answer) common() (said Reply, ok bool) {
	if e, is := errors.AsType[*CallError](a.err); is && e.Status == 403 {
		return Reply{Status: e.Status, Code: e.Code, Message: e.Message}, true
	}
	if a.err != nil {
		return Reply{}, false
	}
	for i, r := range a.replies {
		switch c, _ := classify(r); {
		case c == throttled, c == transient, c == stale:
			continue
		case c == accepted, !a.lane.suspects(r), ok && (r.Status != said.Status || r.Code != said.Code):
			return Reply{Status: 200}, true
		case r.Status == 403 && (a.tasks[i].User.Privileged || len(a.tasks[i].denied) > 0):
			continue
		}
		said, ok = r, true
	}
	return said, ok
}

// suspects reports whether a final refusal may be about all users. Of reads only a
// 403 may be: a key without a user is the row's own matter. So it is of a run whose users
// may have several writes: one group may be refused to all who are in it, and a step to all
// users, while what else they are to have goes well. Of other writes a 404 that
// speaks of the user may be, while the users have just been found.
func (l *lane) suspects(r Reply) bool {
	if !l.writes || l.several || r.whole {
		return r.Status == 403 || r.whole
	}
	return r.Status != 404 || r.Code != "Request_ResourceNotFound" || time.Now().Before(l.found)
}

// settleHeld settles the users held back, once it is known that the refusal was
// about them, or no other user is left to tell.
func (l *loop) settleHeld(now time.Time, ln *lane) error {
	p := &ln.probation
	if len(p.held) == 0 || p.mustStop() || !p.over && (ln.busy() || l.stopping != nil) {
		return nil
	}
	if err := ln.refusesAll(); err != nil {
		return err
	}
	replies := p.held
	p.held = nil
	for _, h := range replies {
		if !p.over && h.reply.Status == 403 && p.calls > 0 {
			h.task.hint = fmt.Sprintf("; all users sent so far were refused so: if these users hold no roles, %s", ln.missing)
		}
		l.conclude(now, ln, h.task, h.reply)
	}
	return nil
}

// refusesAll is the error of a lane that got no answer for anyone, for a reason not
// specific to a user: a lookup that may not be made, or calls that are all refused
// as a whole, unless an earlier process has been through that.
func (l *lane) refusesAll() error {
	p := &l.probation
	switch r := p.held[0].reply; {
	case p.over || !l.first:
		return nil
	case r.whole && r.Status != 0 && l.outage.lastGood.IsZero():
		return fmt.Errorf("%s call: %w", l.name, l.refusals.last)
	case !l.writes && r.Status == 403:
		return l.permissionError()
	}
	return nil
}

// permissionError is the verdict that a permission is missing.
func (l *lane) permissionError() error {
	p := &l.probation
	return fmt.Errorf("%w: every %s call was refused: %s; %s", ErrPermission, l.name, describe(p.said), l.missing)
}

// lacks reports whether the app of a lane may not write the step to anybody, in a run whose
// other steps go on.
func (l *lane) lacks() bool {
	return l.goesOn && l.probation.mustStop() && l.probation.said.Status == 403
}

// refusedAtOnce is how many writes end between two commits that are refused unsent.
const refusedAtOnce = 1000

// refuse ends the writes of a lane that lacks its permission, or hands them to another app,
// and sends none. It waits for the calls under way, since one of them may go well.
func (l *loop) refuse(now time.Time, ln *lane) (wake time.Duration, err error) {
	if ln.under > 0 {
		return time.Hour, nil
	}
	held := ln.probation.held
	ln.probation.held = nil
	for _, h := range held {
		if h.reply.Status == 403 {
			h.task.hint = fmt.Sprintf("; every %s call was refused so: %s", ln.name, ln.missing)
		}
		l.conclude(now, ln, h.task, h.reply)
	}
	queues := []*queue{&ln.handed}
	if !slices.ContainsFunc(ln.peers, func(p *lane) bool { return !p.lacks() }) {
		queues = append(queues, ln.queue)
	}
	said := ln.probation.said
	whenever := now.Add(2 * LongestRetryAfter) // also what waits to be sent again
	for ended := 0; ended < refusedAtOnce; {
		n := 0
		for _, q := range queues {
			if n, err = q.ready(whenever, ChunkSize); err != nil {
				return 0, err
			}
			for _, t := range q.take(whenever, n) {
				t.trial.Seq, t.trial.Step, t.trial.Target = t.User.Seq, t.Step, t.Target.ID
				t.hint = fmt.Sprintf("; every %s call was refused so, and this one was not sent: %s", ln.name, ln.missing)
				l.conclude(now, ln, t, Reply{Status: said.Status, Code: said.Code, Message: said.Message})
			}
			if ended += n; n > 0 {
				break
			}
		}
		if n == 0 {
			return time.Hour, nil
		}
	}
	return 0, nil
}
