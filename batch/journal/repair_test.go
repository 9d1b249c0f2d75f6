package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"offboard/batch"

	"github.com/google/go-cmp/cmp"
)

// falsehoods lists what a repaired journal says that was not so: a run is as it
// was, or damaged; and of a damaged one every line is one that was there, or
// says that it is lost, and has the record that it had, or is unsettled.
func falsehoods(ctx context.Context, path string, want answers, done Repaired) (list []string) {
	s, err := Open(ctx, path)
	if err != nil {
		return []string{err.Error()}
	}
	defer s.Close()
	infos, err := s.Runs(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	if len(infos) != done.Whole+done.Damaged || len(infos) > len(runNames) {
		list = append(list, fmt.Sprintf("%d runs: %+v", len(infos), done))
	}
	damaged := 0
	for _, in := range infos {
		name := in.Plan.Run
		switch {
		case in.State == Damaged:
			damaged++
			list = append(list, falseLines(ctx, s, name, want)...)
		default:
			got := readAll(ctx, s, name)
			for what, err := range got.errs {
				if err != nil {
					list = append(list, fmt.Sprintf("%s: %s: %v", name, what, err))
				}
			}
			got.Sent = want.runs[name].Sent // of all runs, also of damaged ones
			for _, lie := range got.lies(want.runs[name]) {
				list = append(list, name+": "+lie)
			}
		}
	}
	if damaged != done.Damaged || damaged > 0 && done.Lost == 0 {
		list = append(list, fmt.Sprintf("%d runs are damaged: %+v", damaged, done))
	}
	return list
}

func falseLines(ctx context.Context, s *Store, name string, want answers) (list []string) {
	r, err := s.Run(ctx, name)
	if err != nil {
		return []string{err.Error()}
	}
	if _, ok := want.runs[name]; !ok { // it has lost its name, and its number is the place in the list
		var id int
		if _, err := fmt.Sscanf(name, "lost-%d", &id); err != nil {
			return []string{name + ": there was no such run"}
		}
		name = runNames[id-2]
	}
	was := want.runs[name]
	lines := 0
	for l, err := range r.Lines(ctx) {
		if err != nil {
			return append(list, name+": "+err.Error())
		}
		lines++
		if lines > len(was.Lines) {
			return append(list, fmt.Sprintf("%s: line %d is one too many: %+v", name, lines, l))
		}
		old := was.Lines[lines-1]
		if l.Record.Outcome != batch.Unsettled && !cmp.Equal(l.Record, old.Record) {
			list = append(list, fmt.Sprintf("%s, line %d: the record (-want +got):\n%s", name, lines, cmp.Diff(old.Record, l.Record)))
		}
		if l.Row.Input != lostRow && !cmp.Equal(l.Row, old.Row) || l.User.UPN != "" && !cmp.Equal(l.User, old.User) {
			list = append(list, fmt.Sprintf("%s, line %d: %s", name, lines, cmp.Diff(old, l)))
		}
	}
	if lines < len(was.Lines) && name != "planning" && name != "refused" && r.Plan().Run == name {
		list = append(list, fmt.Sprintf("%s: %d lines of %d", name, lines, len(was.Lines)))
	}
	if err := r.SetState(ctx, Running, ""); !errors.Is(err, ErrState) {
		list = append(list, fmt.Sprintf("%s: it runs again: %v", name, err))
	}
	return list
}

// TestRepair repairs a journal with each of its pages damaged: no run is called
// whole that is not, and nothing is saved that was not so.
func TestRepair(t *testing.T) {
	_, file, want := manyCases(t)
	var mu sync.Mutex
	sums := map[string]int{}
	rnd := newSeed(t)
	eachHarm(t, file, fewer(rnd, harms(rnd, file, pageSize), 4), func(t *testing.T, dir string, file []byte) []string {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		from, to := filepath.Join(dir, "journal.db"), filepath.Join(dir, "repaired.db")
		if err := os.WriteFile(from, file, 0o600); err != nil {
			return []string{err.Error()}
		}
		done, err := Repair(ctx, from, to)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil && !told(err):
			return []string{err.Error()}
		case err != nil:
			sums["given up"]++
			if left, _ := filepath.Glob(dir + "/*"); len(left) != 1 {
				return []string{fmt.Sprintf("left behind: %v", left)}
			}
			return nil
		}
		sums["whole"] += done.Whole
		sums["damaged"] += done.Damaged
		after, err := os.ReadFile(from)
		if err != nil || !bytes.Equal(after, file) {
			return []string{fmt.Sprintf("the damaged file was changed: %v", err)}
		}
		return falsehoods(ctx, to, want, done)
	})
	t.Logf("%v", sums)
}

