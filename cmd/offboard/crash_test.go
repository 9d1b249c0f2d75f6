package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// scene is a tenant in this process and offboard in another, so that one can be
// killed and the other still tells the truth.
type scene struct {
	t       *testing.T
	program string // "" is this one
	tenant  *graphsim.Tenant
	url     string
	dir     string
	cast    []person // of in.csv, one a line
	steps   bool     // the run has several steps: writes are held against the tenant one by one
	before  graphsim.State

	mu      sync.Mutex
	gate    func(r *http.Request, reads bool) // see guard
	n       int                               // writes that the tenant was asked for
	moment  moment
	process *os.Process // the one to be struck, while it runs
}

// person is a row of the input, and what must become of it.
type person struct {
	upn    string
	want   batch.Outcome
	absent bool // from the directory
	denied bool
}

// moment is when a process is struck; the first of its conditions that is set
// counts. The zero moment never comes.
type moment struct {
	point  string        // a named point (see points) is reached
	n      int           // for the n-th time
	step   batch.Step    // in a call of this step; "" for any
	writes int           // the tenant was asked for so many writes since it was made
	after  time.Duration // since the process was started
	sig    os.Signal     // nil: it is killed
}

// kind is the point's name, "write" or "time".
func (m moment) kind() string {
	switch {
	case m.point != "":
		return m.point
	case m.writes > 0:
		return "write"
	}
	return "time"
}

