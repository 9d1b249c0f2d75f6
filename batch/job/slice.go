package job

import (
	"context"
	"errors"
	"time"

	"offboard/batch"
	"offboard/batch/signature"
)

// A run that an engine carries out goes in slices: each is a resume that ends by itself after
// so many writes, in whatever process comes next.

// SliceOptions are those of a slice. Of Connection, Rate is the pace that was lent. Nobody is
// asked; what resume would ask is refused.
type SliceOptions struct {
	RunName  string         // of any run that can be resumed, whoever began it
	Most     int            // writes; 0 is 500
	ByPerson func() bool    // is asked once Host.Stop is closed: a person stopped the run, and not only this process; nil is no
	Beat     func(done int) // is told at least once a second while writes go, from one goroutine: how many of the slice have ended; may be nil
	Overtake bool           // the process that has the run's lock is dead or frozen: it is put out. On SQLite a lock that is held is never taken
	MaxAge   Length         // as of resume. It is asked once in each process, so that a long run is not refused in the middle by the one that carries it out

	Approving
	Guards
	Connection
	Execution
}

// Approving says who must have approved a run before anything is written of it.
type Approving struct {
	Approvals int    `help:"How many different people of the trusted set must have approved each run, or more where its submission asks for more." default:"0" placeholder:"N"`
	Trusted   string `help:"The trusted set: an allowed_signers file of OpenSSH, for the namespace offboard-run. A person counts once, whatever number of keys signed." placeholder:"FILE" type:"path"`
}

// ErrUnapproved says that a run lacks approvals. Nothing was written.
var ErrUnapproved = signature.ErrUnapproved

// Sliced is what a slice did, in numbers alone.
type Sliced struct {
	Done      int                   // writes that ended in it, or were accepted
	Counts    map[batch.Outcome]int // of them; of a Finished run, of its lines
	Left      int                   // writes that are still to be sent
	ToProve   int                   // writes that were accepted, and whose proof is to come: the last slice reads them
	Throttled time.Duration         // how long Graph asked to wait at the end of the slice; 0 for not
	AppWide   bool                  // that holds for the app in all tenants
	Refused   int                   // writes that Graph told to wait
	Finished  bool                  // the run is at its end, and its report is written
}

// Slice does the next writes of a run, at most o.Most of them, and leaves it running; if none is
// left, it proves what is to be proven and ends the run as [Resume] does. The process keeps the
// sign-in, and what the guards said, for ten minutes at the most, in Host.Shared, which the caller
// sets and gives to every slice.
//
// Errors are those of Resume: batch.ErrSignIn, batch.ErrPermission, ErrRefused, batch.ErrOutage,
// journal's ErrLocked and so on; the run can be resumed. After Host.Stop it is batch.ErrStopped,
// with what was done; the run stays "running" for the next process, or if a person stopped it is
// "stopped", with a report. ErrPartial is none of them: see Counts.
func Slice(ctx context.Context, h *Host, o *SliceOptions) (Sliced, error) {
	return Sliced{}, errors.ErrUnsupported
}

// GiveUp ends the next writes of a run, at most so many, as gave_up with the cause, which may hold
// no secret and no name. It is for a slice that fails for good; n is how many writes ended.
func GiveUp(ctx context.Context, h *Host, run string, most int, cause string) (n int, err error) {
	return 0, errors.ErrUnsupported
}

// Audited is whether every row of a run has its result.
type Audited struct {
	Rows  int // of the input
	Ended int // of them, those with exactly one result that is no open one
	Open  int // those that were not sent, or whose answer was not seen
}

// Audit reads the whole run once more, plan and records, and counts. A journal that does not hold
// exactly the rows of the plan is an error.
func Audit(ctx context.Context, h *Host, run string) (Audited, error) {
	return Audited{}, errors.ErrUnsupported
}
