package journal

import (
	"context"
	"iter"

	"offboard/batch"
)

// selectLines joins a row with its user and what is known of it: the record,
// or else the trial and the call that is open. Only a duplicate has its user in
// another row, u. Columns of u and of records are never NULL where they join,
// so coalesce falls back only where they do not; the conditions that look idle
// spare most rows two lookups.
const selectLines = `SELECT
	r.seq, r.line, r.input, r.cells, r.given_id, coalesce(r.given_upn, r.input),
	coalesce(u.seq, r.seq), coalesce(u.line, r.line), coalesce(u.id, r.id),
	coalesce(u.upn, u.input, r.upn, r.input), coalesce(u.type, r.type),
	coalesce(u.enabled, r.enabled), coalesce(u.synced, r.synced), coalesce(u.before, r.before),
	(SELECT min(d.line) FROM rows d WHERE d.run = r.run AND d.same = coalesce(r.same, r.seq)),
	c.outcome, coalesce(c.status, t.status), coalesce(c.code, t.code), coalesce(c.message, t.message),
	coalesce(c.attempts, t.attempts), coalesce(c.throttles, t.throttles),
	coalesce(c.sent_at, k.sent_at, t.sent_at), coalesce(c.request_id, t.request_id),
	c.settled_at, c.accepted_at, c.after, c.reason,
	k.no, t.doubt
FROM rows r
LEFT JOIN rows u ON r.same IS NOT NULL AND u.run = r.run AND u.seq = r.same
LEFT JOIN records c ON c.run = r.run AND c.seq = coalesce(r.same, r.seq)
LEFT JOIN trials t ON c.seq IS NULL AND t.run = r.run AND t.seq = coalesce(r.same, r.seq)
LEFT JOIN (SELECT run, seq, max(call) AS call FROM intents GROUP BY run, seq) i
	ON c.seq IS NULL AND i.run = r.run AND i.seq = coalesce(r.same, r.seq)
LEFT JOIN calls k ON k.run = i.run AND k.no = i.call
WHERE r.run = ? AND r.seq > ? `

const (
	allLines      = selectLines + `ORDER BY r.seq LIMIT ?`
	unprovenLines = selectLines + `AND r.same IS NULL AND c.outcome = 'unverified' ORDER BY r.seq LIMIT ?`
)

// Lines reads every row in the order of the file, with its user and record. A
// duplicate shows the user and the record of the row that holds them, and
// First says which line named this user first. A user without a record is
// unsettled when a call that carried it is not over, or when its trial has
// Doubt; otherwise it is not sent. What is true of a line is read together;
// while the run goes on, later lines may know more than earlier ones.
func (r *Run) Lines(ctx context.Context) iter.Seq2[batch.Line, error] {
	return scroll(ctx, r, "lines", allLines, readLine)
}

// Unproven reads the users whose record is unverified, in order, to be looked
// at once more. The loop may write their records meanwhile.
func (r *Run) Unproven(ctx context.Context) iter.Seq2[batch.Line, error] {
	return scroll(ctx, r, "unproven users", unprovenLines, readLine)
}

// readLine reads what selectLines asks for.
func readLine(c *cells) (int, batch.Line, error) {
	var l batch.Line
	seq := c.num()
	l.Row = batch.Row{Line: c.num(), Input: c.text()}
	list := c.take()
	l.Row.ID, l.Row.UPN = c.text(), c.text()

	u := &l.User
	u.Seq = c.num()
	first := c.num()
	u.ID, u.UPN, u.Type, u.Enabled, u.Synced, u.Before = c.text(), c.text(), c.text(), c.flag(), c.flag(), c.time()
	if dup := c.num(); dup > 0 && dup < first {
		first = dup
	}
	if first != l.Row.Line {
		l.First = first
	}

	k := &l.Record
	k.Seq = u.Seq
	k.Outcome = batch.Outcome(c.text())
	k.Status, k.Code, k.Message = c.num(), c.text(), c.text()
	k.Attempts, k.Throttles, k.SentAt, k.RequestID = c.num(), c.num(), c.time(), c.text()
	k.SettledAt, k.Accepted, k.After, k.Reason = c.time(), c.time(), c.time(), c.text()
	call, doubt := c.num(), c.flag()
	if k.Outcome == "" {
		k.Outcome, k.Reason = soFar(*k, call, doubt)
	}

	l.Row.Cells = []string{l.Row.Input}
	var err error
	if text, ok := list.(string); ok {
		l.Row.Cells, err = fromJSON[string](text)
	}
	return seq, l, err
}
