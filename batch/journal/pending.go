package journal

import (
	"context"
	"iter"

	"offboard/batch"
)

const selectPending = `SELECT
	u.seq, u.id, coalesce(u.upn, u.input), u.type, u.enabled, u.synced, u.before,
	t.seq, t.attempts, t.throttles, t.sent_at, t.doubt, t.status, t.code, t.message, t.request_id
FROM rows u
LEFT JOIN records c ON c.run = u.run AND c.seq = u.seq
LEFT JOIN trials t ON t.run = u.run AND t.seq = u.seq
WHERE u.run = ? AND u.seq > ? AND u.same IS NULL AND c.seq IS NULL
ORDER BY u.seq LIMIT ?`

const selectSkips = `SELECT line, reason FROM skips WHERE run = ? AND line > ? ORDER BY line LIMIT ?`

// Pending reads the users without a record, in the order of the plan, each
// with its trial; a zero trial is a fresh user. The loop may write records and
// trials of users that it has been given. A run that a dead process left is
// recovered first.
func (r *Run) Pending(ctx context.Context) iter.Seq2[batch.Pending, error] {
	return scroll(ctx, r, "pending users", selectPending, func(c *cells) (int, batch.Pending, error) {
		p := batch.Pending{User: readUser(c)}
		t := &p.Trial
		t.Seq, t.Attempts, t.Throttles, t.SentAt, t.Doubt = c.num(), c.num(), c.num(), c.time(), c.flag()
		t.Status, t.Code, t.Message, t.RequestID = c.num(), c.text(), c.text(), c.text()
		return p.User.Seq, p, nil
	})
}

// Skips reads the lines of the input that are no rows, in order.
func (r *Run) Skips(ctx context.Context) iter.Seq2[batch.Skip, error] {
	return scroll(ctx, r, "skipped lines", selectSkips, func(c *cells) (int, batch.Skip, error) {
		s := batch.Skip{Line: c.num(), Reason: c.text()}
		return s.Line, s, nil
	})
}

func readUser(c *cells) batch.User {
	return batch.User{Seq: c.num(), ID: c.text(), UPN: c.text(), Type: c.text(),
		Enabled: c.flag(), Synced: c.flag(), Before: c.time()}
}
