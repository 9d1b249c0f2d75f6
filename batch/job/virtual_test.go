package job

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/graphsim"
	"offboard/batch/journal"
)

// whole is a run of everything but the process and the socket: the real client,
// signed in, the real pace, the real journal on disk, in virtual time.
type whole struct {
	tenant *graphsim.Tenant
	wire   *wire
	store  *journal.Store
	job    *job
	must   func(error)
}

// wire carries calls to the tenant, sign-in included. A test may cut it.
type wire struct {
	tenant *graphsim.Tenant
	broken atomic.Pointer[breakage] // nil while it is whole
}

// breakage is what becomes of a call on a wire that is cut.
type breakage func(*http.Request, http.RoundTripper) (*http.Response, error)

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if broken := w.broken.Load(); broken != nil {
		return (*broken)(r, w.tenant)
	}
	return w.tenant.RoundTrip(r)
}

// app is what makes the credential of an app in the tenant.
func (w *whole) app(id string) graph.NewCredential {
	at := graph.Authority{URL: "https://login.simulated/", Own: true, Client: &http.Client{Transport: w.wire}}
	return graph.Registration{Tenant: w.tenant.TenantID(), Client: id, Secret: graph.Plain("s")}.At(at)
}

// inVirtualTime carries out a plan of n users against the tenant. prepare, which
// may be nil, sees everything before it begins, and check afterwards.
func inVirtualTime(t *testing.T, cfg graphsim.Config, n int, prepare func(*whole), check func(*whole, error)) {
	t.Helper()
	inVirtualTimeUnder(t, batch.Terms{}, cfg, n, prepare, check)
}

// inVirtualTimeUnder carries out a plan that was made under these terms.
func inVirtualTimeUnder(t *testing.T, terms batch.Terms, cfg graphsim.Config, n int, prepare func(*whole), check func(*whole, error)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		w := &whole{tenant: graphsim.New(cfg), must: func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}}
		w.wire = &wire{tenant: w.tenant}
		planned := make([]batch.Planned, n)
		before := time.Now().Add(-24 * time.Hour).UTC()
		for i := range planned {
			upn := fmt.Sprintf("user%d@contoso.example", i+1)
			u := graphsim.User{UPN: upn, ID: graphsim.IDFor(upn), Stamp: before}
			if err := w.tenant.Add(u); err != nil {
				t.Fatal(err)
			}
			planned[i] = batch.Planned{
				Row:  batch.Row{Line: i + 2, Input: upn, UPN: upn, Cells: []string{upn}},
				User: batch.User{Seq: i + 1, ID: u.ID, UPN: upn, Type: "Member", Stamp: before},
			}
		}
		var err error
		if w.store, err = journal.Open(ctx, path); err != nil {
			t.Fatal(err)
		}
		defer w.store.Close()
		plan := batch.Plan{
			Run: "virtual", Created: time.Now(), Columns: []string{"upn"}, Tenant: w.tenant.TenantID(), App: w.tenant.ClientID(),
			Cloud: Simulated, Steps: []batch.Step{batch.Revoke}, Resolve: true, Verify: true, Rows: n, Users: n, Lines: n + 1,
			Terms: terms,
		}
		run, err := w.store.Create(ctx, plan)
		if err != nil {
			t.Fatal(err)
		}
		if err := run.AddRows(ctx, planned); err != nil {
			t.Fatal(err)
		}
		if err := run.Seal(ctx, plan); err != nil {
			t.Fatal(err)
		}
		sign := w.app(w.tenant.ClientID())
		client, err := graph.New(graph.Config{Root: graph.Global.Root, Steps: []batch.Step{batch.Revoke}, Auth: graph.NewAuth(graph.Global, sign), Transport: w.wire})
		if err != nil {
			t.Fatal(err)
		}
		w.job, err = newJob(Connection{Concurrency: 8, QuotaShare: 1},
			Execution{VerifyTimeout: 2 * time.Minute, Patience: Patience{Outage: 2 * time.Hour}, Reporting: Reporting{ReportDir: filepath.Join(filepath.Dir(path), "report")}},
			&tenant{apps: []app{{client, graph.Identity{Tenant: w.tenant.TenantID(), App: w.tenant.ClientID()}}}}, w.store)
		if err != nil {
			t.Fatal(err)
		}
		w.job.run, w.job.plan = run, run.Plan()
		if prepare != nil {
			prepare(w)
		}
		check(w, w.job.carryOut(ctx, 0, n, 0))
	})
}

// outcomes folds the journal's lines.
func (w *whole) outcomes(t *testing.T) (map[string]batch.Line, batch.Summary) {
	t.Helper()
	lines, sum := map[string]batch.Line{}, batch.Summary{}
	for l, err := range w.job.run.Lines(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		lines[l.User.ID] = l
		sum.Add(l.Record.Outcome)
	}
	return lines, sum
}

