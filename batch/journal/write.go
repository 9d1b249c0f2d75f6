package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"offboard/batch"
)

const endCall = `UPDATE calls SET over = ?, seqs = NULL, sum = ? WHERE run = ? AND no = ?`

// Write makes an entry durable, all of it or nothing: first the calls that are
// about to leave, then those that are over, then trials, then records. It
// ignores cancellation.
//
// What became of the users in a call that is over is what trials and records
// say: one who has neither was not sent, as in a call that never left.
//
// A call can only be intended while the run is running, and nothing at all can
// be written before the plan is sealed, or to a damaged run: that is ErrState. A
// user or a call that the run does not have is ErrPlan. Whatever else comes back
// is the database's own word, and [ErrDisk] where that is about the disk; the
// entry has then not happened and may be written again. After a failed sync it is not taken any
// more, and whether it has happened shows when the journal is opened anew.
func (r *Run) Write(ctx context.Context, e batch.Entry) error {
	err := r.update(ctx, func(ctx context.Context, t *tx, now State) error {
		if now == Planning || now == Damaged || len(e.Calls) > 0 && now != Running {
			return fmt.Errorf("%w: it is %s", ErrState, now)
		}
		c, err := r.look(ctx, t, t.tally)
		if err == nil {
			err = c.check(e)
		}
		if err != nil {
			return err
		}
		return r.apply(ctx, t, c, e)
	})
	if err != nil {
		return r.wrap("write to", err)
	}
	return nil
}

// apply writes an entry, and keeps the census and the tally in step with it.
func (r *Run) apply(ctx context.Context, t *tx, c *census, e batch.Entry) error {
	if err := r.intend(ctx, t, c, e.Calls); err != nil {
		return err
	}
	for _, no := range e.Over {
		if err := r.endCall(ctx, t, c, no); err != nil {
			return fmt.Errorf("end call %d: %w", no, err)
		}
	}
	if err := r.writeTrials(ctx, t, c, e.Trials); err != nil {
		return fmt.Errorf("write trials: %w", err)
	}
	if err := r.writeRecords(ctx, t, c, e.Records); err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	return nil
}

func (r *Run) intend(ctx context.Context, t *tx, c *census, calls []batch.Call) error {
	in := t.into(callsTable.insert)
	for _, k := range calls {
		k.App, k.SentAt = cmp.Or(k.App, r.Plan().App), moment(k.SentAt)
		seqs, err := toJSON(k.Seqs)
		if err == nil {
			err = in.add(ctx, r.id, int64(k.No), k.App, millis(k.SentAt), int64(len(k.Seqs)), int64(0), seqs)
		}
		if err != nil {
			return fmt.Errorf("intend call %d: %w", k.No, err)
		}
		k.Seqs = slices.Clone(k.Seqs)
		c.open, c.lastCall = append(c.open, k), max(c.lastCall, k.No)
		t.tally.add(callsTable.name, k.No, 1)
		t.tally.add(countOpen, k.No, 1)
		t.tally.sent(millis(k.SentAt))
	}
	if err := in.flush(ctx); err != nil {
		return fmt.Errorf("intend calls: %w", err)
	}
	return nil
}

// endCall leaves a call alone that is over: an entry may be written again.
func (r *Run) endCall(ctx context.Context, t *tx, c *census, no int) error {
	i := slices.IndexFunc(c.open, func(k batch.Call) bool { return k.No == no })
	if i < 0 {
		var known int
		err := t.row(ctx, "SELECT count(*) FROM calls WHERE run = ? AND no = ?", r.id, int64(no)).Scan(&known)
		if err == nil && known == 0 {
			err = fmt.Errorf("%w: nobody intended it", ErrPlan)
		}
		return err
	}
	k, over := c.open[i], millis(time.Now())
	sum, _, _ := callsTable.sum(nil, []any{r.id, int64(no), k.App, millis(k.SentAt), int64(len(k.Seqs)), over, nil})
	n, err := t.exec(ctx, endCall, over, sum, r.id, int64(no))
	if err == nil && n != 1 {
		err = fmt.Errorf("%w: table calls, row %d: it is missing", ErrDamaged, no)
	}
	c.open = slices.Delete(c.open, i, i+1)
	t.tally.add(countOpen, no, -1)
	return err
}

func (r *Run) writeTrials(ctx context.Context, t *tx, c *census, trials []batch.Trial) error {
	in := t.into(trialsTable.upsert)
	for _, tr := range trials {
		err := in.add(ctx, r.id, int64(tr.Seq), int64(tr.Attempts), int64(tr.Throttles), millis(tr.SentAt),
			flag(tr.Doubt), int64(tr.Status), tr.Code, tr.Message, tr.RequestID)
		if err != nil {
			return fmt.Errorf("user %d: %w", tr.Seq, err)
		}
		if c.tried[tr.Seq] == 0 {
			t.tally.add(trialsTable.name, tr.Seq, 1)
		}
		c.try(tr)
	}
	return in.flush(ctx)
}

// writeRecords ends the trials of the users who have a record now.
func (r *Run) writeRecords(ctx context.Context, t *tx, c *census, records []batch.Record) error {
	in := t.into(recordsTable.upsert)
	var tried []int
	for i := range records {
		k := &records[i]
		if err := addRecord(ctx, in, r.id, k); err != nil {
			return fmt.Errorf("user %d: %w", k.Seq, err)
		}
		if c.outcome[k.Seq] != 0 {
			t.tally.add(countOutcome[c.outcome[k.Seq]-1], k.Seq, -1)
		}
		o := slices.Index(batch.Outcomes[:], k.Outcome)
		t.tally.add(countOutcome[o], k.Seq, 1)
		c.outcome[k.Seq] = uint8(o) + 1
		if c.tried[k.Seq] != 0 {
			t.tally.add(trialsTable.name, k.Seq, -1)
			c.tried[k.Seq], tried = 0, append(tried, k.Seq)
		}
	}
	if err := in.flush(ctx); err != nil || len(tried) == 0 {
		return err
	}
	list, err := toJSON(tried)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, dropTrials, r.id, list)
	if err == nil && int(n) != len(tried) {
		err = fmt.Errorf("%w: table trials: %d are there of %d", ErrDamaged, n, len(tried))
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
