package journal

import (
	"context"
	"fmt"
	"slices"

	"offboard/batch"
)

// users is who may be written about. It never changes once the plan is sealed:
// its rows are numbered from 1 without a gap then, and each holds a user but
// for the duplicates.
type users struct {
	rows int
	dups []int // seqs, ascending
}

// users reads them once; the state given by the same transaction must not be
// planning any more.
func (r *Run) users(ctx context.Context, t *tx) (*users, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known != nil {
		return r.known, nil
	}
	u := new(users)
	if err := t.row(ctx, countRows, r.id).Scan(&u.rows); err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	err := each(ctx, t, func(c *cells) error {
		u.dups = append(u.dups, c.num())
		return nil
	}, "SELECT seq FROM rows WHERE run = ? AND same IS NOT NULL ORDER BY seq", r.id)
	if err != nil {
		return nil, fmt.Errorf("read duplicates: %w", err)
	}
	r.known = u
	return u, nil
}

// check makes sure that everybody in the entry is a user of the plan. A record
// of anybody else would be in no report.
func (u *users) check(e batch.Entry) error {
	for _, c := range e.Calls {
		for _, seq := range c.Seqs {
			if err := u.has(seq); err != nil {
				return fmt.Errorf("call %d: %w", c.No, err)
			}
		}
		sorted := slices.Sorted(slices.Values(c.Seqs))
		if len(slices.Compact(sorted)) < len(c.Seqs) {
			return fmt.Errorf("%w: call %d has a user twice", ErrPlan, c.No)
		}
	}
	for i := range e.Trials {
		if err := u.has(e.Trials[i].Seq); err != nil {
			return err
		}
	}
	for i := range e.Records {
		if err := u.has(e.Records[i].Seq); err != nil {
			return err
		}
	}
	return nil
}

func (u *users) has(seq int) error {
	if seq < 1 || seq > u.rows {
		return fmt.Errorf("%w: it has no row %d", ErrPlan, seq)
	}
	if _, dup := slices.BinarySearch(u.dups, seq); dup {
		return fmt.Errorf("%w: row %d holds no user of its own", ErrPlan, seq)
	}
	return nil
}