// 7,000 users under the documented quota, which is three of its windows, in the long form
// 20,000: nobody is ever told to wait.
func TestQuotaIsNeverOverrun(t *testing.T) {
	users := 7_000
	if *soak {
		users = 20_000
	}
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, model := range []graphsim.Model{graphsim.SlidingWindow, graphsim.FixedWindow, graphsim.TokenBucket} {
		t.Run(string(model), func(t *testing.T) {
			t.Parallel()
			cfg := graphsim.Config{NoLog: true, Latency: 300 * time.Millisecond, Jitter: 400 * time.Millisecond}
			for _, q := range graphsim.DefaultQuotas() {
				q.Model = model
				cfg.Quotas = append(cfg.Quotas, q)
			}
			inVirtualTime(t, cfg, users, nil, func(w *whole, err error) {
				if err != nil {
					t.Error(err)
				}
				_, sum := w.outcomes(t)
				s := w.tenant.Stats()
				t.Logf("%s: %v for %d users, %d refused writes, %d refused reads, %d calls", model, time.Since(start).Round(time.Second), users, s.RefusedWrites, s.RefusedReads, s.Calls)
				if s.RefusedWrites != 0 || s.RefusedReads != 0 || s.Writes != users || sum.Counts[batch.Verified] != users {
					t.Errorf("%+v; outcomes %v", s, sum.Counts)
				}
			})
		})
	}
}

// A run that was stopped goes on in a new process, and what was sent before
// still counts: nobody is told to wait.
func TestResumeKeepsTheWindow(t *testing.T) {
	t.Parallel()
	cfg := graphsim.Config{NoLog: true, Latency: 2 * time.Second}
	stop := func(w *whole) {
		signal := make(chan struct{})
		w.job.Stop = signal
		time.AfterFunc(50*time.Second, func() { close(signal) })
	}
	inVirtualTime(t, cfg, 4_000, stop, func(w *whole, err error) {
		if !errors.Is(err, batch.ErrStopped) {
			t.Errorf("got error %v, want ErrStopped", err)
		}
		first := w.tenant.Stats().Writes
		w.job.Stop, w.job.Yes = nil, true
		if err := w.job.resume(context.Background()); err != nil {
			t.Error(err)
		}
		s := w.tenant.Stats()
		if first != 3_000 || s.Writes != 4_000 || s.RefusedWrites != 0 {
			t.Errorf("%d writes before the stop, then %+v", first, s)
		}
		// At 8 calls of 2 s the first 1,000 ended after 14 s, and made room 150 s later.
		timing, err := w.job.run.Timing(context.Background())
		if err != nil || timing.Last < 152*time.Second || timing.Last > 170*time.Second {
			t.Errorf("the last user was settled after %v, error %v", timing.Last, err)
		}
	})
}

// 5,000 users, in the long form 20,000, under every fault at 5 % each: nobody ends otherwise
// than the tenant's own log says.
func TestEveryFaultEndsInTheTruth(t *testing.T) {
	t.Parallel()
	users := 5_000
	if *soak {
		users = 20_000
	}
	if testing.Short() {
		users = 2_000
	}
	cfg := graphsim.Config{NoQuota: true, Faults: graphsim.EveryFault(0.05), Seed: 1, Latency: 100 * time.Millisecond}
	inVirtualTime(t, cfg, users, nil, func(w *whole, err error) {
		lines, sum := w.outcomes(t)
		t.Logf("error %v; outcomes %v; %+v", err, sum.Counts, w.tenant.Stats())
		if sum.Lines != users || w.tenant.Stats().Invalid != 0 {
			t.Errorf("%d lines, %+v", sum.Lines, w.tenant.Stats())
		}
		if sum.Counts[batch.Verified] < users-users/500 {
			t.Errorf("only %d are verified", sum.Counts[batch.Verified])
		}
		delivered := map[string]bool{} // a 2xx reached the client
		for _, e := range w.tenant.Log() {
			if e.Method == http.MethodPost && e.Status >= 200 && e.Status < 300 {
				delivered[e.User] = true
			}
		}
		for id, l := range lines {
			truth, _ := w.tenant.User(id)
			switch o := l.Record.Outcome; {
			case o == batch.Verified && (truth.Writes == 0 || !delivered[id]):
				t.Errorf("%s is verified: %d writes, a 2xx delivered: %v", id, truth.Writes, delivered[id])
			case o == batch.NotSent && truth.Writes > 0:
				t.Errorf("%s is not_sent, and was written %d times", id, truth.Writes)
			case o != batch.Verified && o != batch.Unverified && delivered[id]:
				t.Errorf("%s is %s, and a 2xx was delivered", id, o)
			case o.Open():
				t.Errorf("%s is %s at the end", id, o)
			}
		}
	})
}

// wide lets as many calls be under way as the command does.
func (j *job) wide() error {
	j.Connection = &Connection{Concurrency: 150, QuotaShare: 1}
	return j.pace()
}

// A run that another process ended after this one found it is not carried out again.
func TestRunThatEndedMeanwhile(t *testing.T) {
	var stale *journal.Run
	found := func(w *whole) {
		var err error
		stale, err = w.store.Run(context.Background(), "virtual")
		w.must(err)
	}
	inVirtualTime(t, graphsim.Config{NoQuota: true}, 40, found, func(w *whole, err error) {
		w.must(err)
		w.job.run, w.job.Yes = stale, true
		if err := w.job.resume(context.Background()); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "another process went on with run virtual meanwhile, and it is finished") {
			t.Errorf("error %v", err)
		}
	})
}
