package journal

import (
	"context"
	"fmt"
	"slices"

	"offboard/batch"
)

const sqlAddRow = `INSERT INTO rows (run, seq, file, line, input, cells, same, id, upn, type, enabled, synced, privileged, before, sam, domain)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`

const sqlAddTarget = `INSERT INTO targets (run, seq, step, target, place, name, kind, before, on_premises, sam, domain)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

// AddRows adds rows to a plan, in any order and any grouping; each call is one
// transaction. The Seq of a row's user is the row's own, also when DuplicateOf points
// at another: of such a row nothing else about the user is kept. Of what the row says
// the cells are kept, and no name read from them.
func (r *Run) AddRows(ctx context.Context, rows []batch.Planned) error {
	return r.wrap("add rows to", r.planning(ctx, func(t *tx) error {
		for i := range rows {
			if i%1000 == 0 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := r.addRow(t, &rows[i]); err != nil {
				return fmt.Errorf("row %d, %s: %w", rows[i].User.Seq, rows[i].Row.Place(), err)
			}
		}
		return nil
	}))
}

func (r *Run) addRow(t *tx, p *batch.Planned) error {
	u := p.User
	if p.DuplicateOf != 0 {
		u = batch.User{Seq: u.Seq}
	}
	switch {
	case u.Seq < 1:
		return fmt.Errorf("%w: no row has the number %d", ErrPlan, u.Seq)
	case p.Record == nil && p.DuplicateOf != 0 && len(p.Targets)+len(p.Records) > 0:
		return fmt.Errorf("%w: it names a user whom another row holds, and has targets", ErrPlan)
	case p.Record != nil && (len(p.Targets)+len(p.Records) > 0 || p.DuplicateOf != 0 || p.Record.Seq != u.Seq):
		return fmt.Errorf("%w: its record is one of user %d", ErrPlan, p.Record.Seq)
	}
	_, err := t.exec(sqlAddRow, r.id, u.Seq, p.Row.File, p.Row.Line, p.Row.Input, r.cellsOf(p.Row), p.DuplicateOf,
		u.ID, u.UPN, u.Type, enabledOf(u), u.Synced, u.Privileged, u.Stamp, u.SAM, u.Domain)
	if err != nil {
		return err
	}
	if p.Record != nil {
		return r.addRecord(t, p.Record)
	}
	steps, places := r.Plan().Steps, map[batch.Step]int{}
	for _, g := range p.Targets {
		if !g.Step.Listed() || !slices.Contains(steps, g.Step) {
			return fmt.Errorf("%w: no step %q of it lists targets, such as %s", ErrPlan, g.Step, g.ID)
		}
		if _, err := t.exec(sqlAddTarget, r.id, u.Seq, g.Step, g.ID, places[g.Step], g.Name, g.Kind, g.Before, g.OnPremises, g.SAM, g.Domain); err != nil {
			return fmt.Errorf("target %s of step %s: %w", g.ID, g.Step, err)
		}
		places[g.Step]++
	}
	for i := range p.Records {
		k := p.Records[i].Mark()
		listed := slices.ContainsFunc(p.Targets, func(g batch.Target) bool { return g.Step == k.Step && g.ID == k.Target })
		switch {
		case k.Seq != u.Seq || !slices.Contains(steps, k.Step):
			return fmt.Errorf("%w: a record of one of its steps is one of user %d, of the step %q", ErrPlan, k.Seq, k.Step)
		case k.Step.Listed() && !listed, !k.Step.Listed() && k.Target != "":
			return fmt.Errorf("%w: a record is of the target %q of the step %s, which the row does not list", ErrPlan, k.Target, k.Step)
		}
		if err := r.addRecord(t, &p.Records[i]); err != nil {
			return err
		}
	}
	return nil
}

// AddSkips adds lines of the input that are no rows.
func (r *Run) AddSkips(ctx context.Context, skips []batch.Skip) error {
	return r.wrap("add skipped lines to", r.planning(ctx, func(t *tx) error {
		for _, s := range skips {
			if _, err := t.exec("INSERT INTO skips (run, file, line, reason) VALUES ($1, $2, $3, $4)", r.id, s.File, s.Line, s.Reason); err != nil {
				return fmt.Errorf("%s: %w", s.Place(), err)
			}
		}
		return nil
	}))
}

// Seal completes the plan: it is durable when Seal returns nil, and nothing
// can be added after. The plan given replaces the one that the run was created
// with; its name and steps stay. What it counts must be what the journal holds,
// rows must be numbered from 1 without a gap, and every DuplicateOf must point at a row
// that is no duplicate itself; otherwise Seal is ErrPlan.
func (r *Run) Seal(ctx context.Context, plan batch.Plan) error {
	plan = normal(plan)
	var digest string
	err := r.planning(ctx, func(t *tx) error {
		err := r.wantPlan(t, plan)
		if err == nil {
			_, err = t.exec(`UPDATE runs SET name = $1, created = $2, input = $3, digest = $4, tenant = $5, steps = $6, plan = $7
				WHERE id = $8`, append(planColumns(plan), r.id)...)
		}
		if err == nil {
			digest, err = r.digestOf(t)
		}
		if err == nil {
			_, err = t.exec("UPDATE runs SET plan_digest = $1 WHERE id = $2", digest, r.id)
		}
		if err != nil {
			return err
		}
		return r.become(t, Planned, "")
	})
	if err != nil {
		return r.wrap("seal", err)
	}
	r.lazy.Lock()
	r.checked = true
	r.lazy.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plan, r.seal, r.state = plan, digest, Planned
	return nil
}

// implicit counts the steps that write to every user.
func implicit(p batch.Plan) int {
	return len(slices.DeleteFunc(slices.Clone(p.Steps), batch.Step.Listed))
}

// wantPlan holds a plan against the rows and users that the journal has.
func (r *Run) wantPlan(t *tx, plan batch.Plan) error {
	type counts struct{ rows, last, users, astray, targets, ended int }
	users := "marks WHERE run = $1"
	if batch.Several(plan.Steps) {
		users += " AND step = ''"
	}
	n, err := first(list(t, func(n *counts) []any {
		return []any{&n.rows, &n.last, &n.users, &n.astray, &n.targets, &n.ended}
	}, `SELECT
		(SELECT count(*) FROM rows WHERE run = $1),
		(SELECT max(seq) FROM rows WHERE run = $1),
		(SELECT count(*) FROM rows WHERE run = $1 AND same = 0) - (SELECT count(*) FROM `+users+`),
		(SELECT count(*) FROM rows d WHERE d.run = $1 AND d.same <> 0
			AND NOT EXISTS (SELECT 1 FROM rows u WHERE u.run = d.run AND u.seq = d.same AND u.same = 0)),
		(SELECT count(*) FROM targets WHERE run = $1),
		(SELECT count(*) FROM marks WHERE run = $1 AND step <> '')`, r.id))
	own := r.Plan()
	switch {
	case err != nil:
		return err
	case plan.Run != own.Run || batch.StepList(plan.Steps) != batch.StepList(own.Steps):
		return fmt.Errorf("%w: it is the plan of run %q, which does %q", ErrPlan, plan.Run, batch.StepList(plan.Steps))
	case plan.Rows != n.rows || plan.Users != n.users:
		return fmt.Errorf("%w: it counts %d rows and %d users to send, the journal has %d and %d",
			ErrPlan, plan.Rows, plan.Users, n.rows, n.users)
	case batch.Several(plan.Steps) && plan.Writes != n.users*implicit(plan)+n.targets-n.ended:
		return fmt.Errorf("%w: it counts %d writes, the journal has %d", ErrPlan, plan.Writes, n.users*implicit(plan)+n.targets-n.ended)
	case n.last != n.rows: // the seqs are different, and none is less than 1
		return fmt.Errorf("%w: of %d rows the last has the number %d", ErrPlan, n.rows, n.last)
	case n.astray > 0:
		return fmt.Errorf("%w: %d rows name a user whom no row holds", ErrPlan, n.astray)
	}
	return nil
}

// planning runs f in one transaction, if the run is still being planned.
func (r *Run) planning(ctx context.Context, f func(*tx) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.update(ctx, func(t *tx, now State) error {
		if now != Planning {
			return fmt.Errorf("%w: it is %s", ErrState, now)
		}
		return f(t)
	})
}

// planColumns are a run's plan in the table: what runs are looked for by, and then
// all of it.
func planColumns(p batch.Plan) []any {
	return []any{p.Run, p.Created, p.Input, p.Digest, p.Tenant, batch.StepList(p.Steps), p}
}

// normal is the plan as it will be read again.
func normal(p batch.Plan) batch.Plan {
	p.Created = stored(p.Created)
	return p
}
