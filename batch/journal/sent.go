package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
)

// SentCall is a call of some run that counts against a tenant's quotas.
type SentCall struct {
	Run    string    // name of the run that made it
	No     int       // of the call within its run; Run and No tell it from all other calls
	App    string    // the app registration that sent it
	SentAt time.Time // when it was announced; it left then or later
	At     time.Time // when it ended, by this machine's clock, as well as clocks can be compared; while it is under way, when it was asked about
	Users  int       // at least 0; each counts as one write
	Open   bool      // under way
}

// SentBy says whose calls are asked for: those to a tenant, by its object id, of all apps;
// or those of an app registration to all tenants.
type SentBy struct{ Tenant, App string }

// SentCalls tells of the calls that runs other than one have made,
// in all processes that use this journal, whatever the cloud. except may be nil, which leaves out no run. Told
// are the calls that ended at or after since, and all that are under way. They
// come in order of At. It is cheap enough to be asked every second.
//
// Graph has counted a call no later than At. A call under way is told with Open
// set and the present as its At, each time anew; asked again after its end it has
// the same Run and No, Open is false, and At is its end and stays so.
//
// A process may die in a call, and then nobody writes its end down. The call is Open
// for [batch.LongestCall] from when it was sent, and ended then. As long as a process
// holds the run the call is Open however old it is: that process may be stopped, as by
// SIGSTOP, and the call may leave when it goes on. A call that was told as Open and is
// left out is over: the holder died since, or the run was deleted.
func (s *Store) SentCalls(ctx context.Context, by SentBy, except *Run, since time.Time) ([]SentCall, error) {
	var calls []SentCall
	own := 0
	if except != nil {
		own = except.id
	}
	var now time.Time
	var ahead time.Duration // of this clock is the one that the journal has its ends by
	err := s.read(ctx, func(t *tx) (err error) {
		ahead, err = s.ahead(t)
		now = stored(time.Now())
		if err != nil {
			return err
		}
		calls, err = list(t, func(k *SentCall) []any { return []any{&k.Run, &k.No, &k.App, &k.SentAt, &k.At, &k.Users} },
			`SELECT n.name, k.no, k.app, k.sent_at, k.over, k.users
			FROM calls k JOIN runs n ON n.id = k.run WHERE (k.over >= $1 OR k.over = 0) AND ($2 = '' OR n.tenant = $2) AND ($3 = '' OR k.app = $3) AND n.id <> $4`,
			max(1, since.Add(ahead).UnixMilli()), by.Tenant, by.App, own)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read calls sent in %s: %w", s.path, err)
	}
	held, told := map[string]bool{}, calls[:0]
	for _, k := range calls {
		if k.At.IsZero() {
			if k.Open = s.underWay(k, now, held); k.Open {
				k.At = now
			} else if k.At = s.presumedEnd(k.SentAt, now); k.At.Before(since) {
				continue
			}
		} else {
			k.At = k.At.Add(-ahead)
			if k.At.After(now) {
				k.At = now
			}
		}
		told = append(told, k)
	}
	slices.SortFunc(told, func(a, b SentCall) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Run, b.Run), cmp.Compare(a.No, b.No))
	})
	return told, nil
}

// underWay reports whether a call that has no end may still be counted by Graph. held
// keeps what was found out of runs.
func (s *Store) underWay(k SentCall, now time.Time, held map[string]bool) bool {
	if age := now.Sub(k.SentAt); age >= 0 && age < batch.LongestCall+s.apart {
		return true
	}
	is, known := held[k.Run]
	if !known {
		is = s.Goes(k.Run)
		held[k.Run] = is
	}
	return is
}

// Goes reports whether a process holds a run, as it does while it works on it. What cannot be
// found out counts as held.
func (s *Store) Goes(run string) bool {
	by, err := s.heldBy(run)
	return by != nil || err != nil
}

// presumedEnd is when a call ended at the latest that no process waits for any more.
func (s *Store) presumedEnd(sent, now time.Time) time.Time {
	if end := sent.Add(batch.LongestCall + s.apart); end.Before(now) {
		return end
	}
	return now // the clock was set back, or it is not that long ago
}
