package batch

import (
	"context"
	"time"
)

// Journal keeps what must survive. Write is one step, durable when it returns
// nil, and does not heed the cancellation of ctx.
type Journal interface {
	Write(ctx context.Context, e Entry) error
}

// Entry is what the runner makes durable in one step.
type Entry struct {
	Calls   []Call   // about to be sent
	Over    []int    // numbers of the calls that are answered, or known to be lost
	Trials  []Trial  // replacing what is known of these users
	Records []Record // replacing an earlier record of the same user
}

// Call is the intent to send: durable before the call leaves, so that a crash
// cannot make anybody look untouched.
type Call struct {
	No     int    // from 1, in the order of sending, within the run
	App    string // which app registration sends it, as Plan.App
	SentAt time.Time
	Seqs   []int
}

// Trial is where a user stands who was sent and will be sent again.
type Trial struct {
	Seq       int
	Attempts  int
	Throttles int
	SentAt    time.Time
	Doubt     bool // Graph may have acted: no answer, or one that does not tell
	Status    int
	Code      string
	Message   string
	RequestID string
}

// Pending is a user who has no record: fresh (a zero Trial), or sent before and to be
// sent again. The users come in the order of sending, which the journal makes: holders of
// privileged roles first, unless Plan.InOrder says otherwise.
type Pending struct {
	User  User
	Trial Trial
}

// Line is what the journal can say of one row of the input: the row, the user
// it named, and the record. A user without a record is told as not_sent or
// unsettled.
type Line struct {
	Row    Row
	User   User
	Record Record
	First  int // line of the row that named the same user first; 0 when this is it
}
