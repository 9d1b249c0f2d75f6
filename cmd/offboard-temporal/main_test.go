package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alecthomas/kong"
	"go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/cmd/flagfile"
	"offboard/report"
)

// TestRefusedBeforeTheServer holds what no server is asked for.
func TestRefusedBeforeTheServer(t *testing.T) {
	t.Setenv("TEMPORAL_CONFIG_FILE", t.TempDir()+"/none.toml")
	journalFile := filepath.Join(t.TempDir(), "journal.db")
	campaign := func(defaults, tenants string) string {
		dir := t.TempDir()
		for name, text := range map[string]string{"all.yaml": "defaults: {max-percent: 0" + defaults + "}\ntenants:\n  - {name: one, tenant: one.example, file: one.csv}\n" + tenants, "one.csv": "upn\nada@one.example\n", "secret": "AZURE_CLIENT_ID=x\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return filepath.Join(dir, "all.yaml")
	}
	for name, tt := range map[string]struct {
		address string
		words   []string
		is      error
		says    string
	}{
		"no TLS to another machine":        {"10.1.2.3:7233", []string{"status"}, job.ErrRefused, "TEMPORAL_TLS_CLIENT_CERT_PATH"},
		"no TLS to a name":                 {"temporal.example:7233", []string{"stop", "x"}, job.ErrRefused, "TEMPORAL_TLS_CLIENT_CERT_PATH"},
		"no address":                       {"temporal", []string{"status"}, job.ErrUsage, "host:port"},
		"a gate that is given twice":       {"", []string{"submit", "x.csv", "--tenant", "t", "--as-of", "2026-01-01", "--as-of", "2026-02-01"}, job.ErrUsage, "--as-of is given twice"},
		"a password in an address":         {"", []string{"status", "--journal", "postgres://u:hunter2hunter2@db/x"}, job.ErrUsage, "OFFBOARD_JOURNAL"},
		"a password behind =":              {"", []string{"status", "--journal=postgres://u:hunter2hunter2@db/x"}, job.ErrUsage, "PGPASSFILE"},
		"a run that is none":               {"", []string{"resume", "ada@contoso.example", "--journal", journalFile}, journal.ErrNoRun, "no"},
		"a schedule of a path":             {"", []string{"submit", "../x", "--tenant", "t", "--schedule", "0 3 * * *"}, job.ErrUsage, "--orders"},
		"a pace of a tenant above the app": {"", []string{"worker", "--app-pace", "1"}, job.ErrUsage, "--app-pace 1"},
		"a notice of a worker":             {"", []string{"worker", "--notify-file", "x"}, job.ErrUsage, "--notify-file"},
		"a trace of a worker":              {"", []string{"worker", "--debug-http", "x"}, job.ErrUsage, "--debug-http"},
		"a deadline of a worker":           {"", []string{"worker", "--deadline", "1h"}, job.ErrUsage, "--deadline"},
		"a rate of a worker":               {"", []string{"worker", "--rate", "5"}, job.ErrUsage, "--tenant-pace"},
		"a worker of nothing":              {"", []string{"worker", "--slices", "0"}, job.ErrUsage, "--slices 0"},
		"a worker without calls":           {"", []string{"worker", "--concurrency", "0"}, job.ErrUsage, "--concurrency 0 makes no sense"},
		"a worker that cannot sign in":     {"", []string{"worker"}, batch.ErrSignIn, "AZURE_CLIENT_ID"},
		"approvals of nobody":              {"", []string{"worker", "--approvals", "2"}, job.ErrUsage, "--approvals 2 needs --trusted"},
		"a limit that is none":             {"", []string{"worker", "--max-percent", "200"}, job.ErrUsage, "--max-percent 200"},
		"a run without a name":             {"", []string{"resume", ""}, job.ErrUsage, "is empty"},
		"a sign-in of a tenant":            {"", []string{"submit", "--yes", "--campaign", campaign("", "  - {name: two, tenant: two.example, file: two.csv, sign-in: secret}\n")}, job.ErrUsage, "line 4: --sign-in cannot stand in a campaign file: it is the workers': start them with --sign-in, and take it out"},
		"a notice of all tenants":          {"", []string{"submit", "--yes", "--campaign", campaign(", notify-file: secret", "")}, job.ErrUsage, "line 1: --notify-file cannot stand in a campaign file: workers do not take it: take it out"},
		"a flag of no command":             {"", []string{"submit", "--yes", "--campaign", campaign(", max-user: 3", "")}, job.ErrUsage, `there is no flag "max-user", did you mean "max-users"?`},
		"a file that is missing":           {"", []string{"submit", "--yes", "--campaign", campaign("", "  - {name: two, tenant: two.example, file: two.csv}\n")}, job.ErrUsage, "line 4: two: read"},
		"a tenant twice":                   {"", []string{"submit", "--yes", "--campaign", campaign("", "  - {name: two, tenant: one.example, file: two.csv}\n")}, job.ErrUsage, "line 4: two: the name or tenant one.example is that of one (line 3), too"},
		"steps of a tenant":                {"", []string{"submit", "--yes", "--journal", journalFile, "--campaign", campaign(", steps: fire", "")}, job.ErrUsage, `line 3: one: usage: --steps: there is no step "fire"`},
		"nobody asked":                     {"", []string{"submit", "--campaign", campaign("", "")}, job.ErrRefused, "--yes"},
		"a guard beside a campaign":        {"", []string{"submit", "--yes", "--max-users", "3", "--campaign", campaign("", "")}, job.ErrUsage, "--max-users does not go with --campaign"},
		"a file beside a campaign":         {"", []string{"submit", "x.csv", "--yes", "--campaign", campaign("", "")}, job.ErrUsage, "take x.csv off the command line"},
		"one tenant without a campaign":    {"", []string{"submit", "x.csv", "--tenant", "t", "--only", "one"}, job.ErrUsage, "--only goes with --campaign"},
	} {
		t.Setenv("TEMPORAL_ADDRESS", tt.address)
		if err := execute(context.Background(), tt.words...); !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %v with %q", name, err, tt.is, tt.says)
		}
	}
}

