package journal

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"

	"offboard/batch"
)

// line is a row of the input with the user that it names and what is known of
// that user: the last word, or in a Record without Outcome a trial.
type line struct {
	batch.Line
	seq   int         // of the row
	trial batch.Trial // of a user without a record; a zero one if nothing is known
}

// selectLines reads lines. Of a duplicate, u is the row that holds the user; a plan
// in the making may not have it yet.
const selectLines = `SELECT r.seq, r.line, r.input, r.cells, coalesce(r.given_id, r.id), coalesce(r.given_upn, r.upn),
	u.line, u.seq, u.id, u.upn, u.type, u.enabled, u.synced, u.privileged, u.before,
	m.outcome, m.doubt, m.status, m.code, m.message, m.attempts, m.throttles,
	m.sent_at, m.settled_at, m.accepted_at, m.after, m.request_id, m.reason, m.seq
	FROM rows r
	LEFT JOIN marks m ON m.run = r.run AND m.seq = CASE r.same WHEN 0 THEN r.seq ELSE r.same END AND m.step = ? AND m.target = ''
	LEFT JOIN rows u ON u.run = r.run AND u.seq = CASE r.same WHEN 0 THEN r.seq ELSE r.same END
	WHERE r.run = ? AND r.seq > ? `

func readLine(c *cells) (l line) {
	l.seq = c.num()
	l.Row = batch.Row{Line: c.num(), Input: c.text(), Cells: texts(c), ID: c.text(), UPN: c.text()}
	l.First = c.num()
	l.User = batch.User{Seq: c.num(), ID: c.text(), UPN: c.text(), Type: c.text(),
		Enabled: c.flag(), Synced: c.flag(), Privileged: c.flag(), Stamp: c.time()}
	if l.User.Seq == 0 {
		l.First, l.User.Seq = l.Row.Line, l.seq
	}
	k, doubt := &l.Record, false
	k.Seq, k.Outcome, doubt = l.User.Seq, outcome(c), c.flag()
	k.Status, k.Code, k.Message, k.Attempts, k.Throttles = c.num(), c.text(), c.text(), c.num(), c.num()
	k.SentAt, k.SettledAt, k.Accepted, k.After = c.time(), c.time(), c.time(), c.time()
	k.RequestID, k.Reason = c.text(), c.text()
	if known := c.num() != 0; known && k.Outcome == "" {
		l.trial = batch.Trial{Seq: k.Seq, Attempts: k.Attempts, Throttles: k.Throttles, SentAt: k.SentAt, Doubt: doubt,
			Status: k.Status, Code: k.Code, Message: k.Message, RequestID: k.RequestID}
	}
	return l
}

// outcome is a word that a user can end with, or "" for a trial. The database
// holds the words too, in its schema, which may be what was damaged.
func outcome(c *cells) batch.Outcome {
	o := batch.Outcome(c.text())
	if o != "" && (o.Open() || !slices.Contains(batch.Outcomes[:], o)) {
		c.err = fmt.Errorf("%w: table marks: no user ends %q", ErrDamaged, o)
	}
	return o
}

// pageRows is how many lines a reader holds at a time.
const pageRows = 1000

// read reads the lines that a condition picks, in the order of the input, page by
// page, with the calls that are not over. The file and the plan are checked before.
//
// Between two pages nothing is open: a read transaction held over a whole run
// would keep the write-ahead log from being moved into the file, and let it
// grow without end. The body of the loop may write to the run.
func (r *Run) read(ctx context.Context, what, cond string, args ...any) iter.Seq2[*line, error] {
	return func(yield func(*line, error) bool) {
		page := make([]line, 0, pageRows)
		err := r.check(ctx)
		for last, full := 0, true; err == nil && full; full = len(page) == pageRows {
			page = page[:0]
			if err = r.ask(ctx, func(ctx context.Context, t *sql.Tx) error {
				return r.page(ctx, t, &page, cond, slices.Concat([]any{r.step(), r.id, last}, args, []any{pageRows})...)
			}); err != nil {
				break
			}
			for i := range page {
				if last = page[i].seq; !yield(&page[i], nil) {
					return
				}
			}
		}
		if err != nil {
			yield(&line{}, r.wrap("read "+what+" of", err))
		}
	}
}

// page reads one page, and says of users without a record what can be said so far.
func (r *Run) page(ctx context.Context, t asker, page *[]line, cond string, args ...any) error {
	calls, err := r.openCalls(ctx, t)
	if err != nil {
		return err
	}
	open := map[int]batch.Call{} // the last of each user who is in one
	for _, k := range calls {
		for _, seq := range k.Seqs {
			open[seq] = k
		}
	}
	return each(ctx, t, func(c *cells) error {
		l := readLine(c)
		if k := &l.Record; k.Outcome == "" {
			call := open[k.Seq]
			if call.No != 0 {
				k.SentAt = call.SentAt
			}
			if k.Outcome, k.Reason = soFar(*k, call.No, l.trial.Doubt); r.State() == Refused {
				k.Reason = "the run was refused, and nothing was sent"
			}
		}
		*page = append(*page, l)
		return nil
	}, selectLines+cond+" ORDER BY r.seq LIMIT ?", args...)
}

