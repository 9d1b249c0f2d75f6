package batch

import "time"

// Record is the latest word on one target of one step, or on a user as a whole. It is final,
// except that of an unverified write whose read-back is still to come, and that of a proven
// write, or of one that was so already, which a later read of the run may show otherwise.
type Record struct {
	Seq       int       `json:"seq"`
	Step      Step      `json:"step,omitempty"`   // Whole: of the user, who ended before any step
	Target    string    `json:"target,omitempty"` // Target.ID; "" is the user
	Outcome   Outcome   `json:"outcome"`
	Status    int       `json:"status,omitempty"` // of the reply that decided, 0 when there was none
	Code      string    `json:"code,omitempty"`
	Message   string    `json:"message,omitempty"`
	Attempts  int       `json:"attempts,omitempty"`
	Throttles int       `json:"throttles,omitempty"`
	SentAt    time.Time `json:"sent_at,omitzero"` // when the last call that carried the user left; zero when none did
	Doubt     bool      `json:"doubt,omitempty"`  // the answer to one of those calls was not seen, or left open whether Graph acted
	SettledAt time.Time `json:"settled_at,omitzero"`
	Accepted  time.Time `json:"accepted,omitzero"`    // the server's Date of the 2xx reply; zero when there was none
	After     time.Time `json:"after,omitzero"`       // the stamp, or time of the last password change, as read back; zero when it was not read
	Shown     string    `json:"shown,omitempty"`      // the state as read back; "" when it was not read or not told
	RequestID string    `json:"request_id,omitempty"` // as in Trial
	Reason    string    `json:"reason,omitempty"`     // in words, for a person
}

// Mark names the write that the record is of.
func (r Record) Mark() Mark { return Mark{r.Seq, r.Step, r.Target} }

// record is that of a user whose last reply is in the trial.
func record(t Trial, now time.Time, o Outcome, reason string) Record {
	return Record{
		Seq: t.Seq, Step: t.Step, Target: t.Target, Outcome: o, Status: t.Status, Code: t.Code, Message: t.Message,
		Attempts: t.Attempts, Throttles: t.Throttles, SentAt: t.SentAt, Doubt: t.Doubt, SettledAt: now,
		RequestID: t.RequestID, Reason: reason,
	}
}

// GaveUp is the record of a write that is given up for a cause, in words.
func (p Pending) GaveUp(now time.Time, cause string) Record {
	rec := record(p.Trial, now, GaveUp, cause)
	m := p.Item.Mark()
	rec.Seq, rec.Step, rec.Target = m.Seq, m.Step, m.Target
	return rec
}
