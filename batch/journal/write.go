package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"offboard/batch"
)

var insertCalls = newBulk("calls", "run, no, app, sent_at, users, over, seqs", "")

var upsertTrials = newBulk("trials",
	"run, seq, attempts, throttles, sent_at, doubt, status, code, message, request_id",
	`ON CONFLICT (run, seq) DO UPDATE SET attempts = excluded.attempts, throttles = excluded.throttles,
		sent_at = excluded.sent_at, doubt = excluded.doubt, status = excluded.status,
		code = excluded.code, message = excluded.message, request_id = excluded.request_id`)

var upsertRecords = newBulk("records",
	"run, seq, outcome, status, code, message, attempts, throttles, sent_at, settled_at, accepted_at, after, request_id, reason",
	`ON CONFLICT (run, seq) DO UPDATE SET outcome = excluded.outcome, status = excluded.status,
		code = excluded.code, message = excluded.message,
		attempts = excluded.attempts, throttles = excluded.throttles,
		sent_at = excluded.sent_at, settled_at = excluded.settled_at,
		accepted_at = excluded.accepted_at, after = excluded.after,
		request_id = excluded.request_id, reason = excluded.reason`)

const endCall = `UPDATE calls SET over = ?, seqs = NULL WHERE run = ? AND no = ?`

// Write makes an entry durable, all of it or nothing: first the calls that are
// about to leave, then those that are over, then trials, then records. It
// ignores cancellation.
//
// What became of the users in a call that is over is what trials and records
// say: one who has neither was not sent, as in a call that never left.
//
// A call can only be intended while the run is running, and nothing at all can
// be written before the plan is sealed: that is ErrState. A user or a call that
// the run does not have is ErrPlan. Whatever else comes back is the database's
// own word, and [ErrDisk] where that is about the disk; the entry has then not
// happened and may be written again. After a failed sync it is not taken any
// more, and whether it has happened shows when the journal is opened anew.
func (r *Run) Write(ctx context.Context, e batch.Entry) error {
	err := r.update(ctx, func(ctx context.Context, t *tx, now State) error {
		if now == Planning || len(e.Calls) > 0 && now != Running {
			return fmt.Errorf("%w: it is %s", ErrState, now)
		}
		users, err := r.users(ctx, t)
		if err == nil {
			err = users.check(e)
		}
		if err != nil {
			return err
		}
		if err := r.writeCalls(ctx, t, e); err != nil {
			return err
		}
		return r.writeUsers(ctx, t, e.Trials, e.Records)
	})
	if err != nil {
		return r.wrap("write to", err)
	}
	return nil
}

func (r *Run) writeCalls(ctx context.Context, t *tx, e batch.Entry) error {
	if err := r.intend(ctx, t, e.Calls); err != nil {
		return err
	}
	for _, no := range e.Over {
		if err := r.endCall(ctx, t, no); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) intend(ctx context.Context, t *tx, calls []batch.Call) error {
	in := t.into(insertCalls)
	for _, c := range calls {
		seqs, err := toJSON(c.Seqs)
		if err == nil {
			err = in.add(ctx, r.id, int64(c.No), cmp.Or(c.App, r.Plan().App), millis(c.SentAt), int64(len(c.Seqs)), int64(0), seqs)
		}
		if err != nil {
			return fmt.Errorf("intend call %d: %w", c.No, err)
		}
	}
	if err := in.flush(ctx); err != nil {
		return fmt.Errorf("intend calls: %w", err)
	}
	return nil
}

func (r *Run) endCall(ctx context.Context, t *tx, no int) error {
	n, err := t.exec(ctx, endCall, millis(time.Now()), r.id, int64(no))
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: nobody intended it", ErrPlan)
	}
	if err != nil {
		return fmt.Errorf("end call %d: %w", no, err)
	}
	return nil
}

func (r *Run) writeUsers(ctx context.Context, t *tx, trials []batch.Trial, records []batch.Record) error {
	in := t.into(upsertTrials)
	for _, tr := range trials {
		err := in.add(ctx, r.id, int64(tr.Seq), int64(tr.Attempts), int64(tr.Throttles), millis(tr.SentAt),
			flag(tr.Doubt), int64(tr.Status), tr.Code, tr.Message, tr.RequestID)
		if err != nil {
			return fmt.Errorf("write trial of user %d: %w", tr.Seq, err)
		}
	}
	if err := in.flush(ctx); err != nil {
		return fmt.Errorf("write trials: %w", err)
	}
	in = t.into(upsertRecords)
	for i := range records {
		if err := addRecord(ctx, in, r.id, &records[i]); err != nil {
			return fmt.Errorf("write record of user %d: %w", records[i].Seq, err)
		}
	}
	if err := in.flush(ctx); err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	if err := r.dropTrials(ctx, t, records); err != nil {
		return fmt.Errorf("drop trials: %w", err)
	}
	return nil
}

// dropTrials ends the trials of the users that have a record now.
func (r *Run) dropTrials(ctx context.Context, t *tx, records []batch.Record) error {
	if len(records) == 0 {
		return nil
	}
	seqs := make([]int, len(records))
	for i := range records {
		seqs[i] = records[i].Seq
	}
	list, err := toJSON(seqs)
	if err == nil {
		_, err = t.exec(ctx, dropTrials, r.id, list)
	}
	return err
}

func addRecord(ctx context.Context, in *inserter, run int64, c *batch.Record) error {
	if c.Outcome.Open() || !slices.Contains(batch.Outcomes[:], c.Outcome) {
		return fmt.Errorf("%w: %q is no last word on a user", ErrPlan, c.Outcome)
	}
	return in.add(ctx, run, int64(c.Seq), string(c.Outcome), int64(c.Status), c.Code, c.Message,
		int64(c.Attempts), int64(c.Throttles), millis(c.SentAt), millis(c.SettledAt),
		millis(c.Accepted), millis(c.After), c.RequestID, c.Reason)
}
