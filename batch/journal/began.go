package journal

import (
	"context"
	"time"
)

// Began is the server's Date of the run's first 2xx: when it began by the clock
// that sets the stamps. It is zero for a run without any.
func (r *Run) Began(ctx context.Context) (time.Time, error) {
	var at time.Time
	err := r.each(ctx, func(c *cells) error {
		at = c.time()
		return nil
	}, "SELECT coalesce(min(accepted_at), 0) FROM records WHERE run = ? AND accepted_at > 0", r.id)
	if err != nil {
		return time.Time{}, r.wrap("read the beginning of", err)
	}
	return at, nil
}
