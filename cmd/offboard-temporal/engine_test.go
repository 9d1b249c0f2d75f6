package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/journal/pgtest"
)

var (
	temporalCLI = flag.String("temporal", "", "the Temporal CLI, which serves for the tests with real servers")
	update      = flag.Bool("update", false, "keep histories for TestReplay, in testdata")
	disasters   = flag.Bool("disasters", false, "run the long tests with real servers")
	eachOf      = flag.Int("users", 1_000, "of each of the 60 tenants of TestManyTenants")
)

// plant is a Temporal server, workers as processes, and tenants with one app at ten times Graph's pace.
type plant struct {
	t       *testing.T
	dir     string
	bin     string // of the programs
	port    string
	env     []string
	journal string
	url     string
	pace    int                         // of a tenant, that is lent
	tenants map[string]*graphsim.Tenant // by id
	apps    *graphsim.Apps
	mu      sync.Mutex
	events  []graphsim.Event
	going   []*process
}

// process is one that the test started.
type process struct {
	*exec.Cmd
	log *os.File
}

// kill ends a process as a power cut does.
func (p *process) kill() {
	_ = p.Process.Kill()
	_ = p.Wait()
}

func tenantID(i int) string { return fmt.Sprintf("8f4c2f6e-0000-4000-8000-%012d", i+100) }

// newPlant builds the programs, and makes a tenant of so many users each.
func newPlant(t *testing.T, users ...int) *plant {
	t.Helper()
	if *temporalCLI == "" {
		t.Skip("it needs real servers: make engine-test")
	}
	p := &plant{t: t, dir: t.TempDir(), tenants: map[string]*graphsim.Tenant{}, apps: &graphsim.Apps{}, pace: 180}
	p.bin = filepath.Join(p.dir, "bin")
	for name, at := range map[string]string{"offboard": "../..", "offboard-temporal": "."} {
		build := exec.Command("go", "build", "-o", filepath.Join(p.bin, name), "./cmd/offboard")
		if build.Dir = at; at == "." {
			build.Args[4] = "."
		}
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	for i, n := range users {
		tenant := graphsim.New(graphsim.Config{TenantID: tenantID(i), Domain: fmt.Sprintf("t%d.example", i), Apps: p.apps, Latency: 50 * time.Millisecond, NoLog: true, LogTo: p, Seed: uint64(i), Quotas: []graphsim.Quota{
			{Scope: graphsim.AppTenant, Resource: graphsim.Writes, Limit: 3_000, Window: 15 * time.Second},
			{Scope: graphsim.AppWide, Resource: graphsim.Writes, Limit: 35_000, Window: 30 * time.Second},
		}})
		p.tenants[tenantID(i)] = tenant
		input := "upn\n"
		for k := range n {
			upn := fmt.Sprintf("user%d@t%d.example", k+1, i)
			input += upn + "\n"
			if err := tenant.Add(graphsim.User{UPN: upn, Enabled: true, Stamp: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
				t.Fatal(err)
			}
		}
		p.write(fmt.Sprintf("t%d.csv", i), input)
	}
	graph := httptest.NewTLSServer(p)
	t.Cleanup(graph.Close)
	p.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: graph.Certificate().Raw})))
	p.write("quotas", "app+tenant-writes 3,000 15s\ntenant-writes 18,000 30s\napp-writes 35,000 30s\n")
	p.url = graph.URL
	p.journal = filepath.Join(p.dir, "journal.db")
	p.port = freePort(t)
	p.env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "TEMPORAL_") || strings.HasPrefix(v, "OFFBOARD_") || strings.HasPrefix(v, "AZURE_")
	}), "TEMPORAL_ADDRESS=127.0.0.1:"+p.port, "AZURE_TENANT_ID="+tenantID(0), "AZURE_CLIENT_ID="+graphsim.DefaultClientID, "AZURE_CLIENT_SECRET=hush-hush",
		"AZURE_AUTHORITY_HOST="+graph.URL, "XDG_STATE_HOME="+p.dir)
	t.Cleanup(func() {
		for _, one := range p.going {
			one.kill()
			one.log.Close()
		}
		if t.Failed() {
			for _, one := range p.going {
				text, _ := os.ReadFile(one.log.Name())
				t.Logf("%s:\n%s", filepath.Base(one.log.Name()), text[max(0, len(text)-3000):])
			}
		}
	})
	return p
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func (p *plant) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// Write takes lines of a tenant's log: the ledger of what was written.
func (p *plant) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range bytes.Lines(text) {
		var e graphsim.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return 0, err
		}
		p.events = append(p.events, e)
	}
	return len(text), nil
}

