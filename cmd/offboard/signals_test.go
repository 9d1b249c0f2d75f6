package main

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// Signals within a second are one; the first later one stops at once.
func TestSignalsWithinASecondAreOne(t *testing.T) {
	for _, c := range []struct {
		after []time.Duration // the signals, each after the one before
		want  string
	}{
		{[]time.Duration{0}, "stop"},
		{[]time.Duration{0, 0, 0}, "stop"},
		{[]time.Duration{0, 900 * time.Millisecond}, "stop"},
		{[]time.Duration{0, 1100 * time.Millisecond}, "stop, at once"},
		{[]time.Duration{0, 0, 3 * time.Second}, "stop, at once"},
		{[]time.Duration{0, 600 * time.Millisecond, 600 * time.Millisecond}, "stop, at once"},
	} {
		synctest.Test(t, func(t *testing.T) {
			signals, got, done := make(chan os.Signal, 1), "", make(chan bool)
			go func() {
				defer close(done)
				heed(signals, func() { got = "stop" }, func() { got += ", at once" })
			}()
			for _, d := range c.after {
				time.Sleep(d) // in the bubble's time
				signals <- syscall.SIGTERM
				synctest.Wait()
			}
			if got != c.want {
				t.Errorf("signals after %v: %s, want %s", c.after, got, c.want)
			}
			time.Sleep(time.Hour)
			select {
			case signals <- syscall.SIGTERM: // ends it
			default:
			}
			<-done
		})
	}
}

// What a closed terminal does to a run, and what timeout(1) and a service manager do, who
// signal the process and its group: no new calls, and the answers of those under way are
// awaited.
func TestSoftStops(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such signals there")
	}
	for name, stop := range map[string]func(c *child){
		"a hangup": func(c *child) { _ = c.Process.Signal(syscall.SIGHUP) },
		"three at once": func(c *child) {
			for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
				_ = c.Process.Signal(sig)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, 400)
			held, release := s.hold()
			c := s.start(nil, append(s.run(2), "--rate=50")...) // it is not through before a signal that comes late
			s.await(held, 2)
			stop(c)
			timer := time.AfterFunc(200*time.Millisecond, release) // a run that stops at once does so by then
			defer timer.Stop()
			code, out := c.end(t)
			if code != 6 || !strings.Contains(out, "Resume with: ") {
				t.Fatalf("exit code %d, want 6\n%s", code, out)
			}
			count := map[string]int{}
			for _, o := range s.outcomes() {
				count[o]++
			}
			if count["unsettled"] > 0 || count["verified"]+count["unverified"] == 0 || count["not_sent"] == 0 {
				t.Errorf("the users end %v\n%s", count, out)
			}
		})
	}
}

// A reader of the output that ends, as tee(1) does at the same Ctrl-C, does not end
// the run.
func TestReaderGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no pipes that break there")
	}
	s := newScene(t, 40)
	c := s.prepare(nil, s.run(2)...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = w, w
	if err := errors.Join(c.Start(), w.Close(), r.Close()); err != nil {
		t.Fatal(err)
	}
	if code, _ := c.end(t); code == -1 {
		t.Error("it was killed")
	}
	if n := s.twice("out"); n != 0 || !s.finished() {
		t.Errorf("%d users were sent twice, or the run is not finished", n)
	}
}

// nohup(1) has a process live on when its terminal is closed.
func TestNohup(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such signal there")
	}
	s := newScene(t, 40)
	held, release := s.hold()
	c := s.prepare(nil, append([]string{"-c", `trap "" HUP; exec offboard "$@"`, "sh"}, s.run(2)...)...)
	c.Path, c.Args = lookPath(t, "sh"), append([]string{"sh"}, c.Args[1:]...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s.await(held, 2)
	if err := c.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	release()
	if code, out := c.end(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(err)
	}
	return path
}
