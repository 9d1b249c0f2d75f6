package journal

import (
	"context"
	"fmt"

	"offboard/batch"
)

// Known reads the user of that Seq, with all writes. It is read without the check of the
// file.
func (r *Run) Known(ctx context.Context, seq int) (batch.Line, error) {
	var page []line
	err := r.read(ctx, func(t *tx) (err error) {
		page, err = r.page(t, nil, nil, "AND r.same = 0 AND r.seq = $5", r.step(), r.id, seq-1, 1, seq)
		return err
	})
	if err == nil && len(page) == 0 {
		err = fmt.Errorf("%w: it has no user %d", ErrPlan, seq)
	}
	if err != nil {
		return batch.Line{}, r.wrap("read a user of", err)
	}
	return page[0].Line, nil
}