// TestConfigIsHeeded holds that what the config file and the variables say guards here, too, and that nothing of it is passed over.
func TestConfigIsHeeded(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	write := func(name, text string) string {
		path := filepath.Join(dir, "offboard", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	breakGlass, more := write("bg.txt", "root@contoso.example\n"), write("more.txt", "")
	write("config.yaml", "protect: [bg.txt]\nmax-users: 10\nmax-percent: 5\n")
	t.Setenv("OFFBOARD_MAX_PERCENT", "7")
	for _, words := range [][]string{{"submit", "x.csv"}, {"worker"}} {
		c, _, err := parse(append(words, "--protect", more)...)
		if err != nil {
			t.Fatal(err)
		}
		guards := c.Submit.Guards
		if words[0] == "worker" {
			guards = c.Worker.Guards
		}
		if !slices.Equal(guards.Protect, []string{more, breakGlass}) || guards.MaxUsers == nil || *guards.MaxUsers != 10 || *guards.MaxPercent != 7 {
			t.Errorf("%s: %+v", words[0], guards)
		}
		if said := strings.Join(c.said, "; "); said != "--protect "+breakGlass+"; --max-users 10" {
			t.Errorf("%s: it says %q", words[0], said)
		}
		if flags := c.host().Flags("choice"); len(flags) != 2 || flags[1].Value != breakGlass {
			t.Errorf("%s: the host has %+v", words[0], flags)
		}
	}
	c, _, err := parse("submit", "x.csv")
	if err != nil || len(c.host().Flags("choice")) != 1 {
		t.Errorf("%+v, %v", c.host().Flags("choice"), err)
	}
	for name, variable := range map[string]string{"dry-run: true\n": "", "protekt: bg.txt\n": "", "": "OFFBOARD_PROTEKT"} {
		write("config.yaml", name)
		says := "config.yaml: line 1: there is no flag"
		if variable != "" {
			t.Setenv(variable, "bg.txt")
			says = "the variable OFFBOARD_PROTEKT is that of no flag"
		}
		if _, _, err := parse("submit", "x.csv"); !errors.Is(err, job.ErrUsage) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", name, err)
		}
		if variable != "" {
			os.Unsetenv(variable)
		}
	}
	for _, name := range flagfile.OfWorkers {
		t.Setenv(name, "1")
	}
	if _, _, err := parse("worker"); err != nil {
		t.Errorf("what offboard passes over as a worker's is none: %v", err)
	}
}

// TestExitCodes holds that they are those of offboard.
func TestExitCodes(t *testing.T) {
	t.Setenv("TEMPORAL_CONFIG_FILE", t.TempDir()+"/none.toml")
	t.Setenv("TEMPORAL_ADDRESS", "10.1.2.3:7233")
	journalFile, empty := filepath.Join(t.TempDir(), "journal.db"), filepath.Join(t.TempDir(), "empty.csv")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const tenant = "--tenant=8f4c2f6e-0000-4000-8000-000000000001"
	for _, tt := range []struct {
		exit  job.Exit
		words []string
	}{
		{job.ExitUsage, []string{"submit", "none.csv", tenant, "--yes"}},
		{job.ExitUsage, []string{"submit", empty, tenant, "--yes"}},
		{job.ExitUsage, []string{"submit", t.TempDir(), tenant, "--yes"}},
		{job.ExitUsage, []string{"submit", empty, "--fire", tenant, "--yes"}},
		{job.ExitUsage, []string{"report", "x", "--journal", journalFile + "-none"}},
		{job.ExitUsage, []string{"resume", "x"}},
		{job.ExitRefused, []string{"status"}},
		{job.ExitUsage, []string{"report", "x", "--journal", " postgres://127.0.0.1/x"}},
	} {
		words := tt.words
		if !slices.Contains(words, "--journal") {
			words = append(words, "--journal", journalFile)
		}
		if err := execute(context.Background(), words...); job.EndOf(err).Exit != tt.exit {
			t.Errorf("%q ends with %d, want %d: %v", tt.words, job.EndOf(err).Exit, tt.exit, err)
		}
	}
}

// No variable means two things, and none of submit signs.
func TestEnvironmentVariables(t *testing.T) {
	k := kong.Must(&cli{}, kong.DefaultEnvars("OFFBOARD"))
	means, of := map[string]string{}, map[string]string{}
	for _, command := range k.Model.Children {
		for _, f := range command.Flags {
			for _, name := range f.Envs {
				what := f.Name + ": " + f.Help
				if was := means[name]; was != "" && was != what && f.Name != "tenant" && f.Name != "approvals" { // each told to two readers
					t.Errorf("%s means %q, and for %s %q", name, was, command.Name, what)
				}
				means[name], of[command.Name+" --"+f.Name] = what, name
			}
		}
	}
	for flag, want := range map[string]string{"submit --key": "OFFBOARD_KEY", "approve --key": "OFFBOARD_APPROVE_KEY", "approve --yes": "", "worker --approvals": "OFFBOARD_APPROVALS"} {
		if of[flag] != want {
			t.Errorf("%s has %q, want %q", flag, of[flag], want)
		}
	}
}

// TestOrdersAreTheWorkers has orders that are no file of the directory.
func TestOrdersAreTheWorkers(t *testing.T) {
	for dir, name := range map[string]string{"": "nightly", t.TempDir(): "../nightly", t.TempDir() + "/": "none"} {
		c := &command{cli: &cli{Worker: workerOptions{Orders: dir}}, log: slog.New(slog.DiscardHandler)}
		if orders, err := c.submitOrder(context.Background(), name); !errors.Is(err, job.ErrUsage) || len(orders) > 0 || !strings.Contains(err.Error(), map[bool]string{true: "none.args", false: "--orders"}[name == "none"]) {
			t.Errorf("%s in %q: %v, %v", name, dir, orders, err)
		}
	}
}

// TestOrderIsReadWhole has an order whose gates stand behind a long line, and one that cannot be read.
func TestOrderIsReadWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nightly.args")
	where := "--where=Name=" + strings.Repeat("x", 100_000)
	if err := os.WriteFile(file, []byte("leavers.csv\n"+where+"\r\n\n  --approvals=2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if words, err := orderWords(file); err != nil || !slices.Equal(words, []string{"submit", "leavers.csv", where, "--approvals=2"}) {
		t.Errorf("%d words, %v", len(words), err)
	}
	if words, err := orderWords(filepath.Dir(file)); !errors.Is(err, job.ErrUsage) {
		t.Errorf("of what cannot be read: %q, %v", words, err)
	}
}

// TestStoppedWorkerBeats has a worker that is stopped, or whose run is, await its answers for longer than the
// engine waits for a word. What the first one leaves is handed over.
func TestStoppedWorkerBeats(t *testing.T) {
	for _, by := range []string{"the worker is stopped", "a person stops the run"} {
		synctest.Test(t, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestActivityEnvironment()
			stop := make(chan struct{})
			env.SetWorkerStopChannel(stop)
			var beats []time.Time
			env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { beats = append(beats, time.Now()) })
			a := &activities{host: func() *job.Host { return &job.Host{} }, log: slog.New(slog.DiscardHandler)}
			drain := func(in context.Context) error {
				return a.with(in, "slice", "r", func(_ context.Context, h *job.Host, _ func() bool, _ *atomic.Int64) error {
					<-h.Stop
					time.Sleep(10 * heartbeat)
					return batch.ErrStopped
				})
			}
			env.RegisterActivityWithOptions(func(in context.Context) error {
				if by == "a person stops the run" {
					own, stops := context.WithCancelCause(in)
					stops(temporal.NewCanceledError())
					return drain(own)
				}
				close(stop)
				return drain(in)
			}, activity.RegisterOptions{Name: "drain"})
			began := time.Now()
			if _, err := env.ExecuteActivity("drain"); handedOver(err) != (by == "the worker is stopped") || temporal.IsCanceledError(err) != (by == "a person stops the run") {
				t.Errorf("%s: %v", by, err)
			}
			last := began
			for _, at := range append(beats, time.Now()) {
				if gap := at.Sub(last); gap > 31*time.Second { // the environment passes one on in 30 s
					t.Errorf("%s: nothing was heard for %v", by, gap)
				}
				last = at
			}
		})
	}
}

