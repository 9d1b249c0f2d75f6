package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"offboard/batch"
)

// line is a row of the input with the user that it names and what is known of
// that user: the last word, or in a Record without Outcome a trial.
type line struct {
	batch.Line
	seq   int         // of the row
	trial batch.Trial // of a user without a record; a zero one if nothing is known
}

// sqlLines reads lines. Of a duplicate, u is the row that holds the user; a plan
// in the making may not have it yet. Of any other row u is nothing, and costs nothing:
// no row is looked for by NULL.
const sqlLines = `SELECT r.seq, r.file, r.line, r.input, r.cells,
	coalesce(u.file, r.file), coalesce(u.line, r.line), coalesce(u.seq, r.seq), coalesce(u.id, r.id), coalesce(u.upn, r.upn), coalesce(u.type, r.type),
	coalesce(u.enabled, r.enabled), coalesce(u.synced, r.synced), coalesce(u.privileged, r.privileged), coalesce(u.before, r.before),
	m.outcome, m.doubt, m.status, m.code, m.message, m.attempts, m.throttles,
	m.sent_at, m.settled_at, m.accepted_at, m.after, m.shown, m.request_id, m.reason, m.seq
	FROM rows r
	LEFT JOIN marks m ON m.run = r.run AND m.seq = CASE r.same WHEN 0 THEN r.seq ELSE r.same END AND m.step = $1 AND m.target = ''
	LEFT JOIN rows u ON u.run = r.run AND u.seq = nullif(r.same, 0)
	WHERE r.run = $2 AND r.seq > $3 `

func (l *line) pointers() []any {
	row, u, k := &l.Row, &l.User, &l.Record
	return []any{&l.seq, &row.File, &row.Line, &row.Input, &row.Cells,
		&l.First.File, &l.First.Line, &u.Seq, &u.ID, &u.UPN, &u.Type, account{u}, &u.Synced, &u.Privileged, &u.Stamp,
		&k.Outcome, &k.Doubt, &k.Status, &k.Code, &k.Message, &k.Attempts, &k.Throttles,
		&k.SentAt, &k.SettledAt, &k.Accepted, &k.After, &k.Shown, &k.RequestID, &k.Reason, &l.trial.Seq}
}

// complete derives what the columns of a line do not say by themselves. dup is the first
// duplicate of its user where that stands before the row that holds the user, else a zero
// one; call is the last open call with the user, or a zero one.
func (l *line) complete(dup duplicate, call batch.Call, step batch.Step, state State) {
	if dup.seq != 0 {
		l.First = dup.at
	}
	if l.seq == cmp.Or(dup.seq, l.User.Seq) {
		l.First = batch.Place{}
	}
	k := &l.Record
	k.Seq, k.Step = l.User.Seq, step
	if k.Outcome != "" {
		l.Whole = step == batch.Whole || k.SentAt.IsZero()
		return
	}
	if l.trial.Seq != 0 {
		l.trial = batch.Trial{Seq: l.trial.Seq, Step: step, Attempts: k.Attempts, Throttles: k.Throttles, SentAt: k.SentAt, Doubt: k.Doubt,
			Status: k.Status, Code: k.Code, Message: k.Message, RequestID: k.RequestID}
	}
	if call.No != 0 {
		k.SentAt, k.Doubt, k.RequestID = call.SentAt, true, cmp.Or(batch.ClientRequestID(call.ID), k.RequestID)
	}
	if k.Outcome, k.Reason = soFar(*k, call.No, k.Doubt); state == Refused {
		k.Reason = "the run was refused, and nothing was sent"
	}
}

// pageRows is how many lines a reader holds at a time.
const pageRows = 1000

// lines reads the lines that a condition picks, in the order of the input, page by
// page. The condition's own parameters begin at $5. The file and the plan are checked
// before.
//
// Between two pages nothing is open: a read transaction held over a whole run
// would keep the write-ahead log from being moved into the file, and let it
// grow without end. The body of the loop may write to the run.
func (r *Run) lines(ctx context.Context, what, cond string, args ...any) iter.Seq2[*line, error] {
	return func(yield func(*line, error) bool) {
		if err := r.check(ctx); err != nil {
			yield(&line{}, r.wrap("read "+what+" of", err))
			return
		}
		r.uncheckedLines(ctx, what, cond, args...)(yield)
	}
}

