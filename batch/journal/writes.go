package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"offboard/batch"
)

// The reads of runs in which a user may have several marks: one for each step, and for
// each target of a listed one.

// write is a step at one target of a user, with what is known of it.
type write struct {
	item   batch.Item
	place  int
	record batch.Record // without an Outcome, a trial
	marked bool
}

// sqlUserWrites reads the writes of a step that is done to every user, and
// sqlTargetWrites those of a listed one. Users who ended as a whole have none. The
// conditions follow, and then the order: the first target of every user comes before
// the second of any.
const (
	sqlWriteColumns = `r.seq, r.id, r.upn, r.type, r.enabled, r.synced, r.privileged, r.before,
		m.seq IS NOT NULL, m.outcome, m.doubt, m.status, m.code, m.message, m.attempts, m.throttles,
		m.sent_at, m.settled_at, m.accepted_at, m.after, m.shown, m.request_id, m.reason`
	sqlNotWhole   = ` AND NOT EXISTS (SELECT 1 FROM marks w WHERE w.run = r.run AND w.seq = r.seq AND w.step = '' AND w.target = '') `
	sqlUserWrites = `SELECT 0, '', '', '', '', 0, ` + sqlWriteColumns + `
		FROM rows r LEFT JOIN marks m ON m.run = r.run AND m.seq = r.seq AND m.step = $1 AND m.target = ''
		WHERE r.run = $2 AND r.same = 0 AND $3 = 0 AND r.seq > $4` + sqlNotWhole
	sqlTargetWrites = `SELECT t.place, t.target, t.name, t.kind, t.before, t.on_premises, ` + sqlWriteColumns + `
		FROM targets t JOIN rows r ON r.run = t.run AND r.seq = t.seq
		LEFT JOIN marks m ON m.run = t.run AND m.seq = t.seq AND m.step = t.step AND m.target = t.target
		WHERE t.run = $2 AND t.step = $1 AND (t.place, t.seq) > ($3, $4)` + sqlNotWhole
)

func (w *write) pointers() []any {
	g, u, k := &w.item.Target, &w.item.User, &w.record
	return []any{&w.place, &g.ID, &g.Name, &g.Kind, &g.Before, &g.OnPremises,
		&u.Seq, &u.ID, &u.UPN, &u.Type, account{u}, &u.Synced, &u.Privileged, &u.Stamp,
		&w.marked, &k.Outcome, &k.Doubt, &k.Status, &k.Code, &k.Message, &k.Attempts, &k.Throttles,
		&k.SentAt, &k.SettledAt, &k.Accepted, &k.After, &k.Shown, &k.RequestID, &k.Reason}
}

// trial is what is known of a write without a record; zero where nothing is.
func (w *write) trial() batch.Trial {
	k := w.record
	if !w.marked {
		return batch.Trial{}
	}
	return batch.Trial{Seq: k.Seq, Step: k.Step, Target: k.Target, Attempts: k.Attempts, Throttles: k.Throttles, SentAt: k.SentAt, Doubt: k.Doubt,
		Status: k.Status, Code: k.Code, Message: k.Message, RequestID: k.RequestID}
}

// turn is a part of a plan: the writes of a step, to the users of whom a condition is true.
type turn struct {
	step batch.Step
	cond string
}

// turns are the parts of a plan in the order of sending.
func turns(p batch.Plan) (turns []turn) {
	add := func(cond string, urgent bool) {
		for _, s := range p.Steps {
			if s.Urgent() == urgent {
				turns = append(turns, turn{s, cond})
			}
		}
	}
	if p.InOrder {
		add("", true)
	} else {
		add(" AND r.privileged = 1", true)
		add(" AND r.privileged = 0", true)
	}
	add("", false)
	return turns
}

