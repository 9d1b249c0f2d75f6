package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/graphsim"
	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// another is a job like w's own for another run of so many users in the same journal and tenant, by
// an app that may be the same.
func (w *whole) another(t *testing.T, name, id string, n int) *job {
	t.Helper()
	ctx := context.Background()
	planned := make([]batch.Planned, n)
	before := time.Now().Add(-24 * time.Hour).UTC()
	for i := range planned {
		upn := fmt.Sprintf("%s%d@contoso.example", name, i+1)
		u := graphsim.User{UPN: upn, ID: graphsim.IDFor(upn), Stamp: before}
		w.must(w.tenant.Add(u))
		planned[i] = batch.Planned{
			Row:  batch.Row{Line: i + 2, Input: upn, UPN: upn, Cells: []string{upn}},
			User: batch.User{Seq: i + 1, ID: u.ID, UPN: upn, Type: "Member", Stamp: before},
		}
	}
	plan := w.job.run.Plan()
	plan.Run, plan.App, plan.Rows, plan.Users, plan.Lines = name, id, n, n, n+1
	run, err := w.store.Create(ctx, plan)
	w.must(err)
	w.must(run.AddRows(ctx, planned))
	w.must(run.Seal(ctx, plan))
	sign := w.app(id)
	client, err := graph.New(graph.Config{Root: graph.Global.Root, Steps: []batch.Step{batch.Revoke}, Auth: graph.NewAuth(graph.Global, sign), Transport: w.wire})
	w.must(err)
	exe := *w.job.Execution
	exe.ReportDir = filepath.Join(filepath.Dir(exe.ReportDir), name)
	j, err := newJob(*w.job.Connection, exe, &tenant{apps: []app{{client, graph.Identity{Tenant: w.tenant.TenantID(), App: id}}}}, w.store)
	w.must(err)
	j.run = run
	return j
}

// Runs at once on one journal keep to one quota together, and use all of it: that of their app in
// the tenant, or that of the tenant when their apps are different.
func TestRunsAtOnceShareTheQuota(t *testing.T) {
	tenant := graphsim.Quota{Scope: graphsim.AllApps, Resource: graphsim.Writes, Limit: 4_000, Window: 300 * time.Second}
	for _, tt := range []struct {
		name  string
		apps  []string        // of the other runs; "" is the same app
		later time.Duration   // after the first run
		quota *graphsim.Quota // beside the documented ones
		most  time.Duration   // until all have ended
	}{
		{"one app, in the same second", []string{""}, 0, nil, 153 * time.Second},
		{"one app, one after the other", []string{""}, 20 * time.Second, nil, 153 * time.Second},
		{"three runs", []string{"", ""}, 0, nil, 303 * time.Second},
		{"two apps", []string{"second"}, 0, &tenant, 303 * time.Second},
		{"two apps, one after the other", []string{"second"}, 20 * time.Second, &tenant, 303 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const n = 3_000
			cfg := graphsim.Config{NoLog: true, Latency: 50 * time.Millisecond, Quotas: graphsim.DefaultQuotas()}
			quotas := throttle.Documented()
			if tt.quota != nil {
				cfg.Quotas[1] = *tt.quota
				quotas[1].Limit, quotas[1].Window = tt.quota.Limit, tt.quota.Window
			}
			var start time.Time
			var ends chan error
			inVirtualTime(t, cfg, n, func(w *whole) {
				start, ends = time.Now(), make(chan error, len(tt.apps))
				w.must(w.job.wide())
				_, err := w.job.run.Lock() // as long as the test
				w.must(err)
				w.job.quotas = quotas
				for i, app := range tt.apps {
					if app != "" {
						app = graphsim.IDFor(app)
					} else {
						app = w.tenant.ClientID()
					}
					j := w.another(t, fmt.Sprintf("other%d", i), app, n)
					j.quotas = quotas
					go func() {
						time.Sleep(tt.later)
						unlock, err := j.run.Lock()
						w.must(err)
						ends <- errors.Join(j.carryOut(context.Background(), 0, n, 0), unlock())
					}()
				}
			}, func(w *whole, err error) {
				for range tt.apps {
					if end := <-ends; end != nil {
						t.Error(end)
					}
				}
				took, s := time.Since(start), w.tenant.Stats()
				t.Logf("%v, %+v", took, s)
				if err != nil || s.RefusedWrites > 0 || s.Writes != n*(1+len(tt.apps)) {
					t.Errorf("error %v, %+v", err, s)
				}
				if took > tt.most {
					t.Errorf("took %v, want at most %v", took, tt.most)
				}
			})
		})
	}
}