// TestAttemptsAddUp has an activity fail that went on with the work of an attempt before it.
func TestAttemptsAddUp(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetHeartbeatDetails(int64(7))
	a := &activities{host: func() *job.Host { return &job.Host{} }, log: slog.New(slog.DiscardHandler)}
	env.RegisterActivityWithOptions(func(ctx context.Context) error {
		return a.with(ctx, "slice", "r", func(_ context.Context, _ *job.Host, _ func() bool, done *atomic.Int64) error {
			done.Add(3)
			return batch.ErrStopped
		})
	}, activity.RegisterOptions{Name: "fails"})
	var done int64
	_, err := env.ExecuteActivity("fails")
	if app, is := errors.AsType[*temporal.ApplicationError](err); !is || app.Details(&done) != nil || done != 10 {
		t.Errorf("%v, %d done, want 10", err, done)
	}
}

// TestLogNamesNobody has an activity fail with an error that names a person.
func TestLogNamesNobody(t *testing.T) {
	for level, names := range map[slog.Level]bool{slog.LevelInfo: false, slog.LevelDebug: true} {
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestActivityEnvironment()
		var out strings.Builder
		a := &activities{host: func() *job.Host { return &job.Host{} }, log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level}))}
		env.RegisterActivityWithOptions(func(ctx context.Context) error {
			return a.with(ctx, "slice", "r", func(context.Context, *job.Host, func() bool, *atomic.Int64) error {
				return fmt.Errorf("%w: ada@contoso.example is an administrator", job.ErrRefused)
			})
		}, activity.RegisterOptions{Name: "fails"})
		if _, err := env.ExecuteActivity("fails"); err == nil || !strings.Contains(out.String(), "a guard refused") || strings.Contains(out.String(), "ada@") != names {
			t.Errorf("%v: %v\n%s", level, err, out.String())
		}
	}
}

