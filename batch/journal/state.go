package journal

import "slices"

// State is how far a run has come.
//
//	planning --> planned --> running --> finished
//	    |           |         |   ^
//	    |           |         v   |
//	    +--> refused          stopped
//
// A running run whose process died is still "running" here; only its lock is
// gone. It may then be set running once more. So it is with a run that is
// "planning": see [Run.Held].
type State string

// The states of a run.
const (
	Planning State = "planning" // rows are being added; nothing may be sent
	Planned  State = "planned"  // the plan is complete and durable
	Running  State = "running"  // calls may be intended
	Stopped  State = "stopped"  // ended before its end; can be resumed
	Finished State = "finished" // every user had its turn
	Refused  State = "refused"  // a guard or a person said no; nothing was sent
)

// canBecome holds the arrows that SetState follows. The one from planning to
// planned is missing on purpose: that is Seal.
func (s State) canBecome(next State) bool {
	switch s {
	case Planning:
		return next == Refused
	case Planned:
		return slices.Contains([]State{Running, Stopped, Finished, Refused}, next)
	case Running, Stopped:
		return slices.Contains([]State{Running, Stopped, Finished}, next)
	}
	return false
}

// Resumable are the states of a run that can be gone on with.
var Resumable = []State{Planned, Running, Stopped}

// Resumable reports whether a run in this state can be gone on with.
func (s State) Resumable() bool { return slices.Contains(Resumable, s) }

// sealed reports whether a run in this state surely has its whole plan.
func (s State) sealed() bool { return s != Planning && s != Refused }
