package journal

import (
	"slices"
	"testing"

	"offboard/batch"
)

// TestStrangers writes about users whom the plan does not have, beside one whom
// it has: nothing of that is written.
func TestStrangers(t *testing.T) {
	ctx := t.Context()
	s := openNew(t)
	r := create(t, s, batch.Plan{Run: "r"})
	dup := member(2)
	dup.DuplicateOf = 3
	must(t, r.AddRows(ctx, []batch.Planned{member(1), dup, member(3)}))
	must(t, r.Seal(ctx, batch.Plan{Run: "r", Rows: 3, Users: 2}))
	must(t, r.SetState(ctx, Running, ""))
	again, err := s.Run(ctx, "r")
	must(t, err)
	for _, r := range []*Run{r, again} {
		for _, seq := range []int{-1, 0, 2, 4} {
			wantErr(t, r.Write(ctx, batch.Entry{Records: []batch.Record{settled(1, 1, batch.Revoked), settled(seq, 1, batch.Revoked)}}), ErrPlan)
			wantErr(t, r.Write(ctx, batch.Entry{Trials: []batch.Trial{{Seq: 1}, {Seq: seq}}}), ErrPlan)
			wantErr(t, r.Write(ctx, batch.Entry{Calls: []batch.Call{{No: 1, Seqs: []int{1, seq}}}}), ErrPlan)
		}
		wantErr(t, r.Write(ctx, batch.Entry{Calls: []batch.Call{{No: 1, Seqs: []int{3, 1, 3}}}}), ErrPlan)
	}
	diff(t, "lines", outcomes(check(t, r)), "not_sent not_sent not_sent")
}

// TestDropTrials has records end the trials of their own users only.
func TestDropTrials(t *testing.T) {
	ctx := t.Context()
	s := openNew(t)
	one, two := running(t, s, "one", 30), running(t, s, "two", 30)
	var e batch.Entry
	for seq := range 30 {
		e.Trials = append(e.Trials, batch.Trial{Seq: seq + 1, Throttles: 1})
	}
	must(t, one.Write(ctx, e))
	must(t, two.Write(ctx, e))
	e = batch.Entry{}
	for seq := 2; seq <= 30; seq += 2 {
		e.Records = append(e.Records, settled(seq, 1, batch.Revoked))
	}
	must(t, one.Write(ctx, e))
	type group struct{ run, n, odd int }
	must(t, s.read(ctx, func(x *tx) error {
		groups, err := list(x, func(g *group) []any { return []any{&g.run, &g.n, &g.odd} },
			"SELECT run, count(*), CAST(sum(seq % 2) AS BIGINT) FROM marks WHERE outcome IS NULL GROUP BY run ORDER BY run")
		if want := []group{{one.id, 15, 15}, {two.id, 30, 15}}; !slices.Equal(groups, want) {
			t.Errorf("runs, their trials, and those of odd users: %v, want %v", groups, want)
		}
		return err
	}))
}
