package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Every user ends by its own reply, whatever the others got.
func TestRunSettles(t *testing.T) {
	ok, no := Reply{Status: 200}, Reply{}
	busy := Reply{Status: 429, RetryAfter: 3 * time.Second}
	same := func(r Reply, users ...int) map[int][]Reply {
		m := make(map[int][]Reply)
		for _, u := range users {
			m[u] = []Reply{r}
		}
		return m
	}
	for _, c := range []struct {
		name   string
		script map[int][]Reply
		change func(*Runner, *fakeTenant)
		want   string
	}{
		{"all well", nil, nil, "100 verified "},
		{"verification off", nil, func(r *Runner, _ *fakeTenant) { r.Verify = false }, "100 revoked "},
		{"stamps that lag", nil, func(_ *Runner, f *fakeTenant) { f.lag = 90 * time.Second }, "100 verified "},
		{"stamps that lag too long", nil, func(_ *Runner, f *fakeTenant) { f.lag = 3 * time.Minute }, "100 unverified "},
		{"stamps that never move", nil, func(_ *Runner, f *fakeTenant) { f.frozen = true }, "100 unverified "},
		{"refusals of users who were not looked up", map[int][]Reply{1: {{Status: 404}}, 2: {{Status: 403}}, 3: {{Status: 400}}, 4: {{Status: 405}}}, nil, "96 verified 1 invalid 1 not_found 1 denied 1 failed "},
		{"refusals of users who were found", map[int][]Reply{1: {{Status: 404, Code: "Request_ResourceNotFound"}}, 2: {{Status: 403}}, 3: {{Status: 400}}, 4: {{Status: 405}}},
			func(r *Runner, _ *fakeTenant) { r.Found = time.Now() }, "96 verified 1 denied 3 failed "},
		{"throttled, then well", map[int][]Reply{1: {busy, busy, ok}, 50: {busy, ok}}, nil, "100 verified "},
		{"lost, then well", map[int][]Reply{1: {no, ok}, 2: {{Status: 502}, ok}, 3: {{Status: 504}, no, ok}}, nil, "100 verified "},
		{"never an answer", same(no, 7), nil, "99 verified 1 gave_up "},
		{"calls that fail", nil, func(_ *Runner, f *fakeTenant) {
			f.calls = []error{&CallError{Err: io.ErrUnexpectedEOF}, nil, &CallError{Status: 503}, &CallError{Status: 429, RetryAfter: time.Second}, &CallError{Status: 401}, fmt.Errorf("odd")}
		}, "100 verified "},
		{"a call that never left", nil, func(_ *Runner, f *fakeTenant) { f.calls = []error{&CallError{Err: ErrNotSent}} }, "100 verified "},
		{"one call of admins among others", same(Reply{Status: 403}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20), nil, "80 verified 20 denied "},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f, j := bench(t, 100)
				f.script = c.script
				if c.change != nil {
					c.change(r, f)
				}
				if err := r.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := j.outcomes(); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
				if len(j.open) > 0 {
					t.Errorf("calls still open: %v", j.open)
				}
			})
		})
	}
}

// Several apps share the work: each user is sent once, by one of them, and a
// throttled app does not hold the others up.
func TestAppsShareTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 400)
		r.Apps = append(r.Apps, App{Name: "slow", Sender: f, Gate: &slowGate{every: 100 * time.Millisecond}}, App{Name: "third", Sender: f, Gate: openGate{4}})
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := j.outcomes(); got != "400 verified " {
			t.Error("got", got)
		}
		for seq, n := range f.sent {
			if n != 1 {
				t.Errorf("user %d was sent %d times", seq, n)
			}
		}
		if len(j.apps) != 3 || j.apps["slow"] >= j.apps["third"] {
			t.Errorf("calls by app: %v", j.apps)
		}
	})
}

// A guest's 200 is no success, with or without proof asked for.
func TestGuestsAreIneffective(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, j := bench(t, 0)
		r.Pending = func(yield func(Pending, error) bool) {
			yield(Pending{Item: Item{Step: Revoke, User: User{Seq: 1, ID: "g", Type: "Guest"}}}, nil)
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := j.outcomes(); got != "1 ineffective " {
			t.Error("got", got)
		}
	})
}

