package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
)

// oldJournal has runs of the year 2000, where a bubble's clock begins; the
// first is of many users.
func oldJournal(t *testing.T, states ...journal.State) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s, err := journal.Open(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		for i, state := range states {
			plan := batch.Plan{Run: fmt.Sprintf("%d-%s", i, state), Created: time.Now(), Input: "in\x1b.csv", Columns: []string{"upn"}, Rows: 1, Users: 1}
			if i == 0 {
				plan.Rows, plan.Users = 6000, 6000
			}
			r, err := s.Create(ctx, plan)
			rows := make([]batch.Planned, plan.Rows)
			for k := range rows {
				rows[k].User.Seq = k + 1
				rows[k].Row = batch.Row{Line: k + 2, Input: fmt.Sprintf("user%d@contoso.example", k)}
			}
			if err == nil {
				err = r.AddRows(ctx, rows)
			}
			if err == nil && state != journal.Planning {
				err = r.Seal(ctx, plan)
			}
			if err == nil && state != journal.Planning && state != journal.Planned {
				err = r.SetState(ctx, state, "")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
	return path
}

// offboardHere runs a command in this process, for a person who answers.
func offboardHere(t *testing.T, answer string, args ...string) (code exitCode, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	w := world{args: args, stdin: strings.NewReader(answer), stdout: &out, stderr: &errs, asks: answer != "", getenv: func(string) string { return "" }}
	return execute(t.Context(), w), out.String(), errs.String()
}

// listed are the runs in a journal, the oldest first.
func listed(t *testing.T, path string) (names []string) {
	t.Helper()
	s, err := journal.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	runs, err := s.Runs(t.Context(), journal.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range slices.Backward(runs) {
		names = append(names, r.Plan().Run)
	}
	return names
}

func TestPruneChooses(t *testing.T) {
	all := []journal.State{journal.Finished, journal.Planning, journal.Planned, journal.Running, journal.Stopped, journal.Refused, journal.Finished}
	for _, c := range []struct {
		name, args, answer string
		code               exitCode
		left               string
		says               string
	}{
		{"dry run", "--dry-run", "", 0, "0-finished 1-planning 2-planned 3-running 4-stopped 5-refused 6-finished", "prune    0-finished"},
		{"nobody to ask", "", "", 4, "0-finished 1-planning 2-planned 3-running 4-stopped 5-refused 6-finished", "give --yes"},
		{"refused", "", "n\n", 4, "0-finished 1-planning 2-planned 3-running 4-stopped 5-refused 6-finished", "Delete 3 runs"},
		{"approved", "", "y\n", 0, "2-planned 3-running 4-stopped 6-finished", "keep     4-stopped"},
		{"unfinished, too", "--unfinished --yes", "", 0, "6-finished", "prune    4-stopped"},
		{"nothing is old enough", "--older-than 36500d --yes", "", 0, "0-finished 1-planning 2-planned 3-running 4-stopped 5-refused 6-finished", ""},
		{"too young", "--older-than 59m --yes", "", 2, "0-finished 1-planning 2-planned 3-running 4-stopped 5-refused 6-finished", "quotas"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := oldJournal(t, all...)
			s, err := journal.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			locked, err := s.Run(t.Context(), "6-finished")
			if err != nil {
				t.Fatal(err)
			}
			unlock, err := locked.Lock()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { unlock(); s.Close() }()
			args := strings.Fields("runs prune --older-than 365d --journal " + path + " " + c.args)
			code, out, errs := offboardHere(t, c.answer, args...)
			if code != c.code || !strings.Contains(errs, c.says) {
				t.Errorf("exit code %d, want %d\n%s%s", code, c.code, out, errs)
			}
			if left := strings.Join(listed(t, path), " "); left != c.left {
				t.Errorf("left are %s, want %s", left, c.left)
			}
			if c.code != exitUsage && !strings.Contains(c.args, "36500d") && !strings.Contains(errs, fmt.Sprintf("locked by process %d", os.Getpid())) {
				t.Errorf("the locked run is not named:\n%s", errs)
			}
			if strings.ContainsRune(errs, '\x1b') {
				t.Errorf("a file's name talks to the terminal: %q", errs)
			}
		})
	}
}

// strikeAt cancels a context as soon as something is said.
type strikeAt struct {
	bytes.Buffer
	word   string
	cancel func()
}

func (s *strikeAt) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.word)) {
		s.cancel()
	}
	return s.Buffer.Write(p)
}

