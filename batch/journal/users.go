package journal

import (
	"fmt"
	"slices"

	"offboard/batch"
)

// check makes sure that everybody in the entry is a user of the plan. A record
// of anybody else would be in no report.
func (c *census) check(e batch.Entry) error {
	for _, k := range e.Calls {
		for _, seq := range k.Seqs {
			if err := c.has(seq); err != nil {
				return fmt.Errorf("call %d: %w", k.No, err)
			}
		}
		sorted := slices.Sorted(slices.Values(k.Seqs))
		if len(slices.Compact(sorted)) < len(k.Seqs) {
			return fmt.Errorf("%w: call %d has a user twice", ErrPlan, k.No)
		}
	}
	for i := range e.Trials {
		if err := c.has(e.Trials[i].Seq); err != nil {
			return err
		}
	}
	for i := range e.Records {
		if err := c.has(e.Records[i].Seq); err != nil {
			return err
		}
	}
	return nil
}

func (c *census) has(seq int) error {
	if seq < 1 || seq > c.rows {
		return fmt.Errorf("%w: it has no row %d", ErrPlan, seq)
	}
	if c.isDup(seq) {
		return fmt.Errorf("%w: row %d holds no user of its own", ErrPlan, seq)
	}
	return nil
}

func (c *census) isDup(seq int) bool {
	_, dup := slices.BinarySearchFunc(c.dups, seq, func(d dup, seq int) int { return d.seq - seq })
	return dup
}

func (c *census) isPrivileged(seq int) bool {
	_, ok := slices.BinarySearch(c.privileged, seq)
	return ok
}