// TestClasses holds which errors end a workflow, and that histories have nothing else of an error.
func TestClasses(t *testing.T) {
	for _, tt := range []struct {
		err    error
		class  string
		ending bool
	}{
		{batch.ErrStopped, HandedOver, false}, // by a worker that stays
		{journal.ErrLost, HandedOver, false},
		{fmt.Errorf("%w: 3 writes wait", batch.ErrLate), Late, true},
		{journal.ErrAway, NoJournal, false},
		{journal.ErrServer, JournalRefuses, false}, // to this worker
		{fmt.Errorf("%w: %w", journal.ErrDisk, errors.New("53100")), NoJournal, false},
		{&journal.LockedError{Run: "r"}, "locked", true},
		{&journal.LockedError{Run: "r", Engine: true}, "locked", false}, // of the worker that was lost
		{fmt.Errorf("%w: %w", job.ErrRefused, job.ErrUnapproved), "unapproved", true},
		{job.ErrRefused, "refused", true},
		{batch.ErrPermission, "permission", true},
		{batch.ErrSignIn, "sign_in", false}, // of this worker
		{fmt.Errorf("%w: %w", batch.ErrSignIn, batch.ErrOutage), "sign_in", false},
		{journal.ErrNoRun, "no_run", false}, // in the journal of this worker
		{batch.ErrOutage, "outage", true},
		{errors.New("anything else"), Trouble, true},
	} {
		err := classed(fmt.Errorf("of ada@contoso.example in leavers.csv: %w", tt.err), 0, false)
		app, is := errors.AsType[*temporal.ApplicationError](err)
		if !is || app.Type() != tt.class || app.NonRetryable() != tt.ending {
			t.Errorf("%v is %v, want the class %s, and that it ends: %v", tt.err, err, tt.class, tt.ending)
		}
		if strings.Contains(err.Error(), "ada") || strings.Contains(err.Error(), "leavers") {
			t.Errorf("a history would have %q", err)
		}
	}
}

