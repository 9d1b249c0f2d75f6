package batch

import (
	"context"
	"slices"
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
	Trials  []Trial  // replacing what is known of these targets
	Records []Record // replacing an earlier record of the same target
}

// Call is the intent to send: durable before the call leaves, so that a crash
// cannot make anybody look untouched.
type Call struct {
	No     int    // from 1, in the order of sending, within the run
	App    string // which app registration sends it, as Plan.App
	Step   Step
	SentAt time.Time
	ID     string // its client-request-id, a GUID
	Seqs   []int

	// Targets has the target of each user in Seqs, or is nil when all of them are the
	// users themselves. No user is in a call twice.
	Targets []string
}

// Marks name the writes of the call.
func (c Call) Marks() []Mark {
	marks := make([]Mark, len(c.Seqs))
	for i, seq := range c.Seqs {
		marks[i] = Mark{Seq: seq, Step: c.Step}
		if c.Targets != nil {
			marks[i].Target = c.Targets[i]
		}
	}
	return marks
}

// Trial is where a target stands that was sent and will be sent again.
type Trial struct {
	Seq       int
	Step      Step
	Target    string
	Attempts  int
	Throttles int
	SentAt    time.Time
	Doubt     bool // Graph may have acted: no answer, or one that does not tell
	Status    int
	Code      string
	Message   string
	RequestID string // of the last reply, or the client-request-id of a call without one
}

// Mark names the write that the trial is of.
func (t Trial) Mark() Mark { return Mark{t.Seq, t.Step, t.Target} }

// Pending is a write without a record: fresh (a zero Trial), or sent before and to be
// sent again. Writes come in the order of sending, which the journal makes; see
// [Runner.Pending].
type Pending struct {
	Item  Item
	Trial Trial
}

// Unproven is a write that was accepted, and whose proof is still to come.
type Unproven struct {
	Item   Item
	Record Record
}

// Line is what the journal can say of one row of the input: the row, the user
// it named, and the record. A user, and a write, without a record is told as not_sent or
// unsettled.
type Line struct {
	Row    Row
	User   User
	Record Record
	First  Place // of the row that named the same user first; zero when this is it

	// Whole says that Record is of the user as a whole, who ended before any step.
	Whole bool

	// Writes are all writes of the user, in the order of the plan's steps, where the
	// plan has more than one step or a listed one. Record is then the worst of theirs;
	// see [Worst].
	Writes []Write
}

// AllWrites are the writes of the line, also of a run whose steps have one for each user.
// In such a run a user as a whole is already in the state that the step is about.
func (l *Line) AllWrites(steps []Step) []Write {
	whole := l.Whole && !(l.Record.Outcome == Already && l.Record.Step.ByState())
	if l.Writes != nil || whole || len(steps) == 0 || Several(steps) {
		return l.Writes
	}
	rec := l.Record
	rec.Step = steps[0]
	return []Write{{Target{Step: steps[0]}, rec}}
}

// Of are the line's writes of a step.
func (l *Line) Of(s Step) []Write {
	other := func(w Write) bool { return w.Target.Step != s }
	first := slices.IndexFunc(l.Writes, func(w Write) bool { return !other(w) })
	if first < 0 {
		return nil
	}
	of := l.Writes[first:]
	if end := slices.IndexFunc(of, other); end >= 0 {
		of = of[:end]
	}
	return of
}

// Write is a step at one target of a line's user, and what became of it.
type Write struct {
	Target Target
	Record Record
}

// Before is what was done before to the users of the lines, of a run with these steps: writes whose
// proof is to come, and records without success of steps that stop others.
func Before(steps []Step, lines []Line) (unproven []Unproven, failed []Record) {
	var stopping []Step
	for _, s := range steps {
		stopping = append(stopping, s.StoppedBy()...)
	}
	for _, l := range lines {
		for _, w := range l.Writes {
			k := w.Record
			if k.Outcome == Unverified {
				unproven = append(unproven, Unproven{Item{User: l.User, Step: k.Step, Target: w.Target}, k})
			}
			if slices.Contains(stopping, k.Step) && !k.Outcome.Open() && k.Outcome.Kind() != Success {
				failed = append(failed, k)
			}
		}
	}
	return unproven, failed
}