// ServeHTTP brings calls to the tenant that their path or their token names.
func (p *plant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")[0]
	if parts := strings.Split(r.Header.Get("Authorization"), "."); len(parts) == 3 {
		claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
		var of struct{ TID string }
		_ = json.Unmarshal(claims, &of)
		id = of.TID
	}
	tenant := p.tenants[id]
	if tenant == nil {
		tenant = p.tenants[tenantID(0)] // what the sign-in service says of itself
	}
	tenant.ServeHTTP(w, r)
}

// start begins a process, whose output goes to a file.
func (p *plant) start(name string, program string, args ...string) *process {
	p.t.Helper()
	log, err := os.OpenFile(filepath.Join(p.dir, name+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	c := exec.Command(program, args...)
	c.Env, c.Dir, c.Stdout, c.Stderr = p.env, p.dir, log, log
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	one := &process{c, log}
	p.going = append(p.going, one)
	return one
}

// server starts Temporal, on the database that it had, and waits until it answers.
func (p *plant) server() *process {
	p.t.Helper()
	s := p.start("temporal", *temporalCLI, "server", "start-dev", "--headless", "--db-filename", filepath.Join(p.dir, "temporal.db"), "--ip", "127.0.0.1", "--port", p.port, "--log-level", "error")
	p.until("the server answers", func() bool {
		c, err := client.Dial(client.Options{HostPort: "127.0.0.1:" + p.port})
		if err != nil {
			return false
		}
		defer c.Close()
		_, err = c.CheckHealth(context.Background(), &client.CheckHealthRequest{})
		return err == nil
	})
	return s
}

func (p *plant) worker(name string) *process {
	return p.start(name, filepath.Join(p.bin, "offboard-temporal"), "worker", "--journal", p.journal, "--graph-url", p.url+"/v1.0", "--ca-file", filepath.Join(p.dir, "ca.pem"),
		"--quota-file", filepath.Join(p.dir, "quotas"), "--tenant-pace", strconv.Itoa(p.pace), "--app-pace", "1050", "--max-users", "0", "--max-percent", "0", "--report-dir", filepath.Join(p.dir, "reports", "{run}"),
		"--trusted", filepath.Join(p.dir, "allowed_signers"), "--orders", p.dir)
}

// do runs one of the programs to its end, and gives what it says.
func (p *plant) do(program string, args ...string) (string, error) {
	c := exec.Command(filepath.Join(p.bin, program), append(args, "--journal", p.journal)...)
	var out, said bytes.Buffer
	c.Env, c.Dir, c.Stdout, c.Stderr = environ(p.env), p.dir, &out, &said
	err := c.Run()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, said.String())
	}
	return out.String(), err
}

// submit submits the file of a tenant, and gives the run.
func (p *plant) submit(i int, more ...string) string {
	p.t.Helper()
	return strings.TrimSpace(p.must("offboard-temporal", append([]string{"submit", fmt.Sprintf("t%d.csv", i), "--tenant", tenantID(i), "--yes", "--max-users", "0", "--max-percent", "0"}, more...)...))
}

// patience is for machines that have much else to do.
const patience = 30 * time.Minute

// until waits for what must come.
func (p *plant) until(what string, is func() bool) {
	p.t.Helper()
	for began := time.Now(); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > patience {
			p.t.Fatalf("after %v it is not so that %s", patience, what)
		}
	}
}

func (p *plant) writes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.events)
}