// TestUntil holds when a slice is over: when the worker is stopped, or when it has done enough, and it knows which.
func TestUntil(t *testing.T) {
	for _, tt := range []struct {
		stopAfter, enoughAfter, want time.Duration
		enough                       bool
	}{
		{stopAfter: 10500 * time.Millisecond, enoughAfter: time.Hour, want: 10500 * time.Millisecond},
		{stopAfter: time.Hour, enoughAfter: 3 * time.Second, want: 3 * time.Second, enough: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			began, was, over := time.Now(), make(chan struct{}), make(chan struct{})
			defer close(over)
			time.AfterFunc(tt.stopAfter, func() { close(was) })
			stop := (<-chan struct{})(was)
			enough := until(&stop, over, func() bool { return time.Since(began) >= tt.enoughAfter })
			<-stop
			if took := time.Since(began); took != tt.want || enough() != tt.enough {
				t.Errorf("it is over after %v, and has done enough: %v; want %v, %v", took, enough(), tt.want, tt.enough)
			}
		})
	}
}

// TestCampaignWithoutTemporal has a campaign in the journal of which the server does not hear: the same again is the same
// campaign, and offboard sees it.
func TestCampaignWithoutTemporal(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(dir, "none.toml"))
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	for name, text := range map[string]string{"all.yaml": "file: all.csv\ntenant-column: Customer\ntenants:\n  - {name: one, tenant: 8f4c2f6e-0000-4000-8000-000000000101}\n  - {name: two, tenant: 8f4c2f6e-0000-4000-8000-000000000102}\n  - {name: out, tenant: 8f4c2f6e-0000-4000-8000-000000000103, skip: true}\n",
		"all.csv": "upn,Customer\nada@one.example,one\nbob@two.example,two\neve@two.example,two\nann@out.example,out\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for range 2 {
		err := execute(context.Background(), "submit", "--yes", "--journal", filepath.Join(dir, "journal.db"), "--campaign", filepath.Join(dir, "all.yaml"))
		if err == nil {
			t.Fatal("there is no server")
		}
		words := strings.Fields(err.Error())
		names = append(names, words[0])
		if !strings.HasSuffix(err.Error(), "; then: offboard-temporal resume "+words[0]) {
			t.Error(err)
		}
	}
	c := &command{cli: &cli{Journal: filepath.Join(dir, "journal.db")}, log: slog.New(slog.DiscardHandler)}
	of, err := job.FindSubmitted(context.Background(), c.host(), "campaign")
	if err != nil || names[0] != of.Name || names[1] != of.Name || of.Members[0].Run != of.RunPrefix()+"001" || of.Members[1].Run != of.RunPrefix()+"002" || of.Members[2].Run != "" || of.Members[2].Rows != 1 {
		t.Fatalf("%v: %+v, %v", names, of, err)
	}
	of.Close()
}

