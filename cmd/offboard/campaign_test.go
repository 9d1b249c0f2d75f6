package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/job"
)

// provider looks after many tenants with one app registration.
type provider struct {
	t       *testing.T
	dir     string
	apps    *graphsim.Apps
	tenants map[string]*graphsim.Tenant // by id
	ids     []string
	users   int // of each
	args    []string
	home    string               // AZURE_TENANT_ID, as a variable
	deaf    int                  // so many questions whose a domain is get no answer
	cut     func(calls int) bool // is told of each batch call of all tenants, one at a time, until it says true
	mu      sync.Mutex
	calls   int
}

// newProvider makes tenants with users, of which some lack what it takes.
func newProvider(t *testing.T, tenants, users int, change func(i int, cfg *graphsim.Config)) *provider {
	t.Helper()
	p := &provider{t: t, dir: t.TempDir(), apps: &graphsim.Apps{}, tenants: map[string]*graphsim.Tenant{}, users: users}
	file := "defaults:\n  max-users: 0\n  max-percent: 0\ntenants:\n"
	for i := range tenants {
		cfg := graphsim.Config{TenantID: fmt.Sprintf("8f4c2f6e-0000-4000-8000-%012d", i+100), Domain: fmt.Sprintf("t%d.example", i), Apps: p.apps, Latency: 300 * time.Millisecond, Jitter: 400 * time.Millisecond, Seed: uint64(i)}
		if change != nil {
			change(i, &cfg)
		}
		tenant := graphsim.New(cfg)
		p.tenants[cfg.TenantID], p.ids = tenant, append(p.ids, cfg.TenantID)
		input := "upn\n"
		for k := range users {
			upn := fmt.Sprintf("user%d@t%d.example", k+1, i)
			input += upn + "\n"
			if err := tenant.Add(graphsim.User{UPN: upn, Enabled: true, Stamp: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
				t.Fatal(err)
			}
		}
		p.write(fmt.Sprintf("t%d.csv", i), input)
		file += fmt.Sprintf("  - {name: t%d, tenant: %s, file: t%d.csv}\n", i, cfg.TenantID, i)
	}
	p.write("all.yaml", file)
	p.home = "AZURE_TENANT_ID=" + p.ids[0]
	p.args = []string{"campaign", filepath.Join(p.dir, "all.yaml"), "--yes"}
	return p
}

func (p *provider) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// RoundTrip brings calls to the tenant that their path or their token names.
func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	if strings.HasSuffix(r.URL.Path, "/openid-configuration") && p.deaf > 0 {
		p.deaf--
		p.mu.Unlock()
		return nil, errors.New("no answer")
	}
	p.mu.Unlock()
	if rest, other := strings.CutPrefix(r.URL.Path, "/t0.onmicrosoft.com/"); other { // its other domain
		r = r.Clone(r.Context())
		r.URL.Path = "/t0.example/" + rest
	}
	id := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")[0]
	if parts := strings.Split(r.Header.Get("Authorization"), "."); len(parts) == 3 {
		claims, err := base64.RawURLEncoding.DecodeString(parts[1])
		var of struct{ TID string }
		if err = errors.Join(err, json.Unmarshal(claims, &of)); err != nil {
			return nil, err
		}
		id = of.TID
	}
	tenant := p.tenants[id]
	if tenant == nil {
		tenant = p.tenants[p.ids[0]] // what the sign-in service says of itself
	}
	resp, err := tenant.RoundTrip(r)
	if strings.HasSuffix(r.URL.Path, "/$batch") {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.calls++; p.cut != nil && p.cut(p.calls) {
			p.cut = nil
		}
	}
	return resp, err
}

// whenCalled counts batch calls from now on, and tells cut of them.
func (p *provider) whenCalled(cut func(calls int) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls, p.cut = 0, cut
}

