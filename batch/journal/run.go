package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"offboard/batch"
)

// Run is one run in the journal. Whoever plans, writes or recovers holds its
// Lock; reading needs none.
type Run struct {
	s  *Store
	id int

	mu     sync.Mutex // guards what follows
	plan   batch.Plan
	digest string // of the sealed plan; "" before
	state  State

	once    sync.Mutex   // guards what follows, found out once
	checked bool         // the file and the plan are whole
	dups    map[int]bool // rows that hold no user of their own; nil: not known
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
func (r *Run) step() string { return string(r.Plan().Action) }

// SetState moves the run on, with a reason in words that may be empty. Only
// the arrows in the drawing at State are allowed, anything else is ErrState.
// It ignores cancellation.
func (r *Run) SetState(ctx context.Context, next State, reason string) error {
	err := r.update(ctx, func(ctx context.Context, t *tx, now State) error {
		if !now.canBecome(next) {
			return fmt.Errorf("%w: a %s run does not become %s", ErrState, now, next)
		}
		return r.become(ctx, t, next, reason)
	})
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.state = next
	}
	return r.wrap("set state of", err)
}

// stateOf finds no run whose deletion was begun.
const stateOf = "SELECT state FROM runs WHERE id = ? AND state <> 'pruning'"

// stateIn is the state that the run has in the journal now; ErrNoRun when it was
// deleted, or its deletion was begun.
func (r *Run) stateIn(ctx context.Context, db asker) (now State, err error) {
	err = each(ctx, db, func(c *cells) error { now = State(c.text()); return nil }, stateOf, r.id)
	if err == nil && now == "" {
		err = ErrNoRun
	}
	return now, err
}

// ask runs f in one read transaction, unless the run is no more: all that is read
// in it is of one moment.
func (r *Run) ask(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	return r.s.read(ctx, func(c *sql.Conn) error {
		t, err := c.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return err
		}
		defer t.Rollback()
		if _, err := r.stateIn(ctx, t); err != nil {
			return err
		}
		return f(ctx, t)
	})
}

// update runs f in one transaction that ignores cancellation, and tells it the
// state that the run has in the journal now.
func (r *Run) update(ctx context.Context, f func(ctx context.Context, t *tx, now State) error) error {
	return r.s.update(context.WithoutCancel(ctx), func(ctx context.Context, t *tx) error {
		now, err := r.stateIn(ctx, t)
		if err != nil {
			return err
		}
		return f(ctx, t, now)
	})
}

// wrap names the run and the file in an error, if there is one.
func (r *Run) wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s run %s in %s: %w", verb, r.Plan().Run, r.s.path, err)
}

func (r *Run) become(ctx context.Context, t *tx, next State, reason string) error {
	if _, err := t.exec(ctx, "UPDATE runs SET state = ? WHERE id = ?", string(next), r.id); err != nil {
		return err
	}
	return addState(ctx, t, r.id, next, reason)
}

func addState(ctx context.Context, t *tx, run int, state State, reason string) error {
	_, err := t.exec(ctx, `INSERT INTO states (run, no, at, state, reason)
		VALUES (?, (SELECT count(*) + 1 FROM states WHERE run = ?), ?, ?, ?)`, run, run, millis(time.Now()), string(state), reason)
	return err
}

// AddReport keeps the SHA-256, in hex, of the report.sha256 of a report that is about
// to be complete. It stands beside those of the run's earlier reports: a copy of an
// older one was no forgery. It ignores cancellation.
func (r *Run) AddReport(ctx context.Context, sum string) error {
	return r.wrap("note a report of", r.update(ctx, func(ctx context.Context, t *tx, _ State) error {
		_, err := t.exec(ctx, `INSERT INTO reports (run, no, at, sha256)
			VALUES (?, (SELECT count(*) + 1 FROM reports WHERE run = ?), ?, ?)`, r.id, r.id, millis(time.Now()), sum)
		return err
	}))
}

// planColumns hold a run's plan: all of it as JSON in the last, and before it
// what runs are looked for by.
const planColumns = "name, created, input, digest, tenant, action, plan"

func planArgs(p batch.Plan) ([]any, error) {
	plan, err := json.Marshal(p)
	return []any{p.Run, millis(p.Created), p.Input, p.Digest, p.Tenant, string(p.Action), string(plan)}, err
}

// readRun reads a run's id, state, plan_digest and plan.
func readRun(c *cells) *Run {
	r := &Run{id: c.num(), state: State(c.text()), digest: c.text()}
	if err := json.Unmarshal([]byte(c.text()), &r.plan); err != nil && c.err == nil {
		c.err = fmt.Errorf("%w: table runs, run %d: %w", ErrDamaged, r.id, err)
	}
	return r
}

// normal is the plan as it will be read again.
func normal(p batch.Plan) batch.Plan {
	p.Created = moment(p.Created)
	return p
}
