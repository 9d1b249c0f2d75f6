package batch

import (
	"errors"
	"time"
)

// outgoing is a call on its way to a worker; answer is the same on its way back.
type outgoing struct {
	lane  *lane
	no    int
	id    string // see NewCallID
	sent  time.Time
	tasks []task
	half  bool // of a call that failed before
}

type answer struct {
	outgoing
	replies      []Reply
	err          error
	usersTrouble bool // see theirs
}

// said is what the call says of the user at i. When the user was alone in a call
// that was refused as a whole, the refusal is the user's.
func (a answer) said(i int) Reply {
	e, ok := errors.AsType[*CallError](a.err)
	switch {
	case a.err == nil:
		return a.replies[i]
	case errors.Is(a.err, ErrUnsendable):
		return Reply{Message: a.err.Error(), whole: true}
	case ok && e.refusedForGood() && len(a.tasks) == 1:
		return Reply{Status: e.Status, Code: e.Code, Message: e.Message, RequestID: e.RequestID, Date: e.Date, whole: true}
	case ok:
		return e.reply()
	}
	return Reply{Message: "no answer to the call: " + a.err.Error()}
}

// tried brings a user's trial up to date with a reply. The trial tells what was
// answered, also where that is not the user's own answer.
func (a answer) tried(t task, r Reply) Trial {
	before := t.trial
	trial := Trial{
		Seq: t.User.Seq, Step: t.Step, Target: t.Target.ID, Attempts: before.Attempts, Throttles: before.Throttles, SentAt: a.sent,
		Doubt:  before.Doubt || a.doubtful(r),
		Status: r.Status, Code: r.Code, Message: r.Message, RequestID: r.RequestID,
	}
	if trial.RequestID == "" && a.err != nil && fateOf(a.err) == lost {
		trial.RequestID = ClientRequestID(a.id)
	}
	if e, ok := errors.AsType[*CallError](a.err); ok && e.Status != 0 {
		trial.Status, trial.Code, trial.Message = e.Status, e.Code, e.Message
	}
	switch c, _ := classify(r); {
	case c == throttled:
		trial.Throttles++
	case c != accepted && c != final && before.Attempts > 0 && !a.lane.outage.lastGood.After(before.SentAt) && !a.usersTrouble:
		// No user was answered since this user's last attempt: that is an
		// outage, and it is not counted against the user.
	default:
		trial.Attempts++
	}
	return trial
}

// doubtful reports whether Graph may have acted on a user who got this reply.
func (a answer) doubtful(r Reply) bool {
	if a.err == nil {
		return doubtful(r)
	}
	c, _ := classify(r)
	return fateOf(a.err) == lost && c != throttled
}

// splits reports whether the call failed because of one of its users. Halving the
// call finds that user, whom the failure of the whole does not name.
func (a answer) splits() bool {
	if a.err == nil || len(a.tasks) < 2 {
		return false
	}
	e, ok := errors.AsType[*CallError](a.err)
	return errors.Is(a.err, ErrUnsendable) || errors.Is(a.err, ErrUnreadable) || ok && e.refusedForGood()
}

// unauthorized reports whether the token was refused: for the call, or for each
// user who got an answer.
func (a answer) unauthorized() bool {
	if a.err != nil {
		e, ok := errors.AsType[*CallError](a.err)
		return ok && e.Status == 401
	}
	found := false
	for _, r := range a.replies {
		switch c, _ := classify(r); c {
		case stale:
			found = true
		case accepted, final:
			return false
		}
	}
	return found
}