// When everybody is refused, nobody is written off: with the permission granted
// the run can be resumed.
func TestEverybodyRefusedStopsTheRun(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		want   error
		words  string
	}{
		{"403", 403, ErrPermission, "HTTP 403 Code: words; the app lacks the Graph permission User.RevokeSessions.All"},
		{"401", 401, ErrSignIn, "HTTP 401 Code: words"},
		{"405", 405, ErrNotOffered, "HTTP 405 Code: words"},
		{"400", 400, ErrNotOffered, "HTTP 400 Code: words"},
		{"404", 404, ErrNotOffered, "HTTP 404 Code: words"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f, j := bench(t, 1000)
				f.script = map[int][]Reply{}
				for i := range 1000 {
					f.script[i+1] = []Reply{{Status: c.status, Code: "Code", Message: "words"}}
				}
				err := r.Run(t.Context())
				if !errors.Is(err, c.want) || !strings.HasSuffix(err.Error(), c.words) {
					t.Errorf("got error %v, want %v that ends in %q", err, c.want, c.words)
				}
				if len(j.records) > 0 {
					t.Errorf("got records: %s", j.outcomes())
				}
				if f.n > strikes+4 {
					t.Errorf("%d calls were made", f.n)
				}
				if len(j.trials) == 0 || len(j.open) > 0 {
					t.Errorf("%d trials, open calls %v", len(j.trials), j.open)
				}
			})
		})
	}
}

// In the middle of a run a token may be refused by mistake, and more than once;
// when every new one is, the run stops, and can be resumed.
func TestRefusedTokens(t *testing.T) {
	for refused, want := range map[int]error{staleStrikes - 1: nil, 100: ErrSignIn} {
		synctest.Test(t, func(t *testing.T) {
			r, f, j := bench(t, 400)
			r.Concurrency, r.Verify = 1, false
			f.calls = []error{nil}
			for range refused {
				f.calls = append(f.calls, &CallError{Status: 401})
			}
			if err := r.Run(t.Context()); !errors.Is(err, want) {
				t.Errorf("%d refused: error %v, want %v", refused, err, want)
			}
			if want == nil && j.outcomes() != "400 revoked " || want != nil && f.n != 1+staleStrikes {
				t.Errorf("%d refused: %s after %d calls", refused, j.outcomes(), f.n)
			}
		})
	}
}

// Fewer refusals than the strikes are about the users: a leavers file of one admin.
func TestFewRefusedAreDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 2)
		f.script = map[int][]Reply{1: {{Status: 403}}, 2: {{Status: 403}}}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := j.outcomes(); got != "2 denied " {
			t.Error("got", got)
		}
	})
}

// A soft stop makes no new calls and records what is under way.
func TestStopAwaitsAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 1000)
		f.latency = time.Second
		stop := make(chan struct{})
		r.Stop = stop
		time.AfterFunc(1500*time.Millisecond, func() { close(stop) }) // in the middle of the second round
		if err := r.Run(t.Context()); !errors.Is(err, ErrStopped) {
			t.Errorf("got error %v, want ErrStopped", err)
		}
		if f.n != 8 || len(j.records) != 160 || len(j.open) > 0 {
			t.Errorf("%d calls, %d records, open %v; want 8 calls, all recorded", f.n, len(j.records), j.open)
		}
		if got, want := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), 2*time.Second; got != want {
			t.Errorf("took %v, want %v", got, want)
		}
	})
}

// A hard stop cuts calls short. Who was in them is in doubt, not untouched.
func TestCancelLeavesDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 1000)
		f.latency = time.Hour
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("second signal")
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if err := r.Run(ctx); !errors.Is(err, cause) {
			t.Errorf("got error %v, want %v", err, cause)
		}
		if len(j.trials) != 80 || len(j.records) != 0 {
			t.Errorf("%d trials, %d records; want 80 and 0", len(j.trials), len(j.records))
		}
		for _, tr := range j.trials {
			if !tr.Doubt {
				t.Errorf("user %d is not in doubt", tr.Seq)
			}
		}
	})
}

// A journal that fails ends the run: nothing more is sent, calls under way are
// awaited, and what was answered is saved if the journal takes it after all.
func TestJournalFailureEndsTheRun(t *testing.T) {
	for failAt := 1; failAt <= 4; failAt++ {
		t.Run(fmt.Sprint("write ", failAt), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f, j := bench(t, 1000)
				r.Verify = false
				r.CallTimeout = time.Hour
				f.latency, f.slower = time.Minute, 1
				j.failAt = failAt
				start := time.Now()
				if err := r.Run(t.Context()); !errors.Is(err, errDisk) {
					t.Errorf("got error %v, want %v", err, errDisk)
				}
				// Calls answer one a minute, each answer makes a write and a call.
				if want := max(0, failAt+2) * min(failAt-1, 1); f.n != want {
					t.Errorf("%d calls were made, want %d", f.n, want)
				}
				if took, want := time.Since(start), time.Duration(f.n+failAt-2)*time.Minute; failAt > 1 && took != want {
					t.Errorf("took %v, want %v", took, want)
				}
				if len(j.records) != 20*f.n || len(j.open) > 0 {
					t.Errorf("%d records, want those of all %d calls; open are %v", len(j.records), f.n, j.open)
				}
			})
		})
	}
}