// TestMovedRows flips bits of the numbers of runs in a page of small rows, which
// leads every search through it astray: to rows that are whole, and another
// run's.
func TestMovedRows(t *testing.T) {
	path, file, want := manyCases(t)
	s := openAt(t, path)
	var root int
	must(t, s.r.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'skips'").Scan(&root))
	page := (root - 1) * pageSize
	var list []harm
	for i := range int(file[page+4]) { // cells: where each is, then its size, its header with a size, its values
		cell := page + int(file[page+8+2*i])<<8 + int(file[page+9+2*i])
		at := cell + 1 + int(file[cell+1])
		for _, bit := range []int{0, 1, 5} {
			list = append(list, harm{fmt.Sprintf("row %d, bit %d", i, bit), func(f []byte) []byte {
				f[at] ^= 1 << bit
				return f
			}})
		}
	}
	if len(list) != 30 {
		t.Fatalf("%d rows", len(list)/3)
	}
	eachHarm(t, file, list, func(t *testing.T, dir string, file []byte) []string {
		from, to := filepath.Join(dir, "journal.db"), filepath.Join(dir, "repaired.db")
		if err := os.WriteFile(from, file, 0o600); err != nil {
			return []string{err.Error()}
		}
		got := ask(t.Context(), from)
		done, err := Repair(t.Context(), from, to)
		if err != nil || !got.tells() {
			return []string{fmt.Sprintf("nobody noticed, or it could not be repaired: %v", err)}
		}
		return append(got.lies(want), falsehoods(t.Context(), to, want, done)...)
	})
}

// TestRepairWhole repairs what is not damaged, with a log beside it.
func TestRepairWhole(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "journal.db"), filepath.Join(dir, "new", "repaired.db")
	wholeJournal(t, from)
	s := openAt(t, from)
	r, err := s.Run(ctx, "stopped")
	must(t, err)
	must(t, r.SetState(ctx, Stopped, "once more, in the log"))
	copied := filepath.Join(dir, "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		file, err := os.ReadFile(from + suffix)
		must(t, err)
		must(t, os.WriteFile(copied+suffix, file, 0o600))
	}
	must(t, s.Close())
	want := ask(ctx, from)
	done, err := Repair(ctx, copied, to)
	must(t, err)
	if done.Whole != len(runNames) || done.Damaged+done.Lost > 0 || done.Kept < 400 {
		t.Errorf("%+v", done)
	}
	for _, lie := range ask(ctx, to).lies(want) {
		t.Error(lie)
	}
	if _, err := Repair(ctx, copied, to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file was replaced: %v", err)
	}
	if _, err := Repair(ctx, filepath.Join(dir, "none"), to+"2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing was repaired: %v", err)
	}
}

