package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"offboard/batch"
)

// Run is one run in the journal. Whoever plans, writes or recovers holds its
// Lock; reading needs none.
type Run struct {
	s  *Store
	id int64

	mu    sync.Mutex // guards what follows
	plan  batch.Plan
	state State
	known *users // nil: not read yet
}

// Plan is what the run set out to do.
func (r *Run) Plan() batch.Plan {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.plan
}

// State is the run's state as this process last read or wrote it.
func (r *Run) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// SetState moves the run on, with a reason in words that may be empty. Only
// the arrows in the drawing at State are allowed, anything else is ErrState.
// It ignores cancellation.
func (r *Run) SetState(ctx context.Context, next State, reason string) error {
	err := r.update(ctx, func(ctx context.Context, t *tx, now State) error {
		if !now.canBecome(next) {
			return fmt.Errorf("%w: a %s run does not become %s", ErrState, now, next)
		}
		return setState(ctx, t, r.id, next, reason)
	})
	if err != nil {
		return r.wrap("set state of", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = next
	return nil
}

// Discard deletes a run that never came to anything: one that is planning, or
// planned and then not wanted. Once a call was intended the run stays for
// ever, and Discard is ErrState.
func (r *Run) Discard(ctx context.Context) error {
	err := r.update(ctx, func(ctx context.Context, t *tx, now State) error {
		// Only a running run intends calls, and none goes back from there.
		if now != Planning && now != Planned {
			return fmt.Errorf("%w: it is %s", ErrState, now)
		}
		for _, from := range []string{"records", "trials", "skips", "rows", "states", "waits"} {
			if _, err := t.exec(ctx, "DELETE FROM "+from+" WHERE run = ?", r.id); err != nil {
				return err
			}
		}
		_, err := t.exec(ctx, "DELETE FROM runs WHERE id = ?", r.id)
		return err
	})
	if err != nil {
		return r.wrap("discard", err)
	}
	r.s.dropLock(r.Plan().Run)
	return nil
}

// update runs f in one transaction that ignores cancellation, and tells it the
// state that the run has in the journal now.
func (r *Run) update(ctx context.Context, f func(ctx context.Context, t *tx, now State) error) error {
	return r.s.update(context.WithoutCancel(ctx), func(ctx context.Context, t *tx) error {
		var now string
		switch err := t.row(ctx, getState, r.id, r.Plan().Run).Scan(&now); {
		case errors.Is(err, sql.ErrNoRows):
			return ErrNoRun
		case err != nil:
			return err
		}
		return f(ctx, t, State(now))
	})
}

// wrap names the run and the file, once.
func (r *Run) wrap(verb string, err error) error {
	return fmt.Errorf("%s run %s in %s: %w", verb, r.Plan().Run, r.s.path, err)
}

// getState asks by the name as well: the number of a run that is gone may be
// another's now.
const getState = `SELECT state FROM runs WHERE id = ? AND name = ? AND state <> 'pruning'`

func setState(ctx context.Context, t *tx, run int64, state State, reason string) error {
	if _, err := t.exec(ctx, "UPDATE runs SET state = ? WHERE id = ?", string(state), run); err != nil {
		return err
	}
	return addState(ctx, t, run, state, reason)
}

func addState(ctx context.Context, t *tx, run int64, state State, reason string) error {
	_, err := t.exec(ctx, `INSERT INTO states (run, no, at, state, reason)
		SELECT ?, coalesce(max(no), 0) + 1, ?, ?, ? FROM states WHERE run = ?`,
		run, millis(time.Now()), string(state), reason, run)
	return err
}

const insertRun = `INSERT INTO runs (name, state, created, version, input, digest, columns, settings,
	tenant, app, cloud, action, resolve, verify, rows, users, lines)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`

const updateRun = `UPDATE runs SET created = ?, version = ?, input = ?, digest = ?, columns = ?, settings = ?,
	tenant = ?, app = ?, cloud = ?, action = ?, resolve = ?, verify = ?, rows = ?, users = ?, lines = ?
	WHERE id = ?`

const selectRuns = `SELECT id, name, state, created, version, input, digest, columns, settings,
	tenant, app, cloud, action, resolve, verify, rows, users, lines FROM runs `

// planArgs are the plan's columns, in the order of the statements above.
func planArgs(p batch.Plan) ([]any, error) {
	columns, err := toJSON(p.Columns)
	if err != nil {
		return nil, err
	}
	settings, err := toJSON(p.Settings)
	if err != nil {
		return nil, err
	}
	return []any{millis(p.Created), p.Version, p.Input, p.Digest, columns, settings,
		p.Tenant, p.App, p.Cloud, string(p.Action), flag(p.Resolve), flag(p.Verify), p.Rows, p.Users, p.Lines}, nil
}

// readRun reads what selectRuns asks for.
func readRun(c *cells) (*Run, error) {
	r := &Run{id: c.num64()}
	r.plan.Run = c.text()
	r.state = State(c.text())
	p := &r.plan
	p.Created, p.Version, p.Input, p.Digest = c.time(), c.text(), c.text(), c.text()
	columns, settings := c.text(), c.text()
	p.Tenant, p.App, p.Cloud, p.Action = c.text(), c.text(), c.text(), batch.Action(c.text())
	p.Resolve, p.Verify = c.flag(), c.flag()
	p.Rows, p.Users, p.Lines = c.num(), c.num(), c.num()
	if c.err != nil {
		return r, c.err
	}
	var err1, err2 error
	p.Columns, err1 = fromJSON[string](columns)
	p.Settings, err2 = fromJSON[batch.Setting](settings)
	return r, errors.Join(err1, err2)
}

// normal is the plan as it will be read again.
func normal(p batch.Plan) batch.Plan {
	p.Created = moment(p.Created)
	if len(p.Columns) == 0 {
		p.Columns = nil
	}
	if len(p.Settings) == 0 {
		p.Settings = nil
	}
	return p
}