// ended waits for the end of a run's workflow.
func (p *plant) ended(run string) (Audited, error) {
	c, err := client.Dial(client.Options{HostPort: "127.0.0.1:" + p.port})
	if err != nil {
		return Audited{}, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var a Audited
	return a, c.GetWorkflow(ctx, workflowOf(run), "").Get(ctx, &a)
}

// truth is what the tenants say of all of it.
type truth struct {
	missing, repeated, throttled int
	gap                          time.Duration // the longest without a write
	busiest                      int           // writes of one tenant in 15 s
	took                         time.Duration // from the first write to the last
}

// pace is that of the writes, beside so long a time.
func (s truth) pace(writes int, beside time.Duration) float64 {
	return float64(writes-batch.ChunkSize) / (s.took - beside).Seconds()
}

func (p *plant) truth(users ...int) (s truth) {
	for i := range len(p.tenants) {
		tenant := p.tenants[tenantID(i)]
		s.throttled += tenant.Stats().Throttled
		for k := range users[min(i, len(users)-1)] {
			u, _ := tenant.User(fmt.Sprintf("user%d@t%d.example", k+1, i))
			if u.Writes == 0 {
				s.missing++
			}
			s.repeated += max(0, u.Writes-1)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortFunc(p.events, func(a, b graphsim.Event) int { return a.Time.Compare(b.Time) })
	of := map[string][]time.Time{}
	for n, e := range p.events {
		if n > 0 {
			s.gap = max(s.gap, e.Time.Sub(p.events[n-1].Time))
		}
		of[e.Tenant] = append(of[e.Tenant], e.Time)
	}
	for _, times := range of {
		for first, last := 0, 0; last < len(times); last++ {
			for times[last].Sub(times[first]) >= 15*time.Second {
				first++
			}
			s.busiest = max(s.busiest, last-first+1)
		}
	}
	if n := len(p.events); n > 1 {
		s.took = p.events[n-1].Time.Sub(p.events[0].Time)
	}
	return s
}

// reported counts the lines of a run's report by outcome; a line of a user whom the tenant does not
// have revoked is false.
func (p *plant) reported(run string) (outcomes map[string]int) {
	p.t.Helper()
	dir := filepath.Join(p.dir, "report-"+run)
	p.must("offboard-temporal", "report", run, "--report-dir", dir)
	text, err := os.ReadFile(filepath.Join(dir, "report.jsonl"))
	if err != nil {
		p.t.Fatal(err)
	}
	outcomes = map[string]int{}
	for line := range strings.Lines(string(text)) {
		var l struct{ Outcome string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			p.t.Fatal(err)
		}
		outcomes[l.Outcome]++
	}
	return outcomes
}

// TestEngine has three tenants and two workers. One worker is killed and one is stopped in the middle. Then
// a run that a person stops is finished by offboard, and one that offboard began by the workers. The journal is on
// PostgreSQL, and offboard tells of both.
func TestEngine(t *testing.T) {
	const users = 700
	p := newPlant(t, slices.Repeat([]int{users}, 7)...)
	p.journal = pgtest.Own(t).URL("")
	p.server()
	first, second := p.worker("worker1"), p.worker("worker2")
	runs := []string{p.submit(0), p.submit(1), p.submit(2)}
	p.until("some are written", func() bool { return p.writes() > 400 })
	first.kill()
	t.Logf("a worker is killed after %d writes; offboard-temporal status:\n%s", p.writes(), p.must("offboard-temporal", "status"))
	p.worker("worker3")
	p.until("more are written", func() bool { return p.writes() > 1200 })
	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		p.ends(run, users)
	}
	t.Logf("offboard-temporal status --all:\n%s", p.must("offboard-temporal", "status", "--all"))

	stopped := p.submit(3)
	before := p.writes()
	p.until("it writes", func() bool { return p.writes() > before })
	p.must("offboard-temporal", "stop", stopped)
	if _, err := p.ended(stopped); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("the run that was stopped ends with %v", err)
	}
	conn := []string{"--yes", "--graph-url", p.url + "/v1.0", "--ca-file", filepath.Join(p.dir, "ca.pem"), "--max-users", "0", "--max-percent", "0", "--quota-file", filepath.Join(p.dir, "quotas")}
	p.must("offboard", append([]string{"resume", stopped, "--tenant", tenantID(3)}, conn...)...)

	begun := exec.Command(filepath.Join(p.bin, "offboard"), append([]string{"run", "t4.csv", "--journal", p.journal, "--tenant", tenantID(4), "--rate", "40"}, conn...)...)
	begun.Env, begun.Dir = environ(p.env), p.dir
	before = p.writes()
	if err := begun.Start(); err != nil {
		t.Fatal(err)
	}
	p.until("offboard writes", func() bool { return p.writes() > before+40 })
	_ = begun.Process.Kill()
	_ = begun.Wait()
	list := strings.Fields(p.must("offboard", "runs", "list", "--in-state", "running"))
	other := list[slices.Index(list, "DONE")+2]
	if out, err := p.do("offboard-temporal", "status", other); err == nil || !strings.Contains(err.Error(), "exit status 6") || !strings.Contains(out, "Nobody works on it") {
		t.Errorf("status of what nobody works on: %s%v", out, err)
	}
	if out, err := p.do("offboard-temporal", "stop", other); err == nil || !strings.Contains(err.Error(), "is planned, and no submission that could be given up; offboard") {
		t.Errorf("stop of what no worker has: %s%v", out, err)
	}
	p.must("offboard-temporal", "resume", other)
	p.ends(other, users)

	runs = append(runs, stopped, other, p.approved(users), p.scheduled(users))
	s := p.truth(users)
	t.Logf("%+v", s)
	if s.missing > 0 || s.throttled > 0 || s.repeated > users/5 || p.writes() != s.repeated+7*users {
		t.Errorf("of %d users %d are missing and %d were repeated; %d were throttled", 7*users, s.missing, s.repeated, s.throttled)
	}
	for i, run := range runs {
		if got := p.reported(run); got["verified"] != users {
			t.Errorf("run %d reports %v", i, got)
		}
	}
	for user, run := range map[string]string{"user7@t3.example": stopped, "user7@t4.example": other} {
		for _, of := range [][]string{{"show", run}, {"report", run, "--report-dir", filepath.Join(p.dir, "by-offboard-"+run)}} {
			if told := p.must("offboard", of...); !strings.Contains(told, "finished") || !strings.Contains(told, fmt.Sprint(users, "  verified")) {
				t.Errorf("offboard %s says\n%s", strings.Join(of, " "), told)
			}
		}
		if told := strings.Fields(p.must("offboard", "history", user)); !slices.Contains(told, run) || !slices.Contains(told, "verified") {
			t.Errorf("offboard history %s says %v", user, told)
		}
	}
	p.histories()
}

// TestDisasters has one tenant of 20,000 users, with a journal on PostgreSQL, and loses what can be lost, one after
// the other: the worker that writes, its machine for a while, the server of Temporal, and that of the journal.
func TestDisasters(t *testing.T) {
	if !*disasters {
		t.Skip("it takes minutes: -disasters")
	}
	const users = 20_000
	p := newPlant(t, users)
	pg := pgtest.Own(t)
	p.journal = pg.URL("")
	server := p.server()
	p.worker("worker1")
	p.worker("worker2")
	run := p.submit(0)
	type disaster struct {
		what string
		at   time.Time
		most time.Duration // without a write
	}
	var all []disaster
	lose := func(after int, what string, most time.Duration, do func()) {
		p.until("more are written", func() bool { return p.writes() >= after })
		all = append(all, disaster{what, time.Now(), most})
		do()
	}
	lose(3_000, "kill -9 of a worker", 15*time.Second, func() { p.atWork(run).kill(); p.worker("worker3") })
	lose(6_000, "SIGTERM of a worker", time.Second, func() {
		if err := p.atWork(run).Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.worker("worker4")
	})
	lose(9_000, "kill -9 of Temporal", 15*time.Second, func() { server.kill(); time.Sleep(5 * time.Second); p.server() })
	lose(12_000, "kill -9 of PostgreSQL", 15*time.Second, func() { pg.Kill(t); time.Sleep(5 * time.Second); pg.Launch(t) })
	lose(15_000, "a worker frozen for 35 s", 2*heartbeat+2*time.Second, func() {
		frozen := p.atWork(run).Process
		_ = frozen.Signal(syscall.SIGSTOP)
		time.Sleep(35 * time.Second)
		_ = frozen.Signal(syscall.SIGCONT)
	})
	p.ends(run, users)
	s := p.truth(users)
	lost := time.Duration(0)
	for i, d := range all {
		until := time.Now()
		if i+1 < len(all) {
			until = all[i+1].at
		}
		gap := p.gap(d.at, until)
		t.Logf("%s: %v without a write", d.what, gap.Round(time.Millisecond))
		if gap > d.most {
			t.Errorf("%s: %v without a write, want at most %v", d.what, gap, d.most)
		}
		lost += gap
	}
	pace := s.pace(p.writes(), lost)
	t.Logf("%d writes at %.0f a second in all, and at %.0f of the %d that were lent beside these %v; %d missing, %d repeated (%.1f %%), %d throttled; %d in the busiest 15 s of 3,000",
		p.writes(), s.pace(p.writes(), 0), pace, p.pace, lost.Round(time.Second), s.missing, s.repeated, 100*float64(s.repeated)/users, s.throttled, s.busiest)
	if s.missing > 0 || s.throttled > 0 || s.repeated > users*3/100 || s.busiest > 3_000 || pace < 0.95*float64(p.pace) {
		t.Error("that is not as it must be")
	}
	if got := p.reported(run); got["verified"] != users {
		t.Errorf("it reports %v", got)
	}
}

// TestUndisturbed holds how much of the pace that is lent is used: at Graph's, and at ten times that, where what does
// not grow with the pace costs ten times as much of it.
func TestUndisturbed(t *testing.T) {
	if !*disasters {
		t.Skip("it takes minutes: -disasters")
	}
	for pace, users := range map[int]int{18: 1_600, 180: 12_000} {
		p := newPlant(t, users)
		p.pace, p.journal = pace, pgtest.Own(t).URL("")
		p.server()
		p.worker("worker1")
		p.worker("worker2")
		p.ends(p.submit(0), users)
		s := p.truth(users)
		got := s.pace(p.writes(), 0)
		t.Logf("%d writes at %.1f a second, %.1f %% of what was lent; the longest time without one was %v", p.writes(), got, 100*got/float64(pace), s.gap.Round(time.Millisecond))
		if s.missing > 0 || s.repeated > 0 || s.throttled > 0 || got < 0.95*float64(pace) || got > float64(pace) {
			t.Error("that is not as it must be")
		}
	}
}

// TestRollingDeploy puts a new worker in the place of the one that writes, again and again.
func TestRollingDeploy(t *testing.T) {
	if !*disasters {
		t.Skip("it takes minutes: -disasters")
	}
	const users, deploys = 6_000, 6
	p := newPlant(t, users)
	p.journal = pgtest.Own(t).URL("")
	p.server()
	p.worker("worker1")
	p.worker("worker2")
	run := p.submit(0)
	var at []time.Time
	for i := range deploys {
		p.until("more are written", func() bool { return p.writes() >= (i+1)*users/(deploys+1) })
		old := p.atWork(run)
		at = append(at, time.Now())
		if err := old.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.worker(fmt.Sprintf("worker%d", i+3))
		if err := old.Wait(); err != nil {
			t.Errorf("the worker that was stopped ends with %v", err)
		}
	}
	p.ends(run, users)
	s := p.truth(users)
	at = append(at, time.Now())
	for i := range deploys {
		t.Logf("deploy %d: %v without a write", i+1, p.gap(at[i], at[i+1]).Round(time.Millisecond))
	}
	t.Logf("%d deploys: %d missing, %d repeated, %d throttled; the longest time without a write was %v", deploys, s.missing, s.repeated, s.throttled, s.gap.Round(time.Millisecond))
	if s.missing > 0 || s.repeated > 0 || s.throttled > 0 || s.gap > time.Second {
		t.Error("that is not as it must be")
	}
	if got := p.reported(run); got["verified"] != users {
		t.Errorf("it reports %v", got)
	}
}

// gap is the longest time without a write.
func (p *plant) gap(from, until time.Time) (longest time.Duration) {
	last := from
	for _, e := range p.events { // truth has sorted them
		if e.Time.After(from) && e.Time.Before(until) {
			longest, last = max(longest, e.Time.Sub(last)), e.Time
		}
	}
	return longest
}

// atWork is the worker that has the slice of a run.
func (p *plant) atWork(run string) (one *process) {
	p.t.Helper()
	c, err := client.Dial(client.Options{HostPort: "127.0.0.1:" + p.port})
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	p.until("a worker has a slice", func() bool {
		d, err := c.DescribeWorkflowExecution(context.Background(), workflowOf(run), "")
		if err != nil || len(d.PendingActivities) == 0 {
			return false
		}
		for _, one = range p.going {
			if strings.HasSuffix(d.PendingActivities[0].LastWorkerIdentity, fmt.Sprintf("-%d", one.Process.Pid)) {
				return true
			}
		}
		return false
	})
	return one
}

// TestManyTenants has one app in 60 tenants, and an urgent run in the middle.
func TestManyTenants(t *testing.T) {
	if !*disasters {
		t.Skip("it takes minutes: -disasters")
	}
	const tenants = 61
	users := *eachOf
	p := newPlant(t, slices.Repeat([]int{users}, tenants)...)
	p.journal = pgtest.Own(t).URL("")
	p.server()
	p.worker("worker1")
	p.worker("worker2")
	var runs []string
	for i := range tenants - 1 {
		runs = append(runs, p.submit(i))
	}
	p.until("half is written", func() bool { return p.writes() > tenants*users/2 })
	asked := time.Now()
	urgent := p.submit(tenants-1, "--urgent")
	submitted := time.Now()
	for _, run := range append(runs, urgent) {
		p.ends(run, users)
	}
	s := p.truth(users)
	first := time.Time{}
	for _, e := range p.events {
		if e.Tenant == tenantID(tenants-1) {
			first = e.Time
			break
		}
	}
	t.Logf("%d writes at %.0f a second; %d missing, %d repeated, %d throttled; busiest 30 s of the app %d of 35,000; busiest 15 s of a tenant %d; the urgent run began to write %v after the submission, which took %v",
		p.writes(), s.pace(p.writes(), 0), s.missing, s.repeated, s.throttled, p.apps.Busiest(graphsim.DefaultClientID), s.busiest, first.Sub(submitted), submitted.Sub(asked))
	if s.missing > 0 || s.throttled > 0 || s.repeated > 0 {
		t.Error("that is not as it must be")
	}
}

// TestCampaign has a file of three tenants submitted, and submitted again. It is one campaign, with a run for each tenant.
func TestCampaign(t *testing.T) {
	const users = 120
	p := newPlant(t, slices.Repeat([]int{users}, 3)...)
	p.journal = pgtest.Own(t).URL("")
	p.server()
	p.write("all.yaml", fmt.Sprintf("defaults: {max-users: 0, max-percent: 0}\ntenants:\n  - {name: t0, tenant: %s, file: t0.csv}\n  - {name: t1, tenant: %s, file: none.csv}\n", tenantID(0), tenantID(1)))
	if _, err := p.do("offboard-temporal", "submit", "--campaign", "all.yaml", "--yes"); err == nil || !strings.Contains(err.Error(), "line 4: t1: read ") {
		t.Fatalf("a file that is missing: %v", err)
	}
	if out, err := p.do("offboard-temporal", "status", "--all"); err != nil || strings.Contains(out, "run") {
		t.Fatalf("a run of a refused campaign: %s%v", out, err)
	}
	p.givesUp(0)
	p.write("all.yaml", fmt.Sprintf("defaults: {max-users: 0, max-percent: 0}\ntenants:\n  - {name: t0, tenant: %s, file: t0.csv}\n  - {name: t1, tenant: %s, file: t1.csv}\n  - {name: t2, tenant: %s, file: t2.csv, max-users: 100}\n", tenantID(0), tenantID(1), tenantID(2)))
	p.givesUpAll()
	first := p.must("offboard-temporal", "submit", "--campaign", "all.yaml", "--yes", "--new")
	if again := p.must("offboard-temporal", "submit", "--campaign", "all.yaml", "--yes"); strings.ReplaceAll(first, "submitted\n", "with the workers\n") != again {
		t.Errorf("submitted:\n%s\nand again:\n%s", first, again)
	}
	words := strings.Fields(first)
	runs, name := []string{words[4], words[7], words[10]}, strings.TrimSuffix(words[12], ":")
	for _, of := range []string{name, runs[0]} {
		if out, err := p.do("offboard-temporal", "status", of); err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), of+" is not at its end") {
			t.Errorf("status of what goes on: %s%v", out, err)
		}
	}
	p.worker("worker1")
	p.worker("worker2")
	p.ends(runs[0], users)
	p.ends(runs[1], users)
	if _, err := p.ended(runs[2]); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("the run of too many users ends with %v", err)
	}
	out, err := p.do("offboard-temporal", "status", name)
	if err == nil || !strings.Contains(err.Error(), name+" ends with exit code 4") || strings.Count(out, " finished ") != 2 || strings.Count(out, " refused ") != 2 {
		t.Errorf("%s%v", out, err)
	}
	if out, err := p.do("offboard-temporal", "status", runs[0]); err != nil || !strings.Contains(out, runs[0]+": Done: all of 120 people") {
		t.Errorf("%s%v", out, err)
	}
	if out, err := p.do("offboard-temporal", "status", runs[2]); err == nil || !strings.Contains(err.Error(), "exit status 4") || !strings.Contains(out, runs[2]+" is refused") {
		t.Errorf("%s%v", out, err)
	}
	if shown, _ := p.do("offboard", "show", name); strings.Count(shown, " finished ") != 2 || !strings.Contains(shown, "240 of 360 people signed out") {
		t.Errorf("offboard show:\n%s", shown)
	}
	dir := strings.TrimSpace(p.must("offboard-temporal", "report", name, "--report-dir", "reports"))
	for _, file := range []string{"campaign.html", "t0/report.csv", "t2/report.csv"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
	if out, _ := p.do("offboard", "report", name, "--report-dir", "again"); !strings.Contains(out, "Report: "+filepath.Join(p.dir, "again", "campaign.html")) {
		t.Errorf("offboard report:\n%s", out)
	}
	if s := p.truth(users, users, 0); s.missing > 0 || s.repeated > 0 || p.writes() != 2*users {
		t.Errorf("%+v, %d writes", s, p.writes())
	}
}