// writes reads the writes that a condition picks, in the order of sending, page by page.
func (r *Run) writes(ctx context.Context, what, cond string) iter.Seq2[*write, error] {
	return func(yield func(*write, error) bool) {
		if err := r.check(ctx); err != nil {
			yield(&write{}, r.wrap("read "+what+" of", err))
			return
		}
		for _, turn := range turns(r.Plan()) {
			for w, err := range r.writesOfTurn(ctx, turn, 0, 0, what, cond) {
				if !yield(w, err) || err != nil {
					return
				}
			}
		}
	}
}

// writesOfTurn does so with those of one turn behind a place and row, and without the check.
func (r *Run) writesOfTurn(ctx context.Context, turn turn, place, seq int, what, cond string) iter.Seq2[*write, error] {
	return func(yield func(*write, error) bool) {
		place, seq := place, seq
		query := sqlUserWrites
		order := " ORDER BY r.seq LIMIT $5"
		if turn.step.Listed() {
			query, order = sqlTargetWrites, " ORDER BY t.place, t.seq LIMIT $5"
		}
		page := make([]write, 0, pageRows)
		for full := true; full; full = len(page) == pageRows {
			err := r.read(ctx, func(t *tx) (err error) {
				page, err = appendList(page[:0], t, (*write).pointers, query+" AND "+cond+turn.cond+order, turn.step, r.id, place, seq, pageRows)
				return err
			})
			if err != nil {
				yield(&write{}, r.wrap("read "+what+" of", err))
				return
			}
			for i := range page {
				w := &page[i]
				place, seq = w.place, w.item.User.Seq
				w.item.Step, w.item.Target.Step = turn.step, turn.step
				w.record.Seq, w.record.Step, w.record.Target = seq, turn.step, w.item.Target.ID
				if !yield(w, nil) {
					return
				}
			}
		}
	}
}

// Unsuccessful reads the records of steps that stop others, but for those in success.
func (r *Run) Unsuccessful(ctx context.Context) iter.Seq2[batch.Record, error] {
	return func(yield func(batch.Record, error) bool) {
		var stopping []batch.Step
		for _, s := range r.Plan().Steps {
			stopping = append(stopping, s.StoppedBy()...)
		}
		for _, s := range stopping[:min(1, len(stopping))] { // all of them are stopped by one and the same
			all, err := ask(ctx, r, "read records of", func(k *batch.Record) []any { return []any{&k.Seq, &k.Step, &k.Target, &k.Outcome} },
				`SELECT seq, step, target, outcome FROM marks WHERE run = $1 AND step = $2 AND outcome IS NOT NULL
				AND outcome NOT IN ('verified', 'revoked', 'accepted', 'already') ORDER BY seq`, s)
			if err != nil {
				yield(batch.Record{}, err)
				return
			}
			for _, k := range all {
				if !yield(k, nil) {
					return
				}
			}
		}
	}
}

// addWrites gives every line of a page the writes of its user, and those whose user did
// not end as a whole the record that is the worst of them.
func (r *Run) addWrites(t *tx, page []line, calls []batch.Call) error {
	seqs := make([]int, len(page))
	for i := range page {
		seqs[i] = page[i].User.Seq
	}
	of, err := json.Marshal(seqs)
	if err != nil {
		return err
	}
	open := map[batch.Mark]batch.Call{} // the last of each write that is in one
	for _, k := range calls {
		for _, m := range k.Marks() {
			open[m] = k
		}
	}
	type listed struct {
		seq    int
		target batch.Target
	}
	all, err := list(t, func(l *listed) []any {
		g := &l.target
		return []any{&l.seq, &g.Step, &g.ID, &g.Name, &g.Kind, &g.Before, &g.OnPremises, &g.SAM, &g.Domain}
	}, `SELECT seq, step, target, name, kind, before, on_premises, sam, domain FROM targets
		WHERE run = $1 AND seq IN (SELECT CAST(value AS INTEGER) FROM json_each($2)) ORDER BY seq, step, place`, r.id, string(of))
	if err != nil {
		return err
	}
	targets := map[batch.Mark][]batch.Target{} // of a user and step
	for _, l := range all {
		key := batch.Mark{Seq: l.seq, Step: l.target.Step}
		targets[key] = append(targets[key], l.target)
	}
	marks, err := list(t, func(w *write) []any {
		k := &w.record
		return []any{&k.Seq, &k.Step, &k.Target, &k.Outcome, &k.Doubt, &k.Status, &k.Code, &k.Message, &k.Attempts, &k.Throttles,
			&k.SentAt, &k.SettledAt, &k.Accepted, &k.After, &k.Shown, &k.RequestID, &k.Reason}
	}, `SELECT seq, step, target, outcome, doubt, status, code, message, attempts, throttles,
		sent_at, settled_at, accepted_at, after, shown, request_id, reason FROM marks
		WHERE run = $1 AND seq IN (SELECT CAST(value AS INTEGER) FROM json_each($2)) AND step <> ''`, r.id, string(of))
	if err != nil {
		return err
	}
	known := map[batch.Mark]write{}
	for _, w := range marks {
		known[w.record.Mark()] = w
	}
	for i := range page {
		r.writesOf(&page[i], targets, known, open)
	}
	return nil
}