// run is offboard in a process of its own, as far as it can be without one.
func (p *provider) run(ctx context.Context, stop <-chan struct{}, args ...string) (code exitCode, out, said string) {
	var stdout, stderr bytes.Buffer
	code = execute(ctx, world{
		args: append(args, "--journal", filepath.Join(p.dir, "journal.db")), stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr,
		getenv: func(string) string { return "" }, network: p, stop: stop, width: func() int { return 80 },
		environ: func() []string {
			return []string{p.home, "AZURE_CLIENT_ID=" + graphsim.DefaultClientID, "AZURE_CLIENT_SECRET=s"}
		},
	})
	return code, stdout.String(), stderr.String()
}

// summary is campaign.json.
type summary struct {
	Exit    int
	Next    string
	Success int
	Tenants []struct {
		Name, State, Run, Error, Next, Report string
		Exit                                  *int
		Lines, Success, Failure               int
	}
}

func (p *provider) summary(dir string) (s summary) {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "campaign.json"))
	if err = errors.Join(err, json.Unmarshal(text, &s)); err != nil {
		p.t.Fatal(err)
	}
	return s
}

// refused is how many writes Graph refused, and twice how many more than one for each user.
func (p *provider) writes() (all, refused, twice int) {
	for i, id := range p.ids {
		s := p.tenants[id].Stats()
		all, refused = all+s.Writes, refused+s.Throttled
		for k := range p.users {
			u, _ := p.tenants[id].User(fmt.Sprintf("user%d@t%d.example", k+1, i))
			twice += max(0, u.Writes-1)
		}
	}
	return all, refused, twice
}

var tenantUsers = flag.Int("users", 500, "TestCampaignKeepsTheQuota: how many users each of its 40 tenants has; with 2,000 the quota of the app is Graph's own")

// Forty tenants and one app: its quota over all of them is kept, and used. One
// lacks the consent of its admin and one has a bad file: they are told apart, and the others end
// well.
func TestCampaignKeepsTheQuota(t *testing.T) {
	tenants, users := 40, *tenantUsers
	if testing.Short() {
		users = 60
	}
	limit := users * 35 / 2
	p := newProvider(t, tenants, users, func(i int, cfg *graphsim.Config) {
		cfg.NoLog = true
		if i == 3 {
			cfg.Roles = []string{}
		}
		cfg.Quotas = graphsim.DefaultQuotas()
		cfg.Quotas[2].Limit = limit // of the app
	})
	p.write("quotas", fmt.Sprintf("app-writes %d 300s\n", limit))
	file, err := os.ReadFile(filepath.Join(p.dir, "all.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p.write("all.yaml", strings.Replace(string(file), "defaults:\n", "defaults:\n  quota-file: quotas\n", 1))
	p.write("t7.csv", "colour,size\nred,1\n")
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		dir := filepath.Join(p.dir, "reports")
		code, out, said := p.run(t.Context(), nil, append(p.args, "--report-dir", dir)...)
		took := time.Since(start)
		all, refused, twice := p.writes()
		want := (tenants - 2) * users
		busiest := p.apps.Busiest(graphsim.DefaultClientID)
		optimum := time.Duration((want-1)/limit) * 300 * time.Second
		t.Logf("%d tenants, %d writes in %v, %v with a quota used to the full; %d refused, %d in the busiest 300 s, of %d", tenants, all, took.Round(time.Second), optimum, refused, busiest, limit)
		if all != want || refused != 0 || twice != 0 || busiest > limit || busiest < limit*95/100 {
			t.Errorf("%d writes, want %d; %d refused, %d twice", all, want, refused, twice)
		}
		if most := optimum + optimum/20 + 90*time.Second; took > most {
			t.Errorf("it took %v, want at most %v", took, most)
		}
		s := p.summary(dir)
		for i, of := range s.Tenants {
			code, lines, words := 0, users, ""
			switch i {
			case 3:
				code, lines, words = 5, 0, "permission missing"
			case 7:
				code, lines, words = 2, 0, "no column is known to name users"
			}
			if of.Exit == nil || *of.Exit != code || of.Success != lines || !strings.Contains(of.Error, words) || (of.Report == "") != (lines == 0) {
				t.Errorf("%+v", of)
			}
		}
		if code != exitSignIn || s.Exit != 5 || !strings.Contains(out, fmt.Sprintf("%d of %d tenants ended well", tenants-2, tenants)) || !strings.Contains(said, "offboard resume campaign-") {
			t.Errorf("exit code %d\n%s%s", code, out, said)
		}
	})
}

