package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"offboard/batch"
)

const (
	sqlAddCall = "INSERT INTO calls (run, no, step, app, sent_at, client_request_id, users, over, seqs, targets) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)"
	sqlEndCall = "UPDATE calls SET over = $1, seqs = '[]', targets = '[]' WHERE run = $2 AND no = $3 AND over = 0"

	// A record replaces whatever is known of the user, but for what planning found: that is
	// sealed. A trial does not replace a record. What was so already may turn out to be so
	// no longer, and is not sealed.
	sqlAddRecord = sqlAddMark + " WHERE marks.state_no <> 1 OR marks.outcome = 'already'"
	sqlAddTrial  = sqlAddMark + " WHERE marks.outcome IS NULL"
	sqlAddMark   = `INSERT INTO marks (run, seq, step, target, outcome, doubt, status, code, message, attempts, throttles,
			sent_at, settled_at, accepted_at, after, shown, request_id, reason, state_no)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (run, seq, step, target) DO UPDATE SET outcome = excluded.outcome, doubt = excluded.doubt,
			status = excluded.status, code = excluded.code, message = excluded.message, attempts = excluded.attempts,
			throttles = excluded.throttles, sent_at = excluded.sent_at, settled_at = excluded.settled_at,
			accepted_at = excluded.accepted_at, after = excluded.after, shown = excluded.shown, request_id = excluded.request_id, reason = excluded.reason,
			state_no = excluded.state_no`

	// sqlAddDoubt keeps what a trial knows, and leaves a record alone: such a user was
	// settled before the call was, and nothing is open there.
	sqlAddDoubt = `INSERT INTO marks (run, seq, step, target, doubt, sent_at, request_id) VALUES ($1, $2, $3, $4, 1, $5, $6)
		ON CONFLICT (run, seq, step, target) DO UPDATE SET doubt = 1, sent_at = excluded.sent_at,
			request_id = coalesce(nullif(excluded.request_id, ''), marks.request_id) WHERE marks.outcome IS NULL`
)

// Write makes an entry durable, all of it or nothing: first the calls that are
// about to leave, then those that are over, then trials, then records. It
// ignores cancellation.
//
// What became of the users in a call that is over is what trials and records
// say: one who has neither was not sent, as in a call that never left.
//
// A call can only be intended while the run is running, and nothing at all can
// be written before the plan is sealed, or to a refused run: that is ErrState. A
// user or a call that the run does not have is ErrPlan. Whatever else comes back
// is the database's own word, and [ErrDisk] where that is about the disk; the
// entry has then not happened and may be written again. After a failed sync it is
// not taken any more, and whether it has happened shows when the journal is opened anew.
func (r *Run) Write(ctx context.Context, e batch.Entry) error {
	return r.wrap("write to", r.update(ctx, func(t *tx, now State) error {
		if !now.sealed() || len(e.Calls) > 0 && now != Running {
			return fmt.Errorf("%w: it is %s", ErrState, now)
		}
		if err := r.wantUsers(t, e); err != nil {
			return err
		}
		plan := r.Plan()
		for _, k := range e.Calls {
			if _, err := t.exec(sqlAddCall, r.id, k.No, stepOf(plan, k.Step), cmp.Or(k.App, plan.App), k.SentAt, k.ID, len(k.Seqs), k.Seqs, k.Targets); err != nil {
				return fmt.Errorf("intend call %d: %w", k.No, err)
			}
		}
		ahead, err := r.s.ahead(t)
		if err != nil {
			return err
		}
		for _, no := range e.Over {
			if err := r.endCall(t, no, time.Now().Add(ahead)); err != nil {
				return err
			}
		}
		for _, k := range e.Trials {
			if _, err := t.exec(sqlAddTrial, r.id, k.Seq, stepOf(plan, k.Step), k.Target, nil, k.Doubt, k.Status, k.Code, k.Message, k.Attempts, k.Throttles,
				k.SentAt, 0, 0, 0, "", k.RequestID, "", 0); err != nil {
				return fmt.Errorf("write trial of user %d: %w", k.Seq, err)
			}
		}
		for i := range e.Records {
			if err := r.addRecord(t, &e.Records[i]); err != nil {
				return fmt.Errorf("write record of user %d: %w", e.Records[i].Seq, err)
			}
		}
		return nil
	}))
}

