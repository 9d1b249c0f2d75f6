package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/intake"
	"offboard/batch/job"
	"offboard/batch/journal"
)

// printed runs the command and gives what it writes to stdout.
func (d *booth) printed(args ...string) (code exitCode, stdout string) {
	var out bytes.Buffer
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "DIR/", d.dir+"/")
	}
	code = execute(d.t.Context(), world{
		args: append(args, "--journal="+d.dir+"/journal.db"), stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard, network: d.network,
		getenv: func(string) string { return "" }, environ: func() []string { return d.environ }, width: func() int { return 80 },
	})
	return code, out.String()
}

// A run that ended well but for some users says so in its end block alone. What failed
// beside is told, and its exit code counts.
func TestJoinedToPartial(t *testing.T) {
	for _, c := range []struct {
		beside error
		code   exitCode
		said   string
	}{
		{nil, 3, ""},
		{errors.New("discard run r"), 1, "some users did not end in success; discard run r"},
		{journal.ErrDisk, 1, "offboard: next: free space"},
		{batch.ErrStopped, 6, "stopped before the end"},
		{fmt.Errorf("%w, or the %w", journal.ErrDamaged, journal.ErrDisk), 1, "offboard: next: free space"}, // SQLite cannot say which
		{&intake.InputError{Reason: "no header"}, 2, "no header"},
	} {
		var b bytes.Buffer
		cmd := newCommand(world{stderr: &b, getenv: func(string) string { return "" }}, &cli{})
		err := errors.Join(job.ErrPartial, nil)
		if c.beside != nil {
			err = errors.Join(err, c.beside)
		}
		if code := cmd.fail(err); code != c.code || !strings.Contains(b.String(), c.said) || (c.said == "") != (b.Len() == 0) {
			t.Errorf("%v beside: exit code %d, want %d; said is %q", c.beside, code, c.code, b.String())
		}
	}
}

// A journal of another version is called so by every command, and left as it is. The line that
// moves it away works, and what lay beside it goes with it.
func TestJournalOfAnotherVersion(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{StaticToken: bearerOf(ours), NoQuota: true})
	d.dir = filepath.Join(d.dir, "it's a place")
	d.environ = []string{"OFFBOARD_ACCESS_TOKEN=" + bearerOf(ours)}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	run := []string{"run", filepath.Join(filepath.Dir(d.dir), "in.csv"), "--yes", "--no-verify", "--column=upn", "--max-percent=0", "--report-dir=DIR/out", "--tenant=" + ours.Tenant}
	if code, out := d.offboard(slices.Clone(run)...); code != 0 {
		t.Fatal(out)
	}
	path := filepath.Join(d.dir, "journal.db")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file[63] ^= 2 // of the user_version (sqlite.org/fileformat2.html, 1.3)
	if err := errors.Join(os.WriteFile(path, file, 0o600), os.WriteFile(path+"-wal", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	next := ""
	for _, args := range [][]string{{"runs"}, {"show"}, {"resume", "--yes"}, {"resume", "2026", "--yes"}, {"undo", "2026", "--yes"}, {"runs", "prune", "--older-than=365d", "--yes"}, run} {
		code, out := d.offboard(slices.Clone(args)...)
		if code != exitError || !strings.Contains(out, "journal was made by another version of offboard: version "+version+" planned the last run in it") || strings.Contains(out, "damaged") {
			t.Errorf("%s: exit code %d\n%s", args[0], code, out)
		}
		_, next, _ = strings.Cut(out, "offboard: next: finish what is open in it with the version that made it; then name another file with --journal, or move this one away: ")
	}
	if same, err := os.ReadFile(path); err != nil || !bytes.Equal(same, file) {
		t.Errorf("the journal was changed, error %v", err)
	}
	line, after, ok := strings.Cut(next, "; the runs in it can be read only with that version")
	if !ok || strings.TrimSpace(after) != "" {
		t.Fatalf("next: %s", next)
	}
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	if moved, _ := filepath.Glob(filepath.Join(d.dir, "before-journal.db", "journal.db*")); len(moved) < 2 {
		t.Errorf("%s moved %v", line, moved)
	}
	if code, out := d.offboard(run...); code != 0 {
		t.Errorf("after it was moved away: exit code %d\n%s", code, out)
	}
}

// With -o json stdout has one document however the command ends: of a refusal and of
// an error it has the reasons, the next step and the exit code.
func TestJSONOfFailures(t *testing.T) {
	for _, c := range []struct {
		name, args string
		code       exitCode
		says       string
		reasons    int
	}{
		{"no such flag", "run DIR/in.csv --nosuch -o json", 2, "unknown flag --nosuch", 0},
		{"no such file", "run DIR/none.csv --yes --tenant=" + ours.Tenant + " --output=json", 2, "none.csv", 0},
		{"guards", "run DIR/in.csv --yes --max-users=1 --max-percent=1 --column=upn -ojson --report-dir=DIR/out --tenant=" + ours.Tenant, 4, "--max-users is 1", 2},
		{"guards of a dry run", "run DIR/in.csv --dry-run --max-users=1 --max-percent=1 --column=upn -ojson --report-dir=DIR/out --tenant=" + ours.Tenant, 4, "--max-users is 1", 2},
		{"no terminal", "run DIR/in.csv -o json --column=upn --report-dir=DIR/out", 4, "no terminal to ask at", 2},
		{"another tenant", "run DIR/in.csv -o json --yes --column=upn --report-dir=DIR/out --tenant=" + otherTenant, 5, "leads to tenant", 0},
		{"no such run", "show 2001 -o json", 2, "2001", 0},
		{"nothing to resume", "resume -o json --yes", 0, "nothing to resume", 0},
		{"success", "run DIR/in.csv -o json --yes --column=upn --max-percent=0 --report-dir=DIR/out --tenant=" + ours.Tenant, 0, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newBooth(t, 3, graphsim.Config{StaticToken: bearerOf(ours), NoQuota: true})
			d.environ = []string{"OFFBOARD_ACCESS_TOKEN=" + bearerOf(ours)}
			if code, out := d.offboard("run", "DIR/in.csv", "--dry-run", "--column=upn", "--max-percent=0", "--report-dir=DIR/out", "--tenant="+ours.Tenant); code != 0 {
				t.Fatal(out) // which makes the journal
			}
			code, out := d.printed(strings.Fields(c.args)...)
			var f struct {
				Error   string
				Reasons []string
				Next    *string
				Exit    *int
			}
			if err := json.Unmarshal([]byte(out), &f); err != nil || code != c.code {
				t.Fatalf("exit code %d, want %d; %v of %q", code, c.code, err, out)
			}
			if !strings.Contains(f.Error, c.says) || len(f.Reasons) != c.reasons {
				t.Errorf("want %q and %d reasons\n%s", c.says, c.reasons, out)
			}
			if f.Exit == nil || *f.Exit != int(code) || f.Next == nil && code == 4 {
				t.Errorf("it does not say how it ended\n%s", out)
			}
		})
	}
}

