package journal

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"
)

// SentAt is how many users were sent in calls that were over at a moment. Graph
// counted them no later than that.
type SentAt struct {
	At    time.Time
	Users int
}

// longCall is how long a call may be under way; batch's calls end sooner.
const longCall = 10 * time.Minute

// Sent tells what this app has sent to this tenant in all runs, in calls that
// ended since then, in order of time, so that a new run keeps to what is left of
// the quota. A call whose end is not known counts as ending now.
func (s *Store) Sent(ctx context.Context, tenant, app string, since time.Time) ([]SentAt, error) {
	users := map[int64]int{} // by the end of their calls
	err := s.view(ctx, func(t *sql.Tx) error {
		runs, err := s.findIn(ctx, t, "WHERE tenant = ?", tenant)
		if err != nil {
			return err
		}
		now := millis(time.Now())
		for _, r := range runs {
			if err := r.sent(ctx, t, millis(since.Add(-longCall)), func(k call) {
				ended := k.over
				if k.open {
					ended = now
				}
				if k.App == app && (k.open || ended >= millis(since)) {
					users[ended] += k.users
				}
			}); err != nil {
				return fmt.Errorf("run %s: %w", r.plan.Run, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read calls sent in %s: %w", s.path, err)
	}
	sent := make([]SentAt, 0, len(users))
	for _, ms := range slices.Sorted(maps.Keys(users)) {
		sent = append(sent, SentAt{At: time.UnixMilli(ms).UTC(), Users: users[ms]})
	}
	return sent, nil
}

// sent shows f the run's calls that left since a moment.
func (r *Run) sent(ctx context.Context, db asker, since int64, f func(call)) error {
	t, _, err := r.tally(ctx, db, nil)
	if err != nil || int64(t.of[countSent][0]) < since {
		return err
	}
	var found total
	err = callsTable.each(ctx, db, func(c *cells) error {
		k, err := readCall(c)
		found[0]++
		found[1] += k.No
		if millis(k.SentAt) >= since {
			f(k)
		}
		return err
	}, ofRun+" ORDER BY no", r.id)
	if err != nil {
		return err
	}
	return t.wantOnly(callsTable.name, found)
}