// uncheckedLines does so without the check.
func (r *Run) uncheckedLines(ctx context.Context, what, cond string, args ...any) iter.Seq2[*line, error] {
	return r.linesBehind(ctx, 0, what, cond, args...)
}

// linesBehind does so behind the row of that number.
func (r *Run) linesBehind(ctx context.Context, last int, what, cond string, args ...any) iter.Seq2[*line, error] {
	return func(yield func(*line, error) bool) {
		var before map[int]duplicate
		err := r.read(ctx, func(t *tx) (err error) { before, err = r.duplicates(t); return err })
		page := make([]line, 0, pageRows)
		for last, full := last, true; err == nil && full; full = len(page) == pageRows {
			if err = r.read(ctx, func(t *tx) error {
				page, err = r.page(t, page[:0], before, cond, append([]any{r.step(), r.id, last, pageRows}, args...)...)
				return err
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

// page reads one page into a slice that is used again, with what can be said so far of
// users without a record.
func (r *Run) page(t *tx, page []line, before map[int]duplicate, cond string, args ...any) ([]line, error) {
	calls, err := r.openCalls(t)
	if err != nil {
		return page, err
	}
	open := map[int]batch.Call{} // the last of each user who is in one
	for _, k := range calls {
		for _, seq := range k.Seqs {
			open[seq] = k
		}
	}
	page, err = appendList(page, t, (*line).pointers, sqlLines+cond+" ORDER BY r.seq LIMIT $4", args...)
	for i := range page {
		if err == nil {
			err = takeFrom(r.Plan(), &page[i].Row)
		}
		seq := page[i].User.Seq
		page[i].complete(before[seq], open[seq], r.step(), r.State())
	}
	if err == nil && batch.Several(r.Plan().Steps) {
		err = r.addWrites(t, page, calls)
	}
	if err == nil && batch.FollowedUp(r.Plan().Steps) {
		err = r.addNames(t, page)
	}
	return page, err
}

// duplicate is a row that names a user whom another row holds.
type duplicate struct {
	user, seq int
	at        batch.Place
}

// duplicates maps users to their first duplicate, where that stands before the row that
// holds the user: there are few.
func (r *Run) duplicates(t *tx) (map[int]duplicate, error) {
	all, err := list(t, func(d *duplicate) []any { return []any{&d.user, &d.seq, &d.at.File, &d.at.Line} },
		`SELECT d.same, d.seq, d.file, d.line FROM (SELECT same, min(seq) AS seq FROM rows WHERE run = $1 AND same <> 0 GROUP BY same) AS f
		JOIN rows d ON d.run = $1 AND d.seq = f.seq WHERE f.seq < f.same`, r.id)
	before := make(map[int]duplicate, len(all))
	for _, d := range all {
		before[d.user] = d
	}
	return before, err
}

// openCalls reads the calls of the step that are not over, by number. "run + 0" leads SQLite
// to the index of open calls; by run and number it would read all that were ever made.
func (r *Run) openCalls(t *tx) ([]batch.Call, error) {
	return list(t, func(k *batch.Call) []any { return []any{&k.No, &k.App, &k.Step, &k.SentAt, &k.ID, &k.Seqs, &k.Targets} },
		"SELECT no, app, step, sent_at, client_request_id, seqs, targets FROM calls WHERE over = 0 AND run + 0 = $1 ORDER BY no", r.id)
}

// Lines reads every row in the order of the file, with its user and record. A
// duplicate shows the user and the record of the row that holds them. First is the
// place of the row that named this user first, whichever holds the user; none where this one did. A user without a record is
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
			if rows++; !yield(l.Line, err) || err != nil {
				return
			}
		}
		if plan := r.Plan(); r.State().sealed() && rows != plan.Rows {
			yield(batch.Line{}, r.wrap("read lines of", fmt.Errorf("%w: the plan has %d rows, and %d are there", ErrDamaged, plan.Rows, rows)))
		}
	}
}

// Users reads one line of each user, in order: of those whom one of the keys names, by
// object id or user principal name, in lower case; nil is all users. Of a user whom
// several rows name it is the row that holds the user. No keys read nothing, and keys
// are looked for in the database, several times as fast as all lines are read.
func (r *Run) Users(ctx context.Context, keys []string) iter.Seq2[batch.Line, error] {
	switch {
	case keys == nil:
		return r.users(ctx, "users", "")
	case len(keys) == 0:
		return func(func(batch.Line, error) bool) {}
	}
	return r.users(ctx, "users", "AND (lower(r.id)"+inList5+" OR lower(r.upn)"+inList5+")", keys)
}

// users reads the lines that hold a user, and of which the condition is true.
func (r *Run) users(ctx context.Context, what, cond string, args ...any) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		for l, err := range r.lines(ctx, what, "AND r.same = 0 "+cond, args...) {
			if !yield(l.Line, err) {
				return
			}
		}
	}
}