// With nobody answering, the run stops instead of writing everybody off.
func TestOutageStopsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 10000)
		for range 10000 {
			f.calls = append(f.calls, &CallError{Err: io.EOF})
		}
		start := time.Now()
		if err := r.Run(t.Context()); !errors.Is(err, ErrOutage) {
			t.Errorf("got error %v, want ErrOutage", err)
		}
		if took := time.Since(start); took < r.Outage || took > r.Outage+time.Minute {
			t.Errorf("stopped after %v", took)
		}
		if len(j.records) > 0 || f.n > 60 {
			t.Errorf("%d calls, records: %s", f.n, j.outcomes())
		}
	})
}

// An outage that ends costs nobody anything.
func TestOutageThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 1000)
		for range 20 {
			f.calls = append(f.calls, &CallError{Err: io.EOF})
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := j.outcomes(); got != "1000 verified " {
			t.Error("got", got)
		}
	})
}

// Two failed calls with a long wait between them are no outage.
func TestIdleIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 3*ChunkSize)
		r.Apps[0].Gate = &slowGate{every: 11 * time.Minute}
		f.calls = []error{&CallError{Err: io.EOF}, &CallError{Err: io.EOF}}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := j.outcomes(); got != "60 verified " {
			t.Error("got", got)
		}
	})
}

// However long it lasts, an outage does not use up what one user is worth.
func TestOutageCostsNoAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 20)
		r.Outage = 0
		for range 3 * DefaultRetry.Attempts {
			f.calls = append(f.calls, &CallError{Err: io.EOF})
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := j.outcomes(); got != "20 verified " {
			t.Error("got", got)
		}
	})
}

// Proof is waited for until the deadline, and no longer.
func TestVerifyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 1)
		f.frozen = true
		start := time.Now()
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := j.outcomes(); got != "1 unverified " {
			t.Error("got", got)
		}
		if took, want := time.Since(start), f.latency+r.VerifyTimeout+f.latency; took != want {
			t.Errorf("took %v, want %v", took, want)
		}
	})
}

// A read-back that keeps failing is no stamp that has not moved: it is tried as
// often as the policy allows, also past the deadline, and then given up.
func TestVerifyOutlastsTrouble(t *testing.T) {
	for blind, want := range map[int]string{DefaultRetry.Attempts - 1: "1 verified ", 1000: "1 unverified "} {
		synctest.Test(t, func(t *testing.T) {
			r, f, j := bench(t, 1)
			r.VerifyTimeout = time.Second
			r.Concurrency = 1
			f.blind = blind
			if err := r.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := j.outcomes(); got != want {
				t.Errorf("after %d failed reads: %s, want %s", blind, got, want)
			}
			if f.reads > DefaultRetry.Attempts {
				t.Errorf("%d reads", f.reads)
			}
		})
	}
}

// A stamp that is another user's proves nothing: it is trouble, and read again.
func TestMixedUpReadBack(t *testing.T) {
	for mixed, want := range map[int]string{1: "2 verified ", 1000: "2 unverified "} {
		synctest.Test(t, func(t *testing.T) {
			r, f, j := bench(t, 2)
			f.mixed = mixed
			if err := r.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := j.outcomes(); got != want {
				t.Errorf("after %d reads that were mixed up: %s, want %s", mixed, got, want)
			}
			if r := j.records[1]; mixed > 1 && !strings.Contains(r.Reason, "another user, id-2") {
				t.Errorf("the reason is %q", r.Reason)
			}
		})
	}
}

// Users accepted by an earlier process are verified and not sent again.
func TestUnprovenAreOnlyRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 0)
		now := time.Now()
		f.stamp[1] = now
		rec := Record{Seq: 1, Outcome: Unverified, Accepted: now}
		j.records[1] = rec
		r.Unproven = func(yield func(Unproven, error) bool) {
			yield(Unproven{Item: Item{Step: Revoke, User: User{Seq: 1, ID: "x"}}, Record: rec}, nil)
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := j.outcomes(); got != "1 verified " || f.n != 0 {
			t.Errorf("got %s after %d revoke calls", got, f.n)
		}
	})
}

// A source that fails ends the run, and what is under way is recorded.
func TestBrokenPlanEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, j := bench(t, 0)
		r.Pending = func(yield func(Pending, error) bool) {
			for p, err := range numbered(100) {
				if !yield(p, err) {
					return
				}
			}
			yield(Pending{}, errDisk)
		}
		if err := r.Run(t.Context()); !errors.Is(err, errDisk) {
			t.Errorf("got error %v, want %v", err, errDisk)
		}
		if len(j.open) > 0 {
			t.Errorf("calls still open: %v", j.open)
		}
	})
}
