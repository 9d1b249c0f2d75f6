package journal

import (
	"context"
	"iter"

	"offboard/batch"
)

// Lines reads every row in the order of the file, with its user and record. A
// duplicate shows the user and the record of the row that holds them, and
// First says which line named this user first. A user without a record is
// unsettled when a call that carried it is not over, when its trial has Doubt,
// or when the run is damaged; otherwise it is not sent. What is true of a line
// is read together; while the run goes on, later lines may know more than
// earlier ones.
//
// Either all rows of the plan come, or an error does: ErrDamaged before the
// first line when any is missing, or at a line that is not what was written.
func (r *Run) Lines(ctx context.Context) iter.Seq2[batch.Line, error] {
	return r.lines(ctx, "lines", (*census).numbers, nil)
}

// Unproven reads the users whose record is unverified, in order, to be looked
// at once more. The loop may write their records meanwhile.
func (r *Run) Unproven(ctx context.Context) iter.Seq2[batch.Line, error] {
	return r.lines(ctx, "unproven users",
		func(c *census) []int { return c.with(batch.Unverified) },
		func(l *batch.Line) bool { return l.Record.Outcome == batch.Unverified })
}

// lines tells of the rows picked those that are wanted.
func (r *Run) lines(ctx context.Context, what string, pick func(*census) []int, wanted func(*batch.Line) bool) iter.Seq2[batch.Line, error] {
	var first map[int]int
	var state State
	return scroll(ctx, r, what, func(c *census) []int {
		first, state = c.firstLines(), r.State()
		return pick(c)
	}, func(p *page, seq int) (batch.Line, bool) {
		l := p.line(seq, first, state)
		return l, wanted == nil || wanted(&l)
	})
}

// line tells all that is known of a row. The map has the first line of a
// duplicate for each user who has any.
func (p *page) line(seq int, first map[int]int, state State) batch.Line {
	own := p.row(seq)
	holder := own
	if own.same != 0 {
		holder = p.row(own.same)
	}
	l := batch.Line{Row: own.row, User: holder.user}
	l.First = holder.row.Line
	if dup, ok := first[holder.seq]; ok && dup < l.First {
		l.First = dup
	}
	if l.First == own.row.Line {
		l.First = 0
	}
	if rec := p.record(holder.seq); rec != nil {
		l.Record = *rec
		return l
	}
	t, call := p.trial(holder.seq), p.calls[holder.seq]
	k := &l.Record
	*k = batch.Record{Seq: holder.seq, Status: t.Status, Code: t.Code, Message: t.Message,
		Attempts: t.Attempts, Throttles: t.Throttles, SentAt: t.SentAt, RequestID: t.RequestID}
	if call.No != 0 {
		k.SentAt = call.SentAt
	}
	k.Outcome, k.Reason = soFar(*k, call.No, t.Doubt, state)
	return l
}