// String is the kind and where it was.
func (m moment) String() string {
	switch m.kind() {
	case "write":
		return fmt.Sprintf("write %d", m.writes)
	case "time":
		return m.after.String()
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %d", m.point, m.step, m.n))
}

// newScene is one of ordinary users, in a tenant without a quota.
func newScene(t *testing.T, users int, roles ...string) *scene {
	return newSceneOf(t, graphsim.Config{Roles: roles, NoQuota: true}, members("user", users))
}

// members are people who must end verified.
func members(name string, n int) []person {
	cast := make([]person, n)
	for i := range cast {
		cast[i] = person{upn: fmt.Sprintf("%s%d@contoso.example", name, i), want: batch.Verified}
	}
	return cast
}

func newSceneOf(t *testing.T, cfg graphsim.Config, cast []person) *scene {
	return sceneOf(t, cfg, cast, false)
}

// sceneOf is one of a run with steps, whose people have devices, groups and licences by
// graphsim's rule, or of a run with one step.
func sceneOf(t *testing.T, cfg graphsim.Config, cast []person, steps bool) *scene {
	s := &scene{t: t, dir: fastDir(t), cast: cast, steps: steps}
	cfg.StaticToken, cfg.LogTo = "T", s
	s.tenant = graphsim.New(cfg)
	s.tenant.AddStrangers(10 * len(cast)) // the file is about a small part of the tenant
	s.enter("in.csv", cast)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL + "/v1.0"
	return s
}

// enter puts people into an input file, and into the tenant.
func (s *scene) enter(name string, cast []person) {
	s.t.Helper()
	file := "upn\n"
	for _, p := range cast {
		file += p.upn + "\n"
		if _, known := s.tenant.User(p.upn); p.absent || known {
			continue
		}
		var err error
		if u := (graphsim.User{UPN: p.upn, Denied: p.denied, Enabled: s.steps}); s.steps {
			err = s.tenant.Seed("", u)
		} else {
			err = s.tenant.Add(u)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(file), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// guard has every call seen by gate before the tenant sees it.
func (s *scene) guard(gate func(r *http.Request, reads bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = gate
}

// run is the command line of a run with so many calls at once.
func (s *scene) run(calls int) []string {
	return []string{"run", "in.csv", "--yes", "--max-users", "0", "--graph-url", s.url, "--concurrency", fmt.Sprint(calls), "--report-dir", "out"}
}

// Write counts the tenant's writes: it is the tenant's log.
func (s *scene) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n += bytes.Count(p, []byte("\n"))
	if m := s.moment; m.point == "" && m.writes > 0 && s.n >= m.writes {
		s.hit()
	}
	return len(p), nil
}

// hit strikes the process, once. The caller holds mu.
func (s *scene) hit() {
	sig := s.moment.sig
	if sig == nil {
		sig = os.Kill
	}
	_ = s.process.Signal(sig) // it may have ended
	s.moment = moment{}
}

// child is offboard in a process of its own.
type child struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// start starts offboard in the scene's directory.
func (s *scene) start(env []string, args ...string) *child {
	s.t.Helper()
	c := s.prepare(env, args...)
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// prepare makes the process that start starts.
func (s *scene) prepare(env []string, args ...string) *child {
	c := &child{Cmd: exec.Command(cmp.Or(s.program, "offboard"), args...)}
	c.Dir = s.dir
	// Under the race detector every process sleeps for a second at its end.
	c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "OFFBOARD_ACCESS_TOKEN=T", "OFFBOARD_JOURNAL="+filepath.Join(s.dir, "journal.db"),
		"OFFBOARD_VERIFY_TIMEOUT=20s") // stamps move at once; who waits longer has failed
	c.Env = append(c.Env, env...)
	c.Stdout, c.Stderr = &c.stdout, &c.stderr
	return c
}

// end waits for the exit code (-1: killed) and what was printed.
func (c *child) end(t *testing.T) (code int, out string) {
	t.Helper()
	if err := c.Wait(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	return c.ProcessState.ExitCode(), c.stdout.String() + c.stderr.String()
}

// strike runs the program until it ends, by itself or struck.
func (s *scene) strike(m moment, args ...string) (code int, out string) {
	s.t.Helper()
	s.mu.Lock()
	c := s.start([]string{fmt.Sprintf("%s=%s@%d", pointEnv, m.point, m.n)}, args...)
	s.process, s.moment = c.Process, m
	s.mu.Unlock()
	if m.after > 0 {
		timer := time.AfterFunc(m.after, func() { _ = c.Process.Kill() }) // it may have ended
		defer timer.Stop()
	}
	code, out = c.end(s.t)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process, s.moment = nil, moment{}
	return code, out
}

// offboard runs the program until it ends, or until the tenant was asked for so
// many writes, when sig strikes it.
func (s *scene) offboard(sig os.Signal, after int, args ...string) (code int, out string) {
	s.t.Helper()
	return s.strike(moment{writes: after, sig: sig}, args...)
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

// Killed in the middle and run again, twice.
func TestKillAndRunAgain(t *testing.T) {
	const users, concurrency, kills = 2000, 4, 3
	s := newScene(t, users)
	run := s.run(concurrency)
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

// A run that was to be refused, or only to be rehearsed, cannot be gone on with
// when it is killed before that is durable: no guard would be asked again.
func TestKilledBeforeRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		option string
		next   []string
		codes  []int
	}{
		{"--max-users=10", []string{"run", "in.csv", "--yes", "--max-users", "10"}, []int{4}},
		{"--dry-run", []string{"resume", "--yes"}, []int{0, 2}}, // nothing to resume, or what was never planned to its end
	} {
		for n, code := 1, -1; code == -1; n++ {
			s := newScene(t, 60)
			var out string
			code, out = s.strike(moment{point: "before commit", n: n}, "run", "in.csv", "--yes", "--graph-url", s.url, c.option)
			again, then := s.offboard(nil, 0, append(c.next, "--graph-url", s.url)...)
			if writes := s.tenant.Stats().Writes; !slices.Contains(c.codes, again) || writes > 0 {
				t.Errorf("%s, killed before commit %d: %d users were written, exit code %d, want one of %d\n%s\n%s", c.option, n, writes, again, c.codes, out, then)
			}
		}
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
	// A journal could be forged: the token goes to no other root than Microsoft's
	// unless it is given again.
	if code, out := s.offboard(nil, 0, args...); code != 4 || !strings.Contains(out, "--graph-url "+strings.TrimSuffix(s.url, "/v1.0")) {
		t.Errorf("without --graph-url: exit code %d\n%s", code, out)
	}
	args = append(args, "--graph-url", s.url)
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
		cmd.Env = append(os.Environ(), "OFFBOARD_JOURNAL="+filepath.Join(s.dir, "journal.db"))
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

// globalAdministrator is the template id of a privileged role.
const globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"
