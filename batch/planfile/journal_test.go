package planfile

import (
	"bytes"
	"context"
	"path/filepath"
	"reflect"
	"testing"

	"offboard/batch"
	"offboard/batch/journal"
)

// TestJournal holds that a plan file has all that a run needs: a run made of it,
// without the CSV, has the plan, the rows, the users and the skips of the run
// that planned.
func TestJournal(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	in := leavers()
	for i := range in.rows { // what the journal has no columns for
		in.rows[i].Row.By, in.rows[i].Row.Value = "", ""
		in.rows[i].User.By, in.rows[i].User.Value, in.rows[i].User.Privileged = "", "", false
	}
	store, err := journal.Open(ctx, filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	planned := run(t, store, "planned", in)

	var file bytes.Buffer
	if _, err := Write(&file, in.head, rowsOf(t, planned), planned.Skips(ctx)); err != nil {
		t.Fatal(err)
	}
	out, _, err := reread(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	applied := run(t, store, "applied", out)
	want, got := planned.Plan(), applied.Plan()
	if want.Run = got.Run; !reflect.DeepEqual(got, want) {
		t.Errorf("plan %+v, want %+v", got, want)
	}
	if got, want := linesOf(t, applied), linesOf(t, planned); len(got) != 5 || !reflect.DeepEqual(got, want) {
		t.Errorf("lines\n%+v, want\n%+v", got, want)
	}
	if !reflect.DeepEqual(out.skips, in.skips) {
		t.Errorf("skips %+v", out.skips)
	}
}

// run makes a sealed run of a plan.
func run(t *testing.T, store *journal.Store, name string, in content) *journal.Run {
	t.Helper()
	ctx := context.Background()
	in.head.Plan.Run = name
	r, err := store.Create(ctx, in.head.Plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.AddRows(ctx, in.rows); err != nil {
		t.Fatal(err)
	}
	if err := r.AddSkips(ctx, in.skips); err != nil {
		t.Fatal(err)
	}
	if err := r.Seal(ctx, in.head.Plan); err != nil {
		t.Fatal(err)
	}
	return r
}

func linesOf(t *testing.T, r *journal.Run) []batch.Line {
	t.Helper()
	var all []batch.Line
	for l, err := range r.Lines(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// rowsOf makes the rows of a plan out of a journal's lines.
func rowsOf(t *testing.T, r *journal.Run) func(func(batch.Planned, error) bool) {
	var rows []batch.Planned
	for i, l := range linesOf(t, r) {
		p := batch.Planned{Row: l.Row, User: l.User}
		switch {
		case l.User.Seq != i+1:
			p.User, p.DuplicateOf = batch.User{Seq: i + 1}, l.User.Seq
		case !l.Record.Outcome.Open():
			p.Record = &l.Record
		}
		rows = append(rows, p)
	}
	return pairs(rows)
}
