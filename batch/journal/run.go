package journal

import (
	"context"
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

	mu    sync.Mutex // guards what follows
	plan  batch.Plan
	state State

	counting sync.Mutex // guards what follows; held through a transaction that changes it
	known    *census    // nil: not known
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
		return r.become(ctx, t, next, nil, reason)
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
		for _, part := range append([]*table{talliesTable}, parts...) {
			if _, err := t.exec(ctx, "DELETE FROM "+part.name+" WHERE run = ?", r.id); err != nil {
				return err
			}
		}
		t.tally = nil
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
// state that the run has in the journal now. What f adds or removes it counts
// in the tally; a census that f does not keep in step it throws away.
func (r *Run) update(ctx context.Context, f func(ctx context.Context, t *tx, now State) error) error {
	r.counting.Lock()
	defer r.counting.Unlock()
	var before, after int64
	err := r.s.update(context.WithoutCancel(ctx), func(ctx context.Context, t *tx) error {
		var now State
		var err error
		if t.tally, now, err = r.tally(ctx, t, r.known); err != nil {
			return err
		}
		before = t.tally.gen
		if err := f(ctx, t, now); err != nil || t.tally == nil {
			return err
		}
		after = before + 1
		return t.putTally(ctx, r.id)
	})
	switch {
	case err != nil:
		r.known = nil // f may have got halfway
	case r.known != nil && r.known.gen == before:
		r.known.gen = after
	}
	return err
}

// wrap names the run and the file, once.
func (r *Run) wrap(verb string, err error) error {
	return fmt.Errorf("%s run %s in %s: %w", verb, r.Plan().Run, r.s.path, err)
}

// become writes the run's row anew, with the plan given or else its own.
func (r *Run) become(ctx context.Context, t *tx, next State, plan *batch.Plan, reason string) error {
	var run *Run
	err := runsTable.each(ctx, t, func(c *cells) (err error) {
		run, err = readRun(c)
		return err
	}, "WHERE id = ?", r.id)
	if err != nil {
		return err
	}
	if plan == nil {
		plan = &run.plan
	}
	if err := t.putRun(ctx, r.id, next, *plan); err != nil {
		return err
	}
	return addState(ctx, t, r.id, next, reason)
}

// putRun replaces the run's row. Its number is not even set to itself: SQLite
// would look through all tables for rows that refer to it.
func (t *tx) putRun(ctx context.Context, id int64, state State, plan batch.Plan) error {
	args, err := runArgs(id, state, plan)
	if err != nil {
		return err
	}
	sum, _, _ := runsTable.sum(nil, args)
	_, err = t.exec(ctx, updateRun, append(args[1:], sum, id)...)
	return err
}

func addState(ctx context.Context, t *tx, run int64, state State, reason string) error {
	no := t.tally.of[statesTable.name][0] + 1
	t.tally.add(statesTable.name, no, 1)
	return t.put(ctx, statesTable.insert, run, int64(no), millis(time.Now()), string(state), reason)
}

var updateRun = "UPDATE runs SET " + strings.Join(runsTable.columns[1:], " = ?, ") + " = ?, sum = ? WHERE id = ?"

// runArgs are a run's columns, in the order of its table.
func runArgs(id int64, state State, p batch.Plan) ([]any, error) {
	columns, err := toJSON(p.Columns)
	if err != nil {
		return nil, err
	}
	settings, err := toJSON(p.Settings)
	if err != nil {
		return nil, err
	}
	a := p.Accounts
	accounts, err := toJSON([]int{a.External, a.Synced, a.Enabled, a.Privileged})
	if err != nil {
		return nil, err
	}
	terms, err := json.Marshal(p.Terms)
	if err != nil {
		return nil, err
	}
	return []any{id, p.Run, string(state), millis(p.Created), p.Version, p.Input, p.Digest, columns, settings,
		p.Tenant, p.App, p.Cloud, string(p.Action), flag(p.Resolve), flag(p.Verify), int64(p.Rows), int64(p.Users), int64(p.Lines),
		accounts, p.Choice, flag(p.InOrder), string(terms)}, nil
}

// readRun reads a row of the runs.
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
	accounts := c.text()
	p.Choice, p.InOrder = c.text(), c.flag()
	terms := c.text()
	if c.err != nil {
		return r, c.err
	}
	counts, err := fromJSON[int](accounts)
	if err != nil {
		return r, err
	}
	if len(counts) == 4 {
		p.Accounts = batch.Accounts{External: counts[0], Synced: counts[1], Enabled: counts[2], Privileged: counts[3]}
	}
	var err1, err2 error
	p.Columns, err1 = fromJSON[string](columns)
	p.Settings, err2 = fromJSON[batch.Setting](settings)
	return r, errors.Join(err1, err2, json.Unmarshal([]byte(terms), &p.Terms))
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
