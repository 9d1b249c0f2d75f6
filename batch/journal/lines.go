package journal

import (
	"context"
	"database/sql"
	"fmt"
	"iter"

	"offboard/batch"
)

// Lines reads every row in the order of the file, with its user and record. A
// duplicate shows the user and the record of the row that holds them, and
// First says which line named this user first. A user without a record is
// unsettled when a call that carried it is not over, or when its trial has
// Doubt; otherwise it is not sent. What is true of a line is read together;
// while the run goes on, later lines may know more than earlier ones.
//
// Either all rows of the plan come, or an error does: ErrDamaged before the
// first line when the file or the plan is not what was written.
func (r *Run) Lines(ctx context.Context) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		rows := 0
		for l, err := range r.lines(ctx, "lines", "WHERE r.run = ?", r.id) {
			if rows++; !yield(l, err) || err != nil {
				return
			}
		}
		if plan := r.Plan(); r.State().sealed() && rows != plan.Rows {
			yield(batch.Line{}, r.wrap("read lines of", fmt.Errorf("%w: the plan has %d rows, and %d are there", ErrDamaged, plan.Rows, rows)))
		}
	}
}

// Unproven reads the users whose record is unverified, in order, to be looked
// at once more. The loop may write their records meanwhile.
func (r *Run) Unproven(ctx context.Context) iter.Seq2[batch.Line, error] {
	return r.lines(ctx, "unproven users", `JOIN marks w ON w.run = r.run AND w.seq = r.seq
		WHERE w.outcome = 'unverified' AND w.step = ? AND w.target = '' AND w.run = ?`, r.step(), r.id)
}

// lines reads the rows that the rest of a query selects, as pages does.
func (r *Run) lines(ctx context.Context, what, rest string, args ...any) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		var first map[int]int
		for p, err := range r.pages(ctx, what, rest, args...) {
			if err == nil && first == nil {
				err = r.s.read(ctx, func(c *sql.Conn) (err error) { first, err = r.firstLines(ctx, c); return err })
				if err != nil {
					err = r.wrap("read "+what+" of", err)
				}
			}
			if err != nil {
				yield(batch.Line{}, err)
				return
			}
			for _, k := range p.rows {
				if !yield(p.line(k, first), nil) {
					return
				}
			}
		}
	}
}

// Pending reads the users without a record, the privileged ones first unless the
// plan is in order, and each kind in the order of the plan, with their trials;
// a zero trial is a fresh user. The loop may write records and trials of users
// that it has been given. A run that a dead process left is recovered first.
//
// Before the first user comes, the file and the plan are checked: when they are
// not what was written, Pending ends in ErrDamaged.
func (r *Run) Pending(ctx context.Context) iter.Seq2[batch.Pending, error] {
	kinds := []string{"AND r.privileged = 1", "AND r.privileged = 0"}
	if r.Plan().InOrder {
		kinds = []string{""}
	}
	return func(yield func(batch.Pending, error) bool) {
		for _, kind := range kinds {
			for p, err := range r.pages(ctx, "pending users", `WHERE r.run = ? AND r.same = 0 AND NOT EXISTS (SELECT 1 FROM marks m
				WHERE m.run = r.run AND m.seq = r.seq AND m.step = ? AND m.target = '' AND m.outcome IS NOT NULL) `+kind, r.id, r.step()) {
				if err != nil {
					yield(batch.Pending{}, err)
					return
				}
				for _, k := range p.rows {
					if !yield(batch.Pending{User: k.user, Trial: p.mark(k.seq).trial()}, nil) {
						return
					}
				}
			}
		}
	}
}

// Skips reads the lines of the input that are no rows, in order.
func (r *Run) Skips(ctx context.Context) iter.Seq2[batch.Skip, error] {
	return func(yield func(batch.Skip, error) bool) {
		var skips []batch.Skip
		err := r.ask(ctx, func(ctx context.Context, t *sql.Tx) error {
			return each(ctx, t, func(c *cells) error {
				skips = append(skips, batch.Skip{Line: c.num(), Reason: c.text()})
				return nil
			}, "SELECT line, reason FROM skips WHERE run = ? ORDER BY line", r.id)
		})
		if err != nil {
			yield(batch.Skip{}, r.wrap("read skipped lines of", err))
			return
		}
		for _, k := range skips {
			if !yield(k, nil) {
				return
			}
		}
	}
}
