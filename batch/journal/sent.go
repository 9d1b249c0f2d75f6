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

// SentCall is a call of some run that counts against a tenant's quotas.
type SentCall struct {
	Run   string    // name of the run that made it
	No    int       // of the call within its run; Run and No tell it from all other calls
	App   string    // the app registration that sent it
	At    time.Time // when it ended, by this machine's clock; while it is under way, when it was asked about
	Users int       // at least 0; each counts as one write
	Open  bool      // under way, or its process died in it
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

// SentByOthers tells of the calls that runs other than one have made to a tenant:
// by all apps, in all processes that use this journal, whatever the cloud. The
// tenant is an object id, and except may be nil, which leaves out no run. Told
// are the calls that ended at or after since, and all that are under way. They
// come in order of At.
//
// Graph has counted a call no later than At. A call under way is told with Open
// set and the present as its At, each time anew; asked again after its end it has
// the same Run and No, Open is false, and At is its end and stays so. A call that
// was told as Open is never left out before it was told with its end, if since
// is no later than the moment of the asking before. When a process dies in a
// call, the call is Open until its run is resumed, or for ten minutes behind
// since.
func (s *Store) SentByOthers(ctx context.Context, tenant string, except *Run, since time.Time) ([]SentCall, error) {
	var calls []SentCall
	err := s.view(ctx, func(t *sql.Tx) error {
		runs, err := s.findIn(ctx, t, "WHERE tenant = ?", tenant)
		if err != nil {
			return err
		}
		now := moment(time.Now())
		for _, r := range runs {
			if except != nil && r.id == except.id {
				continue
			}
			if err := r.sent(ctx, t, millis(since.Add(-longCall)), func(k call) {
				c := SentCall{Run: r.plan.Run, No: k.No, App: k.App, At: now, Users: k.users, Open: k.open}
				if !k.open {
					c.At = time.UnixMilli(k.over).UTC()
				}
				if k.open || k.over >= millis(since) {
					calls = append(calls, c)
				}
			}); err != nil {
				return fmt.Errorf("run %s: %w", r.plan.Run, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read calls sent by others in %s: %w", s.path, err)
	}
	slices.SortStableFunc(calls, func(a, b SentCall) int { return a.At.Compare(b.At) })
	return calls, nil
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
