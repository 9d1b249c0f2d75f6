package journal

import (
	"context"
	"fmt"
	"strings"

	"offboard/batch"
)

var addRows = newBulk("rows", "run, seq, line, input, cells, given_id, given_upn, same, "+
	"id, upn, type, enabled, synced, privileged, before", "")

// AddRows adds rows to a plan, in any order and any grouping; each call is one
// transaction. The Seq of a row's user is the row's own, also when DuplicateOf points
// at another: of such a row nothing else about the user is kept.
func (r *Run) AddRows(ctx context.Context, rows []batch.Planned) error {
	given := ctx // the transaction's own is never cancelled
	err := r.planning(ctx, func(ctx context.Context, t *tx) error {
		in, rec := t.into(addRows), t.into(addRecords)
		for i := range rows {
			if i%1000 == 0 && given.Err() != nil {
				return context.Cause(given)
			}
			if err := r.addRow(ctx, in, rec, &rows[i]); err != nil {
				return fmt.Errorf("row %d, line %d: %w", rows[i].User.Seq, rows[i].Row.Line, err)
			}
		}
		if err := in.flush(ctx); err != nil {
			return err
		}
		return rec.flush(ctx)
	})
	return r.wrap("add rows to", err)
}

func (r *Run) addRow(ctx context.Context, in, rec *inserter, p *batch.Planned) error {
	u := p.User
	if p.DuplicateOf != 0 {
		u = batch.User{Seq: u.Seq}
	}
	switch {
	case u.Seq < 1:
		return fmt.Errorf("%w: no row has the number %d", ErrPlan, u.Seq)
	case p.Record != nil && (p.DuplicateOf != 0 || p.Record.Seq != u.Seq):
		return fmt.Errorf("%w: its record is one of user %d", ErrPlan, p.Record.Seq)
	}
	list, err := toJSON(p.Row.Cells)
	if err != nil {
		return err
	}
	err = in.add(ctx, r.id, u.Seq, p.Row.Line, p.Row.Input, list, unless(p.Row.ID, u.ID), unless(p.Row.UPN, u.UPN), p.DuplicateOf,
		u.ID, u.UPN, u.Type, flag(u.Enabled), flag(u.Synced), flag(u.Privileged), millis(u.Stamp))
	if err != nil || p.Record == nil {
		return err
	}
	return r.addRecord(ctx, rec, p.Record)
}

// AddSkips adds lines of the input that are no rows.
func (r *Run) AddSkips(ctx context.Context, skips []batch.Skip) error {
	return r.wrap("add skipped lines to", r.planning(ctx, func(ctx context.Context, t *tx) error {
		in := t.into(newBulk("skips", "run, line, reason", ""))
		for _, s := range skips {
			if err := in.add(ctx, r.id, s.Line, s.Reason); err != nil {
				return fmt.Errorf("line %d: %w", s.Line, err)
			}
		}
		return in.flush(ctx)
	}))
}

// Seal completes the plan: it is durable when Seal returns nil, and nothing
// can be added after. The plan given replaces the one that the run was created
// with; its name and action stay. What it counts must be what the journal holds,
// rows must be numbered from 1 without a gap, and every DuplicateOf must point at a row
// that is no duplicate itself; otherwise Seal is ErrPlan.
func (r *Run) Seal(ctx context.Context, plan batch.Plan) error {
	plan = normal(plan)
	var digest string
	err := r.planning(ctx, func(ctx context.Context, t *tx) error {
		if err := r.wantPlan(ctx, t, plan); err != nil {
			return err
		}
		args, err := planArgs(plan)
		if err == nil {
			_, err = t.exec(ctx, "UPDATE runs SET "+strings.ReplaceAll(planColumns, ",", " = ?,")+" = ? WHERE id = ?", append(args, r.id)...)
		}
		if err == nil {
			digest, err = r.digestOf(ctx, t, plan.Rows)
		}
		if err == nil {
			_, err = t.exec(ctx, "UPDATE runs SET plan_digest = ? WHERE id = ?", digest, r.id)
		}
		if err != nil {
			return err
		}
		return r.become(ctx, t, Planned, "")
	})
	if err != nil {
		return r.wrap("seal", err)
	}
	r.once.Lock()
	r.checked = true
	r.once.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plan, r.digest, r.state = plan, digest, Planned
	return nil
}

// wantPlan holds a plan against the rows and users that the journal has.
func (r *Run) wantPlan(ctx context.Context, t *tx, plan batch.Plan) error {
	var rows, last, users, astray int
	err := each(ctx, t, func(c *cells) error {
		rows, last, users, astray = c.num(), c.num(), c.num(), c.num()
		return nil
	}, `SELECT
		(SELECT count(*) FROM rows WHERE run = ?),
		(SELECT max(seq) FROM rows WHERE run = ?),
		(SELECT count(*) FROM rows WHERE run = ? AND same = 0) - (SELECT count(*) FROM marks WHERE run = ?),
		(SELECT count(*) FROM rows d WHERE d.run = ? AND d.same <> 0
			AND NOT EXISTS (SELECT 1 FROM rows u WHERE u.run = d.run AND u.seq = d.same AND u.same = 0))`,
		r.id, r.id, r.id, r.id, r.id)
	own := r.Plan()
	switch {
	case err != nil:
		return err
	case plan.Run != own.Run || plan.Action != own.Action:
		return fmt.Errorf("%w: it is the plan of run %q, which does %q", ErrPlan, plan.Run, plan.Action)
	case plan.Rows != rows || plan.Users != users:
		return fmt.Errorf("%w: it counts %d rows and %d users to send, the journal has %d and %d",
			ErrPlan, plan.Rows, plan.Users, rows, users)
	case last != rows: // the seqs are different, and none is less than 1
		return fmt.Errorf("%w: of %d rows the last has the number %d", ErrPlan, rows, last)
	case astray > 0:
		return fmt.Errorf("%w: %d rows name a user whom no row holds", ErrPlan, astray)
	}
	return nil
}

// planning runs f in one transaction, if the run is still being planned.
func (r *Run) planning(ctx context.Context, f func(context.Context, *tx) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.update(ctx, func(ctx context.Context, t *tx, now State) error {
		if now != Planning {
			return fmt.Errorf("%w: it is %s", ErrState, now)
		}
		return f(ctx, t)
	})
}
