package journal

import (
	"errors"
	"fmt"
	"testing"

	"offboard/batch"
)

// TestDuplicates plans rows out of order, so that a user may be held by a row
// below the one that names it first.
func TestDuplicates(t *testing.T) {
	s := openNew(t)
	r := create(t, s, batch.Plan{Run: "r"})
	same := func(seq, holder int) batch.Planned {
		p := member(seq)
		p.DuplicateOf = holder
		return p
	}
	must(t, r.AddRows(t.Context(), []batch.Planned{same(5, 3), member(3), same(4, 1)}))
	must(t, r.AddRows(t.Context(), []batch.Planned{same(2, 3), member(1)}))
	must(t, r.Seal(t.Context(), batch.Plan{Run: "r", Rows: 5, Users: 2}))
	must(t, r.SetState(t.Context(), Running, ""))
	must(t, r.Write(t.Context(), batch.Entry{Records: []batch.Record{settled(3, 1, batch.Verified)}}))
	got := ""
	for _, l := range check(t, r) {
		got += fmt.Sprintf("%d:%s/%d/%s/%d ", l.Row.Line, l.Row.Input[:5], l.User.Seq, l.Record.Outcome, l.First.Line)
		if l.User.Seq != l.Record.Seq || l.User.ID != guid(l.User.Seq) || l.User.UPN == "" {
			t.Errorf("line %d has user %+v and the record of %d", l.Row.Line, l.User, l.Record.Seq)
		}
	}
	diff(t, "lines", got, "2:user1/1/not_sent/0 3:user2/3/verified/0 4:user3/3/verified/3 "+
		"5:user4/1/not_sent/2 6:user5/3/verified/3 ")
	if p := all(t, r.Pending(t.Context())); len(p) != 1 || p[0].Item.User.Seq != 1 {
		t.Errorf("pending %+v", p)
	}
}

// TestSeveralFiles keeps rows of two files that have the same numbers, one of which names a
// user whom a later row of the other file holds.
func TestSeveralFiles(t *testing.T) {
	s := openNew(t)
	r := create(t, s, batch.Plan{Run: "r"})
	files := []batch.InputFile{{Name: "berlin.csv", SHA256: "b1"}, {Name: "paris.csv", SHA256: "a0"}}
	at := func(seq, file, line, holder int) batch.Planned {
		p := member(seq)
		p.Row.File, p.Row.Line, p.DuplicateOf = files[file].Name, line, holder
		return p
	}
	must(t, r.AddRows(t.Context(), []batch.Planned{at(4, 1, 3, 3), at(2, 0, 3, 3), at(3, 1, 2, 0), at(1, 0, 2, 0)}))
	skips := []batch.Skip{{File: "berlin.csv", Line: 4, Reason: "footer"}, {File: "paris.csv", Line: 4, Reason: "blank"}}
	must(t, r.AddSkips(t.Context(), skips))
	must(t, r.Seal(t.Context(), batch.Plan{Run: "r", Rows: 4, Users: 2, Inputs: files, Digest: batch.JointDigest(files)}))
	got := ""
	for _, l := range check(t, r) {
		got += fmt.Sprintf("%s: %d, first %s\n", l.Row.Place(), l.User.Seq, l.First)
	}
	diff(t, "lines", got, "line 2 of berlin.csv: 1, first line 0\nline 3 of berlin.csv: 3, first line 0\n"+
		"line 2 of paris.csv: 3, first line 3 of berlin.csv\nline 3 of paris.csv: 3, first line 3 of berlin.csv\n")
	diff(t, "skips", all(t, r.Skips(t.Context())), skips)
}

// TestHolderToCome looks at a plan in the making, in which a row names the user of
// one that is not there yet: that is no damage.
func TestHolderToCome(t *testing.T) {
	s := openNew(t)
	r := create(t, s, batch.Plan{Run: "r"})
	two, five := member(2), member(5)
	two.DuplicateOf, five.DuplicateOf = 9, 3
	must(t, r.AddRows(t.Context(), []batch.Planned{five, two, member(1)}))
	diff(t, "lines", outcomes(all(t, r.Lines(t.Context()))), "not_sent not_sent not_sent")
	sum, err := r.Summary(t.Context())
	must(t, err)
	diff(t, "counts", sum.Counts, map[batch.Outcome]int{batch.NotSent: 3})
	if p := all(t, r.Pending(t.Context())); len(p) != 1 || p[0].Item.User.Seq != 1 {
		t.Errorf("pending %+v", p)
	}
}

