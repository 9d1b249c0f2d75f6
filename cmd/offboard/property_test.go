package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/graphsim"
	"offboard/batch/intake"
	"offboard/batch/journal"
)

var (
	propertyCases = flag.Int("cases", 300, "TestNobodyElseIsTouched: how many cases")
	propertyCase  = flag.Uint64("case", 0, "TestNobodyElseIsTouched: replays a case that it printed; 0 draws all")
)

// enoughCases is from how many cases on every guard must have had its share.
const enoughCases = 5000

// TestNobodyElseIsTouched draws tenants, files and guards, runs the command on
// them, and holds the tenant's own log and the report against what plain loops
// over the drawn truth say:
//
//   - no write arrives for anybody who is protected, already revoked, held back
//     by a gate or named by no good row, and none at all in a refused run;
//   - without faults everybody else is written, once;
//   - every row has one line in the report, with the outcome that is true.
//
// Everything is real but the process, the socket and the time.
func TestNobodyElseIsTouched(t *testing.T) {
	t.Parallel()
	base, n, workers := rand.Uint64(), *propertyCases, runtime.GOMAXPROCS(0)
	if testing.Short() {
		n = min(n, 60)
	}
	if *propertyCase != 0 {
		base, n, workers = *propertyCase, 1, 1
	}
	dir := fastDir(t)
	all := propertyTally{decided: map[string]int{}, outcomes: map[batch.Outcome]int{}}
	t.Run("cases", func(t *testing.T) {
		for w := range workers {
			t.Run(fmt.Sprint(w), func(t *testing.T) {
				t.Parallel()
				for i := w; i < n && !t.Failed(); i += workers {
					tryCase(t, filepath.Join(dir, fmt.Sprint(i)), base+uint64(i), &all)
				}
			})
		}
	})
	all.tell(t)
	if n < enoughCases || t.Failed() {
		return
	}
	for _, kind := range guardKinds {
		if all.decided[kind]*100 < 3*all.cases {
			t.Errorf("%s decided in %d of %d cases, which is less than 3 %%", kind, all.decided[kind], all.cases)
		}
	}
}

// fastDir is a directory in memory where the system has one: journals sync.
func fastDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "offboard-property-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// propertyTally counts over all cases, so that one sees that they are not trivial.
type propertyTally struct {
	mu                                     sync.Mutex
	cases, refused, faulty, writes, people int
	decided                                map[string]int
	outcomes                               map[batch.Outcome]int
}

func (a *propertyTally) add(s *story, v *verdict, lines map[int]told, writes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cases++
	a.writes += writes
	a.people += len(s.people)
	if len(v.refused) > 0 {
		a.refused++
	}
	if s.faulty() {
		a.faulty++
	}
	for kind := range v.decided {
		a.decided[kind]++
	}
	for _, l := range lines {
		a.outcomes[l.outcome]++
	}
}

func (a *propertyTally) tell(t *testing.T) {
	t.Logf("%d cases: %d refused whole, %d with faults; %d writes to %d people; lines: %v", a.cases, a.refused, a.faulty, a.writes, a.people, a.outcomes)
	for _, kind := range slices.Sorted(maps.Keys(a.decided)) {
		t.Logf("%-22s decided alone in %d cases, %.1f %%", kind, a.decided[kind], 100*float64(a.decided[kind])/float64(max(a.cases, 1)))
	}
}

// tryCase draws one case, runs it and judges it, in a time of its own.
func tryCase(t *testing.T, dir string, seed uint64, all *propertyTally) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := draw(seed)
		v := s.judge()
		if err := s.write(dir); err != nil {
			t.Fatal(err)
		}
		tenant, err := s.tenant()
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		err = s.run(t.Context(), tenant, dir, &said)
		lines, wrong := readReport(filepath.Join(dir, "report"))
		wrong = append(wrong, s.wrongWrites(&v, tenant)...)
		wrong = append(wrong, s.wrongEnd(&v, err)...)
		wrong = append(wrong, s.wrongLines(&v, tenant, lines)...)
		if len(wrong) > 0 {
			t.Errorf("replay with: go test ./cmd/offboard -run TestNobodyElseIsTouched -case %d\n%s\n%s\nended with: %v\n%s\n%s",
				seed, strings.Join(wrong, "\n"), strings.Join(s.args, " "), err, s.describe(), said.String())
		}
		all.add(s, &v, lines, tenant.Stats().Writes)
	})
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// run is the command, from its arguments to its error; only the sign-in and the
// wire are the test's.
func (s *story) run(ctx context.Context, tenant *graphsim.Tenant, dir string, said *bytes.Buffer) error {
	var grammar cli
	parser, err := kong.New(&grammar, kong.Name("offboard"))
	if err != nil {
		return err
	}
	args := append([]string{"run", filepath.Join(dir, "in.csv"), "--report-dir=" + filepath.Join(dir, "report")}, s.args...)
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "DIR/", dir+"/")
	}
	if _, err := parser.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	r := grammar.Run
	sign := graph.Secret("https://login.simulated/", tenant.TenantID(), tenant.ClientID(), "s", &http.Client{Transport: tenant})
	auth := graph.NewAuth(globalGraph, sign)
	client, err := graph.New(graph.Config{Root: globalGraph, Action: batch.Action(r.Action), Auth: auth, Transport: tenant})
	if err != nil {
		return err
	}
	id, err := auth.Identity(ctx)
	if err != nil {
		return err
	}
	store, err := journal.Open(ctx, filepath.Join(dir, "journal.db"))
	if err != nil {
		return err
	}
	defer store.Close()
	c := &command{world: world{stdout: said, stderr: said}, cli: &grammar, log: slog.New(slog.DiscardHandler)}
	return begin(ctx, c, &r, &target{apps: []app{{client, id}}, cloud: simulatedCloud}, store)
}

// begin is runCmd.Run after it has signed in.
func begin(ctx context.Context, c *command, r *runCmd, to *target, store *journal.Store) error {
	in, err := c.read(r.File)
	if err != nil {
		return err
	}
	opt, err := r.options(time.Now())
	if err != nil {
		return err
	}
	rows, err := intake.Open(in.open(), opt)
	if err != nil {
		return err
	}
	plan := batch.Plan{
		Run: "drawn", Created: time.Now(), Input: r.File, Digest: in.digest, Columns: rows.Columns(), Settings: rows.Settings(),
		Tenant: to.identity().Tenant, App: to.identity().App, Cloud: to.cloud,
		Action: batch.Action(r.Action), Resolve: !r.NoResolve, Verify: !r.NoResolve && !r.NoVerify,
	}
	j, err := newJob(c, r.connection, r.execution, to, store)
	if err != nil {
		return err
	}
	return r.start(ctx, &planned{job: j, in: in, opt: opt, plan: plan}, func() error { return nil })
}
