package journal

import (
	"errors"
	"fmt"
	"time"
)

// These errors can be returned when a journal is opened.
var (
	// ErrNotJournal says that the file is something else, and was left alone.
	ErrNotJournal = errors.New("not a journal of offboard")

	// ErrVersion says that the journal has another form than this program's. Only the
	// version of offboard that made it reads it.
	ErrVersion = errors.New("journal was made by another version of offboard")

	// ErrDisk says that the disk does not do what the journal needs: it is full,
	// it fails, or the file or its directory cannot be written. What was asked can be
	// asked again, but after a failed sync every write of the Store is this error.
	ErrDisk = errors.New("the journal's disk failed, is full, or cannot be written")

	// ErrDamaged says that the journal does not hold what was written to it:
	// the disk, or somebody, changed it. It names the file and the run. Nothing is
	// repaired here: "sqlite3 FILE .recover" saves what can be read, and the tenant
	// itself knows who was revoked: verify --since and run --since read it from there.
	ErrDamaged = errors.New("journal is damaged")
)

// These errors are about a journal on a server of PostgreSQL.
var (
	// ErrServer says that the journal cannot be opened, or not be used any more: the server refuses this role or what it
	// asks, the connection would not be safe, or the server is not fit. See [ServerError].
	ErrServer = errors.New("the journal's database cannot be used")

	// ErrAway says that the server did not answer for as long as it was to be waited for; see
	// [Patience]. What was to be written last is written or not, as a whole: a run is
	// resumed from what the journal then says.
	ErrAway = errors.New("the journal's database does not answer")

	// ErrLost says that the session with a lock of this process was cut, and another process
	// had the lock since. Nothing is written any more.
	ErrLost = errors.New("the lock was lost")
)

// These errors can be returned when a run is looked for or worked on.
var (
	// ErrNoRun says that no run answers to the name.
	ErrNoRun = errors.New("no such run")

	// ErrAmbiguous says that several runs answer to the prefix; the message
	// lists them.
	ErrAmbiguous = errors.New("more than one run begins like this")

	// ErrState says that the run's state does not allow what was asked.
	ErrState = errors.New("not possible in this state")

	// ErrPlan says that what was handed over contradicts the plan: a user it
	// does not have, a count that is not so, a call nobody intended.
	ErrPlan = errors.New("contradicts the plan")

	// ErrLocked says that another process, or another part of this one, works
	// on the run. The error is a [*LockedError].
	ErrLocked = errors.New("run is locked")
)

// LockedError tells who works on a run, or with an empty Run who is planning for
// the same input. Host is empty and PID is 0 when the holder had not left a note
// yet.
type LockedError struct {
	Run    string
	Host   string
	PID    int
	Since  time.Time
	Engine bool // it is a worker of an engine
}

// Error names the run and its holder.
func (e *LockedError) Error() string {
	what := "run " + e.Run
	if e.Run == "" {
		what = "the input"
	}
	if e.PID == 0 {
		return what + " is locked by another process"
	}
	return fmt.Sprintf("%s is locked by process %d on %s since %s", what, e.PID, e.Host, e.Since.UTC().Format(time.RFC3339))
}

// Is makes a LockedError an [ErrLocked].
func (e *LockedError) Is(target error) bool { return target == ErrLocked }
