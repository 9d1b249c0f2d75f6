package journal

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"
)

// doubt keeps what a trial knows, and leaves a record alone: such a user was
// settled before the call was, and nothing is open there.
var doubt = newBulk("marks", "run, seq, step, target, doubt, sent_at, status, code, message, attempts, throttles, settled_at, accepted_at, after, request_id, reason",
	" ON CONFLICT (run, seq, step, target) DO UPDATE SET doubt = 1, sent_at = excluded.sent_at WHERE marks.outcome IS NULL")

// Recover takes a run over from a process that died: the calls that it left
// open are over now, and every user in them has a trial with Doubt. It tells
// how many users that are. Whoever recovers holds the Lock, or the calls may not
// be lost at all. It ignores cancellation; a second time it does nothing. The
// file and the plan are checked before, and may be ErrDamaged.
func (r *Run) Recover(ctx context.Context) (users int, err error) {
	if err := r.check(ctx); err != nil {
		return 0, r.wrap("recover", err)
	}
	err = r.update(ctx, func(ctx context.Context, t *tx, _ State) error {
		calls, err := r.openCalls(ctx, t)
		if err != nil {
			return err
		}
		sent := map[int]time.Time{}
		for _, k := range calls {
			if err := r.endCall(ctx, t, k.No); err != nil {
				return fmt.Errorf("end call %d: %w", k.No, err)
			}
			for _, seq := range k.Seqs {
				if at, ok := sent[seq]; !ok || k.SentAt.After(at) {
					sent[seq] = k.SentAt
				}
			}
		}
		in := t.into(doubt)
		for _, seq := range slices.Sorted(maps.Keys(sent)) {
			if err := in.add(ctx, r.id, seq, r.step(), "", 1, millis(sent[seq]), 0, "", "", 0, 0, 0, 0, 0, "", ""); err != nil {
				return fmt.Errorf("doubt user %d: %w", seq, err)
			}
		}
		err = in.flush(ctx)
		users = in.touched
		return err
	})
	return users, r.wrap("recover", err)
}

// LastCall is the highest number of a call that was ever intended, 0 when none
// was, so that numbers go on after a resume.
func (r *Run) LastCall(ctx context.Context) (int, error) {
	var no int64
	err := r.ask(ctx, func(ctx context.Context, t *sql.Tx) (err error) {
		no, err = number(ctx, t, "SELECT max(no) FROM calls WHERE run = ?", r.id)
		return err
	})
	return int(no), r.wrap("read last call of", err)
}