// A signal ends it between two transactions, and the same command goes on.
func TestPruneStops(t *testing.T) {
	path := oldJournal(t, journal.Finished, journal.Finished)
	reports := t.TempDir() // what is said of them is said last
	if err := os.WriteFile(filepath.Join(reports, "run.json"), []byte(`{"run":"1-finished"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"runs", "prune", "--older-than", "365d", "--yes", "--journal", path, "--reports", reports}
	ctx, cancel := context.WithCancelCause(t.Context())
	errs := &strikeAt{word: "keep     report of 1-finished", cancel: func() { cancel(job.ErrSecondSignal) }}
	code := execute(ctx, world{args: args, stdout: io.Discard, stderr: errs, getenv: func(string) string { return "" }})
	if code != exitStopped || !strings.Contains(errs.String(), "pruned 0 of 2 runs, and the same command goes on") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	if left := listed(t, path); !slices.Equal(left, []string{"1-finished"}) {
		t.Errorf("left are %v", left)
	}
	code, out, said := offboardHere(t, "", args...)
	if left := listed(t, path); code != 0 || len(left) > 0 || !strings.Contains(said, "0-finished, whose deletion was cut short") {
		t.Errorf("exit code %d, left are %v\n%s%s", code, left, out, said)
	}
}

// The first signal ends it also while it gives space back, and it says what was done.
func TestPruneStopsCompacting(t *testing.T) {
	stop := make(chan struct{})
	errs := &strikeAt{word: "keep     0-stopped", cancel: func() { close(stop) }}
	args := []string{"runs", "prune", "--older-than", "365d", "--yes", "--journal", oldJournal(t, journal.Stopped)}
	code := execute(t.Context(), world{args: args, stdout: io.Discard, stderr: errs, stop: stop, getenv: func(string) string { return "" }})
	if want := "pruned 0 runs, and the space was not all given back; the same command goes on\n"; code != exitStopped || !strings.HasSuffix(errs.String(), want) {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

// The file gives the space back, also while somebody has it open.
func TestPruneGivesSpaceBack(t *testing.T) {
	path := oldJournal(t, journal.Finished)
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	full := size()
	other, err := journal.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	args := []string{"runs", "prune", "--older-than", "365d", "--yes", "--journal", path, "-o", "json"}
	var doc struct {
		Pruned []struct{ Run string }
		Freed  int64 `json:"freed_bytes"`
	}
	code, out, errs := offboardHere(t, "", args...)
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != 0 || len(doc.Pruned) != 1 || doc.Pruned[0].Run != "0-finished" ||
		doc.Freed != full-size() || size() > full/4 {
		t.Errorf("exit code %d, error %v, %d bytes of %d\n%s%s", code, err, size(), full, out, errs)
	}
}

// With --reports the reports of the runs that go are taken along: those that the journal knows
// and that are as they were written, and nothing else.
func TestPruneReports(t *testing.T) {
	path := oldJournal(t, journal.Finished, journal.Finished, journal.Stopped)
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := func(names ...string) string { return filepath.Join(append([]string{root}, names...)...) }
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for dir, run := range map[string]string{"whole": "1-finished", "2026/deep": "1-finished", "noted": "1-finished", "edited": "0-finished", "unknown": "1-finished", "kept": "2-stopped", "a/b/too-deep": "1-finished"} {
		if code, out, errs := offboardHere(t, "", "report", run, "--journal", path, "--report-dir", in(filepath.FromSlash(dir))); code != 0 {
			t.Fatalf("exit code %d\n%s%s", code, out, errs)
		}
	}
	write(in("noted", "notes.txt"), "mine")
	write(in("edited", "report.csv"), "edited")
	write(in("unknown", "report.sha256"), "")
	if err := os.Symlink(in("a", "b", "too-deep"), in("link")); err != nil {
		t.Fatal(err)
	}
	there := func() (files int) {
		err := filepath.WalkDir(root, func(_ string, d os.DirEntry, err error) error {
			if !d.IsDir() {
				files++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	all := there()
	args := []string{"runs", "prune", "--older-than", "365d", "--journal", path, "--reports", root}
	code, out, errs := offboardHere(t, "", append(args, "--dry-run")...)
	if code != 0 || there() != all || !strings.Contains(out, "would prune 2 runs with 6,001 rows; kept 1 run that are as old; 3 of 5 reports\n") {
		t.Errorf("exit code %d, %d files of %d\n%s%s", code, there(), all, out, errs)
	}
	var doc struct {
		Reports []struct {
			Dir, Run, Why string
			Left          []string
		}
	}
	code, out, errs = offboardHere(t, "yes\n", append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != 0 || len(doc.Reports) != 5 {
		t.Fatalf("exit code %d, error %v\n%s%s", code, err, out, errs)
	}
	for _, want := range []string{
		"Delete 2 runs and 3 reports for good",
		"prune    report of 1-finished in " + in("whole") + "\n",
		"prune    report of 1-finished in " + in("2026", "deep") + "\n",
		"left     " + in("noted") + ", with what is not of the report: notes.txt\n",
		"keep     report of 0-finished in " + in("edited") + ": report.csv is not as it was written\n",
		"keep     report of 1-finished in " + in("unknown") + ": its report.sha256 is none that the journal knows\n",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("it does not say %q:\n%s", want, errs)
		}
	}
	for name, want := range map[string]int{"whole": -1, "2026/deep": -1, "noted": 1, "edited": 6, "unknown": 6, "kept": 6, "a/b/too-deep": 6} {
		files, err := os.ReadDir(in(filepath.FromSlash(name)))
		if n := len(files); err != nil && want != -1 || err == nil && n != want {
			t.Errorf("%s has %d files (%v), want %d", name, n, err, want)
		}
	}
	if left := listed(t, path); !slices.Equal(left, []string{"2-stopped"}) {
		t.Errorf("left are %v", left)
	}
}
