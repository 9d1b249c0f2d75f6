package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"

	"github.com/google/go-cmp/cmp"
)

// inThePast makes a journal in the year 2000, where a bubble's clock begins.
func inThePast(t *testing.T, build func(*testing.T, *Store)) string {
	t.Helper()
	path := newPath(t)
	bubble(t, func(t *testing.T) {
		s, err := Open(t.Context(), path)
		must(t, err)
		build(t, s)
		if OnServer(path) {
			pass(t, s, 20*365*24*time.Hour)
		}
		must(t, s.Close())
	})
	return path
}

// bubble is synctest.Test, but for a journal on a server, which has a clock of its own.
func bubble(t *testing.T, f func(*testing.T)) {
	if underServer(t) {
		f(t)
		return
	}
	synctest.Test(t, f)
}

// pass lets time pass: in a bubble, or by making what is there older.
func pass(t *testing.T, s *Store, d time.Duration) {
	t.Helper()
	if !OnServer(s.path) {
		time.Sleep(d)
		return
	}
	for _, q := range []string{"UPDATE states SET at = at - $1", "UPDATE calls SET sent_at = sent_at - $1"} {
		_, err := s.w.Exec(q, d.Milliseconds())
		must(t, err)
	}
}

// worked makes a run of n rows and a duplicate, with rows in every table.
func worked(t *testing.T, s *Store, name string, n int) *Run {
	t.Helper()
	plan := somePlan(name)
	plan.Steps = []batch.Step{batch.Disable, batch.Devices}
	r := create(t, s, plan)
	fill(t, r, n-1)
	dup := member(n + 1)
	dup.DuplicateOf = 1
	last := realistic(n)
	for i := range n {
		last.Targets = append(last.Targets, device(guid(i)))
	}
	must(t, r.AddRows(t.Context(), []batch.Planned{last, dup}))
	must(t, r.AddSkips(t.Context(), []batch.Skip{{Line: 1, Reason: "blank"}}))
	p := r.Plan()
	p.Rows, p.Users, p.Writes = n+1, n, n+n
	must(t, r.Seal(t.Context(), p))
	must(t, r.SetState(t.Context(), Running, ""))
	e := batch.Entry{Over: []int{1}, Trials: []batch.Trial{{Seq: n, Step: batch.Disable, Attempts: 1, Status: 503, SentAt: at(1), Doubt: true}}}
	for seq := 1; seq < n; seq++ {
		rec := settled(seq, 1, batch.Verified)
		rec.Step = batch.Disable
		e.Records = append(e.Records, rec)
	}
	must(t, r.Write(t.Context(), batch.Entry{Calls: []batch.Call{{No: 1, Step: batch.Disable, SentAt: time.Now(), Seqs: []int{1}}}}))
	must(t, r.Write(t.Context(), e))
	must(t, r.AddWaits(t.Context(), batch.Waits{Quota: time.Second}))
	must(t, r.SetState(t.Context(), Finished, ""))
	return r
}

func oldRuns(t *testing.T, s *Store) []Old {
	t.Helper()
	old, err := s.Old(t.Context(), time.Now().Add(-Remembered))
	must(t, err)
	return old
}

func names(old []Old) (list []string) {
	for _, o := range old {
		list = append(list, o.Plan().Run)
	}
	return list
}

// traces counts what the database has of a run, in every table that has runs,
// also in those that were added after this test.
func traces(t *testing.T, s *Store, id int) (n int) {
	t.Helper()
	must(t, s.read(t.Context(), func(t *tx) error {
		query := "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c ON c.name = 'run' WHERE m.type = 'table'"
		if OnServer(s.path) {
			query = `SELECT CAST(c.table_name AS TEXT) FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
				WHERE table_schema = current_schema() AND column_name = 'run' AND table_type = 'BASE TABLE'`
		}
		tables, err := list(t, alone[string], query)
		for _, table := range tables {
			k, err := number(t, "SELECT count(*) FROM "+table+" WHERE run = $1", id)
			if n += k; err != nil {
				return err
			}
		}
		return err
	}))
	return n
}

