package batch

import "time"

// Record is the latest word on one user. It is final, except that of an unverified user
// whose read-back is still to come.
type Record struct {
	Seq       int       `json:"seq"`
	Outcome   Outcome   `json:"outcome"`
	Status    int       `json:"status,omitempty"` // of the reply that decided, 0 when there was none
	Code      string    `json:"code,omitempty"`
	Message   string    `json:"message,omitempty"`
	Attempts  int       `json:"attempts,omitempty"`
	Throttles int       `json:"throttles,omitempty"`
	SentAt    time.Time `json:"sent_at,omitzero"` // when the last call that carried the user left; zero when none did
	SettledAt time.Time `json:"settled_at,omitzero"`
	Accepted  time.Time `json:"accepted,omitzero"` // the server's Date of the 2xx reply; zero when there was none
	After     time.Time `json:"after,omitzero"`    // the stamp as read back; zero when it was not read
	RequestID string    `json:"request_id,omitempty"`
	Reason    string    `json:"reason,omitempty"` // in words, for a person
}

// record is that of a user whose last reply is in the trial.
func record(t Trial, now time.Time, o Outcome, reason string) Record {
	return Record{
		Seq: t.Seq, Outcome: o, Status: t.Status, Code: t.Code, Message: t.Message,
		Attempts: t.Attempts, Throttles: t.Throttles, SentAt: t.SentAt, SettledAt: now,
		RequestID: t.RequestID, Reason: reason,
	}
}