// addNames tells by which names the users of a page are found on premises.
func (r *Run) addNames(t *tx, page []line) error {
	seqs := make([]int, len(page))
	for i := range page {
		seqs[i] = page[i].User.Seq
	}
	synced, err := list(t, func(u *batch.User) []any { return []any{&u.Seq, &u.SAM, &u.Domain} },
		"SELECT seq, sam, domain FROM rows WHERE run = $1 AND seq IN (SELECT CAST(value AS INTEGER) FROM json_each($2)) AND synced = 1", r.id, seqs)
	if err != nil {
		return err
	}
	users := make(map[int]batch.User, len(synced))
	for _, u := range synced {
		users[u.Seq] = u
	}
	for i := range page {
		u := &page[i].User
		u.SAM, u.Domain = users[u.Seq].SAM, users[u.Seq].Domain
	}
	return nil
}

// unproven says which step in front of one is unverified and keeps it from being sent, or "".
func unproven(s batch.Step, before []batch.Write) string {
	for _, w := range before {
		if w.Record.Outcome == batch.Unverified && slices.Contains(s.StoppedBy(), w.Target.Step) {
			return fmt.Sprintf("not sent, since the step %s is unverified; a resume reads it once more, and goes on when it is proven", w.Target.Step)
		}
	}
	return ""
}

// writesOf puts the writes of a line together.
func (r *Run) writesOf(l *line, targets map[batch.Mark][]batch.Target, known map[batch.Mark]write, open map[batch.Mark]batch.Call) {
	whole := l.Record
	ended := l.Whole
	for _, s := range r.Plan().Steps {
		of := targets[batch.Mark{Seq: l.User.Seq, Step: s}]
		if !s.Listed() {
			of = []batch.Target{{Step: s}}
		}
		for _, g := range of {
			m := batch.Mark{Seq: l.User.Seq, Step: s, Target: g.ID}
			w, ok := known[m]
			k := w.record
			k.Seq, k.Step, k.Target = m.Seq, m.Step, m.Target
			switch {
			case k.Outcome != "":
			case ended && !ok:
				k.Outcome, k.Reason, k.SettledAt = whole.Outcome, whole.Reason, whole.SettledAt
			default:
				call := open[m]
				if call.No != 0 {
					k.SentAt, k.Doubt, k.RequestID = call.SentAt, true, cmp.Or(batch.ClientRequestID(call.ID), k.RequestID)
				}
				k.Outcome, k.Reason = soFar(k, call.No, k.Doubt)
				switch {
				case r.State() == Refused:
					k.Reason = "the run was refused, and nothing was sent"
				case k.Outcome == batch.NotSent && k.SentAt.IsZero() && r.Plan().Verify:
					k.Reason = cmp.Or(unproven(s, l.Writes), k.Reason)
				}
			}
			l.Writes = append(l.Writes, batch.Write{Target: g, Record: k})
		}
	}
	if !ended {
		l.Record = batch.Worst(l.Writes)
		l.Record.Seq = l.User.Seq
	}
}