func TestPrune(t *testing.T) {
	t.Parallel()
	path := inThePast(t, func(t *testing.T, s *Store) {
		worked(t, s, "keep", 30)
		worked(t, s, "gone", 40)
	})
	s := openAt(t, path)
	old := oldRuns(t, s)
	diff(t, "old runs", names(old), []string{"keep", "gone"})
	keep, gone := old[0], old[1]
	before := check(t, keep.Run)
	if traces(t, s, gone.id) < 41+40+39+1+1+1+1+4 {
		t.Fatal("not every table holds rows")
	}
	must(t, gone.Prune(t.Context()))
	if n := traces(t, s, gone.id); n != 0 {
		t.Errorf("%d rows are left of the run", n)
	}
	diff(t, "the other run", check(t, keep.Run), before)
	diff(t, "old runs", names(oldRuns(t, s)), []string{"keep"})
	wantErr(t, gone.Prune(t.Context()), ErrNoRun)
	locks, err := filepath.Glob(filepath.Join(path+".locks", "gone*"))
	if err != nil || len(locks) > 0 {
		t.Errorf("files of its lock are left: %v, error %v", locks, err)
	}
	sound(t, s)
}

func TestOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := openNew(t)
		pass := func(d time.Duration) { pass(t, s, d) }
		running(t, s, "at-work", 1)
		worked(t, s, "early", 1)
		pass(time.Hour)
		worked(t, s, "late", 1)
		r, err := s.Run(t.Context(), "at-work")
		must(t, err)
		must(t, r.Write(t.Context(), batch.Entry{Calls: []batch.Call{{No: 1, SentAt: time.Now(), Seqs: []int{1}}}}))
		pass(2 * time.Hour)
		now := time.Now()
		for _, c := range []struct {
			age  time.Duration
			want []string
		}{
			{3 * time.Hour, nil},
			{3*time.Hour - time.Millisecond, []string{"early"}}, // its last call is what counts of at-work
			{2 * time.Hour, []string{"early"}},
			{time.Hour, []string{"at-work", "early", "late"}},
		} {
			old, err := s.Old(t.Context(), now.Add(-c.age))
			must(t, err)
			diff(t, c.age.String(), names(old), c.want)
		}
		if _, err := s.Old(t.Context(), now.Add(-Remembered+time.Millisecond)); err == nil {
			t.Error("runs were listed whose calls count toward a quota")
		}
	})
}

// What was shown to a person is what goes, and nothing that somebody works on.
func TestPruneWhatWasListed(t *testing.T) {
	t.Parallel()
	path := inThePast(t, func(t *testing.T, s *Store) {
		running(t, s, "resumed", 1)
		running(t, s, "called", 1)
		running(t, s, "locked", 1)
	})
	s := openAt(t, path)
	old := oldRuns(t, s)
	must(t, old[0].SetState(t.Context(), Stopped, ""))
	must(t, old[0].SetState(t.Context(), Running, ""))
	must(t, old[1].Write(t.Context(), batch.Entry{Calls: []batch.Call{{No: 1, SentAt: time.Now(), Seqs: []int{1}}}}))
	unlock, err := old[2].Lock()
	must(t, err)
	defer unlock()
	for i, want := range []error{ErrState, ErrState, ErrLocked} {
		wantErr(t, old[i].Prune(t.Context()), want)
		check(t, old[i].Run)
	}
}

// strike ends, or does something else, when it was asked for the n-th time
// whether it has.
type strike struct {
	context.Context
	n  int
	do func()
}

func (s *strike) Err() error {
	if s.n--; s.n == 0 && s.do != nil {
		s.do()
	}
	if s.n <= 0 {
		return context.Canceled
	}
	return nil
}

