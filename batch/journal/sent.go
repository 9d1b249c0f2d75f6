package journal

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

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

// SentByOthers tells of the calls that runs other than one have made to a tenant:
// by all apps, in all processes that use this journal, whatever the cloud. The
// tenant is an object id, and except may be nil, which leaves out no run. Told
// are the calls that ended at or after since, and all that are under way. They
// come in order of At. It is cheap enough to be asked every second.
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
	own := 0
	if except != nil {
		own = except.id
	}
	now := moment(time.Now())
	err := s.read(ctx, func(c *sql.Conn) error {
		return each(ctx, c, func(c *cells) error {
			k := SentCall{Run: c.text(), No: c.num(), App: c.text(), At: c.time(), Users: c.num()}
			if k.At.IsZero() {
				k.At, k.Open = now, true
			}
			calls = append(calls, k)
			return nil
		}, `SELECT n.name, k.no, k.app, k.over, k.users, k.over AS at
				FROM calls k JOIN runs n ON n.id = k.run WHERE k.over >= ? AND k.over > 0 AND n.tenant = ? AND n.id <> ?
			UNION ALL SELECT n.name, k.no, k.app, k.over, k.users, ? AS at
				FROM calls k JOIN runs n ON n.id = k.run WHERE k.over = 0 AND k.sent_at >= ? AND n.tenant = ? AND n.id <> ?
			ORDER BY at, name, no`,
			millis(since), tenant, own, millis(now), millis(since.Add(-longCall)), tenant, own)
	})
	if err != nil {
		return nil, fmt.Errorf("read calls sent in %s: %w", s.path, err)
	}
	return calls, nil
}
