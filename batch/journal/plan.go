package journal

import (
	"context"
	"fmt"
	"slices"

	"offboard/batch"
)

// AddRows adds rows to a plan, in any order and any grouping; each call is one
// transaction. The Seq of a row's user is the row's own, also when Same points
// at another: of such a row nothing else about the user is kept.
func (r *Run) AddRows(ctx context.Context, rows []batch.Planned) error {
	given := ctx // the transaction's own is never cancelled
	err := r.planning(ctx, func(ctx context.Context, t *tx) error {
		r.known = nil
		in, rec := t.into(rowsTable.insert), t.into(recordsTable.insert)
		for i := range rows {
			if i%1000 == 0 && given.Err() != nil {
				return context.Cause(given)
			}
			if err := r.addRow(ctx, in, rec, &rows[i]); err != nil {
				return fmt.Errorf("row %d, line %d: %w", rows[i].User.Seq, rows[i].Row.Line, err)
			}
			countRow(t.tally, &rows[i])
		}
		if err := in.flush(ctx); err != nil {
			return err
		}
		return rec.flush(ctx)
	})
	if err != nil {
		return r.wrap("add rows to", err)
	}
	return nil
}

func (r *Run) addRow(ctx context.Context, in, rec *inserter, p *batch.Planned) error {
	u := p.User
	var holder any // NULL: the row itself
	if p.Same != 0 {
		holder, u = int64(p.Same), batch.User{Seq: u.Seq}
	}
	switch {
	case u.Seq < 1:
		return fmt.Errorf("%w: no row has the number %d", ErrPlan, u.Seq)
	case p.Record != nil && (p.Same != 0 || p.Record.Seq != u.Seq):
		return fmt.Errorf("%w: its record is one of user %d", ErrPlan, p.Record.Seq)
	}
	givenID, givenUPN, id, upn, err := packNames(&p.Row, &u)
	if err != nil {
		return err
	}
	list, err := packCells(&p.Row)
	if err != nil {
		return err
	}
	err = in.add(ctx, r.id, int64(u.Seq), int64(p.Row.Line), p.Row.Input, list, givenID, givenUPN, holder,
		id, upn, u.Type, flag(u.Enabled), flag(u.Synced), millis(u.Before), flag(u.Privileged))
	if err != nil || p.Record == nil {
		return err
	}
	return addRecord(ctx, rec, r.id, p.Record)
}

func countRow(t *tally, p *batch.Planned) {
	seq := p.User.Seq
	t.add(rowsTable.name, seq, 1)
	switch {
	case p.Same != 0:
		t.add(countDups, seq, 1)
	case p.User.Privileged:
		t.add(countPrivileged, seq, 1)
	}
	if p.Record != nil {
		t.add(countOutcome[slices.Index(batch.Outcomes[:], p.Record.Outcome)], seq, 1)
	}
}

// AddSkips adds lines of the input that are no rows.
func (r *Run) AddSkips(ctx context.Context, skips []batch.Skip) error {
	err := r.planning(ctx, func(ctx context.Context, t *tx) error {
		in := t.into(skipsTable.insert)
		for _, s := range skips {
			if err := in.add(ctx, r.id, int64(s.Line), s.Reason); err != nil {
				return fmt.Errorf("line %d: %w", s.Line, err)
			}
			t.tally.add(skipsTable.name, s.Line, 1)
		}
		return in.flush(ctx)
	})
	if err != nil {
		return r.wrap("add skipped lines to", err)
	}
	return nil
}

// Seal completes the plan: it is durable when Seal returns nil, and nothing
// can be added after. The plan given replaces the one that the run was created
// with. What it counts must be what the journal holds, rows must be numbered
// from 1 without a gap, and every Same must point at a row that is no duplicate
// itself; otherwise Seal is ErrPlan.
func (r *Run) Seal(ctx context.Context, plan batch.Plan) error {
	if err := r.planning(ctx, func(ctx context.Context, t *tx) error { return r.seal(ctx, t, plan) }); err != nil {
		return r.wrap("seal", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plan, r.state = normal(plan), Planned
	return nil
}

func (r *Run) seal(ctx context.Context, t *tx, plan batch.Plan) error {
	var rows, last, users, astray int
	err := t.row(ctx, `SELECT
		(SELECT count(*) FROM rows WHERE run = ?),
		(SELECT coalesce(max(seq), 0) FROM rows WHERE run = ?),
		(SELECT count(*) FROM rows u WHERE u.run = ? AND u.same IS NULL
			AND NOT EXISTS (SELECT 1 FROM records c WHERE c.run = u.run AND c.seq = u.seq)),
		(SELECT count(*) FROM rows d WHERE d.run = ? AND d.same IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM rows u WHERE u.run = d.run AND u.seq = d.same AND u.same IS NULL))`,
		r.id, r.id, r.id, r.id).Scan(&rows, &last, &users, &astray)
	switch {
	case err != nil:
		return err
	case plan.Run != r.Plan().Run:
		return fmt.Errorf("%w: it is the plan of run %q", ErrPlan, plan.Run)
	case plan.Rows != rows || plan.Users != users:
		return fmt.Errorf("%w: it counts %d rows and %d users to send, the journal has %d and %d",
			ErrPlan, plan.Rows, plan.Users, rows, users)
	case last != rows: // the seqs are different, and none is less than 1
		return fmt.Errorf("%w: of %d rows the last has the number %d", ErrPlan, rows, last)
	case astray > 0:
		return fmt.Errorf("%w: %d rows name a user whom no row holds", ErrPlan, astray)
	}
	return r.become(ctx, t, Planned, &plan, "")
}

// planning runs f in one transaction, if the run is still being planned.
func (r *Run) planning(ctx context.Context, f func(context.Context, *tx) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return r.update(ctx, func(ctx context.Context, t *tx, now State) error {
		if now != Planning {
			return fmt.Errorf("%w: it is %s", ErrState, now)
		}
		return f(ctx, t)
	})
}
