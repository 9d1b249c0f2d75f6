package batch

import (
	"cmp"
	"slices"
	"strings"
)

// Outcome is how a user ended. The list is closed: a user with none of these
// has not ended.
type Outcome string

const (
	Verified    Outcome = "verified"     // 2xx, and a read-back shows it
	Revoked     Outcome = "revoked"      // 2xx, verification off: Accepted of the steps revoke and invalidate
	Accepted    Outcome = "accepted"     // 2xx, verification off
	Unverified  Outcome = "unverified"   // 2xx, and no proof yet: not read back, or not moved by the deadline
	Ineffective Outcome = "ineffective"  // 2xx, and without effect or to be undone: sessions of guests, what a sync takes back
	Already     Outcome = "already"      // it was so before the run, or since the time asked for
	Skipped     Outcome = "skipped"      // a gate held the row back
	Protected   Outcome = "protected"    // on a protect list, holder of a role, or the caller; sent only if that was before it was known
	Invalid     Outcome = "invalid"      // the row cannot name a user, disagrees with the directory, or gives one object id a second name
	NotFound    Outcome = "not_found"    // 404, or a lookup without a hit
	Ambiguous   Outcome = "ambiguous"    // a lookup with more than one hit, or rows that contradict each other
	NotPossible Outcome = "not_possible" // Graph cannot do this here; the reason says who can
	Denied      Outcome = "denied"       // 403 for this user
	Failed      Outcome = "failed"       // any other final refusal
	GaveUp      Outcome = "gave_up"      // transient trouble outlasted the retry budget
	Unsettled   Outcome = "unsettled"    // sent, no answer seen; resume sends it again
	NotSent     Outcome = "not_sent"     // the run ended before its turn
)

// Outcomes lists every outcome in the order in which people read them: what
// worked, what was left alone on purpose, what did not work, what is open.
var Outcomes = [...]Outcome{
	Verified, Revoked, Accepted, Already,
	Skipped, Protected,
	Unverified, Ineffective, Invalid, NotFound, Ambiguous, NotPossible, Denied, Failed, GaveUp,
	Unsettled, NotSent,
}

// Tally writes counts of outcomes: "38 verified, 2 denied". "" is none.
func Tally(counts map[Outcome]int) string {
	var parts []string
	for _, o := range Outcomes {
		if n := counts[o]; n > 0 {
			parts = append(parts, Thousands(n)+" "+string(o))
		}
	}
	return strings.Join(parts, ", ")
}

// Kind says what an outcome is worth to the person who reads it.
type Kind int

const (
	Failure Kind = iota // the job was not done for this user
	Neutral             // the user was left alone on purpose
	Success             // the job was done
)

// Kind sorts the outcome; an unknown one is a failure, never a success.
func (o Outcome) Kind() Kind {
	switch o {
	case Verified, Revoked, Accepted, Already:
		return Success
	case Skipped, Protected:
		return Neutral
	}
	return Failure
}

// Open reports whether a resumed run sends the user again. It does not for an
// unverified one, whose stamp it only reads again.
func (o Outcome) Open() bool { return o == Unsettled || o == NotSent }

// Worst is the record of the line as a whole, of a user with these writes: that of the
// worst outcome, the first of several. What is open is worse than what failed, since a
// resume changes it; what was left alone on purpose is better than a failure and worse
// than success. A user without any write has nothing to be changed. The reason names the step
// where there is more than one, and before one whose turn had not come those that were done.
func Worst(writes []Write) Record {
	worst, rank := -1, -1
	for i, w := range writes {
		if r := badness(w.Record.Outcome); r > rank {
			worst, rank = i, r
		}
	}
	if worst < 0 {
		return Record{Outcome: Already, Reason: "the user has nothing that these steps change"}
	}
	rec := writes[worst].Record
	if len(writes) > 1 && rec.Reason != "" {
		rec.Reason = string(rec.Step) + nameOfTarget(writes[worst].Target) + ": " + rec.Reason
		if done := doneOf(writes); rec.Outcome == NotSent && done != "" {
			rec.Reason = done + " done; " + rec.Reason
		}
	}
	return rec
}

// doneOf names the steps all of whose writes are done, one of them at least by the run itself.
func doneOf(writes []Write) string {
	var steps []string
	for _, w := range writes {
		other := func(v Write) bool { return v.Target.Step == w.Target.Step && v.Record.Outcome.Kind() != Success }
		if s := string(w.Target.Step); w.Record.Outcome != Already && !slices.Contains(steps, s) && !slices.ContainsFunc(writes, other) {
			steps = append(steps, s)
		}
	}
	return strings.Join(steps, ", ")
}

// nameOfTarget names a thing of the user.
func nameOfTarget(t Target) string {
	if t.ID == "" {
		return ""
	}
	return " " + cmp.Or(t.Name, t.ID)
}

// badness ranks outcomes for Worst. Of successes the least proven one is told, and
// already only where nothing was done.
func badness(o Outcome) int {
	switch {
	case o == Unsettled:
		return 7
	case o == NotSent:
		return 6
	case o.Kind() == Failure && o != NotPossible && o != Ineffective:
		return 5
	case o.Kind() == Failure:
		return 4
	case o.Kind() == Neutral:
		return 3
	case o == Accepted, o == Revoked:
		return 2
	case o == Verified:
		return 1
	}
	return 0
}