// givesUp has a file submitted of which the server does not hear, and the submission given up.
func (p *plant) givesUp(i int) {
	p.t.Helper()
	env := p.env
	p.env = append(slices.Clone(env), "TEMPORAL_ADDRESS=127.0.0.1:1")
	_, err := p.do("offboard-temporal", "submit", fmt.Sprintf("t%d.csv", i), "--tenant", tenantID(i), "--yes")
	p.env = env
	if err == nil || !strings.Contains(err.Error(), "; then: offboard-temporal resume ") {
		p.t.Fatalf("without a server: %v", err)
	}
	words := strings.Fields(err.Error())
	run := words[len(words)-1]
	if out, err := p.do("offboard-temporal", "status", run); err == nil || !strings.Contains(err.Error(), "exit status 6") || !strings.Contains(out, "offboard-temporal stop "+run+" gives it up") {
		p.t.Errorf("status: %s%v", out, err)
	}
	if out := p.must("offboard-temporal", "stop", run); out != "submission "+run+" is given up; nothing was planned or written\n" {
		p.t.Errorf("stop:\n%s", out)
	}
	c, err := client.Dial(client.Options{HostPort: "127.0.0.1:" + p.port})
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	ended := p.submit(i)
	if err := c.TerminateWorkflow(context.Background(), workflowOf(ended), "", ""); err != nil {
		p.t.Fatal(err)
	}
	if out := p.must("offboard-temporal", "stop", ended); out != "submission "+ended+" is given up; nothing was planned or written\n" {
		p.t.Errorf("stop of what has ended:\n%s", out)
	}
	for _, command := range []string{"stop", "status"} {
		if out, err := p.do("offboard-temporal", command, run); err == nil || !strings.Contains(err.Error(), "exit status 2") {
			p.t.Errorf("%s of what is given up: %s%v", command, out, err)
		}
	}
}

