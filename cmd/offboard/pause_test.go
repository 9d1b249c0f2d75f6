//go:build unix

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"offboard/batch/graphsim"
)

// A process that was stopped for longer than a quota's window, by a laptop's lid
// or by SIGSTOP, makes up for nothing: the tenant refuses nobody.
func TestPause(t *testing.T) {
	t.Parallel()
	const window = time.Second
	s := newSceneOf(t, graphsim.Config{
		Quotas:  []graphsim.Quota{{Scope: graphsim.AppTenant, Resource: graphsim.Writes, Limit: 100, Window: window}},
		Latency: 20 * time.Millisecond,
	}, members("user", 500))
	if err := os.WriteFile(filepath.Join(s.dir, "quotas"), []byte("app+tenant-writes 100 1s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var process *os.Process
	started := make(chan struct{})
	calls, stops := 0, 0
	stop := func() {
		_ = process.Signal(syscall.SIGSTOP) // it may have ended, which the count of stops does not forgive
		time.AfterFunc(window*3/2, func() { _ = process.Signal(syscall.SIGCONT) })
	}
	s.guard(func(_ *http.Request, reads bool) {
		if reads {
			return
		}
		<-started
		s.mu.Lock()
		defer s.mu.Unlock()
		switch calls++; calls {
		case 3: // with calls under way
			stops++
			stop()
		case 12: // while the window is awaited
			stops++
			time.AfterFunc(window/2, stop)
		}
	})
	c := s.begin(append(s.run(150), "--quota-file", "quotas")...)
	process = c.Process
	close(started)
	code, out := c.end(t)
	stats := s.tenant.Stats()
	if code != 0 || stats.Throttled > 0 || stops != 2 {
		t.Errorf("exit code %d, %d refused for the quota, %d stops\n%s", code, stats.Throttled, stops, out)
	}
	if n := s.twice("out"); n != 0 {
		t.Errorf("%d users were written twice", n)
	}
}