func TestAddRefuses(t *testing.T) {
	s := openNew(t)
	r := create(t, s, batch.Plan{Run: "r"})
	with := func(seq, same int, rec *batch.Record) batch.Planned {
		p := member(seq)
		p.DuplicateOf, p.Record = same, rec
		return p
	}
	for name, p := range map[string]batch.Planned{
		"no number":             with(0, 0, nil),
		"another's record":      with(1, 0, &batch.Record{Seq: 2, Outcome: batch.Invalid}),
		"duplicate with record": with(1, 2, &batch.Record{Seq: 1, Outcome: batch.Invalid}),
		"open record":           with(1, 0, &batch.Record{Seq: 1, Outcome: batch.NotSent}),
		"no outcome":            with(1, 0, &batch.Record{Seq: 1}),
	} {
		if err := r.AddRows(t.Context(), []batch.Planned{member(9), p}); err == nil {
			t.Errorf("%s: added", name)
		} else {
			wantErr(t, err, ErrPlan)
		}
	}
	must(t, r.AddRows(t.Context(), []batch.Planned{member(1)}))
	if err := r.AddRows(t.Context(), []batch.Planned{member(2), member(1)}); err == nil {
		t.Error("a row was added twice")
	}
	if got := len(check(t, r)); got != 1 {
		t.Errorf("%d rows, want 1: a refused group was added in part", got)
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openNew(t)
	r := create(t, s, batch.Plan{Run: "r"})
	must(t, r.AddRows(ctx, []batch.Planned{member(1), member(2)}))
	wantErr(t, r.Write(ctx, batch.Entry{Records: []batch.Record{settled(1, 1, batch.Verified)}}), ErrState)
	wantErr(t, r.SetState(ctx, Running, ""), ErrState)
	wantErr(t, r.SetState(ctx, Planned, ""), ErrState)
	wantErr(t, r.Seal(ctx, batch.Plan{Run: "r", Rows: 3, Users: 2}), ErrPlan)
	wantErr(t, r.Seal(ctx, batch.Plan{Run: "r", Rows: 2, Users: 1}), ErrPlan)
	wantErr(t, r.Seal(ctx, batch.Plan{Run: "x", Rows: 2, Users: 2}), ErrPlan)
	for _, chain := range []int{7, 4} { // to nowhere; to a row that points on
		one, two := member(3), member(4)
		one.DuplicateOf, two.DuplicateOf = chain, 1
		r := create(t, s, batch.Plan{Run: fmt.Sprint("chain", chain)})
		must(t, r.AddRows(ctx, []batch.Planned{member(1), one, two}))
		wantErr(t, r.Seal(ctx, batch.Plan{Run: r.Plan().Run, Rows: 3, Users: 1}), ErrPlan)
	}
	gap := create(t, s, batch.Plan{Run: "gap"})
	must(t, gap.AddRows(ctx, []batch.Planned{member(1), member(3)}))
	wantErr(t, gap.Seal(ctx, batch.Plan{Run: "gap", Rows: 2, Users: 2}), ErrPlan)
	must(t, r.Seal(ctx, batch.Plan{Run: "r", Rows: 2, Users: 2}))
	wantErr(t, r.Seal(ctx, batch.Plan{Run: "r", Rows: 2, Users: 2}), ErrState)
	wantErr(t, r.AddRows(ctx, []batch.Planned{member(3)}), ErrState)
	wantErr(t, r.AddSkips(ctx, []batch.Skip{{Line: 9}}), ErrState)
	wantErr(t, r.Write(ctx, batch.Entry{Calls: []batch.Call{{No: 1, Seqs: []int{1}}}}), ErrState)
}

// device is a target of a user.
func device(id string) batch.Target {
	return batch.Target{Step: batch.Devices, ID: id, Name: "laptop", Kind: "Windows", Before: batch.StateEnabled}
}

// withDevices is a row with targets.
func withDevices(seq int, ids ...string) batch.Planned {
	p := member(seq)
	for _, id := range ids {
		p.Targets = append(p.Targets, device(id))
	}
	return p
}

// TestTargetsRefused holds that a plan lists no target of a step that it has not, or that
// lists none, twice, or of nobody; and no record of a target that it does not list.
func TestTargetsRefused(t *testing.T) {
	t.Parallel()
	r := create(t, openNew(t), batch.Plan{Run: "r", Steps: []batch.Step{batch.Disable, batch.Devices}})
	with := func(change func(p *batch.Planned)) batch.Planned {
		p := withDevices(1, "d")
		change(&p)
		return p
	}
	rec := func(s batch.Step, target string) []batch.Record {
		return []batch.Record{{Seq: 1, Step: s, Target: target, Outcome: batch.Already}}
	}
	for name, p := range map[string]batch.Planned{
		"a step that the plan has not":      with(func(p *batch.Planned) { p.Targets[0].Step = batch.Groups }),
		"a step that lists none":            with(func(p *batch.Planned) { p.Targets[0].Step = batch.Disable }),
		"twice the same":                    withDevices(1, "d", "d"),
		"a duplicate's":                     with(func(p *batch.Planned) { p.DuplicateOf = 2 }),
		"of one who ended":                  with(func(p *batch.Planned) { p.Record = &batch.Record{Seq: 1, Outcome: batch.NotFound} }),
		"a record of a target not listed":   with(func(p *batch.Planned) { p.Records = rec(batch.Devices, "e") }),
		"a record of a thing of no step":    with(func(p *batch.Planned) { p.Records = rec(batch.Disable, "d") }),
		"a record of a step not planned":    with(func(p *batch.Planned) { p.Records = rec(batch.Revoke, "") }),
		"a record of the whole beside them": with(func(p *batch.Planned) { p.Records = rec(batch.Whole, "") }),
	} {
		if err := r.AddRows(t.Context(), []batch.Planned{p}); err == nil {
			t.Errorf("%s: added", name)
		}
	}
	if n := traces(t, r.s, r.id); n != 1 {
		t.Errorf("%d rows are there of the run, want its state alone", n)
	}
}

// TestSealCountsWrites holds the writes of a plan against its targets, and those that
// ended at planning.
func TestSealCountsWrites(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for n, c := range []struct{ users, writes int }{{2, 4}, {2, 6}, {1, 5}, {2, 5}} {
		plan := batch.Plan{Run: fmt.Sprint("r", n), Steps: []batch.Step{batch.Disable, batch.Devices}}
		r := create(t, s, plan)
		gone := member(3)
		gone.Record = &batch.Record{Seq: 3, Outcome: batch.NotFound}
		one := withDevices(1, "d", "e")
		one.Records = []batch.Record{{Seq: 1, Step: batch.Devices, Target: "e", Outcome: batch.Already}}
		must(t, r.AddRows(t.Context(), []batch.Planned{one, withDevices(2, "d", "f"), gone}))
		plan.Rows, plan.Users, plan.Writes = 3, c.users, c.writes
		if err := r.Seal(t.Context(), plan); n < 3 {
			wantErr(t, err, ErrPlan)
		} else {
			must(t, err)
		}
	}
}

// TestTargetsAreSealed changes, adds and removes one target of a sealed plan, in the file.
func TestTargetsAreSealed(t *testing.T) {
	t.Parallel()
	changes := []string{"DELETE FROM targets WHERE target = 'd2'",
		"INSERT INTO targets SELECT run, seq, step, 'd9', 9, name, kind, before, on_premises, sam, domain FROM targets WHERE target = 'd2'"}
	for _, change := range []string{"seq = 3", "seq = 4", "step = 'groups'", "target = 'd3'", "place = 1", "name = 'Laptop'", "kind = 'iOS'", "before = ''", "on_premises = 1", "sam = 'x'", "domain = 'x'"} {
		changes = append(changes, "UPDATE targets SET "+change+" WHERE target = 'd2'")
	}
	for _, change := range changes {
		path := newPath(t)
		s := openAt(t, path)
		plan := batch.Plan{Run: "r", Steps: []batch.Step{batch.Devices, batch.Groups}}
		r := create(t, s, plan)
		must(t, r.AddRows(t.Context(), []batch.Planned{withDevices(1, "d1"), withDevices(2, "d2"), member(3), member(4)}))
		plan.Rows, plan.Users, plan.Writes = 4, 4, 2
		must(t, r.Seal(t.Context(), plan))
		must(t, s.Close())
		r, err := openAt(t, path).Run(t.Context(), "r")
		must(t, err)
		if n := len(all(t, r.Pending(t.Context()))); n != 2 {
			t.Errorf("%d writes are pending, want 2", n)
		}
		_, err = r.s.w.Exec(change)
		must(t, err)
		r, err = openAt(t, path).Run(t.Context(), "r")
		must(t, err)
		_, err = upToError(r.Pending(t.Context()))
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: pending ended with %v", change, err)
		}
		_, err = upToError(r.Lines(t.Context()))
		wantErr(t, err, ErrDamaged)
	}
}