// All that keeps a run from beginning on Microsoft's service is told at once, and the
// command that is printed has a flag for the tenant, too.
func TestNextNamesTheTenant(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{NoQuota: true})
	d.environ = []string{"AZURE_CLIENT_ID=" + ours.App}
	if err := os.WriteFile(d.dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out := d.offboard("run", "DIR/in.csv", "--report-dir=DIR/file/out", "--column=upn")
	for _, why := range []string{"no terminal to ask at", "no terminal at which a person sees the tenant", "AZURE_CLIENT_ID is set without", "the report could not be written"} {
		if !strings.Contains(out, why) {
			t.Errorf("it is not told that %q:\n%s", why, out)
		}
	}
	next := regexp.MustCompile(`(?m)^offboard: next: mend what no flag lifts; then, if the rest is meant, with the tenant that is meant in place of ID: offboard run .* --yes --tenant ID$`)
	if code != exitSignIn || !next.MatchString(out) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	d.environ = []string{} // as cron leaves it
	for args, says := range map[string][]string{
		"":                              {"no terminal to ask at", "name the tenant with --tenant", "nothing says how to sign in"},
		"--yes":                         {"name the tenant with --tenant", "nothing says how to sign in"},
		"--yes --tenant=" + ours.Tenant: {"nothing says how to sign in"},
		"--dry-run":                     {"name the tenant with --tenant", "nothing says how to sign in"},
		"--yes --auth cli --tenant=" + ours.Tenant: {"the Azure CLI (az) is not installed"},
	} {
		t.Setenv("PATH", "/nowhere")
		code, out := d.offboard(append([]string{"run", "DIR/in.csv", "--column=upn"}, strings.Fields(args)...)...)
		if code != exitSignIn || slices.ContainsFunc(says, func(why string) bool { return !strings.Contains(out, why) }) {
			t.Errorf("%s: exit code %d, want %q\n%s", args, code, says, out)
		}
	}
	d.environ = signedIn() // with which the guards alone refuse
	if code, out := d.offboard("run", "DIR/in.csv", "--column=upn", "--tenant="+ours.Tenant); code != exitRefused {
		t.Errorf("exit code %d\n%s", code, out)
	}
	_, out = d.offboard("run", "DIR/in.csv", "--column=upn", "--simulate")
	if strings.Contains(out, "in place of ID") {
		t.Errorf("a rehearsal needs no tenant\n%s", out)
	}
}

// A job that always resumes is green when there is nothing to resume: every run has
// finished, or was refused. A name that no run has is a mistake.
func TestNothingToResume(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{NoQuota: true, Latency: time.Second})
	synctest.Test(t, func(t *testing.T) {
		d.t, d.environ = t, signedIn()
		wants := func(code exitCode, words string, args ...string) {
			t.Helper()
			if got, out := d.offboard(args...); got != code || !strings.Contains(out, words) {
				t.Errorf("%s: exit code %d, want %d and %q\n%s", args, got, code, words, out)
			}
		}
		wants(0, "", "run", "DIR/in.csv", "--yes", "--column=upn", "--max-percent=0", "--report-dir=DIR/out")
		wants(0, "nothing to resume", "resume", "--yes")
		wants(0, "nothing to resume: run ", "resume", "20", "--yes")
		wants(2, "", "resume", "nosuchrun", "--yes")
		wants(4, "", "run", "DIR/in.csv", "--yes", "--column=upn", "--new", "--max-users=1", "--max-percent=0", "--report-dir=DIR/out")
		wants(0, "nothing to resume", "resume", "--yes")
	})
}
