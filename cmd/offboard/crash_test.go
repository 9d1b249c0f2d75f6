package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"offboard/batch/graphsim"
)

// scene is a tenant in this process and offboard in another, so that one can be
// killed and the other still tells the truth.
type scene struct {
	t      *testing.T
	tenant *graphsim.Tenant
	url    string
	dir    string
	users  []string // object ids

	mu      sync.Mutex
	at      int    // number of the write that does
	what    func() // this, once
	n       int
	process *os.Process // while it runs
}

// Write counts the tenant's writes: it is the tenant's log.
func (s *scene) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n += bytes.Count(p, []byte("\n"))
	if s.what != nil && s.n >= s.at {
		s.what()
		s.what = nil
	}
	return len(p), nil
}

func newScene(t *testing.T, users int, roles ...string) *scene {
	if roles == nil {
		roles = graphsim.DefaultRoles()
	}
	return newSceneOf(t, users, graphsim.Config{Roles: roles})
}

func newFrozenScene(t *testing.T, users int) *scene {
	return newSceneOf(t, users, graphsim.Config{FrozenStamps: true})
}

func newSceneOf(t *testing.T, users int, cfg graphsim.Config) *scene {
	s := &scene{t: t, dir: t.TempDir()}
	cfg.StaticToken, cfg.NoQuota, cfg.NoLog, cfg.LogTo = "T", true, true, s
	s.tenant = graphsim.New(cfg)
	s.tenant.Strangers(10 * users) // the users of the file are a small part of the tenant
	file := "upn\n"
	for i := range users {
		upn := fmt.Sprintf("user%d@contoso.example", i)
		if err := s.tenant.Add(graphsim.User{UPN: upn}); err != nil {
			t.Fatal(err)
		}
		s.users = append(s.users, graphsim.IDFor(upn))
		file += upn + "\n"
	}
	if err := os.WriteFile(filepath.Join(s.dir, "in.csv"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.tenant)
	t.Cleanup(server.Close)
	s.url = server.URL + "/v1.0"
	return s
}

// offboard runs the program until it ends, or until the tenant has executed so
// many writes, when sig strikes it. It gives the exit code (-1: killed) and
// what was printed.
func (s *scene) offboard(sig os.Signal, after int, args ...string) (code int, out string) {
	s.t.Helper()
	cmd := exec.Command("offboard", args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "OFFBOARD_ACCESS_TOKEN=T", "OFFBOARD_STATE="+filepath.Join(s.dir, "journal.db"))
	var buf bytes.Buffer
	cmd.Stdout, cmd.Stderr = &buf, &buf
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.process = cmd.Process
	if sig != nil {
		s.at, s.what = after, func() { _ = s.process.Signal(sig) } // it may have ended
	}
	s.mu.Unlock()
	err := cmd.Wait()
	s.mu.Lock()
	s.process = nil
	s.mu.Unlock()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		s.t.Fatal(err)
	} else if ok {
		return exit.ExitCode(), buf.String()
	}
	return 0, buf.String()
}

// finished reports whether the latest run has come to its end.
func (s *scene) finished() bool {
	s.t.Helper()
	code, out := s.offboard(nil, 0, "runs")
	if code != 0 {
		s.t.Fatalf("runs: exit code %d\n%s", code, out)
	}
	_, first, _ := strings.Cut(out, "\n")
	return strings.Contains(strings.SplitN(first, "\n", 2)[0], " finished ")
}

