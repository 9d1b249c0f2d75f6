package batch

// Outcome is how a user ended. The list is closed: a user with none of these
// has not ended.
type Outcome string

const (
	Verified    Outcome = "verified"    // 2xx, and the stamp was seen to move
	Revoked     Outcome = "revoked"     // 2xx, verification off
	Unverified  Outcome = "unverified"  // 2xx, and no proof yet: not read back, or not moved by the deadline
	Ineffective Outcome = "ineffective" // 2xx for a guest, whose sessions live in another tenant
	Already     Outcome = "already"     // the stamp was already past the time asked for
	Skipped     Outcome = "skipped"     // a gate held the row back
	Protected   Outcome = "protected"   // on a protect list, holder of a role, or the caller; sent only if that was before it was known
	Invalid     Outcome = "invalid"     // the row cannot name a user, disagrees with the directory, or gives one object id a second name
	NotFound    Outcome = "not_found"   // 404, or a lookup without a hit
	Ambiguous   Outcome = "ambiguous"   // a lookup with more than one hit, or rows that contradict each other
	Denied      Outcome = "denied"      // 403 for this user
	Failed      Outcome = "failed"      // any other final refusal
	GaveUp      Outcome = "gave_up"     // transient trouble outlasted the retry budget
	Unsettled   Outcome = "unsettled"   // sent, no answer seen; resume sends it again
	NotSent     Outcome = "not_sent"    // the run ended before its turn
)

// Outcomes lists every outcome in the order in which people read them: what
// worked, what was left alone on purpose, what did not work, what is open.
var Outcomes = [...]Outcome{
	Verified, Revoked, Already,
	Skipped, Protected,
	Unverified, Ineffective, Invalid, NotFound, Ambiguous, Denied, Failed, GaveUp,
	Unsettled, NotSent,
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
	case Verified, Revoked, Already:
		return Success
	case Skipped, Protected:
		return Neutral
	}
	return Failure
}

// Open reports whether a resumed run sends the user again. It does not for an
// unverified one, whose stamp it only reads again.
func (o Outcome) Open() bool { return o == Unsettled || o == NotSent }