// Calls that another run has left behind leave the quota as all calls do: when its
// process died, once they can be under way no longer; when the process is only stopped,
// as by SIGSTOP, they count until it goes on or dies. So nothing overruns the quota, and
// nothing waits for ever.
func TestCallsLeftBehindLeaveTheQuota(t *testing.T) {
	const n = 3_000
	for _, tt := range []struct {
		name  string
		users int           // in the calls left behind
		held  time.Duration // how long a process holds the other run
		goes  bool          // and whether the process goes on then, and writes down how the calls ended
		first time.Duration // when the first of our users leaves
		last  time.Duration // until all are proved
	}{
		{"killed with a few calls", 500, 0, false, 0, 150 * time.Second},
		{"killed with a whole quota", n, 0, false, batch.LongestCall + 150*time.Second, batch.LongestCall + 150*time.Second},
		{"stopped, then killed", n, 20 * time.Minute, false, 20*time.Minute + 150*time.Second, 20*time.Minute + 150*time.Second},
		{"stopped, then goes on", n, 20 * time.Minute, true, 20*time.Minute + 150*time.Second, 20*time.Minute + 150*time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var start time.Time
			said := &paces{}
			cfg := graphsim.Config{Latency: 50 * time.Millisecond, Quotas: graphsim.DefaultQuotas()}
			inVirtualTime(t, cfg, n, func(w *whole) {
				w.must(w.job.wide())
				other := w.another(t, "other", w.tenant.ClientID(), n).run
				w.must(other.SetState(context.Background(), journal.Running, ""))
				start, w.job.Console = time.Now(), said
				var left batch.Entry
				for seq := 1; seq <= tt.users; seq += batch.ChunkSize {
					k := batch.Call{No: len(left.Calls) + 1, SentAt: start}
					for i := range batch.ChunkSize {
						k.Seqs = append(k.Seqs, seq+i)
					}
					left.Calls, left.Over = append(left.Calls, k), append(left.Over, k.No)
				}
				w.must(other.Write(context.Background(), batch.Entry{Calls: left.Calls}))
				if tt.held > 0 {
					unlock, err := other.Lock()
					w.must(err)
					time.AfterFunc(tt.held, func() {
						if tt.goes {
							w.must(other.Write(context.Background(), batch.Entry{Over: left.Over}))
						}
						w.must(unlock())
					})
				}
			}, func(w *whole, err error) {
				if err != nil {
					t.Error(err)
				}
				var first time.Duration
				for _, e := range w.tenant.Log() {
					if e.Method == http.MethodPost {
						first = e.Time.Sub(start)
						break
					}
				}
				if told := strings.Contains(said.said.String(), "run other has calls under way since "); told != (tt.held > 0) {
					t.Errorf("told of a process that is stopped: %v\n%s", told, said.said.String())
				}
				// Nobody carries the other run out any more where its process was killed.
				if s := said.said.String(); strings.Contains(s, "another run uses") || !strings.Contains(s, "; the calls of another run count, too") {
					t.Errorf("what counts is not told as calls: %s", s)
				}
				const slack = 5 * time.Second
				if took := time.Since(start); first < tt.first || first > tt.first+slack || took < tt.last || took > tt.last+slack {
					t.Errorf("the first user left after %v, all were done after %v; want %v and %v", first, took, tt.first, tt.last)
				}
			})
		})
	}
}