// Unproven reads the writes whose record is unverified and was written before the run came
// to its present state, to be looked at once more: those of the sessions before, once this one
// is running. The loop may write their records meanwhile, and those of writes that it sends
// itself, which are not given. Clocks have no say.
func (r *Run) Unproven(ctx context.Context) iter.Seq2[batch.Unproven, error] {
	const unproven = "m.outcome = 'unverified' AND m.state_no <> (SELECT max(no) FROM states WHERE run = $2)"
	return func(yield func(batch.Unproven, error) bool) {
		if batch.Several(r.Plan().Steps) {
			for w, err := range r.writes(ctx, "unproven writes", unproven) {
				if !yield(batch.Unproven{Item: w.item, Record: w.record}, err) || err != nil {
					return
				}
			}
			return
		}
		for l, err := range r.lines(ctx, "unproven users", "AND r.same = 0 AND "+unproven) {
			if !yield(batch.Unproven{Item: batch.Item{User: l.User, Step: r.step()}, Record: l.Record}, err) || err != nil {
				return
			}
		}
	}
}

// Pending reads the writes without a record in the order of sending (see
// [batch.Runner]), with their trials; a zero trial is a fresh write. The loop may write
// records and trials of what it has been given. A run that a dead process left is
// recovered first.
//
// Before the first one comes, the file and the plan are checked: when they are
// not what was written, Pending ends in ErrDamaged. So it does when fewer or more came
// than are open: it finds them by an index, which the check of the file does not hold
// against its table.
func (r *Run) Pending(ctx context.Context) iter.Seq2[batch.Pending, error] {
	return func(yield func(batch.Pending, error) bool) {
		open, _, err := r.Remaining(ctx)
		if err != nil {
			yield(batch.Pending{}, err)
			return
		}
		given := 0
		for p, err := range r.pending(ctx) {
			if given++; !yield(p, err) || err != nil {
				return
			}
		}
		if r.State().sealed() && given != open {
			yield(batch.Pending{}, r.wrap("read pending writes of", fmt.Errorf("%w: %d writes are open, and %d were found", ErrDamaged, open, given)))
		}
	}
}

// pending reads them.
func (r *Run) pending(ctx context.Context) iter.Seq2[batch.Pending, error] {
	return func(yield func(batch.Pending, error) bool) {
		if batch.Several(r.Plan().Steps) {
			for w, err := range r.writes(ctx, "pending writes", "m.outcome IS NULL") {
				if !yield(batch.Pending{Item: w.item, Trial: w.trial()}, err) || err != nil {
					return
				}
			}
			return
		}
		for _, kind := range r.kinds() {
			for l, err := range r.lines(ctx, "pending users", sqlPending+kind) {
				if !yield(batch.Pending{Item: batch.Item{User: l.User, Step: r.step()}, Trial: l.trial}, err) || err != nil {
					return
				}
			}
		}
	}
}

