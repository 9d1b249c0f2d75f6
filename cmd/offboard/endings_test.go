package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"offboard/batch/graphsim"
	"offboard/batch/journal"
)

// streams runs the command and gives what it writes to stdout and to stderr.
func (d *booth) streams(args ...string) (code exitCode, stdout, stderr string) {
	var out, said bytes.Buffer
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "DIR/", d.dir+"/")
	}
	code = execute(d.t.Context(), world{
		args: append(args, "--journal="+d.dir+"/journal.db"), stdin: strings.NewReader(""), stdout: &out, stderr: &said, network: d.network, stop: d.stop,
		getenv: func(string) string { return "" }, environ: func() []string { return d.environ }, width: func() int { return 80 },
	})
	return code, out.String(), said.String()
}

// mighty is the token of an app that may disable accounts, too.
var mighty = "h." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"tid":%q,"appid":%q,"idtyp":"app","roles":["User.ReadWrite.All","User.RevokeSessions.All"]}`, ours.Tenant, ours.App)) + ".s"

// Each command in each of its endings: with -o json stdout is one document, and with
// --log-format json stderr is events, of which the last one, and no other, is finished.
func TestEndings(t *testing.T) {
	at := " --yes --max-percent=0 --report-dir=DIR/out --tenant=" + ours.Tenant
	file := " --column=upn"
	run := "run DIR/in.csv" + file + at
	plan := "plan DIR/in.csv -o DIR/plan.jsonl --max-percent=0 --tenant=" + ours.Tenant + file
	enabled := strings.ReplaceAll(run, "in.csv", "on.csv") + " --steps=disable"
	undo := "undo 2 --yes --max-percent=0 --report-dir=DIR/undone --tenant=" + ours.Tenant
	verify := "verify 2 --tenant=" + ours.Tenant
	apply := "apply DIR/plan.jsonl" + at
	for _, c := range []struct {
		args  string
		code  exitCode
		first string // a command before it
		state string // what is the matter: stopped, locked, broken, stranger, elsewhere
	}{
		{args: run, code: 0},
		{args: run, code: 1, first: run, state: "broken"},
		{args: run + " --nosuch", code: 2},
		{args: strings.ReplaceAll(run, "in.csv", "more.csv"), code: 3},
		{args: run + " --dry-run --max-users=1", code: 4},
		{args: run + " --max-users=1", code: 4},
		{args: strings.ReplaceAll(run, "--yes", ""), code: 4},
		{args: run, code: 5, state: "stranger"},
		{args: run, code: 6, state: "stopped"},
		{args: run, code: 7, first: run, state: "locked"},
		{args: "resume" + at, code: 0, first: run},
		{args: "resume 2" + at, code: 0, first: run + " --deadline=1h --max-users=0"},
		{args: "resume" + at, code: 1, first: run, state: "broken"},
		{args: "resume 2001" + at, code: 2, first: run},
		{args: "undo 2001 --yes", code: 2, first: run},
		{args: undo, code: 0, first: enabled},
		{args: undo, code: 0, first: run}, // there is nothing to take back
		{args: undo + " --max-privileged=-1", code: 2, first: enabled},
		{args: strings.ReplaceAll(undo, "--yes", ""), code: 4, first: enabled},
		{args: undo, code: 5, first: enabled, state: "stranger"},
		{args: undo, code: 6, first: enabled, state: "stopped"},
		{args: undo, code: 7, first: enabled, state: "locked"},
		{args: apply, code: 0, first: plan},
		{args: apply, code: 2},
		{args: apply + " --max-age=1ns", code: 4, first: plan},
		{args: apply, code: 5, first: plan, state: "stranger"},
		{args: apply, code: 6, first: plan, state: "stopped"},
		{args: verify, code: 0, first: run},
		{args: verify, code: 3, first: run, state: "restored"},
		{args: "verify 2001 --tenant=" + ours.Tenant, code: 2, first: run},
		{args: verify, code: 5, first: run, state: "stranger"},
		{args: verify, code: 6, first: run, state: "stopped"},
		{args: "runs", code: 0, first: run},
		{args: "runs", code: 1, first: run, state: "broken"},
		{args: "runs --in-state=lost", code: 2},
		{args: "runs prune --older-than=1m", code: 2, first: run},
		{args: "runs prune --older-than=365d", code: 0, first: run},
		{args: "show", code: 0, first: run},
		{args: "show --outcome=success", code: 0, first: run},
		{args: "show --outcome=lost", code: 2, first: run},
		{args: "history u1@contoso.example", code: 0, first: run},
		{args: "history u1@contoso.example", code: 2},
		{args: "report --report-dir=DIR/again", code: 0, first: run},
		{args: "report --report-dir=DIR/in.csv/x", code: 1, first: run},
		{args: "approve DIR/none.jsonl --yes", code: 2},
		{args: "check DIR/in.csv" + file, code: 0},
		{args: "check DIR/in.csv --column=nosuch", code: 2},
		{args: "doctor DIR/in.csv --max-privileged=0" + at + file, code: 0},
		{args: "doctor DIR/in.csv" + at + " --steps=lost", code: 2},
		{args: "doctor DIR/in.csv --column=nosuch" + at, code: 5},
		{args: "doctor DIR/in.csv" + at + file, code: 5, state: "stranger"},
		{args: "doctor DIR/in.csv" + at + file, code: 6, state: "stopped"},
		{args: "version", code: 0},
		{args: "rnu", code: 2},
	} {
		t.Run(c.args+" "+c.state, func(t *testing.T) {
			t.Parallel()
			d := newBooth(t, 3, graphsim.Config{StaticToken: mighty, NoQuota: true})
			d.environ = []string{"OFFBOARD_ACCESS_TOKEN=" + mighty}
			on := graphsim.User{UPN: "on@contoso.example", Enabled: true}
			if err := errors.Join(d.tenant.Add(on), os.WriteFile(filepath.Join(d.dir, "on.csv"), []byte("upn\non@contoso.example\n"), 0o600),
				os.WriteFile(filepath.Join(d.dir, "more.csv"), []byte("upn\nu1@contoso.example\nnobody@contoso.example\n"), 0o600)); err != nil {
				t.Fatal(err)
			}
			if c.first != "" {
				d.streams(strings.Fields(c.first)...)
			}
			d.spoil(c.state)
			code, stdout, stderr := d.streams(append(strings.Fields(c.args), "-ojson", "--log-format=json")...)
			if code != c.code {
				t.Fatalf("exit code %d, want %d\n%s", code, c.code, stderr)
			}
			var document any
			if err := json.Unmarshal([]byte(stdout), &document); err != nil {
				t.Errorf("stdout is no document: %v\n%s", err, stdout)
			}
			lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
			for i, line := range lines {
				var e struct {
					Time, Level, Msg, Event, Phase string
					Run, Tenant, Error             *string
					Counts                         map[string]int
					Exit                           *int
				}
				err := json.Unmarshal([]byte(line), &e)
				if err != nil || e.Time == "" || e.Level == "" || e.Msg == "" || e.Event == "" || e.Phase == "" {
					t.Errorf("line %d of stderr is no event: %v\n%s", i+1, err, line)
				}
				if last := i == len(lines)-1; (e.Event == "finished") != last {
					t.Errorf("line %d of %d is %s", i+1, len(lines), line)
				} else if last && (e.Exit == nil || *e.Exit != int(code) || (e.Error == nil) != (err == nil && code == 0 && e.Level == "INFO" && e.Msg == "finished")) {
					t.Errorf("the end is told as %s", line)
				} else if carriesOut := strings.HasPrefix(c.args, "run DIR"); last && carriesOut && code == 3 && (e.Run == nil || e.Tenant == nil || e.Counts["verified"] != 1 || e.Counts["not_found"] != 1) {
					t.Errorf("no run, tenant or counts in %s", line)
				}
			}
		})
	}
}

// spoil brings the booth into a state in which a command ends otherwise.
func (d *booth) spoil(state string) {
	d.t.Helper()
	path := filepath.Join(d.dir, "journal.db")
	switch state {
	case "stopped":
		d.stop = make(chan struct{})
		close(d.stop)
	case "stranger":
		d.environ = []string{"OFFBOARD_ACCESS_TOKEN=nonsense"}
	case "broken":
		if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 4096), 0o600); err != nil {
			d.t.Fatal(err)
		}
	case "locked":
		store, err := journal.Open(d.t.Context(), path)
		if err != nil {
			d.t.Fatal(err)
		}
		runs, err := store.Runs(d.t.Context(), journal.Filter{})
		if err != nil || len(runs) == 0 {
			d.t.Fatalf("%d runs: %v", len(runs), err)
		}
		unlock, err := runs[0].Lock()
		if err != nil {
			d.t.Fatal(err)
		}
		free, err := store.LockInput(runs[0].Plan())
		if err != nil {
			d.t.Fatal(err)
		}
		d.t.Cleanup(func() { unlock(); free(); store.Close() })
	case "restored": // the stamps are as old as before
		d.tenant = graphsim.New(graphsim.Config{StaticToken: mighty, NoQuota: true})
		d.network = d.tenant
	}
}

// A run has the same keys in runs as in its own document.
func TestKeysOfRuns(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{StaticToken: mighty, NoQuota: true})
	d.environ = []string{"OFFBOARD_ACCESS_TOKEN=" + mighty}
	_, one, _ := d.streams(append(strings.Fields(mayRun), "-o", "json")...)
	_, all, _ := d.streams("runs", "-o", "json")
	var document map[string]any
	var runs []map[string]any
	if err := errors.Join(json.Unmarshal([]byte(one), &document), json.Unmarshal([]byte(all), &runs)); err != nil || len(runs) != 1 {
		t.Fatalf("%v\n%s\n%s", err, one, all)
	}
	delete(runs[0], "users") // which the document has in timing
	for key, value := range runs[0] {
		if d := cmp.Diff(document[key], value); d != "" {
			t.Errorf("%s differs: %s", key, d)
		}
	}
	if len(runs[0]) < 13 {
		t.Errorf("runs has %v", runs[0])
	}
}
