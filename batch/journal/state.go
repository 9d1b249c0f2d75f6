package journal

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// State is how far a run has come.
//
//	planning --Seal--> planned --> running <--> stopped
//
//	planning, planned           --> refused
//	planned, running, stopped   --> stopped, finished
//	running                     --> running
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

// canBecome holds the arrows that SetState follows. From planning to planned leads Seal
// alone.
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

// Change is a moment at which a run came to a state.
type Change struct {
	At     time.Time
	State  State
	Reason string
}

// SetState moves the run on, with a reason in words that may be empty. Only
// the arrows in the drawing at State are allowed, anything else is ErrState.
// It ignores cancellation.
func (r *Run) SetState(ctx context.Context, next State, reason string) error {
	err := r.update(ctx, func(t *tx, now State) error {
		if !now.canBecome(next) {
			return fmt.Errorf("%w: a %s run does not become %s", ErrState, now, next)
		}
		return r.become(t, next, reason)
	})
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.state = next
	}
	return r.wrap("set state of", err)
}

func (r *Run) become(t *tx, next State, reason string) error {
	if _, err := t.exec("UPDATE runs SET state = $1 WHERE id = $2", next, r.id); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO states (run, no, at, state, reason)
		VALUES ($1, (SELECT count(*) + 1 FROM states WHERE run = $1), $2, $3, $4)`, r.id, time.Now(), next, reason)
	return err
}

// sqlStateOf finds no run whose deletion was begun.
const sqlStateOf = "SELECT state FROM runs WHERE id = $1 AND state <> 'pruning'"

// stateIn is the state that the run has in the journal now; ErrNoRun when it was
// deleted, or its deletion was begun.
func (r *Run) stateIn(t *tx) (State, error) {
	now, err := one(t, func(s *State) []any { return []any{s} }, sqlStateOf, r.id)
	if err == nil && now == "" {
		err = ErrNoRun
	}
	return now, err
}

// Changes tells how the run came to its state, from the first to the last.
func (r *Run) Changes(ctx context.Context) (changes []Change, err error) {
	err = r.read(ctx, func(t *tx) error {
		changes, err = list(t, func(c *Change) []any { return []any{&c.At, &c.State, &c.Reason} },
			"SELECT at, state, reason FROM states WHERE run = $1 ORDER BY no", r.id)
		if err == nil && len(changes) == 0 {
			err = fmt.Errorf("%w: table states: it has no state", ErrDamaged)
		}
		return err
	})
	return changes, r.wrap("read history of", err)
}