// openCalls reads the calls that are not over, by number.
func (r *Run) openCalls(ctx context.Context, db asker) (calls []batch.Call, err error) {
	err = each(ctx, db, func(c *cells) error {
		calls = append(calls, batch.Call{No: c.num(), App: c.text(), SentAt: c.time(), Seqs: fromJSON[int](c)})
		return nil
	}, "SELECT no, app, sent_at, seqs FROM calls WHERE run = ? AND over = 0 ORDER BY no", r.id)
	return calls, err
}

// Lines reads every row in the order of the file, with its user and record. A
// duplicate shows the user and the record of the row that holds them, and
// First says which line named this user first. A user without a record is
// unsettled when a call that carried it is not over, or when its trial has
// Doubt; otherwise it is not sent. What is true of a line is read together;
// while the run goes on, later lines may know more than earlier ones.
//
// Either all rows of the plan come, or an error does: ErrDamaged before the
// first line when the file or the plan is not what was written.
func (r *Run) Lines(ctx context.Context) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		rows := 0
		for l, err := range r.lines(ctx, "lines", "") {
			if rows++; !yield(l, err) || err != nil {
				return
			}
		}
		if plan := r.Plan(); r.State().sealed() && rows != plan.Rows {
			yield(batch.Line{}, r.wrap("read lines of", fmt.Errorf("%w: the plan has %d rows, and %d are there", ErrDamaged, plan.Rows, rows)))
		}
	}
}

// Unproven reads the users whose record is unverified, in order, to be looked
// at once more. The loop may write their records meanwhile.
func (r *Run) Unproven(ctx context.Context) iter.Seq2[batch.Line, error] {
	return r.lines(ctx, "unproven users", "AND r.same = 0 AND m.outcome = 'unverified'")
}

// lines reads the lines that a condition picks, and says of each which line named
// its user first.
func (r *Run) lines(ctx context.Context, what, cond string, args ...any) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		first := map[int]int{} // of the duplicates of each user who has any
		err := r.s.read(ctx, func(c *sql.Conn) error {
			return each(ctx, c, func(c *cells) error { first[c.num()] = c.num(); return nil },
				"SELECT same, min(line) FROM rows WHERE run = ? AND same <> 0 GROUP BY same", r.id)
		})
		if err != nil {
			yield(batch.Line{}, r.wrap("read "+what+" of", err))
			return
		}
		for l, err := range r.read(ctx, what, cond, args...) {
			if dup, ok := first[l.User.Seq]; ok {
				l.First = min(l.First, dup)
			}
			if l.First == l.Row.Line {
				l.First = 0
			}
			if !yield(l.Line, err) || err != nil {
				return
			}
		}
	}
}

// Pending reads the users without a record, the privileged ones first unless the
// plan is in order, and each kind in the order of the plan, with their trials;
// a zero trial is a fresh user. The loop may write records and trials of users
// that it has been given. A run that a dead process left is recovered first.
//
// Before the first user comes, the file and the plan are checked: when they are
// not what was written, Pending ends in ErrDamaged.
func (r *Run) Pending(ctx context.Context) iter.Seq2[batch.Pending, error] {
	kinds := []string{"AND r.privileged = 1", "AND r.privileged = 0"}
	if r.Plan().InOrder {
		kinds = []string{""}
	}
	return func(yield func(batch.Pending, error) bool) {
		for _, kind := range kinds {
			for l, err := range r.read(ctx, "pending users", "AND r.same = 0 AND m.outcome IS NULL "+kind) {
				if !yield(batch.Pending{User: l.User, Trial: l.trial}, err) || err != nil {
					return
				}
			}
		}
	}
}

// Skips reads the lines of the input that are no rows, in order.
func (r *Run) Skips(ctx context.Context) iter.Seq2[batch.Skip, error] {
	return func(yield func(batch.Skip, error) bool) {
		var skips []batch.Skip
		err := r.ask(ctx, func(ctx context.Context, t *sql.Tx) error {
			return each(ctx, t, func(c *cells) error {
				skips = append(skips, batch.Skip{Line: c.num(), Reason: c.text()})
				return nil
			}, "SELECT line, reason FROM skips WHERE run = ? ORDER BY line", r.id)
		})
		if err != nil {
			yield(batch.Skip{}, r.wrap("read skipped lines of", err))
			return
		}
		for _, k := range skips {
			if !yield(k, nil) {
				return
			}
		}
	}
}
