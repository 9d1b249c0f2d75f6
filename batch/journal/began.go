package journal

import (
	"context"
	"database/sql"
	"time"
)

// Began is the server's Date of the run's first 2xx: when it began by the clock
// that sets the stamps. It is zero for a run without any.
func (r *Run) Began(ctx context.Context) (first time.Time, err error) {
	err = r.survey(ctx, func(*census) {}) // is all there?
	if err == nil {
		err = r.s.view(ctx, func(t *sql.Tx) error {
			return recordsTable.each(ctx, t, func(c *cells) error {
				if at := readRecord(c).Accepted; !at.IsZero() && (first.IsZero() || at.Before(first)) {
					first = at
				}
				return nil
			}, ofRun+" ORDER BY seq", r.id)
		})
	}
	if err != nil {
		return time.Time{}, r.wrap("read the beginning of", err)
	}
	return first, nil
}