// TestPruneCutShort ends a deletion after each of its transactions, and looks
// at what is left from everywhere.
func TestPruneCutShort(t *testing.T) {
	t.Parallel()
	cut := 0
	for n := 1; ; n++ {
		path := inThePast(t, func(t *testing.T, s *Store) { worked(t, s, "r", sliceRows+10) })
		s := openAt(t, path)
		o := oldRuns(t, s)[0]
		whole := all(t, o.Lines(t.Context()))
		err := o.Prune(&strike{Context: t.Context(), n: n})
		if err == nil {
			break
		}
		cut++
		wantErr(t, err, context.Canceled)
		gone(t, s, o.Run)
		truth(t, s, whole)

		s = openAt(t, path) // as a new process would
		gone(t, s, o.Run)
		again := oldRuns(t, s)
		if len(again) != 1 || !again[0].HalfPruned() {
			t.Fatalf("cut short after %d transactions, and not listed: %+v", n, again)
		}
		must(t, again[0].Prune(t.Context()))
		if n := traces(t, s, o.id); n != 0 || len(oldRuns(t, s)) > 0 {
			t.Errorf("%d rows are left of the run", n)
		}
		sound(t, s)
	}
	if cut < 8 { // rows, targets and marks twice, calls, and the run itself
		t.Errorf("cut short %d times only", cut)
	}
}

// gone makes sure that a run can neither be found, nor read, nor written to.
func gone(t *testing.T, s *Store, r *Run) {
	t.Helper()
	ctx := t.Context()
	listed, err := s.Runs(ctx, Filter{})
	must(t, err)
	runs, err := s.find(ctx, sqlNewestFirst)
	must(t, err)
	if len(listed) > 0 || len(runs) > 0 {
		t.Errorf("it is listed: %v", listed)
	}
	for _, name := range []string{"", "r"} {
		_, err := s.Run(ctx, name)
		wantErr(t, err, ErrNoRun)
	}
	if like, err := s.Unfinished(ctx, r.Plan()); like != nil || err != nil {
		t.Errorf("it can be gone on with, error %v", err)
	}
	if m := all(t, s.Mentions(ctx, "user1@contoso.example")); len(m) > 0 {
		t.Errorf("it has a history: %+v", m)
	}
	last := func(_ any, err error) error { return err }
	_, _, left := r.Remaining(ctx)
	for what, err := range map[string]error{
		"History": last(r.Changes(ctx)), "Summary": last(r.Summary(ctx)),
		"Timing": last(r.Timing(ctx)), "Left": left, "Recover": last(r.Recover(ctx)),
		"Lines": ending(r.Lines(ctx)), "Pending": ending(r.Pending(ctx)), "Unproven": ending(r.Unproven(ctx)), "Skips": ending(r.Skips(ctx)),
		"SetState": r.SetState(ctx, Running, ""), "Write": r.Write(ctx, batch.Entry{}), "Discard": r.Discard(ctx),
	} {
		if !errors.Is(err, ErrNoRun) {
			t.Errorf("%s: got error %v, want ErrNoRun", what, err)
		}
	}
}

// ending is the error that a sequence ends with.
func ending[T any](seq func(func(T, error) bool)) (last error) {
	for _, err := range seq {
		last = err
	}
	return last
}

// truth makes sure that the view, which people ask without us, says of no line
// what is not so.
func truth(t *testing.T, s *Store, whole []batch.Line) {
	t.Helper()
	want := map[int]string{}
	for _, l := range whole {
		want[l.Row.Line] = string(l.Record.Outcome)
	}
	type said struct {
		line    int
		outcome string
	}
	var view []said
	must(t, s.read(t.Context(), func(t *tx) (err error) {
		view, err = list(t, func(v *said) []any { return []any{&v.line, &v.outcome} }, "SELECT line, outcome FROM lines")
		return err
	}))
	for _, v := range view {
		if v.outcome != want[v.line] {
			t.Errorf("the view says %s of line %d, which was %s", v.outcome, v.line, want[v.line])
		}
	}
}