// twice is how many writes were more than one per user; it fails for a user
// who was never written, or who is not once in the report as verified.
func (s *scene) twice(dir string) int {
	s.t.Helper()
	f, err := os.Open(filepath.Join(s.dir, dir, "report.csv"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	verified := map[string]int{}
	for _, r := range rows[1:] {
		if r[5] == "verified" {
			verified[r[2]]++
		}
	}
	more := 0
	for _, id := range s.users {
		u, _ := s.tenant.User(id)
		if u.Writes == 0 || verified[id] != 1 {
			s.t.Errorf("%s: %d writes, %d times verified in the report", u.UPN, u.Writes, verified[id])
		}
		more += max(0, u.Writes-1)
	}
	if len(rows)-1 != len(s.users) {
		s.t.Errorf("the report has %d lines, want %d", len(rows)-1, len(s.users))
	}
	return more
}

// Killed in the middle and run again, twice.
func TestKillAndRunAgain(t *testing.T) {
	const users, concurrency, kills = 2000, 4, 3
	s := newScene(t, users)
	run := []string{"run", "in.csv", "--yes", "--max-users", "0", "--graph-url", s.url, "--concurrency", fmt.Sprint(concurrency), "--report-dir", "out"}
	for k := range kills {
		if code, out := s.offboard(os.Kill, (k+1)*users/(kills+1), run...); code != -1 {
			t.Fatalf("kill %d: exit code %d\n%s", k, code, out)
		}
	}
	code, out := s.offboard(nil, 0, run...)
	if code != 0 || !strings.Contains(out, "resuming run") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	twice := s.twice("out")
	t.Logf("%d kills over %d users: %d sent twice", kills, users, twice)
	if twice > kills*concurrency*20 {
		t.Errorf("%d users were sent twice, more than %d kills x %d calls x 20", twice, kills, concurrency)
	}
}

// One SIGTERM: what is under way is awaited, and the printed command goes on.
func TestTermAndResume(t *testing.T) {
	s := newScene(t, 2000)
	code, out := s.offboard(syscall.SIGTERM, 700, "run", "in.csv", "--yes", "--concurrency", "8", "--max-users", "0", "--graph-url", s.url, "--report-dir", "out")
	if code != 6 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if err := os.Remove(filepath.Join(s.dir, "in.csv")); err != nil {
		t.Fatal(err)
	}
	resume := regexp.MustCompile(`offboard (resume \S+)`).FindStringSubmatch(out)
	if resume == nil {
		t.Fatalf("no resume command in\n%s", out)
	}
	report, err := os.ReadFile(filepath.Join(s.dir, "out", "report.csv"))
	if err != nil || bytes.Contains(report, []byte(",unsettled,")) || !bytes.Contains(report, []byte(",not_sent,")) {
		t.Errorf("the report of the stopped run: error %v, unsettled users, or nobody not_sent", err)
	}
	args := append(strings.Fields(resume[1]), "--yes", "--report-dir", "out")
	if code, out := s.offboard(nil, 0, args...); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if n := s.twice("out"); n != 0 {
		t.Errorf("%d users were sent twice", n)
	}
}

// Without a permission nobody is written off: the run stops, says which one is
// missing, and can be resumed.
func TestMissingPermission(t *testing.T) {
	for _, c := range []struct {
		granted          []string
		missing, outcome string
	}{
		{[]string{"User.Read.All", "RoleManagement.Read.Directory"}, "User.RevokeSessions.All", "not_sent"},
		{[]string{"User.RevokeSessions.All", "RoleManagement.Read.Directory"}, "User.Read.All", ""},
		{[]string{"User.RevokeSessions.All", "User.Read.All"}, "RoleManagement.Read.Directory", ""},
	} {
		s := newScene(t, 100, c.granted...)
		code, out := s.offboard(nil, 0, "run", "in.csv", "--yes", "--graph-url", s.url, "--report-dir", "out")
		if code != 5 || !strings.Contains(out, c.missing) {
			t.Errorf("exit code %d\n%s", code, out)
		}
		report, err := os.ReadFile(filepath.Join(s.dir, "out", "report.csv"))
		if n := bytes.Count(report, []byte(","+c.outcome+",")); c.outcome != "" && (err != nil || n != 100 || !strings.Contains(out, "offboard resume")) {
			t.Errorf("%d users are %s, error %v\n%s", n, c.outcome, err, out)
		}
	}
}

// A token is in no file and on no screen, also when it is refused.
func TestNoSecretIsTold(t *testing.T) {
	const token = "TOKEN-that-nobody-may-see"
	s := newScene(t, 3)
	for _, url := range []string{s.url, "http://127.0.0.1:1/v1.0"} {
		t.Setenv("OFFBOARD_ACCESS_TOKEN", token)
		cmd := exec.Command("offboard", "run", "in.csv", "--yes", "--verbose", "--graph-url", url, "--outage", "1ns", "--report-dir", "out")
		cmd.Dir = s.dir
		cmd.Env = append(os.Environ(), "OFFBOARD_STATE="+filepath.Join(s.dir, "journal.db"))
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Fatalf("the token was accepted\n%s", out)
		}
		if bytes.Contains(out, []byte(token)) {
			t.Errorf("printed:\n%s", out)
		}
	}
	err := filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(token)) {
			t.Errorf("%s holds the token", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