// The exit code of what a workflow ended in is that of offboard.
func TestExitOfClasses(t *testing.T) {
	for class, want := range map[string]job.Exit{"refused": 4, "unapproved": 4, "usage": 2, "sign_in": 5, "permission": 5, "locked": 7, "begun": 7, "outage": 6, Late: 6, unaudited: 1, Trouble: 1, "damaged": 1} {
		if got := exitOf(class); got != want {
			t.Errorf("%s ends with %d, want %d", class, got, want)
		}
	}
}

// endsIn is a server on which every workflow has ended in an error, or goes on and has no worker.
type endsIn struct {
	client.Client
	client.WorkflowRun
	err error
}

func (e endsIn) GetWorkflow(context.Context, string, string) client.WorkflowRun { return e }

func (e endsIn) Get(context.Context, any) error { return e.err }

func (e endsIn) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	return nil, errors.New("no poller")
}

// The exit code of status is 7 as long as the workers have the run, for which -1 stands; then it is what the journal counts, or else what ended
// the workflow.
func TestStands(t *testing.T) {
	const goesOn, completed, failed, canceled = enums.WORKFLOW_EXECUTION_STATUS_RUNNING, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, enums.WORKFLOW_EXECUTION_STATUS_FAILED, enums.WORKFLOW_EXECUTION_STATUS_CANCELED
	end := func(state journal.State, outcome batch.Outcome) report.End {
		return report.End{State: string(state), Summary: batch.Summary{Counts: map[batch.Outcome]int{outcome: 1}}}
	}
	for _, tt := range []struct {
		status  enums.WorkflowExecutionStatus
		class   string
		journal report.End
		want    int
	}{
		{goesOn, "", end(journal.Running, ""), -1},
		{goesOn, "", end(journal.Stopped, ""), -1}, // it was resumed
		{completed, "", end(journal.Finished, batch.Verified), 0},
		{completed, "", end(journal.Finished, batch.GaveUp), 3},
		{failed, unaudited, end(journal.Finished, batch.Verified), 1},
		{failed, "refused", end(journal.Refused, ""), 4},
		{failed, "sign_in", end(journal.Running, ""), 5},
		{failed, "sign_in", report.End{}, 5}, // it is not planned
		{failed, Late, end(journal.Stopped, ""), 6},
		{canceled, "", end(journal.Running, ""), 6},
		{canceled, "", end(journal.Finished, batch.GaveUp), 3},
	} {
		e := &workflowpb.WorkflowExecutionInfo{Status: tt.status, Execution: &common.WorkflowExecution{}}
		if _, got := stands(context.Background(), endsIn{err: temporal.NewNonRetryableApplicationError("", tt.class, nil)}, e, exitBy(tt.journal)); got != tt.want {
			t.Errorf("%v %s, in the journal %s %v: %d, want %d", tt.status, tt.class, tt.journal.State, tt.journal.Summary.Counts, got, tt.want)
		}
	}
}
