package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
)

// stopper is a network that a stop comes over, with one of its calls.
type stopper struct {
	next     http.RoundTripper
	at       int  // the call with which the stop comes, from 1
	answered bool // it comes when the call is answered, and not while it is under way
	stop     chan struct{}

	mu    sync.Mutex
	calls int
	came  time.Time // when the stop came
	after []string  // calls that left later than that
}

func (s *stopper) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Context().Err() != nil {
		return nil, r.Context().Err() // as the real one
	}
	s.mu.Lock()
	s.calls++
	here := s.calls == s.at
	if !s.came.IsZero() && time.Now().After(s.came) {
		s.after = append(s.after, r.Method+" "+r.URL.Path)
	}
	s.mu.Unlock()
	if here && !s.answered {
		s.stopNow()
	}
	resp, err := s.next.RoundTrip(r)
	if here && s.answered {
		s.stopNow()
	}
	return resp, err
}

// stopNow stops, and lets all who wait for that have noticed.
func (s *stopper) stopNow() {
	s.mu.Lock()
	s.came = time.Now()
	s.mu.Unlock()
	close(s.stop)
	time.Sleep(time.Millisecond) // in the bubble's time
}

// Whenever a stop comes, no call leaves after it, and the command says what it has not
// done or what goes on with the run; that ends it, and sends nobody twice. The stop
// comes with each call in turn: signing in, guards, lookups, writes and read-backs, and
// so also before what follows the last call of each, as sealing does.
func TestStopAtEveryCall(t *testing.T) {
	const users = 45
	for _, command := range []string{"run", "apply", "resume"} {
		for _, answered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, answered %v", command, answered), func(t *testing.T) {
				t.Parallel()
				for at, through := 1, false; !through && !t.Failed(); at++ {
					through = stopAt(t, command, users, at, answered)
				}
			})
		}
	}
}

// stopAt stops the command with a call, and has what is left done. It reports whether
// the command was through before.
func stopAt(t *testing.T, command string, users, at int, answered bool) (through bool) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		tenant := graphsim.New(graphsim.Config{NoQuota: true, Latency: time.Second})
		tenant.AddStrangers(1000)
		for _, p := range members("user", users) {
			if err := tenant.Add(graphsim.User{UPN: p.upn}); err != nil {
				t.Fatal(err)
			}
		}
		offboard := func(network http.RoundTripper, stop <-chan struct{}, args ...string) (exitCode, string) {
			var said bytes.Buffer
			code := execute(t.Context(), world{
				args:   append(args, "--journal="+filepath.Join(dir, "journal.db")),
				stdout: &said, stderr: &said, network: network, stop: stop,
				getenv: func(string) string { return "" }, environ: signedIn, width: func() int { return 80 },
			})
			return code, said.String()
		}
		wants := func(want exitCode, args ...string) {
			t.Helper()
			if code, said := offboard(tenant, nil, args...); code != want {
				t.Fatalf("%s: exit code %d, want %d\n%s", args, code, want, said)
			}
		}
		in, out := filepath.Join(dir, "in.csv"), "--report-dir="+filepath.Join(dir, "out")
		list := filepath.Join(dir, "protect.txt")
		text := "upn\n"
		for _, p := range members("user", users) {
			text += p.upn + "\n"
		}
		for name, text := range map[string]string{in: text, list: members("user", 1)[0].upn + "\n"} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		args := []string{"run", in, "--protect", list, "--concurrency", "1", "--yes", out}
		switch command {
		case "apply":
			plan := filepath.Join(dir, "plan.json")
			wants(0, "plan", in, "--protect", list, "-o", plan)
			args = []string{"apply", plan, "--concurrency", "1", "--yes", out}
		case "resume":
			wants(6, append(args, "--deadline", "9s")...)
			args = []string{"resume", "--protect", list, "--concurrency", "1", "--yes", out}
		}
		before := tenant.Stats().Writes
		s := &stopper{next: tenant, at: at, answered: answered, stop: make(chan struct{})}
		code, said := offboard(s, s.stop, args...)
		if len(s.after) > 0 {
			t.Errorf("stop with call %d: calls that left after it: %s\n%s", at, s.after, said)
		}
		switch through = s.calls < at; {
		case through || code == exitDone && s.calls == at:
			if code != exitDone || tenant.Stats().Writes != users-1 {
				t.Errorf("stop with call %d of %d: exit code %d, %d writes\n%s", at, s.calls, code, tenant.Stats().Writes, said)
			}
			return
		case code != exitStopped:
			t.Errorf("stop with call %d: exit code %d, want 6\n%s", at, code, said)
		}
		undone := "nothing was planned or written"
		if command == "resume" {
			undone = "nothing more was written"
		}
		switch again := undone + "; run it again: offboard " + strings.Join(args, " "); {
		case strings.Contains(said, "offboard resume 20000101-"): // and the rest of the run's name
			args = []string{"resume", "--yes", out}
		case tenant.Stats().Writes > before || !strings.Contains(said, again):
			t.Errorf("stop with call %d, after %d writes: it is not said what goes on\n%s", at, tenant.Stats().Writes, said)
		}
		wants(0, args...)
		if n := tenant.Stats().Writes; n != users-1 {
			t.Errorf("stop with call %d: %d writes in all, want %d", at, n, users-1)
		}
	})
	return through
}
