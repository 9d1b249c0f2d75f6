package journal

import (
	"slices"
	"testing"

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
			p.Same = 1
		case p.User.Privileged:
			first = append(first, seq)
		default:
			rest = append(rest, seq)
		}
		if p.Same == 0 && p.Record == nil {
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
		if p.User.Privileged != (len(got) < len(first)) || p.User.ID != guid(p.User.Seq) {
			t.Fatalf("user %+v comes at place %d", p.User, len(got))
		}
		if got = append(got, p.User.Seq); len(got)%100 == 1 {
			must(t, r.Write(ctx, batch.Entry{Records: []batch.Record{settled(p.User.Seq, 1, batch.Revoked)}}))
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
