package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"offboard/batch"
)

// Run is one run in the journal. Whoever plans, writes or recovers holds its
// Lock; reading needs none.
type Run struct {
	s  *Store
	id int64

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
	if err != nil {
		return r.wrap("set state of", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = next
	return nil
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

// ask runs f in one read transaction, unless the run is no more.
func (r *Run) ask(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	return r.s.view(ctx, func(t *sql.Tx) error {
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

// wrap names the run and the file, once.
func (r *Run) wrap(verb string, err error) error {
	return fmt.Errorf("%s run %s in %s: %w", verb, r.Plan().Run, r.s.path, err)
}

func (r *Run) become(ctx context.Context, t *tx, next State, reason string) error {
	if _, err := t.exec(ctx, "UPDATE runs SET state = ? WHERE id = ?", string(next), r.id); err != nil {
		return err
	}
	return addState(ctx, t, r.id, next, reason)
}

func addState(ctx context.Context, t *tx, run int64, state State, reason string) error {
	_, err := t.exec(ctx, `INSERT INTO states (run, no, at, state, reason)
		VALUES (?, (SELECT count(*) + 1 FROM states WHERE run = ?), ?, ?, ?)`, run, run, millis(time.Now()), string(state), reason)
	return err
}

// planColumns hold a run's plan, in the order of planArgs and readRun.
const planColumns = "name, created, version, input, digest, columns, settings, tenant, app, cloud, action, " +
	"resolve, verify, rows, users, lines, accounts, choice, in_order, terms"

func planArgs(p batch.Plan) ([]any, error) {
	columns, err1 := toJSON(p.Columns)
	settings, err2 := toJSON(p.Settings)
	accounts, err3 := json.Marshal(p.Accounts)
	terms, err4 := json.Marshal(p.Terms)
	return []any{p.Run, millis(p.Created), p.Version, p.Input, p.Digest, columns, settings, p.Tenant, p.App, p.Cloud, string(p.Action),
		flag(p.Resolve), flag(p.Verify), int64(p.Rows), int64(p.Users), int64(p.Lines), string(accounts), p.Choice, flag(p.InOrder), string(terms),
	}, errors.Join(err1, err2, err3, err4)
}

// readRun reads a run's id, state, plan_digest and planColumns.
func readRun(c *cells) *Run {
	r := &Run{id: c.num64(), state: State(c.text()), digest: c.text()}
	p := &r.plan
	p.Run, p.Created, p.Version, p.Input, p.Digest = c.text(), c.time(), c.text(), c.text(), c.text()
	p.Columns, p.Settings = fromJSON[string](c), fromJSON[batch.Setting](c)
	p.Tenant, p.App, p.Cloud, p.Action = c.text(), c.text(), c.text(), batch.Action(c.text())
	p.Resolve, p.Verify = c.flag(), c.flag()
	p.Rows, p.Users, p.Lines = c.num(), c.num(), c.num()
	accounts := c.text()
	p.Choice, p.InOrder = c.text(), c.flag()
	terms := c.text()
	if err := errors.Join(json.Unmarshal([]byte(accounts), &p.Accounts), json.Unmarshal([]byte(terms), &p.Terms)); err != nil && c.err == nil {
		c.err = fmt.Errorf("%w: table runs: run %s: %w", ErrDamaged, p.Run, err)
	}
	return r
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

// setPlan replaces the run's plan in the journal.
func (r *Run) setPlan(ctx context.Context, t *tx, p batch.Plan) error {
	args, err := planArgs(p)
	if err == nil {
		_, err = t.exec(ctx, "UPDATE runs SET "+strings.ReplaceAll(planColumns, ",", " = ?,")+" = ? WHERE id = ?", append(args, r.id)...)
	}
	return err
}
