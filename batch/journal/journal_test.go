package journal

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/journal/pgtest"

	"github.com/google/go-cmp/cmp"
)

// at is a moment of the tests' own, n seconds after another.
func at(n int) time.Time { return time.Date(2026, 3, 4, 5, 6, n, 789e6, time.UTC) }

func openAt(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openNew(t testing.TB) *Store {
	t.Helper()
	return openAt(t, newPath(t))
}

// underServer reports whether a test is held against a journal on a server.
func underServer(t testing.TB) bool { return strings.HasPrefix(t.Name(), "TestServer/") }

// newPath names a journal that is not there yet: in a file, or under TestServer on a server.
func newPath(t testing.TB) string {
	t.Helper()
	if underServer(t) {
		pg := pgtest.Shared(t)
		return pg.URL(pg.Schema(t))
	}
	return filepath.Join(t.TempDir(), "journal.db")
}

func create(t testing.TB, s *Store, plan batch.Plan) *Run {
	t.Helper()
	r, err := s.Create(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// member is a plain row of a user.
func member(seq int) batch.Planned {
	upn := fmt.Sprintf("user%d@contoso.example", seq)
	return batch.Planned{
		Row:  batch.Row{Line: seq + 1, Input: upn, Cells: []string{upn}},
		User: batch.User{Seq: seq, ID: guid(seq), UPN: upn, Type: "Member", Enabled: true, Stamp: at(0)},
	}
}

// running makes a run of n members that is ready to write.
func running(t testing.TB, s *Store, name string, n int, steps ...batch.Step) *Run {
	t.Helper()
	r := create(t, s, batch.Plan{Run: name, Steps: steps})
	fill(t, r, n)
	seal(t, r, n)
	return r
}

func all[T any](t testing.TB, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var list []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got error %v, want %v", err, target)
	}
}

func diff(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// check holds what is true of every run: its summary is a fold over its
// lines, and the view says the same as Lines.
func check(t testing.TB, r *Run) []batch.Line {
	t.Helper()
	lines := all(t, r.Lines(t.Context()))
	var fold batch.Summary
	for _, l := range lines {
		fold.Add(l.Record.Outcome)
		if l.First != (batch.Place{}) {
			fold.AddAgain(l.Record.Outcome, 1)
		}
	}
	sum, err := r.Summary(t.Context())
	must(t, err)
	if sum.Lines != fold.Lines || len(fold.Counts)+len(sum.Counts) > 0 && !cmp.Equal(sum.Counts, fold.Counts) || !cmp.Equal(sum.Again, fold.Again) {
		t.Errorf("Summary is %v, adding up Lines %v", sum, fold)
	}
	if batch.Several(r.Plan().Steps) {
		checkWrites(t, r, lines)
		return lines
	}
	type row struct {
		file                         string
		line                         int
		input, id, upn, outcome, ask string
		sent, after                  string
	}
	var view []row
	must(t, r.read(t.Context(), func(t *tx) error {
		view, err = list(t, func(v *row) []any {
			return []any{&v.file, &v.line, &v.input, &v.id, &v.upn, &v.outcome, &v.sent, &v.after, &v.ask}
		}, `SELECT file, line, input, user_id, user_principal_name, outcome, sent_at, valid_from_after, request_id
			FROM lines WHERE run = $1 ORDER BY file, line`, r.Plan().Run)
		return err
	}))
	if len(view) != len(lines) {
		t.Fatalf("the view has %d lines, not %d", len(view), len(lines))
	}
	for i, l := range lines {
		want := row{l.Row.File, l.Row.Line, l.Row.Input, l.User.ID, l.User.UPN, string(l.Record.Outcome), l.Record.RequestID,
			iso(l.Record.SentAt), iso(l.Record.After)}
		if view[i] != want {
			t.Errorf("the view says %+v, Lines %+v", view[i], want)
		}
	}
	return lines
}

// checkWrites holds that the view says of every write what Lines says, and knows of no other
// one; of a user who ended before any step it tells the mark of the whole.
func checkWrites(t testing.TB, r *Run, lines []batch.Line) {
	t.Helper()
	type row struct{ step, target, name, kind, before, after, outcome, reason string }
	type key struct {
		batch.Place
		step, target string
	}
	view := map[key]row{}
	must(t, r.read(t.Context(), func(t *tx) error {
		type viewed struct {
			batch.Place
			row
		}
		all, err := list(t, func(v *viewed) []any {
			return []any{&v.File, &v.Line, &v.step, &v.target, &v.name, &v.kind, &v.before, &v.after, &v.outcome, &v.reason}
		}, `SELECT file, line, step, target, name, kind, before, after, outcome, reason FROM writes WHERE run = $1`, r.Plan().Run)
		for _, v := range all {
			view[key{v.Place, v.step, v.target}] = v.row
		}
		return err
	}))
	known := 0
	for _, l := range lines {
		if l.Record.Seq != l.User.Seq {
			t.Errorf("line %d has the record of user %d, not %d", l.Row.Line, l.Record.Seq, l.User.Seq)
		}
		for _, w := range l.Writes {
			got, ok := view[key{l.Row.Place(), string(w.Target.Step), w.Target.ID}]
			if !ok {
				continue // of a duplicate, or nothing is known
			}
			known++
			g, rec := w.Target, w.Record
			want := row{string(g.Step), g.ID, g.Name, g.Kind, g.Before, rec.Shown, string(rec.Outcome), rec.Reason}
			if rec.Outcome.Open() {
				want.reason = "" // is in words of Lines alone
			}
			if got != want {
				t.Errorf("line %d: the view says %+v, Lines %+v", l.Row.Line, got, want)
			}
		}
		if _, ok := view[key{l.Row.Place(), "", ""}]; ok {
			known++
		}
	}
	if known != len(view) {
		t.Errorf("the view knows of %d writes, Lines of %d", len(view), known)
	}
}

// sound asks SQLite whether the file is whole.
func sound(t testing.TB, s *Store) {
	t.Helper()
	if OnServer(s.path) {
		return
	}
	var verdict string
	must(t, s.r.QueryRow("PRAGMA integrity_check").Scan(&verdict))
	if verdict != "ok" {
		t.Errorf("integrity check: %s", verdict)
	}
}

func iso(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

func outcomes(lines []batch.Line) string {
	var words []string
	for _, l := range lines {
		words = append(words, string(l.Record.Outcome))
	}
	return strings.Join(words, " ")
}
