package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// hold makes calls that write wait before the tenant sees them. Each tells held
// when it has come; release lets them and all later ones go on.
func (s *scene) hold() (held <-chan struct{}, release func()) { return s.holdAll(false) }

// holdAll does so with calls that read, or with those that write.
func (s *scene) holdAll(reading bool) (held <-chan struct{}, release func()) {
	return s.holdThose(func(_ *http.Request, reads bool) bool { return reads == reading })
}

// holdThose does so with calls of a kind.
func (s *scene) holdThose(those func(r *http.Request, reads bool) bool) (held <-chan struct{}, release func()) {
	come, open := make(chan struct{}, 100), make(chan struct{})
	s.guard(func(r *http.Request, reads bool) {
		if !those(r, reads) {
			return
		}
		select {
		case come <- struct{}{}:
		default: // nobody counts that far
		}
		select {
		case <-open:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler) // the caller has left
		}
	})
	return come, func() { close(open) }
}

// await takes so many of what comes.
func (s *scene) await(held <-chan struct{}, n int) {
	s.t.Helper()
	for range n {
		select {
		case <-held:
		case <-time.After(time.Minute):
			s.t.Fatal("the call did not come within a minute")
		}
	}
}

// begin starts a run that does not outlive the test.
func (s *scene) begin(args ...string) *child {
	s.t.Helper()
	c := s.start(nil, args...)
	s.t.Cleanup(func() { _ = c.Process.Kill() }) // it has ended, as a rule
	return c
}

// A run has one runner. A second one does not wait for it, and says who it is;
// who only looks is let in, and disturbs nothing.
func TestOneRunner(t *testing.T) {
	t.Parallel()
	s := newScene(t, 100)
	held, release := s.hold()
	first := s.begin(s.run(2)...)
	s.await(held, 2)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	holder := fmt.Sprintf("is locked by process %d on %s", first.Process.Pid, host)
	for _, args := range [][]string{s.run(2), {"resume", "--yes"}} {
		if code, out := s.strike(moment{after: 10 * time.Second}, args...); code != 7 || !strings.Contains(out, holder) {
			t.Errorf("%s: exit code %d, want 7 and %q\n%s", args[0], code, holder, out)
		}
	}
	for _, args := range [][]string{{"runs"}, {"show"}, {"report", "--report-dir", "now"}} {
		if code, out := s.offboard(nil, 0, args...); code != 0 || !strings.Contains(out, "running") {
			t.Errorf("%s: exit code %d, want 0 and that it is running\n%s", args[0], code, out)
		}
	}
	if now := s.truth(); now.State != "running" || now.Open != 100 {
		t.Errorf("the report says %+v", now)
	}
	release()
	if code, out := first.end(t); code != 0 {
		t.Errorf("the first runner: exit code %d\n%s", code, out)
	}
	if n := s.twice("out"); n != 0 {
		t.Errorf("%d users were written twice", n)
	}
}

// Two who plan for one input at once would find no run to go on with, and both
// begin one: the second is refused.
func TestOnePlanner(t *testing.T) {
	t.Parallel()
	s := newScene(t, 100)
	held, release := s.holdThose(func(r *http.Request, reads bool) bool { // after the sign-in
		return reads && !strings.HasSuffix(r.URL.Path, "/organization")
	})
	first := s.begin(s.run(2)...)
	s.await(held, 1)
	want := fmt.Sprintf("the input is locked by process %d on ", first.Process.Pid)
	for _, args := range [][]string{s.run(2), append(s.run(2), "--new")} {
		if code, out := s.strike(moment{after: 10 * time.Second}, args...); code != 7 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, want 7 and %q\n%s", code, want, out)
		}
	}
	release()
	if code, out := first.end(t); code != 0 {
		t.Errorf("the first runner: exit code %d\n%s", code, out)
	}
	if n := s.twice("out"); n != 0 {
		t.Errorf("%d users were written twice", n)
	}
}

// A run that stopped is gone on with under the flags that chose its users, and
// under others a new one begins, which says so.
func TestOtherChoice(t *testing.T) {
	t.Parallel()
	s := newScene(t, 100)
	run := append(s.run(2), "--no-verify") // stamps have whole seconds, and these runs less
	if code, out := s.offboard(os.Kill, 40, run...); code != -1 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	code, out := s.offboard(nil, 0, append(run, "--order", "file")...)
	if code != 0 || !strings.Contains(out, "on the same input") || strings.Contains(out, "resuming") {
		t.Errorf("other flags: exit code %d\n%s", code, out)
	}
	if code, out := s.offboard(nil, 0, run...); code != 0 || !strings.Contains(out, "resuming run") || strings.Contains(out, "is not at its end") {
		t.Errorf("the same flags: exit code %d\n%s", code, out)
	}
	if code, out := s.offboard(nil, 0, run...); code != 0 || strings.Contains(out, "on the same input") {
		t.Errorf("nothing is left to go on with: exit code %d\n%s", code, out)
	}
}

// The lock dies with its holder.
func TestDeadRunnerHoldsNothing(t *testing.T) {
	t.Parallel()
	s := newScene(t, 100)
	held, release := s.hold()
	first := s.begin(s.run(2)...)
	s.await(held, 2)
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if code, out := first.end(t); code != -1 || s.finished() {
		t.Fatalf("exit code %d of a killed runner, or its run is finished\n%s", code, out)
	}
	release()
	if code, out := s.offboard(nil, 0, "resume", "--yes", "--graph-url", s.url, "--report-dir", "out"); code != 0 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if n := s.twice("out"); n != 0 { // nothing of the held calls was executed
		t.Errorf("%d users were written twice", n)
	}
}

// Two runs in one journal know nothing of each other.
func TestTwoRunsOneJournal(t *testing.T) {
	t.Parallel()
	const calls = 3
	s := newScene(t, 300)
	other := members("other", 300)
	s.enter("other.csv", other)
	held, release := s.hold()
	args := s.run(calls)
	args[1], args[len(args)-1] = "other.csv", "out2"
	runs := []*child{s.begin(s.run(calls)...), s.begin(args...)}
	s.await(held, 2*calls) // as many as both of them make: both are in the middle
	release()
	for _, c := range runs {
		if code, out := c.end(t); code != 0 {
			t.Errorf("exit code %d\n%s", code, out)
		}
	}
	if n := s.twice("out"); n != 0 {
		t.Errorf("%d users were written twice", n)
	}
	for i, o := range s.compare("out2", other, true) {
		if o != batch.Verified {
			t.Errorf("%s is %q", other[i].upn, o)
		}
	}
	if code, out := s.offboard(nil, 0, "runs"); code != 0 || strings.Count(out, " finished ") != 2 {
		t.Errorf("runs: exit code %d, want 0 and two that are finished\n%s", code, out)
	}
}
