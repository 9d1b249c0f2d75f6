//go:build linux

package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

var scaleUsers = flag.Int("scale", 0, "TestScale: how many users; 1,000,000 takes minutes")

// What a run of a million users may take.
const (
	scalePeak   = 200 << 10 // KB of memory, of any process
	scaleFirst  = 5 * time.Second
	scaleBytes  = 500 // of the journal's file, a user
	scaleReport = 100_000
)

// TestScale carries out one run of very many users: killed at a third, resumed, and
// reported again, with what each of it took (/usr/bin/time -v where a process
// ends by itself):
//
//	go test ./cmd/offboard -run TestScale -scale 1000000 -v
//
// The tenant is in the test's process and sets no quota. The input names everybody
// by id and by name, which is what takes most room.
func TestScale(t *testing.T) {
	n := *scaleUsers
	if n == 0 {
		t.Skip("takes minutes; -scale 1000000")
	}
	s := newScale(t, n)
	run := s.command("offboard", "run", "in.csv", "--yes", "--max-users", "0", "--max-percent", "0", "--graph-url", s.url, "--quota-file", "quotas", "--report-dir", "out")
	s.killAt(n/3, run)
	if err := run.Wait(); err == nil {
		t.Fatalf("the run was not killed")
	}
	t.Logf("planning, and a third of the users: peak %d MB", s.killed>>10)
	s.peak(s.killed)

	start := time.Now()
	resume, out := s.timed("resume", "--yes", "--graph-url", s.url, "--quota-file", "quotas", "--report-dir", "out")
	first := s.firstWrite().Sub(start)
	t.Logf("resume: first call after %v\n%s", first.Round(time.Millisecond), resume)
	if first > scaleFirst {
		t.Errorf("the first call came after %v, want %v", first, scaleFirst)
	}
	if want := "Done: all of " + batch.Thousands(n) + " people (" + batch.Plural(n, "row") + ") ended in success."; !strings.Contains(out, want) {
		t.Errorf("the resumed run does not say %q:\n%s", want, out)
	}
	info, err := os.Stat(filepath.Join(s.dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("journal: %d bytes a user", info.Size()/int64(n))
	if info.Size() > int64(n)*scaleBytes {
		t.Errorf("the journal has %d bytes a user, want %d", info.Size()/int64(n), scaleBytes)
	}

	start = time.Now()
	report, _ := s.timed("report", "--report-dir", "again")
	perSecond := float64(n) / time.Since(start).Seconds()
	t.Logf("report: %.0f rows/s, all files and the start of the process\n%s", perSecond, report)
	if perSecond < scaleReport {
		t.Errorf("%.0f rows/s, want %d", perSecond, scaleReport)
	}
}

// scale is a tenant of very many users, and the directory of a run.
type scale struct {
	t   *testing.T
	dir string
	url string

	mu     sync.Mutex
	writes int
	at     int // the number of writes at which process is killed
	kill   func()
	killed int64     // KB of memory that it had at the most
	first  time.Time // the first write since the last look
}

func newScale(t *testing.T, n int) *scale {
	s := &scale{t: t, dir: t.TempDir()}
	tenant := graphsim.New(graphsim.Config{StaticToken: "T", NoQuota: true, NoLog: true})
	var file bytes.Buffer
	file.WriteString("id,userPrincipalName\n")
	for i := range n {
		upn := fmt.Sprintf("first.last%d@contoso.example", i)
		id := graphsim.IDFor(upn)
		if err := tenant.Add(graphsim.User{ID: id, UPN: upn}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&file, "%s,%s\n", id, upn)
	}
	for name, text := range map[string][]byte{"in.csv": file.Bytes(), "quotas": []byte(speedQuotas)} {
		if err := os.WriteFile(filepath.Join(s.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the caller has left
		}
		s.count(bytes.Count(body, []byte("/revokeSignInSessions")))
		r.Body = io.NopCloser(bytes.NewReader(body))
		tenant.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + "/v1.0"
	return s
}

func (s *scale) count(writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if writes > 0 && s.first.IsZero() {
		s.first = time.Now()
	}
	if s.writes += writes; s.kill != nil && s.writes >= s.at {
		s.kill()
		s.kill = nil
	}
}

// killAt starts the command and kills it after so many writes.
func (s *scale) killAt(writes int, cmd *exec.Cmd) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.at, s.kill = writes, func() {
		// Not from the process's end: the kernel counts what the parent had, too.
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		_, peak, ok := strings.Cut(string(status), "VmHWM:")
		if _, scanErr := fmt.Sscan(peak, &s.killed); err != nil || !ok || scanErr != nil {
			s.t.Errorf("read the memory of the process: %v, %v", err, scanErr)
		}
		_ = cmd.Process.Kill() // it may have ended
	}
}

// firstWrite is when the first write came since the run was killed.
func (s *scale) firstWrite() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}

func (s *scale) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "OFFBOARD_ACCESS_TOKEN=T", "OFFBOARD_JOURNAL="+filepath.Join(s.dir, "journal.db"))
	return cmd
}

// timed runs offboard under /usr/bin/time -v, and gives what matters of it.
func (s *scale) timed(args ...string) (took, out string) {
	s.t.Helper()
	s.mu.Lock()
	s.first = time.Time{}
	s.mu.Unlock()
	cmd := s.command("/usr/bin/time", append([]string{"-v", "-o", "time", "offboard"}, args...)...)
	text, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("offboard %s: %v\n%s", args[0], err, text)
	}
	usage, err := os.ReadFile(filepath.Join(s.dir, "time"))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(usage)) {
		for _, name := range []string{"Maximum resident set size", "Elapsed (wall clock)", "User time", "System time"} {
			if strings.Contains(line, name) {
				took += line
			}
		}
		if _, kb, ok := strings.Cut(line, "Maximum resident set size (kbytes): "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(kb), 10, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			s.peak(n)
		}
	}
	return took, string(text)
}

func (s *scale) peak(kb int64) {
	s.t.Helper()
	if kb > scalePeak {
		s.t.Errorf("a process took %d MB of memory, want %d", kb>>10, scalePeak>>10)
	}
}