// What ended runs have sent counts, and they are no rivals: with a part for each of many, as of
// last night's tenants, the one that goes on would hardly move.
func TestEndedRunsAreNoRivals(t *testing.T) {
	const n, ended = 3_000, 60
	var start time.Time
	cfg := graphsim.Config{Latency: 50 * time.Millisecond, Quotas: graphsim.DefaultQuotas()}
	inVirtualTime(t, cfg, n, func(w *whole) {
		w.must(w.job.wide())
		start = time.Now()
		for i := range ended {
			run := w.another(t, fmt.Sprintf("ended%d", i), w.tenant.ClientID(), batch.ChunkSize).run
			w.must(run.SetState(context.Background(), journal.Running, ""))
			k := batch.Call{No: 1, SentAt: start}
			for seq := range batch.ChunkSize {
				k.Seqs = append(k.Seqs, seq+1)
			}
			w.must(run.Write(context.Background(), batch.Entry{Calls: []batch.Call{k}}))
			w.must(run.Write(context.Background(), batch.Entry{Over: []int{1}}))
			w.must(run.SetState(context.Background(), journal.Finished, ""))
		}
	}, func(w *whole, err error) {
		var sent []time.Duration
		for _, e := range w.tenant.Log() {
			if e.Method == http.MethodPost {
				sent = append(sent, e.Time.Sub(start))
			}
		}
		slices.Sort(sent)
		if err != nil || len(sent) != n {
			t.Fatalf("%d were sent, error %v", len(sent), err)
		}
		within := n - ended*batch.ChunkSize
		t.Logf("the %d that the window has room for left within %v, all %d within %v", within, sent[within-1], n, sent[n-1])
		if sent[within-1] > 2*time.Second || sent[within] < 149*time.Second || sent[n-1] > 153*time.Second {
			t.Errorf("user %d left after %v, the next after %v, the last after %v", within, sent[within-1], sent[within], sent[n-1])
		}
	})
}

// Only runs that go on take a part of what is left of an app's quota: one that has left sends nothing
// more, and with a part for it the others would hardly move.
func TestRunsThatLeftTakeNoPart(t *testing.T) {
	now := time.Now()
	elsewhere := newOthers(nil, journal.SentBy{App: "app"}, time.Minute, nil)
	elsewhere.asked = now
	s := &Shared{runs: map[string]*session{"mine": {going: true}, "beside": {going: true}, "left": {}, "left too": {}}, apps: map[string]*others{"app": elsewhere}}
	for _, tt := range []struct{ others, want []string }{
		{nil, nil},
		{[]string{"left"}, nil}, // in an earlier session
		{[]string{"far"}, []string{"beside", "far", "mine"}},
	} {
		elsewhere.runs = map[string]bool{}
		for _, name := range tt.others {
			elsewhere.runs[name] = true
		}
		rivals, err := s.tell(t.Context(), []string{"app"}, now)
		if got := slices.Sorted(maps.Keys(rivals)); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("with calls of %q: the rivals are %q, want %q; error %v", tt.others, got, tt.want, err)
		}
	}
}

// A process knows its own calls of a run in slices from those that another one made between them.
func TestSessionsOwnCalls(t *testing.T) {
	var s session
	for _, c := range []struct{ behind, last int }{{0, 4}, {4, 7}, {12, 15}} { // calls 8 to 12 are another's
		s.begin(c.behind)
		if !s.has(c.behind+1) || !s.has(c.last+100) {
			t.Errorf("behind %d: calls under way are not its own", c.behind)
		}
		s.calls[len(s.calls)-1].last = c.last
	}
	for no, own := range map[int]bool{1: true, 4: true, 5: true, 7: true, 8: false, 12: false, 13: true, 15: true, 16: false} {
		if s.has(no) != own {
			t.Errorf("call %d: its own is %v", no, !own)
		}
	}
	if (*session)(nil).has(1) {
		t.Error("a run that it never had")
	}
}
