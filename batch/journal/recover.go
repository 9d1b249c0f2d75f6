package journal

import (
	"context"
	"fmt"
	"time"
)

// Recover takes a run over from a process that died: the calls that it left
// open are over now, and every user in them has a trial with Doubt. It tells
// how many users that are. Whoever recovers holds the Lock, or the calls may
// not be lost at all. It ignores cancellation, and a second time does nothing.
func (r *Run) Recover(ctx context.Context) (users int, err error) {
	err = r.update(ctx, func(ctx context.Context, t *tx, _ State) error {
		// A trial that is there keeps what it knows. A user with a record was
		// settled before the call was; nothing is open about that one.
		n, err := t.exec(ctx, `INSERT INTO trials
				(run, seq, attempts, throttles, sent_at, doubt, status, code, message, request_id)
			SELECT i.run, i.seq, 0, 0, max(k.sent_at), 1, 0, '', '', ''
			FROM intents i JOIN calls k ON k.run = i.run AND k.no = i.call
			WHERE i.run = ? AND NOT EXISTS (SELECT 1 FROM records c WHERE c.run = i.run AND c.seq = i.seq)
			GROUP BY i.run, i.seq
			ON CONFLICT (run, seq) DO UPDATE SET doubt = 1, sent_at = excluded.sent_at`, r.id)
		if err != nil {
			return fmt.Errorf("doubt users: %w", err)
		}
		users = int(n)
		_, err = t.exec(ctx, "UPDATE calls SET over = ?, seqs = NULL WHERE run = ? AND over = 0", millis(time.Now()), r.id)
		if err != nil {
			return fmt.Errorf("end calls: %w", err)
		}
		return nil
	})
	if err != nil {
		return 0, r.wrap("recover", err)
	}
	return users, nil
}

// LastCall is the highest number of a call that was ever intended, 0 when none
// was, so that numbers go on after a resume.
func (r *Run) LastCall(ctx context.Context) (int, error) {
	var no int
	err := r.s.r.QueryRowContext(ctx, "SELECT coalesce(max(no), 0) FROM calls WHERE run = ?", r.id).Scan(&no)
	if err != nil {
		return 0, r.wrap("read last call of", diskError(err))
	}
	return no, nil
}
