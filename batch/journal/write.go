package journal

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"offboard/batch"
)

const endCall = "UPDATE calls SET over = ?, seqs = '[]' WHERE run = ? AND no = ? AND over = 0"

var addCalls = newBulk("calls", "run, no, step, app, sent_at, users, over, seqs", "")

// A record replaces whatever is known of the user; a trial does not replace a record.
var (
	addRecords = newBulk("marks", "run, seq, step, target, status, code, message, attempts, throttles, sent_at, request_id, "+
		"outcome, settled_at, accepted_at, after, reason", newMark)
	addTrials = newBulk("marks", "run, seq, step, target, status, code, message, attempts, throttles, sent_at, request_id, doubt",
		newMark+" WHERE marks.outcome IS NULL")
)

const newMark = ` ON CONFLICT (run, seq, step, target) DO UPDATE SET outcome = excluded.outcome, doubt = excluded.doubt,
	status = excluded.status, code = excluded.code, message = excluded.message, attempts = excluded.attempts, throttles = excluded.throttles,
	sent_at = excluded.sent_at, settled_at = excluded.settled_at, accepted_at = excluded.accepted_at, after = excluded.after,
	request_id = excluded.request_id, reason = excluded.reason`

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
	return r.wrap("write to", r.update(ctx, func(ctx context.Context, t *tx, now State) error {
		if !now.sealed() || len(e.Calls) > 0 && now != Running {
			return fmt.Errorf("%w: it is %s", ErrState, now)
		}
		if err := r.wantUsers(ctx, t, e); err != nil {
			return err
		}
		if err := r.intend(ctx, t, e.Calls); err != nil {
			return fmt.Errorf("intend calls: %w", err)
		}
		for _, no := range e.Over {
			if err := r.endCall(ctx, t, no, time.Now()); err != nil {
				return err
			}
		}
		if err := r.writeTrials(ctx, t, e.Trials); err != nil {
			return fmt.Errorf("write trials: %w", err)
		}
		return r.writeRecords(ctx, t, e.Records)
	}))
}

// wantUsers makes sure that everybody in the entry is a user of the plan. A record
// of anybody else would be in no report.
func (r *Run) wantUsers(ctx context.Context, t *tx, e batch.Entry) error {
	r.once.Lock()
	defer r.once.Unlock()
	if r.dups == nil {
		dups := map[int]bool{}
		if err := each(ctx, t, func(c *cells) error { dups[c.num()] = true; return nil },
			"SELECT seq FROM rows WHERE run = ? AND same <> 0", r.id); err != nil {
			return err
		}
		r.dups = dups
	}
	var seqs []int
	for _, k := range e.Calls {
		sorted := slices.Sorted(slices.Values(k.Seqs))
		if len(slices.Compact(sorted)) < len(k.Seqs) {
			return fmt.Errorf("%w: call %d has a user twice", ErrPlan, k.No)
		}
		seqs = append(seqs, k.Seqs...)
	}
	for i := range e.Trials {
		seqs = append(seqs, e.Trials[i].Seq)
	}
	for i := range e.Records {
		seqs = append(seqs, e.Records[i].Seq)
	}
	rows := r.Plan().Rows
	for _, seq := range seqs {
		if seq < 1 || seq > rows {
			return fmt.Errorf("%w: it has no row %d", ErrPlan, seq)
		}
		if r.dups[seq] {
			return fmt.Errorf("%w: row %d holds no user of its own", ErrPlan, seq)
		}
	}
	return nil
}

func (r *Run) intend(ctx context.Context, t *tx, calls []batch.Call) error {
	in := t.into(addCalls)
	for _, k := range calls {
		seqs, err := toJSON(k.Seqs)
		if err == nil {
			err = in.add(ctx, r.id, k.No, r.step(), cmp.Or(k.App, r.Plan().App), millis(k.SentAt), len(k.Seqs), 0, seqs)
		}
		if err != nil {
			return err
		}
	}
	return in.flush(ctx)
}

// endCall leaves a call alone that is over: an entry may be written again.
func (r *Run) endCall(ctx context.Context, t *tx, no int, at time.Time) error {
	ended, err := t.exec(ctx, endCall, millis(at), r.id, no)
	if err != nil || ended > 0 {
		return err
	}
	known, err := number(ctx, t, "SELECT count(*) FROM calls WHERE run = ? AND no = ?", r.id, no)
	if err == nil && known == 0 {
		err = fmt.Errorf("%w: nobody intended call %d", ErrPlan, no)
	}
	return err
}

func (r *Run) writeTrials(ctx context.Context, t *tx, trials []batch.Trial) error {
	in := t.into(addTrials)
	for _, k := range trials {
		if err := in.add(ctx, r.id, k.Seq, r.step(), "", k.Status, k.Code, k.Message, k.Attempts, k.Throttles,
			millis(k.SentAt), k.RequestID, flag(k.Doubt)); err != nil {
			return err
		}
	}
	return in.flush(ctx)
}

func (r *Run) writeRecords(ctx context.Context, t *tx, records []batch.Record) error {
	in := t.into(addRecords)
	for i := range records {
		if err := r.addRecord(ctx, in, &records[i]); err != nil {
			return fmt.Errorf("user %d: %w", records[i].Seq, err)
		}
	}
	return in.flush(ctx)
}

func (r *Run) addRecord(ctx context.Context, in *inserter, k *batch.Record) error {
	if k.Outcome.Open() || !slices.Contains(batch.Outcomes[:], k.Outcome) {
		return fmt.Errorf("%w: %q is no last word on a user", ErrPlan, k.Outcome)
	}
	return in.add(ctx, r.id, k.Seq, r.step(), "", k.Status, k.Code, k.Message, k.Attempts, k.Throttles, millis(k.SentAt), k.RequestID,
		string(k.Outcome), millis(k.SettledAt), millis(k.Accepted), millis(k.After), k.Reason)
}

// doubt keeps what a trial knows, and leaves a record alone: such a user was
// settled before the call was, and nothing is open there.
var doubt = newBulk("marks", "run, seq, step, target, doubt, sent_at",
	" ON CONFLICT (run, seq, step, target) DO UPDATE SET doubt = 1, sent_at = excluded.sent_at WHERE marks.outcome IS NULL")

// Recover takes a run over from a process that died: the calls that it left
// open are over, as SentByOthers says when, and every user in them has a trial with Doubt. It tells
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
			if err := r.endCall(ctx, t, k.No, lost(k.SentAt, time.Now())); err != nil {
				return err
			}
			for _, seq := range k.Seqs {
				if at, ok := sent[seq]; !ok || k.SentAt.After(at) {
					sent[seq] = k.SentAt
				}
			}
		}
		in := t.into(doubt)
		for _, seq := range slices.Sorted(maps.Keys(sent)) {
			if err := in.add(ctx, r.id, seq, r.step(), "", 1, millis(sent[seq])); err != nil {
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
func (r *Run) LastCall(ctx context.Context) (no int, err error) {
	err = r.ask(ctx, func(ctx context.Context, t *sql.Tx) error {
		no, err = number(ctx, t, "SELECT max(no) FROM calls WHERE run = ?", r.id)
		return err
	})
	return no, r.wrap("read last call of", err)
}