// A campaign that is stopped at any moment, softly or hard, goes on as a whole: nobody is left
// out, and after a soft stop nobody is written twice.
func TestCampaignGoesOn(t *testing.T) {
	for _, hard := range []bool{false, true} {
		t.Run(fmt.Sprintf("hard %v", hard), func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			rng := rand.New(rand.NewPCG(seed, 0))
			p := newProvider(t, 6, 150, nil)
			synctest.Test(t, func(t *testing.T) {
				dir := filepath.Join(p.dir, "reports")
				args := append(p.args, "--report-dir", dir, "--at-once", "3")
				kills, code, out, said := 0, exitStopped, "", ""
				for ; code == exitStopped && kills < 20; kills++ {
					ctx, cancel := context.WithCancelCause(t.Context())
					stop := make(chan struct{})
					at := 1 + rng.IntN(40)
					p.whenCalled(func(n int) bool {
						switch {
						case n != at:
							return false
						case hard:
							cancel(job.ErrSecondSignal)
						default:
							close(stop)
						}
						return true
					})
					code, out, said = p.run(ctx, stop, args...)
					if cancel(nil); kills%2 == 0 {
						args = []string{"resume", "campaign", "--yes"}
					}
				}
				all, refused, twice := p.writes()
				t.Logf("seed %d: %d sessions, %d writes, %d twice", seed, kills, all, twice)
				most := 3 * 8 * batch.ChunkSize * kills // three tenants at once, of which each has 8 calls at the most
				if code != exitDone || refused != 0 || !hard && twice != 0 || twice > most || kills < 2 {
					t.Errorf("seed %d: exit code %d after %d sessions, %d refused, %d twice\n%s%s", seed, code, kills, refused, twice, out, said)
				}
				for i, of := range p.summary(dir).Tenants {
					report, err := os.ReadFile(filepath.Join(dir, of.Name, "report.csv"))
					if n := bytes.Count(report, []byte(",verified,")); err != nil || n != p.users || of.Success != p.users {
						t.Errorf("seed %d: tenant %d: %d verified, error %v; %+v", seed, i, n, err, of)
					}
				}
			})
		})
	}
}

