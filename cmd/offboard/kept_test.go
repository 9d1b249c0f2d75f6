package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"offboard/batch/graphsim"
	"offboard/batch/job"
)

var keep = flag.Bool("keep", false, "TestKept: keep a journal and a plan of this version in testdata/kept, for the next versions to open")

const (
	keptFinished = "in.csv"   // of a run to its end
	keptStopped  = "many.csv" // of a run with several steps, which a deadline stopped
)

// TestKept opens what earlier versions wrote. testdata/kept has a directory for each form of journals, named by
// its number: with a run to its end and its report, a run that was stopped, and a plan with its
// approval. Of our own form all of it is read, and gone on with; a journal of another is refused, and left as it
// is. A plan is read whatever wrote it.
func TestKept(t *testing.T) {
	const kept = "../../testdata/kept"
	ours := job.ThisBuild(version)
	own := strconv.Itoa(ours.Journal.SQLite)
	if *keep {
		t.Run("keep", func(t *testing.T) { keepThis(t, filepath.Join(kept, own)) })
	}
	if _, err := os.Stat(filepath.Join(kept, own)); err != nil {
		t.Errorf("journals have a new form: say so in .release/CHANGELOG.md, and keep one: go test ./cmd/offboard -run '^TestKept$' -keep")
	}
	changes, err := os.ReadFile("../../.release/CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	_, newest, _ := strings.Cut(string(changes), "\n## ")
	newest, _, _ = strings.Cut(newest, "\n## ")
	if want := fmt.Sprintf("Journal %s, on PostgreSQL %d; plan file %d.", own, ours.Journal.PostgreSQL, ours.PlanFile); !strings.Contains(newest, want) {
		t.Errorf(".release/CHANGELOG.md does not say of its newest version: %s", want)
	}
	forms, err := os.ReadDir(kept)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range forms {
		t.Run(form.Name(), func(t *testing.T) {
			d := newBooth(t, 0, graphsim.Config{})
			d.network = nil                                                   // rehearsals alone
			if err := os.Remove(filepath.Join(d.dir, "in.csv")); err != nil { // the booth's own
				t.Fatal(err)
			}
			if err := os.CopyFS(d.dir, os.DirFS(filepath.Join(kept, form.Name()))); err != nil {
				t.Fatal(err)
			}
			journal, err := os.ReadFile(filepath.Join(d.dir, "journal.db"))
			if err != nil {
				t.Fatal(err)
			}
			says := func(code exitCode, words string, args ...string) string {
				t.Helper()
				got, out := d.offboard(args...)
				if got != code || !strings.Contains(out, words) {
					t.Errorf("%s: exit code %d, want %d, and %q\n%s", strings.Join(args, " "), got, code, words, out)
				}
				return out
			}
			says(exitDone, "by ada@contoso.example, counts", "show", "DIR/plan.jsonl", "--trusted=DIR/allowed_signers")
			if form.Name() != own {
				for _, args := range [][]string{{"runs"}, {"resume", "--simulate", "--yes"}, {"run", "DIR/in.csv", "--simulate", "--yes"}} {
					says(exitError, "offboard: next: finish what is open in it with the version that made it; then name another file", args...)
				}
				if after, err := os.ReadFile(filepath.Join(d.dir, "journal.db")); err != nil || !bytes.Equal(after, journal) {
					t.Errorf("the journal was changed, error %v", err)
				}
				return
			}
			names := map[string]string{} // of the runs, by input
			for _, line := range strings.Split(says(exitDone, "", "runs"), "\n") {
				for _, input := range []string{keptFinished, keptStopped} {
					if strings.Contains(line, " "+input+" ") {
						names[input] = strings.Fields(line)[0]
					}
				}
			}
			says(exitDone, "1  verified", "show", names[keptFinished])
			says(exitDone, "", "report", names[keptFinished], "--report-dir=DIR/again")
			for _, file := range []string{"report.csv", "retry.csv"} {
				was, err := os.ReadFile(filepath.Join(d.dir, "out", file))
				is, againErr := os.ReadFile(filepath.Join(d.dir, "again", file))
				if err != nil || againErr != nil || !continues(string(is), string(was)) {
					t.Errorf("%s is not what it was, error %v, %v\n%s\nwas\n%s", file, err, againErr, is, was)
				}
			}
			says(exitRefused, "--max-age", "resume", names[keptStopped], "--simulate", "--yes", "--max-age=1s", "--report-dir=DIR/out2")
			says(exitPartial, "State     finished", "resume", names[keptStopped], "--simulate", "--yes", "--max-age=0", "--rate=1000", "--report-dir=DIR/out2")
			says(exitDone, "State     finished", "apply", "DIR/plan.jsonl", "--simulate", "--yes", "--max-age=0", "--approvals=1", "--trusted=DIR/allowed_signers", "--report-dir=DIR/out3")
		})
	}
}

// continues reports whether each line begins with the one that was there: columns are added at the end.
func continues(is, was string) bool {
	lines, before := strings.Split(is, "\n"), strings.Split(was, "\n")
	for i, line := range before {
		if len(lines) != len(before) || !strings.HasPrefix(lines[i], strings.TrimSuffix(line, "\r")) {
			return false
		}
	}
	return true
}

// keepThis writes the directory of this version's form.
func keepThis(t *testing.T, dir string) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := newBooth(t, 0, graphsim.Config{})
	d.network = nil // rehearsals alone
	t.Chdir(d.dir)  // the journal and the plan have no other place in them
	many := "upn\n"
	for i := range 20 {
		many += fmt.Sprintf("user%d@contoso.example\n", i)
	}
	for name, text := range map[string]string{keptFinished: "upn,night\nann@contoso.example,1\nnobody.x@contoso.example,1\nb#EXT#@contoso.example,1\n", keptStopped: many, "plan.csv": "upn\nann@contoso.example\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := keys(".", "ada"); err != nil {
		t.Fatal(err)
	}
	const simulated = " --simulate --no-simulate-quota --max-percent=0"
	for _, c := range []struct {
		line string
		code exitCode
	}{
		{"run in.csv --yes" + simulated, exitPartial},
		{"run many.csv --yes --steps=emergency --rate=1 --deadline=15s" + simulated, exitStopped},
		{"plan plan.csv -o plan.jsonl" + simulated, exitDone},
		{"approve plan.jsonl --key ada.key --name ada --yes", exitDone},
	} {
		if code, out := d.offboard(strings.Fields(c.line)...); code != c.code {
			t.Fatalf("%s: exit code %d, want %d\n%s", c.line, code, c.code, out)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("plan.jsonl*")
	reports, reportErr := filepath.Glob("offboard-*/retry.csv") // the first run's is first
	if err != nil || reportErr != nil || len(reports) == 0 {
		t.Fatal(err, reportErr, reports)
	}
	if err := os.Rename(filepath.Dir(reports[0]), "out"); err != nil { // a directory that is named is in the journal, with the machine's path
		t.Fatal(err)
	}
	for _, name := range append(files, "journal.db", "allowed_signers", "in.csv", "out/report.csv", "out/retry.csv") {
		b, err := os.ReadFile(name)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