const sqlPending = "AND r.same = 0 AND m.outcome IS NULL "

// kinds are the conditions of the users of a run with one step, in the order of sending. The few of
// the first kind are found by the index of the privileged, which SQLite takes for no other form
// of this.
func (r *Run) kinds() []string {
	if r.Plan().InOrder {
		return []string{""}
	}
	return []string{"AND r.seq IN (SELECT seq FROM rows WHERE run = $2 AND privileged = 1)", "AND r.privileged = 0"}
}

// Skips reads the lines of the input that are no rows, by file and line.
func (r *Run) Skips(ctx context.Context) iter.Seq2[batch.Skip, error] {
	return func(yield func(batch.Skip, error) bool) {
		skips, err := ask(ctx, r, "read skipped lines of", func(k *batch.Skip) []any { return []any{&k.File, &k.Line, &k.Reason} },
			"SELECT file, line, reason FROM skips WHERE run = $1 ORDER BY file, line")
		if err != nil {
			yield(batch.Skip{}, err)
			return
		}
		for _, k := range skips {
			if !yield(k, nil) {
				return
			}
		}
	}
}

// Mention is a line of a run's input that named a user, and what became of it.
type Mention struct {
	Plan  batch.Plan
	State State
	Line  batch.Line
}

// sqlMentions holds a key against every name that a row has: its own cells, and
// those of the row that holds its user. lower knows ASCII alone.
var sqlMentions = "AND ($5 IN (lower(r.input), lower(r.id), lower(r.upn), lower(u.input), lower(u.id), lower(u.upn)) OR " +
	holds5("r.cells") + " OR " + holds5("u.cells") + ")"

// Mentions reads every line of every run that named a user: by object id, by
// user principal name, or by a cell of the input, as the file or the directory
// had it, but for the case of ASCII letters. The newest run comes first, and
// its lines in the order of the file. It reads the rows of all runs.
//
// A run that is pruned meanwhile is left out from then on.
func (s *Store) Mentions(ctx context.Context, key string) iter.Seq2[Mention, error] {
	return func(yield func(Mention, error) bool) {
		runs, err := s.find(ctx, sqlNewestFirst)
		if err != nil {
			yield(Mention{}, fmt.Errorf("list runs in %s: %w", s.path, err))
			return
		}
		for _, r := range runs {
			r.checked = true // what is asked here is who it was, and not whether all is there
			for l, err := range r.lines(ctx, "lines", sqlMentions, batch.LowerASCII(key)) {
				if errors.Is(err, ErrNoRun) {
					break
				}
				if !yield(Mention{Plan: r.Plan(), State: r.State(), Line: l.Line}, err) || err != nil {
					return
				}
			}
		}
	}
}

// soFar is what can be said of a user without a record. The record given
// holds what its trial knows; call is the call that is open with this user, or
// 0.
func soFar(c batch.Record, call int, doubt bool) (batch.Outcome, string) {
	switch {
	case call != 0:
		return batch.Unsettled, fmt.Sprintf("sent in call %d, whose answer is not recorded", call)
	case doubt && (c.Status == 408 || c.Status >= 500):
		return batch.Unsettled, fmt.Sprintf("sent, and the answer %s leaves open whether it was done", answer(c))
	case doubt && c.Status != 0:
		return batch.Unsettled, fmt.Sprintf("sent more than once: no answer was seen to one call, and the last was refused with %s", answer(c))
	case doubt:
		return batch.Unsettled, "sent, and no answer was seen"
	case c.Throttles > 0 && c.Attempts == 0:
		return batch.NotSent, fmt.Sprintf("sent, and told to wait %s; nothing was done, and it was not sent again", times(c.Throttles))
	case c.Status != 0:
		return batch.NotSent, fmt.Sprintf("sent, and refused with %s; nothing was done, and it was not sent again", answer(c))
	}
	return batch.NotSent, "its turn had not come"
}

// answer is the last one, with Graph's code.
func answer(c batch.Record) string { return batch.Refusal(c.Status, c.Code, "") }

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
