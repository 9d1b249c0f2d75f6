package journal

import (
	"slices"
	"testing"
	"time"

	"offboard/batch"
)

// TestPendingOrder has the privileged users come first, over several pages and
// with gaps of all widths, also while the loop writes.
func TestPendingOrder(t *testing.T) {
	t.Parallel()
	const n = 3*pageRows + 7
	ctx := t.Context()
	r := create(t, openNew(t), batch.Plan{Run: "r"})
	var rows []batch.Planned
	var first, rest []int
	users := 0
	for seq := 1; seq <= n; seq++ {
		p := member(seq)
		p.User.Privileged = seq%5 == 2
		switch {
		case seq%3 == 0, 600 < seq && seq < 2500: // a wide gap
			p.Record = &batch.Record{Seq: seq, Outcome: batch.Skipped}
		case seq%11 == 1 && seq > 1:
			p.DuplicateOf = 1
		case p.User.Privileged:
			first = append(first, seq)
		default:
			rest = append(rest, seq)
		}
		if p.DuplicateOf == 0 && p.Record == nil {
			users++
		}
		rows = append(rows, p)
	}
	must(t, r.AddRows(ctx, rows))
	must(t, r.Seal(ctx, batch.Plan{Run: "r", Rows: n, Users: users}))
	must(t, r.SetState(ctx, Running, ""))
	var got []int
	for p, err := range r.Pending(ctx) {
		must(t, err)
		if p.Item.User.Privileged != (len(got) < len(first)) || p.Item.User.ID != guid(p.Item.User.Seq) {
			t.Fatalf("user %+v comes at place %d", p.Item.User, len(got))
		}
		if got = append(got, p.Item.User.Seq); len(got)%100 == 1 {
			must(t, r.Write(ctx, batch.Entry{Records: []batch.Record{settled(p.Item.User.Seq, 1, batch.Revoked)}}))
		}
	}
	if want := slices.Concat(first, rest); !slices.Equal(got, want) {
		t.Errorf("pending %v, want %v", got, want)
	}
}

// TestTwoHands writes to a run through two handles in turn: neither goes on with
// what it knew before.
func TestTwoHands(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openNew(t)
	one := running(t, s, "r", 4)
	two, err := s.Run(ctx, "r")
	must(t, err)
	m := newModel()
	for seq := 1; seq <= 4; seq++ {
		m.addRows([]batch.Planned{realistic(seq)})
	}
	for i, e := range []batch.Entry{
		{Calls: []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{1, 2, 3}}}},
		{Trials: []batch.Trial{{Seq: 1, Throttles: 1, SentAt: at(1)}, {Seq: 2, Doubt: true, SentAt: at(1)}}},
		{Over: []int{1}, Records: []batch.Record{settled(1, 1, batch.Unverified)}},
		{Records: []batch.Record{settled(1, 1, batch.Verified), settled(2, 1, batch.Denied)}},
		{Trials: []batch.Trial{{Seq: 1, Throttles: 9}}, Records: []batch.Record{settled(1, 1, batch.Revoked)}},
	} {
		must(t, []*Run{one, two}[i%2].Write(ctx, e))
		m.write(e)
		m.compare(t, one)
		m.compare(t, two)
	}
}

// TestOpenCallBehindDuplicate has users in a call under way on a page that also
// shows a user of the page before: they are unsettled all the same.
func TestOpenCallBehindDuplicate(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := create(t, openNew(t), batch.Plan{Run: "r"})
	var rows []batch.Planned
	for seq := 1; seq <= pageRows+100; seq++ {
		p := member(seq)
		if seq == pageRows+50 {
			p.DuplicateOf = pageRows - 10
		}
		rows = append(rows, p)
	}
	must(t, r.AddRows(ctx, rows))
	must(t, r.Seal(ctx, batch.Plan{Run: "r", Rows: len(rows), Users: len(rows) - 1}))
	must(t, r.SetState(ctx, Running, ""))
	for under := 1; under < 20; under++ {
		call := batch.Call{No: under, SentAt: at(1), Seqs: []int{pageRows + 80 - under}}
		must(t, r.Write(ctx, batch.Entry{Calls: []batch.Call{call}}))
	}
	var e batch.Entry
	for seq := range len(rows) + 1 {
		if under := pageRows + 80 - seq; seq > 0 && seq != pageRows+50 && (under < 1 || under > 19) {
			e.Records = append(e.Records, settled(seq, 1, batch.Revoked))
		}
	}
	must(t, r.Write(ctx, e))
	for under := 19; under > 0; under-- {
		sum, err := r.Summary(ctx)
		must(t, err)
		n := 0
		for _, l := range all(t, r.Lines(ctx)) {
			if l.Record.Outcome == batch.Unsettled {
				n++
			}
		}
		if n != under || sum.Counts[batch.Unsettled] != under {
			t.Errorf("%d are unsettled, %d in sum, not %d", n, sum.Counts[batch.Unsettled], under)
		}
		must(t, r.Write(ctx, batch.Entry{Over: []int{under}, Records: []batch.Record{settled(pageRows+80-under, 1, batch.Revoked)}}))
	}
}

// TestUnprovenOfThisSession holds that all writes that sessions before left unproven are read
// back, whatever the clock said then, and that those of this session are left to the runner that
// sent them: it awaits their proof already.
func TestUnprovenOfThisSession(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openNew(t)
	for _, steps := range [][]batch.Step{{batch.Revoke}, {batch.Disable, batch.Revoke}} {
		name := "r" + batch.StepList(steps[1:])
		r := create(t, s, batch.Plan{Run: name, Steps: steps})
		must(t, r.AddRows(ctx, []batch.Planned{member(1), member(2), member(3), member(4), member(5), member(6)}))
		must(t, r.Seal(ctx, batch.Plan{Run: name, Steps: steps, Rows: 6, Users: 6, Writes: 6 * len(steps)}))
		accepted := func(seq int, ago time.Duration) {
			t.Helper()
			must(t, r.Write(ctx, batch.Entry{Records: []batch.Record{{Seq: seq, Step: batch.Revoke, Outcome: batch.Unverified, SettledAt: time.Now().Add(-ago)}}}))
		}
		must(t, r.SetState(ctx, Running, ""))
		accepted(1, time.Minute)
		accepted(2, -5*time.Hour) // and then the clock was set back
		must(t, r.SetState(ctx, Running, ""))
		accepted(3, 0)
		must(t, r.SetState(ctx, Stopped, ""))
		must(t, r.SetState(ctx, Running, ""))
		accepted(4, -time.Second)
		accepted(5, 3*24*time.Hour) // and then the clock was set forward
		for again := range 2 {
			var got []int
			for u, err := range r.Unproven(ctx) {
				must(t, err)
				if got = append(got, u.Record.Seq); len(got) == 1 {
					accepted(6, 9*time.Hour) // as a write of this session, while others are read
				}
			}
			if want := []int{1, 2, 3}; !slices.Equal(got, want) {
				t.Errorf("%s, time %d: users %v are unproven, want %v", batch.StepList(steps), again, got, want)
			}
			other, err := s.Run(ctx, name)
			must(t, err)
			r = other
		}
	}
}