// A report under way while its run is pruned ends in an error, and is right as
// far as it came.
func TestPruneUnderReader(t *testing.T) {
	t.Parallel()
	for _, when := range []int{1, pageRows, pageRows + 1, 2 * pageRows} {
		path := inThePast(t, func(t *testing.T, s *Store) { worked(t, s, "r", 2*pageRows+10) })
		s := openAt(t, path)
		r, err := s.Run(t.Context(), "r")
		must(t, err)
		whole := all(t, r.Lines(t.Context()))
		var got []batch.Line
		var end error
		for l, err := range r.Lines(t.Context()) {
			if end = err; err != nil {
				break
			}
			if got = append(got, l); len(got) == when {
				must(t, oldRuns(t, s)[0].Prune(t.Context()))
			}
		}
		wantErr(t, end, ErrNoRun)
		if len(got) >= len(whole) || !cmp.Equal(got, whole[:len(got)]) {
			t.Errorf("%d lines were read, of %d, or they are not the run's", len(got), len(whole))
		}
	}
}

// The number of a run that is gone is never another's: who still holds the one,
// or has it on a list of runs to be pruned, touches nothing of the others.
func TestNumberOfPrunedRun(t *testing.T) {
	t.Parallel()
	s := openAt(t, inThePast(t, func(t *testing.T, s *Store) { worked(t, s, "r", 3) }))
	stale, err := s.Run(t.Context(), "r")
	must(t, err)
	listed := oldRuns(t, s)[0]
	cut := listed
	wantErr(t, cut.Prune(&strike{Context: t.Context(), n: 1}), context.Canceled)
	begun := oldRuns(t, s)[0]
	must(t, oldRuns(t, s)[0].Prune(t.Context()))
	next := running(t, s, "r", 3) // tonight's, of the same name
	if next.id <= stale.id {
		t.Fatalf("run %d comes after run %d", next.id, stale.id)
	}
	must(t, next.Write(t.Context(), batch.Entry{Calls: []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{1}}}}))
	before := check(t, next)
	_, err = stale.Recover(t.Context())
	wantErr(t, err, ErrNoRun)
	wantErr(t, stale.SetState(t.Context(), Running, ""), ErrNoRun)
	wantErr(t, stale.Write(t.Context(), batch.Entry{Over: []int{1}}), ErrNoRun)
	wantErr(t, ending(stale.Lines(t.Context())), ErrNoRun)
	wantErr(t, ending(stale.Pending(t.Context())), ErrNoRun)
	wantErr(t, listed.Prune(t.Context()), ErrNoRun)
	wantErr(t, begun.Prune(t.Context()), ErrNoRun)
	diff(t, "the other run", check(t, next), before)
}

// asChild has this binary run one test in a process of its own.
func asChild(t *testing.T, test, path string, n int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), "OFFBOARD_JOURNAL_PATH="+path, fmt.Sprint("OFFBOARD_JOURNAL_N=", n))
	return cmd
}

// TestPruneChild is the child of TestPruneKilled: it kills itself after so many
// transactions.
func TestPruneChild(t *testing.T) {
	path := os.Getenv("OFFBOARD_JOURNAL_PATH")
	if path == "" {
		t.Skip("runs as a child only")
	}
	n, err := strconv.Atoi(os.Getenv("OFFBOARD_JOURNAL_N"))
	must(t, err)
	self, err := os.FindProcess(os.Getpid())
	must(t, err)
	die := func() {
		must(t, self.Kill())
		select {} // death takes its time
	}
	must(t, oldRuns(t, openAt(t, path))[0].Prune(&strike{Context: t.Context(), n: n, do: die}))
}

func TestPruneKilled(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 4, 6} {
		path := inThePast(t, func(t *testing.T, s *Store) { worked(t, s, "r", sliceRows+10) })
		out, err := asChild(t, "TestPruneChild", path, n).CombinedOutput()
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != -1 {
			t.Fatalf("the child ended by itself: %v\n%s", err, out)
		}
		s := openAt(t, path)
		old := oldRuns(t, s)
		if !slices.Equal(names(old), []string{"r"}) || !old[0].HalfPruned() {
			t.Fatalf("killed after %d transactions, the journal has %v", n, names(old))
		}
		gone(t, s, old[0].Run)
		must(t, old[0].Prune(t.Context())) // its lock died with the child
		if n := traces(t, s, old[0].id); n != 0 {
			t.Errorf("%d rows are left of the run", n)
		}
		sound(t, s)
	}
}
