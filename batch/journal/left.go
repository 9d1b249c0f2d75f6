package journal

import (
	"context"

	"offboard/batch"
)

// Left counts the users, not the rows, that a resumed run would send, and those
// that it would only verify. The plan must be sealed.
func (r *Run) Left(ctx context.Context) (send, verify int, err error) {
	err = r.survey(ctx, func(c *census) {
		verify = len(c.with(batch.Unverified))
		send = len(c.pending(true))
	})
	if err != nil {
		return 0, 0, r.wrap("count users left of", err)
	}
	return send, verify, nil
}