// A campaign whose process is killed goes on as a whole: nobody is left out, and no more are written
// twice than were under way.
func TestCampaignIsKilled(t *testing.T) {
	t.Parallel()
	const tenants, users, calls = 3, 100, 2
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	var mu sync.Mutex
	var child *exec.Cmd
	writes, at := 0, 0
	count := writerFunc(func(p []byte) (int, error) { // one line for each write
		mu.Lock()
		defer mu.Unlock()
		before := writes
		if writes += bytes.Count(p, []byte("\n")); before < at && writes >= at {
			_ = child.Process.Kill() // it may have ended
		}
		return len(p), nil
	})
	p := newProvider(t, tenants, users, func(i int, cfg *graphsim.Config) {
		cfg.StaticToken, cfg.LogTo, cfg.Latency, cfg.Jitter = "T", count, 20*time.Millisecond, 0
	})
	file := fmt.Sprintf("defaults: {max-percent: 0, concurrency: %d}\ntenants:\n", calls)
	for i, id := range p.ids {
		server := httptest.NewServer(p.tenants[id])
		t.Cleanup(server.Close)
		file += fmt.Sprintf("  - {name: t%d, tenant: %s, file: t%d.csv, graph-url: %s/v1.0}\n", i, id, i, server.URL)
	}
	p.write("all.yaml", file)
	kills, code := 0, -1
	args := []string{"campaign", "all.yaml", "--yes", "--report-dir", "reports"}
	for ; code == -1; kills++ {
		mu.Lock()
		at = writes + 1 + rng.IntN(120)
		child = exec.Command("offboard", args...)
		child.Dir = p.dir
		child.Env = append(os.Environ(), "OFFBOARD_ACCESS_TOKEN=T", "OFFBOARD_JOURNAL="+filepath.Join(p.dir, "journal.db"))
		var out bytes.Buffer
		child.Stdout, child.Stderr = &out, &out
		err := child.Start()
		mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // the code says it
		if code = child.ProcessState.ExitCode(); code != -1 && code != 0 {
			t.Fatalf("seed %d: exit code %d\n%s", seed, code, out.String())
		}
		args = []string{"resume", "campaign", "--yes"} // the same campaign would write those who are finished again
	}
	all, refused, twice := p.writes()
	t.Logf("seed %d: %d kills, %d writes, %d twice", seed, kills-1, all, twice)
	if most := (kills - 1) * tenants * calls * batch.ChunkSize; kills < 2 || refused != 0 || twice > most {
		t.Errorf("seed %d: %d kills, %d refused, %d twice, want at most %d", seed, kills-1, refused, twice, most)
	}
	for i, of := range p.summary(filepath.Join(p.dir, "reports")).Tenants {
		report, err := os.ReadFile(filepath.Join(p.dir, "reports", of.Name, "report.csv"))
		if n := bytes.Count(report, []byte(",verified,")); err != nil || n != users {
			t.Errorf("seed %d: tenant %d: %d verified, error %v; %+v", seed, i, n, err, of)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// At a terminal nothing is written anywhere before one question is answered, which counts all
// tenants and says how many of them cannot be carried out.
func TestCampaignAsksOnce(t *testing.T) {
	for answer, want := range map[string]exitCode{"y\n": exitUsage, "n\n": exitRefused} {
		p := newProvider(t, 5, 40, nil)
		p.write("t2.csv", "colour\nred\n")
		synctest.Test(t, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			asked := 0
			code := execute(t.Context(), world{
				args: []string{"campaign", filepath.Join(p.dir, "all.yaml"), "--at-once", "2", "--report-dir", filepath.Join(p.dir, "reports"), "--journal", filepath.Join(p.dir, "journal.db")},
				stdin: readerFunc(func(b []byte) (int, error) {
					asked++
					if all, _, _ := p.writes(); all != 0 {
						t.Errorf("%d writes before the answer", all)
					}
					return copy(b, answer), nil
				}), stdout: &stdout, stderr: &stderr, asks: true, network: p, getenv: func(string) string { return "" }, width: func() int { return 80 },
				environ: func() []string {
					return []string{"AZURE_CLIENT_ID=" + graphsim.DefaultClientID, "AZURE_CLIENT_SECRET=s"}
				},
			})
			all, _, _ := p.writes()
			done := map[string]int{"y\n": 160, "n\n": 0}[answer]
			if said := stderr.String(); code != want || all != done || asked != 1 ||
				!strings.Contains(said, "1 tenant cannot be carried out, as is said above. Carry out 160 writes for 160 users, in 4 tenants: ") {
				t.Errorf("%q: exit code %d, want %d; %d writes; asked %d times\n%s%s", answer, code, want, all, asked, stdout.String(), said)
			}
		})
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A tenant that stands twice in the file, by its id and by its domain, is not worked on twice, also
// where the sign-in service did not tell at once whose the domain is.
func TestCampaignKnowsATenantByItsID(t *testing.T) {
	p := newProvider(t, 1, 10, nil)
	p.deaf = 1
	p.write("again.csv", "upn\nuser1@t0.example\n")
	p.write("all.yaml", fmt.Sprintf("defaults: {max-percent: 0}\ntenants:\n  - {name: one, tenant: %s, file: t0.csv}\n  - {name: two, tenant: t0.example, file: again.csv}\n", p.ids[0]))
	synctest.Test(t, func(t *testing.T) {
		code, out, said := p.run(t.Context(), nil, append(p.args, "--report-dir", filepath.Join(p.dir, "reports"))...)
		if _, _, twice := p.writes(); code != exitRefused || twice != 0 || !strings.Contains(said, "this is tenant "+p.ids[0]+", and so is ") {
			t.Errorf("exit code %d, %d twice\n%s%s", code, twice, out, said)
		}
	})
}

// What the app sent to other tenants from another process, or in an earlier session, counts: runs
// that know each other by the journal alone are not refused for the quota over all tenants.
func TestAppQuotaBeyondOneProcess(t *testing.T) {
	for _, together := range []bool{true, false} {
		t.Run(fmt.Sprintf("together %v", together), func(t *testing.T) {
			p := newProvider(t, 2, 300, func(i int, cfg *graphsim.Config) {
				cfg.Quotas = []graphsim.Quota{{Scope: graphsim.AppWide, Resource: graphsim.Writes, Limit: 400, Window: 300 * time.Second}}
			})
			p.home = "HOME=/nowhere"
			p.write("quotas", "app-writes 400 300s\n")
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var group sync.WaitGroup
				for i, id := range p.ids {
					run := func() {
						code, out, said := p.run(t.Context(), nil, "run", fmt.Sprintf("%s/t%d.csv", p.dir, i), "--tenant", id, "--yes", "--max-percent", "0",
							"--quota-file", filepath.Join(p.dir, "quotas"), "--report-dir", fmt.Sprintf("%s/out%d", p.dir, i))
						if code != exitDone {
							t.Errorf("exit code %d\n%s%s", code, out, said)
						}
					}
					if together {
						group.Go(run)
					} else {
						run()
					}
				}
				group.Wait()
				all, refused, _ := p.writes()
				took := time.Since(start)
				t.Logf("%d writes in %v, %d refused, %d in the busiest window of 400", all, took.Round(time.Second), refused, p.apps.Busiest(graphsim.DefaultClientID))
				if all != 600 || refused != 0 || took > 330*time.Second {
					t.Errorf("%d writes, %d refused, in %v", all, refused, took)
				}
			})
		})
	}
}

// The same campaign on the next night begins the tenants that are finished anew, although another one is
// not at its end: more people may be due. By its name it goes on, and leaves them at their end.
func TestCampaignAgain(t *testing.T) {
	for by, want := range map[string]int{"campaign": 2, "resume": 1} {
		p := newProvider(t, 2, 40, func(i int, cfg *graphsim.Config) {
			if i == 1 {
				cfg.Roles = []string{}
			}
		})
		synctest.Test(t, func(t *testing.T) {
			dir := filepath.Join(p.dir, "reports")
			code, out, said := p.run(t.Context(), nil, append(p.args, "--report-dir", dir)...)
			first := p.summary(dir)
			time.Sleep(23 * time.Hour)
			args := p.args
			if by == "resume" {
				args = []string{"resume", "campaign", "--yes"}
			}
			again, out2, said2 := p.run(t.Context(), nil, args...)
			s := p.summary(dir)
			u, _ := p.tenants[p.ids[0]].User("user1@t0.example")
			if code != exitSignIn || again != exitSignIn || u.Writes != want || (s.Tenants[0].Run == first.Tenants[0].Run) != (want == 1) || s.Tenants[0].Success != 40 {
				t.Errorf("%s: exit codes %d and %d, %d writes of one user, want %d\n%s%s%s%s", by, code, again, u.Writes, want, out, said, out2, said2)
			}
		})
	}
}

// A row of the file of all tenants names a tenant by its name or its id: what one is called is not the id of another.
func TestCampaignNamesAreNotTenants(t *testing.T) {
	p := newProvider(t, 2, 1, nil)
	for two, want := range map[string]exitCode{p.ids[0]: exitUsage, p.ids[1]: exitDone} { // what the second is called
		p.write("all.csv", "upn,Customer\nuser1@t0.example,"+p.ids[0]+"\nuser1@t1.example,"+p.ids[1]+"\n")
		p.write("all.yaml", fmt.Sprintf("defaults: {max-percent: 0}\nfile: all.csv\ntenant-column: Customer\ntenants:\n  - {name: one, tenant: %s}\n  - {name: %s, tenant: %s}\n", p.ids[0], two, p.ids[1]))
		code, _, said := p.run(t.Context(), nil, append(p.args, "--dry-run", "--report-dir", filepath.Join(p.dir, "reports"))...)
		if told := strings.Contains(said, "the name or tenant "+two+" is that of one"); code != want || told != (want == exitUsage) {
			t.Errorf("%s: exit code %d, want %d\n%s", two, code, want, said)
		}
	}
}