// TestRepairLosses takes rows of each kind away, and looks at what is told.
func TestRepairLosses(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and very many cases")
	}
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "journal.db")
	wholeJournal(t, path)
	file, err := os.ReadFile(path)
	must(t, err)
	for statement, want := range map[string]string{
		"DELETE FROM rows WHERE run = 2 AND seq IN (4, 20)":             "2 of its rows are lost",
		"DELETE FROM records WHERE run = 2 AND seq > 40":                "19 of its records are lost",
		"UPDATE records SET outcome = 'verified' WHERE run = 2":         "39 of its records are lost",
		"DELETE FROM states WHERE run = 2 AND no = 4":                   "1 of its states are lost",
		"DELETE FROM calls WHERE run = 2":                               "6 of its calls are lost",
		"UPDATE tallies SET gen = gen + 1 WHERE run = 2":                "its count of rows is lost, so nobody knows what else",
		"UPDATE runs SET tenant = 'other' WHERE id = 2":                 "its plan is lost",
		"DELETE FROM rows WHERE run = 2; DELETE FROM runs WHERE id = 2": "its plan is lost; 60 of its rows are lost",
		"UPDATE runs SET sum = 0; UPDATE tallies SET sum = 0":           "its plan is lost; its count of rows is lost, so nobody knows what else",
		"UPDATE runs SET name = 'other' WHERE id = 2":                   "its plan is lost",
		"UPDATE rows SET id = 'other' WHERE run = 2 AND seq = 20":       "1 of its rows are lost",
	} {
		dir := t.TempDir()
		from, to := filepath.Join(dir, "journal.db"), filepath.Join(dir, "repaired.db")
		must(t, os.WriteFile(from, file, 0o600))
		rawDB(t, from, strings.Split(statement, "; ")...)
		done, err := Repair(ctx, from, to)
		must(t, err)
		s := openAt(t, to)
		infos, err := s.Runs(ctx)
		must(t, err)
		in := infos[len(infos)-1] // the oldest
		if in.State != Damaged || !strings.Contains(in.Reason, want) || in.Ended.IsZero() {
			t.Errorf("%s: %s, %q; want %q", statement, in.State, in.Reason, want)
		}
		r, err := s.Run(ctx, in.Plan.Run)
		must(t, err)
		if lines := all(t, r.Lines(ctx)); len(lines) != 60 {
			t.Errorf("%s: %d lines", statement, len(lines))
		}
		if done.Damaged == 0 || in.Summary.Counts[batch.NotSent] > 0 {
			t.Errorf("%s: %+v, %v", statement, done, in.Summary)
		}
		wantErr(t, r.Write(ctx, batch.Entry{Records: []batch.Record{settled(1, 1, batch.Verified)}}), ErrState)
		wantErr(t, r.SetState(ctx, Running, ""), ErrState)
		like, err := s.Unfinished(ctx, in.Plan)
		must(t, err)
		if like != nil && like.Plan().Run == in.Plan.Run {
			t.Errorf("%s: %s would be resumed", statement, in.Plan.Run)
		}
		sound(t, s)
	}
}

// TestRepairHeader repairs files that SQLite would not read at all.
func TestRepairHeader(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and very many cases")
	}
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "journal.db")
	wholeJournal(t, path)
	want := ask(ctx, path)
	file, err := os.ReadFile(path)
	must(t, err)
	for name, tt := range map[string]struct {
		harm  func(file []byte) []byte
		whole int
	}{
		"no header":         {func(f []byte) []byte { clear(f[:100]); return f }, len(runNames)},
		"another version":   {func(f []byte) []byte { f[63] = 0; return f }, len(runNames)},
		"another program's": {func(f []byte) []byte { f[68] = 'x'; return f }, len(runNames)},
		"no last page":      {func(f []byte) []byte { return f[:len(f)-pageSize] }, len(runNames) - 1},
	} {
		dir := t.TempDir()
		from, to := filepath.Join(dir, "journal.db"), filepath.Join(dir, "repaired.db")
		must(t, os.WriteFile(from, tt.harm(bytes.Clone(file)), 0o600))
		if got := ask(ctx, from); got.opened == nil && !got.tells() {
			t.Errorf("%s: nobody noticed", name)
		}
		done, err := Repair(ctx, from, to)
		must(t, err)
		if done.Whole < tt.whole {
			t.Errorf("%s: %+v", name, done)
		}
		for _, lie := range falsehoods(ctx, to, want, done) {
			t.Errorf("%s: %s", name, lie)
		}
	}
}