// givesUpAll has a campaign submitted of which the server does not hear, and given up. Nothing begins it any more.
func (p *plant) givesUpAll() {
	p.t.Helper()
	env := p.env
	p.env = append(slices.Clone(env), "TEMPORAL_ADDRESS=127.0.0.1:1")
	_, err := p.do("offboard-temporal", "submit", "--campaign", "all.yaml", "--yes")
	p.env = env
	if err == nil || !strings.Contains(err.Error(), "; then: offboard-temporal resume campaign-") {
		p.t.Fatalf("without a server: %v", err)
	}
	words := strings.Fields(err.Error())
	name := words[len(words)-1]
	if out := p.must("offboard-temporal", "stop", name); !strings.HasPrefix(out, "0 runs of "+name) || !strings.Contains(out, "3 submissions of it are given up") {
		p.t.Errorf("stop:\n%s", out)
	}
	for _, words := range [][]string{{"resume", name}, {"submit", "--campaign", "all.yaml", "--yes"}} {
		if out, err := p.do("offboard-temporal", words...); err == nil || !strings.Contains(err.Error(), "exit status 6") || strings.Count(out, "given up\n") != 3 || strings.Count(err.Error(), " --only ") != 3 {
			p.t.Errorf("%s of what is given up:\n%s%v", words, out, err)
		}
	}
	if out := p.must("offboard-temporal", "stop", name); strings.Contains(out, "submission") {
		p.t.Errorf("stop of what is given up:\n%s", out)
	}
	if out, err := p.do("offboard-temporal", "status", name); err == nil || !strings.Contains(err.Error(), "exit status 6") || strings.Count(out, " not begun ") != 3 {
		p.t.Errorf("status of what is given up: %s%v", out, err)
	}
	if out := p.must("offboard-temporal", "status", "--all"); strings.Contains(out, strings.TrimPrefix(name, "campaign-")) {
		p.t.Errorf("something of it was begun:\n%s", out)
	}
}

