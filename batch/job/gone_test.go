package job

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/graphsim"
	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// breakages are the ways in which a network goes away.
var breakages = map[string]breakage{
	"no route": func(*http.Request, http.RoundTripper) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ENETUNREACH}
	},
	"reset on the way": func(*http.Request, http.RoundTripper) (*http.Response, error) {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	},
	"answers lost": func(r *http.Request, tenant http.RoundTripper) (*http.Response, error) {
		resp, err := tenant.RoundTrip(r)
		if err == nil {
			resp.Body.Close()
		}
		return nil, errors.Join(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, err)
	},
	"silence": func(r *http.Request, _ http.RoundTripper) (*http.Response, error) {
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	},
}

// The network is gone for an hour, in the middle of a run and for longer than a
// token lasts: the run waits, signs in anew, goes on, and keeps to the quota.
func TestNetworkGoneForAnHour(t *testing.T) {
	const users, from, gone = 3_500, 30 * time.Second, time.Hour // more than the quota lets go before the network does
	for name, cut := range breakages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := graphsim.Config{NoLog: true, Latency: 500 * time.Millisecond, TokenLifetime: 40 * time.Minute}
			goes := func(w *whole) {
				time.AfterFunc(from, func() { w.wire.broken.Store(&cut) })
				time.AfterFunc(from+gone, func() { w.wire.broken.Store(nil) })
			}
			inVirtualTime(t, cfg, users, goes, func(w *whole, err error) {
				_, sum := w.outcomes(t)
				s := w.tenant.Stats()
				if err != nil || sum.Counts[batch.Verified] != users {
					t.Errorf("error %v, outcomes %v", err, sum.Counts)
				}
				if s.RefusedWrites+s.RefusedReads > 0 {
					t.Errorf("the quota was overrun: %+v", s)
				}
				timing, err := w.job.run.Timing(context.Background())
				t.Logf("%d writes, the last user after %v", s.Writes, timing.Last)
				if most := from + gone + 5*time.Minute; err != nil || timing.Last < gone || timing.Last > most {
					t.Errorf("the last user was settled after %v, want no later than %v; error %v", timing.Last, most, err)
				}
			})
		})
	}
}

// Past the deadline the run stops, resumable, and a resume ends it.
func TestDeadlineWhileTheNetworkIsGone(t *testing.T) {
	const users = 3_500 // more than the quota lets go before the network does
	for name, cut := range breakages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goes := func(w *whole) {
				w.job.Began, w.job.Deadline = time.Now(), 30*time.Minute
				time.AfterFunc(30*time.Second, func() { w.wire.broken.Store(&cut) })
			}
			inVirtualTime(t, graphsim.Config{NoLog: true, Latency: 500 * time.Millisecond}, users, goes, func(w *whole, err error) {
				if !errors.Is(err, batch.ErrDeadline) {
					t.Errorf("error %v, want ErrDeadline", err)
				}
				_, sum := w.outcomes(t)
				if sum.Counts[batch.Verified]+sum.Counts[batch.Unverified]+sum.Open() != users || sum.Open() == 0 {
					t.Errorf("at the deadline: %v", sum.Counts)
				}
				w.wire.broken.Store(nil)
				w.job.Deadline, w.job.Yes = 0, true
				if err := w.job.resume(context.Background()); err != nil {
					t.Error(err)
				}
				if _, sum := w.outcomes(t); sum.Counts[batch.Verified] != users {
					t.Errorf("after the resume: %v", sum.Counts)
				}
			})
		})
	}
}

// A clock that was set back by a day since the last run costs no more than a
// quota's window.
func TestClockSetBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	id := graph.Identity{Tenant: "t", App: "a"}
	synctest.Test(t, func(t *testing.T) { // every bubble begins at the same moment
		<-time.After(24 * time.Hour)
		ctx := t.Context()
		store, err := journal.Open(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		plan := batch.Plan{Run: "r", Tenant: id.Tenant, App: id.App, Rows: 1, Users: 1, Lines: 2}
		run, err := store.Create(ctx, plan)
		if err == nil {
			err = errors.Join(
				run.AddRows(ctx, []batch.Planned{{Row: batch.Row{Line: 2}, User: batch.User{Seq: 1, ID: "u"}}}),
				run.Seal(ctx, plan), run.SetState(ctx, journal.Running, ""),
				run.Write(ctx, batch.Entry{Calls: []batch.Call{{No: 1, SentAt: time.Now(), Seqs: []int{1}}}, Over: []int{1}}))
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		store, err := journal.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		one := []throttle.Quota{{Name: "writes", Scope: throttle.AppTenant, Resource: throttle.Write, Limit: 1, Window: time.Minute}}
		j, err := newJob(Connection{Concurrency: 1, QuotaShare: 1}, Execution{}, &tenant{apps: []app{{identity: id}}}, store)
		if err != nil {
			t.Fatal(err)
		}
		j.quotas = one
		gates, _, err := j.writeGates(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if wait := gates[0].Admit(time.Now(), 1); wait <= 0 || wait > time.Minute+time.Second {
			t.Errorf("the next user waits %v for a window of a minute", wait)
		}
	})
}
