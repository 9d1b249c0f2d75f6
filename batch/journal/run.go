package journal

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"offboard/batch"
)

// Run is one run in the journal. A process that plans, writes or recovers holds its
// Lock; reading needs none.
type Run struct {
	s *Store

	mu sync.Mutex // guards what follows, but for the id
	runRow

	lazy    sync.Mutex     // guards what follows, which is found out when it is first needed
	checked bool           // the file and the plan are whole
	dups    map[int]bool   // rows that hold no user of their own; nil: not known
	passed  map[int]passed // by turn; see Next
}

// runRow is a run as the table has it.
type runRow struct {
	id    int
	state State
	seal  string // digest of the sealed plan; "" before
	plan  batch.Plan
	of    Membership
}

// Membership is a run's place in a campaign; zero for a run of its own.
type Membership struct {
	Campaign string // its name
	Member   string // what the tenant is called in it
}

// Membership is that of the run.
func (r *Run) Membership() Membership { return r.row().of }

// Join makes the run one of a campaign. It ignores cancellation.
func (r *Run) Join(ctx context.Context, to Membership) error {
	err := r.update(ctx, func(t *tx, _ State) error {
		_, err := t.exec("UPDATE runs SET campaign = $1, member = $2 WHERE id = $3", to.Campaign, to.Member, r.id)
		return err
	})
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.of = to
	}
	return r.wrap("join", err)
}

func (r *Run) row() runRow {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runRow
}

// Plan is what the run set out to do.
func (r *Run) Plan() batch.Plan { return r.row().plan }

// SealDigest is the SHA-256 of the sealed plan, in hex, as it was written when the plan
// was sealed; "" before.
func (r *Run) SealDigest() string { return r.row().seal }

// State is the run's state as this process last read or wrote it.
func (r *Run) State() State { return r.row().state }

// step is what is done to each user of a run with one step; of any other run it is
// batch.Whole, under which users stand who ended before any step.
func (r *Run) step() batch.Step { return stepOf(r.Plan(), batch.Whole) }

// stepOf is the step under which a mark stands. A run with one step that is not listed
// needs no marks of users as a whole: they stand under its step.
func stepOf(p batch.Plan, s batch.Step) batch.Step {
	if batch.Several(p.Steps) || len(p.Steps) == 0 {
		return s
	}
	return p.Steps[0]
}

// read runs f in one read transaction, unless the run is no more.
func (r *Run) read(ctx context.Context, f func(*tx) error) error {
	return r.s.read(ctx, func(t *tx) error {
		if _, err := r.stateIn(t); err != nil {
			return err
		}
		return f(t)
	})
}

// ask reads the answer to one query about the run, as list does. $1 is the run's
// number, and args follow it.
func ask[T any](ctx context.Context, r *Run, verb string, pointers func(*T) []any, query string, args ...any) (all []T, err error) {
	err = r.read(ctx, func(t *tx) error {
		all, err = list(t, pointers, query, append([]any{r.id}, args...)...)
		return err
	})
	return all, r.wrap(verb, err)
}

// update runs f in one transaction that ignores cancellation, and tells it the
// state that the run has in the journal now.
func (r *Run) update(ctx context.Context, f func(t *tx, now State) error) error {
	return r.s.update(ctx, func(t *tx) error {
		lost := r.s.claim(t, r)
		now, err := r.stateIn(t)
		if err == nil {
			err = lost // of a run that is no more there is no lock, either
		}
		if err != nil {
			return err
		}
		return f(t, now)
	})
}

// note adds a row to a table that numbers the rows of each run from 1. It ignores
// cancellation.
func (r *Run) note(ctx context.Context, what, query string, args ...any) error {
	return r.wrap("note "+what+" of", r.update(ctx, func(t *tx, _ State) error {
		_, err := t.exec(query, append([]any{r.id}, args...)...)
		return err
	}))
}

// wrap names the run and the file in an error, if there is one.
func (r *Run) wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s run %s in %s: %w", verb, r.Plan().Run, r.s.path, err)
}

// AddReport keeps the SHA-256, in hex, of the report.sha256 of a report that is about
// to be complete. It stands beside those of the run's earlier reports: a copy of an
// older one was no forgery. It ignores cancellation.
func (r *Run) AddReport(ctx context.Context, sum string) error {
	return r.note(ctx, "a report", `INSERT INTO reports (run, no, at, sha256)
		VALUES ($1, (SELECT count(*) + 1 FROM reports WHERE run = $1), $2, $3)`, time.Now(), sum)
}

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

// arrows are the ways that SetState goes. From planning to planned leads Seal alone.
var arrows = map[State][]State{
	Planning: {Refused},
	Planned:  {Running, Stopped, Finished, Refused},
	Running:  {Running, Stopped, Finished},
	Stopped:  {Running, Stopped, Finished},
}

// Resumable are the states of a run that can be gone on with.
var Resumable = []State{Planned, Running, Stopped}

// Resumable reports whether a run in this state can be gone on with.
func (s State) Resumable() bool { return slices.Contains(Resumable, s) }

// sealed reports whether a run in this state surely has its whole plan.
func (s State) sealed() bool { return s != Planning && s != Refused }

// SetState moves the run on, with a reason in words that may be empty. Only
// the arrows in the drawing at State are allowed, anything else is ErrState.
// It ignores cancellation.
func (r *Run) SetState(ctx context.Context, next State, reason string) error {
	err := r.update(ctx, func(t *tx, now State) error {
		if !slices.Contains(arrows[now], next) {
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
const sqlStateOf = "SELECT state, (SELECT max(no) FROM states WHERE run = id) FROM runs WHERE id = $1 AND state <> 'pruning'"

// stateIn is the state that the run has in the journal now; ErrNoRun when it was
// deleted, or its deletion was begun.
func (r *Run) stateIn(t *tx) (State, error) {
	type state struct {
		is State
		no int
	}
	now, err := first(list(t, func(s *state) []any { return []any{&s.is, &s.no} }, sqlStateOf, r.id))
	switch t.no = now.no; {
	case err != nil:
	case now.is == "":
		err = ErrNoRun
	case now.no == 0:
		err = fmt.Errorf("%w: table states: it has no state", ErrDamaged)
	}
	return now.is, err
}

// Change is a moment at which a run came to a state.
type Change struct {
	At     time.Time
	State  State
	Reason string
}

// Changes tells how the run came to its state, from the first to the last.
func (r *Run) Changes(ctx context.Context) ([]Change, error) {
	return ask(ctx, r, "read history of", func(c *Change) []any { return []any{&c.At, &c.State, &c.Reason} },
		"SELECT at, state, reason FROM states WHERE run = $1 ORDER BY no")
}
