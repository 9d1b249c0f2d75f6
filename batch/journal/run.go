package journal

import (
	"context"
	"fmt"
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

	once    sync.Mutex   // guards what follows, found out once
	checked bool         // the file and the plan are whole
	dups    map[int]bool // rows that hold no user of their own; nil: not known
}

// runRow is a run as the table has it.
type runRow struct {
	id     int
	state  State
	digest string // of the sealed plan; "" before
	plan   batch.Plan
}

// Plan is what the run set out to do.
func (r *Run) Plan() batch.Plan {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.plan
}

// Digest is the SHA-256 of the sealed plan, in hex, as it was written when the plan
// was sealed; "" before.
func (r *Run) Digest() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.digest
}

// State is the run's state as this process last read or wrote it.
func (r *Run) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// step is what is done to each user.
func (r *Run) step() batch.Action { return r.Plan().Action }

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

// stateOf finds no run whose deletion was begun.
const stateOf = "SELECT state FROM runs WHERE id = $1 AND state <> 'pruning'"

// stateIn is the state that the run has in the journal now; ErrNoRun when it was
// deleted, or its deletion was begun.
func (r *Run) stateIn(t *tx) (State, error) {
	now, err := one(t, func(s *State) []any { return []any{s} }, stateOf, r.id)
	if err == nil && now == "" {
		err = ErrNoRun
	}
	return now, err
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

// update runs f in one transaction that ignores cancellation, and tells it the
// state that the run has in the journal now.
func (r *Run) update(ctx context.Context, f func(t *tx, now State) error) error {
	return r.s.update(ctx, func(t *tx) error {
		now, err := r.stateIn(t)
		if err != nil {
			return err
		}
		return f(t, now)
	})
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
	return r.wrap("note a report of", r.update(ctx, func(t *tx, _ State) error {
		_, err := t.exec(`INSERT INTO reports (run, no, at, sha256)
			VALUES ($1, (SELECT count(*) + 1 FROM reports WHERE run = $1), $2, $3)`, r.id, time.Now(), sum)
		return err
	}))
}

// planColumns are a run's plan in the table: what runs are looked for by, and then
// all of it.
func planColumns(p batch.Plan) []any {
	return []any{p.Run, p.Created, p.Input, p.Digest, p.Tenant, p.Action, p}
}

// normal is the plan as it will be read again.
func normal(p batch.Plan) batch.Plan {
	p.Created = stored(p.Created)
	return p
}