// wantUsers makes sure that everybody in the entry is a user of the plan, and every
// target one of theirs. A record of any other would be in no report.
func (r *Run) wantUsers(t *tx, e batch.Entry) error {
	r.lazy.Lock()
	defer r.lazy.Unlock()
	if r.dups == nil {
		dups, err := list(t, alone[int], "SELECT seq FROM rows WHERE run = $1 AND same <> 0", r.id)
		if err != nil {
			return err
		}
		r.dups = make(map[int]bool, len(dups))
		for _, seq := range dups {
			r.dups[seq] = true
		}
	}
	var marks []batch.Mark
	for _, k := range e.Calls {
		sorted := slices.Sorted(slices.Values(k.Seqs))
		if len(slices.Compact(sorted)) < len(k.Seqs) {
			return fmt.Errorf("%w: call %d has a user twice", ErrPlan, k.No)
		}
		marks = append(marks, k.Marks()...)
	}
	for i := range e.Trials {
		marks = append(marks, e.Trials[i].Mark())
	}
	for i := range e.Records {
		marks = append(marks, e.Records[i].Mark())
	}
	plan := r.Plan()
	for _, m := range marks {
		switch {
		case m.Seq < 1 || m.Seq > plan.Rows:
			return fmt.Errorf("%w: it has no row %d", ErrPlan, m.Seq)
		case r.dups[m.Seq]:
			return fmt.Errorf("%w: row %d holds no user of its own", ErrPlan, m.Seq)
		case !batch.Several(plan.Steps) || m.Step == batch.Whole:
		case !slices.Contains(plan.Steps, m.Step):
			return fmt.Errorf("%w: it has no step %s", ErrPlan, m.Step)
		case m.Step.Listed():
			n, err := number(t, "SELECT count(*) FROM targets WHERE run = $1 AND seq = $2 AND step = $3 AND target = $4", r.id, m.Seq, m.Step, m.Target)
			if err != nil {
				return err
			}
			if n == 0 {
				return fmt.Errorf("%w: the step %s of user %d has no target %q", ErrPlan, m.Step, m.Seq, m.Target)
			}
		case m.Target != "":
			return fmt.Errorf("%w: the step %s has no target but the user", ErrPlan, m.Step)
		}
	}
	return nil
}

// endCall leaves a call alone that is over: an entry may be written again.
func (r *Run) endCall(t *tx, no int, at time.Time) error {
	ended, err := t.exec(sqlEndCall, at, r.id, no)
	if err != nil || ended > 0 {
		return err
	}
	known, err := number(t, "SELECT count(*) FROM calls WHERE run = $1 AND no = $2", r.id, no)
	if err == nil && known == 0 {
		err = fmt.Errorf("%w: call %d was never intended", ErrPlan, no)
	}
	return err
}

func (r *Run) addRecord(t *tx, k *batch.Record) error {
	if !isLastWord(k.Outcome) {
		return fmt.Errorf("%w: %q is no last word on a user", ErrPlan, k.Outcome)
	}
	n, err := t.exec(sqlAddRecord, r.id, k.Seq, stepOf(r.Plan(), k.Step), k.Target, k.Outcome, k.Doubt, k.Status, k.Code, k.Message, k.Attempts, k.Throttles,
		k.SentAt, k.SettledAt, k.Accepted, k.After, k.Shown, k.RequestID, k.Reason, t.no)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: the step %q of it ended when it was planned, and that is final", ErrPlan, k.Step)
	}
	return err
}

// Recover takes a run over from a process that died: the calls that it left
// open are over, as SentCalls says when, and every write in them has a trial with Doubt. It tells
// how many writes that are. The caller holds the Lock, or the calls may not
// be lost at all. It ignores cancellation; a second time it does nothing. The
// file and the plan are checked before, and may be ErrDamaged.
func (r *Run) Recover(ctx context.Context) (writes int, err error) {
	if err := r.check(ctx); err != nil {
		return 0, r.wrap("recover", err)
	}
	err = r.update(ctx, func(t *tx, _ State) error {
		calls, err := r.openCalls(t)
		if err != nil {
			return err
		}
		writes = 0
		sent := map[batch.Mark]batch.Call{} // the last of each write
		ahead, err := r.s.ahead(t)
		if err != nil {
			return err
		}
		for _, k := range calls {
			if err := r.endCall(t, k.No, r.s.presumedEnd(k.SentAt, time.Now()).Add(ahead)); err != nil {
				return err
			}
			for _, m := range k.Marks() {
				if last, ok := sent[m]; !ok || k.SentAt.After(last.SentAt) {
					sent[m] = k
				}
			}
		}
		for m, k := range sent {
			n, err := t.exec(sqlAddDoubt, r.id, m.Seq, stepOf(r.Plan(), m.Step), m.Target, k.SentAt, batch.ClientRequestID(k.ID))
			if err != nil {
				return fmt.Errorf("doubt user %d: %w", m.Seq, err)
			}
			writes += n
		}
		return nil
	})
	return writes, r.wrap("recover", err)
}

// LastCall is the highest number of a call that was ever intended, 0 when none
// was, so that numbers go on after a resume.
func (r *Run) LastCall(ctx context.Context) (int, error) {
	return first(ask(ctx, r, "read last call of", alone[int], "SELECT max(no) FROM calls WHERE run = $1"))
}