// approved is a run that waits until a person has signed its plan.
func (p *plant) approved(users int) (run string) {
	key := filepath.Join(p.dir, "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		p.t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		p.t.Fatal(err)
	}
	p.write("allowed_signers", "ada@contoso.example "+string(public))
	before := p.writes()
	run = p.submit(5, "--approvals", "1")
	p.until("it waits", func() bool {
		out, _ := p.do("offboard-temporal", "status", run)
		return strings.Contains(out, "waiting for 1 approval")
	})
	if n := p.writes(); n != before {
		p.t.Errorf("%d were written without approval", n-before)
	}
	p.must("offboard-temporal", "approve", run, "--key", key, "--yes")
	p.ends(run, users)
	return run
}

// scheduled is a run that a schedule submits.
func (p *plant) scheduled(users int) (run string) {
	p.write("nightly.args", strings.Join([]string{filepath.Join(p.dir, "t6.csv"), "--tenant=" + tenantID(6), "--yes", "--max-users=0", "--max-percent=0"}, "\n"))
	id := strings.TrimSpace(p.must("offboard-temporal", "submit", "nightly", "--schedule", "0 3 * * *", "--tenant", tenantID(6)))
	c, err := client.Dial(client.Options{HostPort: "127.0.0.1:" + p.port})
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	schedule := c.ScheduleClient().GetHandle(context.Background(), id)
	is, err := schedule.Describe(context.Background())
	if err != nil || is.Schedule.Policy.CatchupWindow != time.Hour || is.Schedule.Policy.Overlap != enums.SCHEDULE_OVERLAP_POLICY_SKIP {
		p.t.Fatalf("the schedule is %+v, %v", is, err)
	}
	before := strings.Fields(p.must("offboard", "runs"))
	if err := schedule.Trigger(context.Background(), client.ScheduleTriggerOptions{}); err != nil {
		p.t.Fatal(err)
	}
	p.until("it has a run", func() bool {
		now := strings.Fields(p.must("offboard", "runs"))
		run = now[slices.Index(now, "OPEN")+1]
		return !slices.Contains(before, run) && slices.Contains(now, "finished")
	})
	p.ends(run, users)

	if _, err := p.do("offboard-temporal", "submit", "nightly", "--schedule", "0 4 * * *", "--tenant", tenantID(6)); err == nil || !strings.Contains(err.Error(), "exit status 2") || !strings.Contains(err.Error(), "temporal schedule delete --schedule-id order/nightly") {
		p.t.Errorf("a schedule twice: %v", err)
	}
	none := strings.TrimSpace(p.must("offboard-temporal", "submit", "none", "--schedule", "0 3 * * *", "--tenant", tenantID(6)))
	if err := c.ScheduleClient().GetHandle(context.Background(), none).Trigger(context.Background(), client.ScheduleTriggerOptions{}); err != nil {
		p.t.Fatal(err)
	}
	p.until("an order that no worker has is told", func() bool {
		out, err := p.do("offboard-temporal", "status")
		return err != nil && strings.Contains(err.Error(), "exit status 2") && strings.Contains(err.Error(), "orders that failed: none\n") && strings.Contains(out, "Order none failed when its schedule last submitted it, at ")
	})
	return run
}

