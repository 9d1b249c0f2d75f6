package journal

import (
	"context"
	"fmt"
	"iter"
	"math"

	"offboard/batch"
)

// What a run needs that goes in slices: none of these reads costs more for the rows that ended
// before, but for the first of a process.

// passed is a place in a turn of a run: every write before it has its record, and keeps it.
type passed struct{ place, seq int }

// Next reads the writes without a record that come next in the order of sending, as Pending
// gives them, and at most so many. In one Run it begins where it began the last time. The file
// and the plan are checked before.
func (r *Run) Next(ctx context.Context, most int) (next []batch.Pending, err error) {
	if err := r.check(ctx); err != nil {
		return nil, r.wrap("read pending writes of", err)
	}
	for i, read := range r.openTurns() {
		at := passed{math.MaxInt, math.MaxInt}
		for w, err := range read(ctx, r.passedTo(i)) {
			if err != nil {
				return nil, err
			}
			if at.seq == math.MaxInt {
				at = passed{w.place, w.Item.User.Seq - 1}
			}
			if len(next) == most {
				break
			}
			next = append(next, w.Pending)
		}
		r.pass(i, at)
		if len(next) == most {
			break
		}
	}
	return next, nil
}

// openWrite is a write without a record, and its place among those of its user.
type openWrite struct {
	batch.Pending
	place int
}

// openTurns read the open writes of each turn, in the order of sending, behind a place.
func (r *Run) openTurns() (all []func(context.Context, passed) iter.Seq2[openWrite, error]) {
	if batch.Several(r.Plan().Steps) {
		for _, turn := range turns(r.Plan()) {
			all = append(all, func(ctx context.Context, from passed) iter.Seq2[openWrite, error] {
				return func(yield func(openWrite, error) bool) {
					for w, err := range r.writesOfTurn(ctx, turn, from.place, from.seq, "pending writes", "m.outcome IS NULL") {
						if !yield(openWrite{batch.Pending{Item: w.item, Trial: w.trial()}, w.place}, err) {
							return
						}
					}
				}
			})
		}
		return all
	}
	for _, kind := range r.kinds() {
		all = append(all, func(ctx context.Context, from passed) iter.Seq2[openWrite, error] {
			return func(yield func(openWrite, error) bool) {
				for l, err := range r.linesBehind(ctx, from.seq, "pending users", sqlPending+kind) {
					if !yield(openWrite{batch.Pending{Item: batch.Item{User: l.User, Step: r.step()}, Trial: l.trial}, 0}, err) {
						return
					}
				}
			}
		})
	}
	return all
}

func (r *Run) passedTo(turn int) passed {
	r.lazy.Lock()
	defer r.lazy.Unlock()
	return r.passed[turn]
}

func (r *Run) pass(turn int, to passed) {
	r.lazy.Lock()
	defer r.lazy.Unlock()
	if r.passed == nil {
		r.passed = map[int]passed{}
	}
	r.passed[turn] = to
}

// Of reads the users with these numbers, with all their writes.
func (r *Run) Of(ctx context.Context, seqs []int) ([]batch.Line, error) {
	var all []batch.Line
	for l, err := range r.uncheckedLines(ctx, "users", "AND r.same = 0 AND r.seq IN (SELECT CAST(value AS INTEGER) FROM json_each($5))", seqs) {
		if err != nil {
			return nil, err
		}
		all = append(all, l.Line)
	}
	return all, nil
}

// Refresh reads the state again, which another process may have changed. What was found out of
// the plan, which is sealed, is kept.
func (r *Run) Refresh(ctx context.Context) error {
	now, err := r.s.Run(ctx, r.Plan().Run)
	if err != nil {
		return err
	}
	if now.id != r.id || now.seal != r.SealDigest() {
		return r.wrap("go on with", fmt.Errorf("%w: it is not the run that it was", ErrState))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state, r.of = now.state, now.of
	return nil
}