// must runs one of the programs, which must end well.
func (p *plant) must(program string, args ...string) string {
	p.t.Helper()
	out, err := p.do(program, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// ends waits for a run, which must end with a result for each user.
func (p *plant) ends(run string, users int) {
	p.t.Helper()
	if a, err := p.ended(run); err != nil || a.Rows != users || a.Ended != users {
		p.t.Errorf("run %s ends with %+v, %v", run, a, err)
	}
}

// histories reads all histories: they have no names, no ids, no files and no secrets. With -update the
// first ones of a run and of a gate are kept for [TestReplay].
func (p *plant) histories() {
	p.t.Helper()
	c, err := client.Dial(client.Options{HostPort: "127.0.0.1:" + p.port})
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	all, err := c.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	kept := map[string]bool{}
	for _, e := range all.Executions {
		var h history.History
		for events := c.GetWorkflowHistory(context.Background(), e.Execution.WorkflowId, e.Execution.RunId, false, 0); events.HasNext(); {
			event, err := events.Next()
			if err != nil {
				p.t.Fatal(err)
			}
			h.Events = append(h.Events, event)
		}
		for _, secret := range []string{"user1", "t0.example", ".csv", "hush-hush", tenantID(0), tenantID(1), graphsim.DefaultClientID, p.dir, "127.0.0.1"} {
			if strings.Contains(h.String(), secret) {
				p.t.Errorf("the history of %s has %q", e.Execution.WorkflowId, secret)
			}
		}
		if name := e.Type.Name; *update && !kept[name] && e.Status != enums.WORKFLOW_EXECUTION_STATUS_CANCELED {
			kept[name] = true
			text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(&h)
			if err == nil {
				err = os.WriteFile(filepath.Join("testdata", strings.ToLower(name)+".json"), text, 0o644)
			}
			if err != nil {
				p.t.Fatal(err)
			}
		}
	}
	if len(all.Executions) < 6 {
		p.t.Errorf("there are %d histories", len(all.Executions))
	}
}

// TestReplay has workflows of before go on with the workflows of today.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("there are %d histories, %v", len(files), err)
	}
	for _, file := range files {
		replayer := worker.NewWorkflowReplayer()
		replayer.RegisterWorkflow(Run)
		replayer.RegisterWorkflow(AppGate)
		replayer.RegisterWorkflow(Scheduled)
		if err := replayer.ReplayWorkflowHistoryFromJSONFile(nil, file); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
