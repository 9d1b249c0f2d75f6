package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
)

// bearerOf is a token that says whose it is.
func bearerOf(b graphsim.Caller) string {
	claims := fmt.Sprintf(`{"tid":%q,"appid":%q,"idtyp":"app","roles":["User.RevokeSessions.All","User.Read.All"]}`, b.Tenant, b.App)
	return "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s"
}

// bearerFor is a token that says for which service it is.
func bearerFor(audience string) string {
	return "h." + base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(`{"aud":%q}`, audience))) + ".s"
}

// ours is the bearer of the simulated tenant.
var ours = graphsim.Caller{Tenant: graphsim.DefaultTenantID, App: graphsim.DefaultClientID}

const otherTenant = "99999999-0000-4000-8000-000000000001"

// booth is offboard in this process, at a tenant that its network reaches.
type booth struct {
	t       *testing.T
	dir     string
	tenant  *graphsim.Tenant
	network http.RoundTripper
	environ []string
	asks    bool
	stdin   io.Reader // nil: empty
	stop    chan struct{}

	mu    sync.Mutex
	said  bytes.Buffer
	heard map[string]time.Duration // when words were said first
	start time.Time
}

// newBooth writes a file of n users, who are in the tenant.
func newBooth(t *testing.T, n int, cfg graphsim.Config) *booth {
	t.Helper()
	d := &booth{t: t, dir: t.TempDir(), tenant: graphsim.New(cfg)}
	d.network = d.tenant
	file := "upn,mail\n"
	for i := range n {
		u := graphsim.User{UPN: fmt.Sprintf("u%d@contoso.example", i), Mail: fmt.Sprintf("m%d@contoso.example", i)}
		file += u.UPN + "," + u.Mail + "\n"
		if err := d.tenant.Add(u); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(d.dir, "in.csv"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// Write notes when "waiting for" was said first.
func (d *booth) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.heard["waiting for"]; !ok && bytes.Contains(p, []byte("waiting for")) {
		d.heard["waiting for"] = time.Since(d.start)
	}
	return d.said.Write(p)
}

// offboard runs the command and gives its exit code and what it said.
func (d *booth) offboard(args ...string) (exitCode, string) {
	d.said.Reset()
	d.heard, d.start = map[string]time.Duration{}, time.Now()
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "DIR/", d.dir+"/")
	}
	code := execute(d.t.Context(), world{
		args:  append(args, "--journal="+d.dir+"/journal.db"),
		stdin: cmp.Or(d.stdin, io.Reader(strings.NewReader(""))), stdout: d, stderr: d, stop: d.stop, network: d.network, asks: d.asks,
		getenv: func(string) string { return "" }, environ: func() []string { return d.environ }, width: func() int { return 80 },
	})
	return code, d.said.String()
}

// writes counts what reached the tenant.
func (d *booth) writes() int { return d.tenant.Stats().Writes }

// Whoever nobody watches, or who finds people by what other tenants have too,
// must say which tenant is meant; and what is said is held against the sign-in.
func TestTenantIsHeld(t *testing.T) {
	token := "OFFBOARD_ACCESS_TOKEN=" + bearerOf(ours)
	for _, c := range []struct {
		name  string
		asks  bool
		env   string
		args  string
		code  exitCode
		says  string
		calls bool // to the tenant
	}{
		{"nobody watches", false, token, "", 4, "no terminal at which a person sees", false},
		{"named by id", false, token, "--tenant " + ours.Tenant, 0, "tenant   Contoso (contoso.example), " + ours.Tenant, true},
		{"named by domain", false, token, "--tenant Contoso.Example", 0, "", true},
		{"named by variable", false, token + " AZURE_TENANT_ID=" + ours.Tenant, "", 0, "", true},
		{"another one", false, token, "--tenant " + otherTenant, 5, "leads to tenant " + ours.Tenant + ", Contoso (contoso.example)", true},
		{"another one by variable", false, token + " AZURE_TENANT_ID=" + otherTenant, "", 5, "AZURE_TENANT_ID names " + otherTenant, true},
		{"two that differ", false, token + " AZURE_TENANT_ID=" + otherTenant, "--tenant " + ours.Tenant, 5, "AZURE_TENANT_ID is " + otherTenant, false},
		{"no such domain", false, token, "--tenant contosso.example", 2, "no tenant of", false},
		{"somebody watches", true, token, "", 0, "sign-in  by the token in OFFBOARD_ACCESS_TOKEN, which is set: app " + ours.App + ", tenant Contoso", true},
		{"mail addresses", true, token, "--key mail", 4, "--key mail finds people in any tenant", false},
		{"mail addresses, rehearsed", true, token, "--key mail --dry-run", 0, "", true},
		{"mail addresses, named", true, token, "--key mail --tenant contoso.example", 0, "", true},
		{"a token that says nothing", false, "OFFBOARD_ACCESS_TOKEN=T", "--tenant contoso.example", 0, "", true},
		{"one that says nothing, of another", false, "OFFBOARD_ACCESS_TOKEN=T", "--tenant " + otherTenant, 5, "leads to tenant " + ours.Tenant, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			static := "T"
			if strings.Contains(c.env, token) {
				static = bearerOf(ours)
			}
			d := newBooth(t, 3, graphsim.Config{StaticToken: static, Domain: "contoso.example", NoQuota: true})
			d.asks, d.environ = c.asks, strings.Fields(c.env)
			column := "upn"
			if strings.Contains(c.args, "mail") {
				column = "mail"
			}
			args := append([]string{"run", "DIR/in.csv", "--yes", "--column", column, "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out"}, strings.Fields(c.args)...)
			code, out := d.offboard(args...)
			if code != c.code || !strings.Contains(out, c.says) {
				t.Errorf("exit code %d, want %d and %q\n%s", code, c.code, c.says, out)
			}
			if asked := d.tenant.Stats().Calls > 0; asked != c.calls && !strings.Contains(c.says, "no tenant of") {
				t.Errorf("the tenant was called: %v\n%s", asked, out)
			}
			if want := c.code == 0 && !strings.Contains(c.args, "--dry-run"); (d.writes() > 0) != want {
				t.Errorf("%d writes", d.writes())
			}
		})
	}
}

// A Graph that is served on this machine need not have a sign-in service within reach. The
// command that names a tenant by its domain then ends at once, and says what helps.
func TestDomainBesideALocalGraph(t *testing.T) {
	for _, gone := range []error{syscall.ECONNREFUSED, &net.DNSError{Err: "no such host", Name: "login.microsoftonline.com"}} {
		d := newBooth(t, 1, graphsim.Config{StaticToken: bearerOf(ours), Domain: "contoso.example", NoQuota: true})
		d.environ = []string{"OFFBOARD_ACCESS_TOKEN=" + bearerOf(ours)}
		asked := 0
		d.network = tripped(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "openid-configuration") {
				asked++
				return nil, gone
			}
			return d.tenant.RoundTrip(r)
		})
		run := func(tenant string) (exitCode, string) {
			return d.offboard("run", "DIR/in.csv", "--dry-run", "--column=upn", "--graph-url=http://127.0.0.1:8080", "--tenant="+tenant, "--outage=5s", "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out")
		}
		code, out := run("contoso.example")
		for _, want := range []string{"--tenant: contoso.example is a domain, and https://login.microsoftonline.com, which knows whose it is, did not tell", "name the tenant by its id", gone.Error()} {
			if code != exitSignIn || asked != 1 || !strings.Contains(out, want) {
				t.Errorf("exit code %d, asked %d times, want %q\n%s", code, asked, want, out)
			}
		}
		if code, out := run(ours.Tenant); code != exitDone || asked != 1 {
			t.Errorf("by its id: exit code %d, asked %d times\n%s", code, asked, out)
		}
	}
}

// A tenant that was named and that nothing confirms is as good as none: without a
// terminal, and with a key that finds people in any tenant, it refuses. A person is
// asked, and --yes is no answer.
func TestTenantThatNothingConfirms(t *testing.T) {
	for _, c := range []struct {
		name string
		asks bool
		typed,
		args string
		code exitCode
	}{
		{"nobody watches", false, "", "--column=upn --yes", 4},
		{"mail addresses", true, "y\n", "--column=mail --key=mail --yes", 4},
		{"somebody agrees", true, "y\n", "--column=upn --yes", 0},
		{"somebody does not", true, "n\n", "--column=upn --yes", 4},
		{"nothing is written", true, "", "--column=upn --dry-run", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newBooth(t, 3, graphsim.Config{StaticToken: "T", NoQuota: true})
			d.network = tripped(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/organization") {
					return &http.Response{StatusCode: 403, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
				}
				return d.tenant.RoundTrip(r)
			})
			d.environ, d.asks, d.stdin = []string{"OFFBOARD_ACCESS_TOKEN=T"}, c.asks, strings.NewReader(c.typed)
			code, out := d.offboard(append([]string{"run", "DIR/in.csv", "--tenant=" + ours.Tenant, "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out"}, strings.Fields(c.args)...)...)
			if want := c.code == 0 && c.typed != ""; code != c.code || (d.writes() > 0) != want || !strings.Contains(out, "--tenant "+ours.Tenant+" could not be confirmed") {
				t.Errorf("exit code %d, want %d; %d writes\n%s", code, c.code, d.writes(), out)
			}
		})
	}
}

// Without the permission to read the tenant's name people see its id, that the
// name could not be read, and of which domains the users are.
func TestTenantWithoutAName(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{StaticToken: bearerOf(ours), NoQuota: true})
	d.network = tripped(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/organization") || strings.Contains(r.URL.Path, "tenantRelationships") {
			return &http.Response{StatusCode: 403, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}
		return d.tenant.RoundTrip(r)
	})
	d.environ = []string{"OFFBOARD_ACCESS_TOKEN=" + bearerOf(ours)}
	code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--tenant="+ours.Tenant, "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out")
	if want := "its name could not be read (Organization.Read.All); the users found are of contoso.example (3)"; code != 0 || !strings.Contains(out, want) || !strings.Contains(out, "tenant   "+ours.Tenant) {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// A tenant whose own name is that of another one is no tenant to write to.
func TestTenantThatIsAnother(t *testing.T) {
	for _, told := range []bool{true, false} { // whether the app may read its own tenant's name
		d := newBooth(t, 3, graphsim.Config{StaticToken: bearerOf(ours), NoQuota: true})
		d.network = tripped(func(r *http.Request) (*http.Response, error) {
			says := func(status int, body string) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
			}
			switch {
			case strings.HasSuffix(r.URL.Path, "/organization") && told:
				return says(200, `{"value":[{"id":"`+otherTenant+`","displayName":"Evil Corp"}]}`)
			case strings.HasSuffix(r.URL.Path, "/organization"):
				return says(403, "")
			case strings.Contains(r.URL.Path, "tenantRelationships"):
				return says(200, `{"tenantId":"`+otherTenant+`","displayName":"Evil Corp"}`)
			}
			return d.tenant.RoundTrip(r)
		})
		d.environ = []string{"OFFBOARD_ACCESS_TOKEN=" + bearerOf(ours)}
		code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--tenant="+ours.Tenant, "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out")
		if want := "the access token is of tenant " + ours.Tenant + ", and what answers says that it is tenant " + otherTenant + ", Evil Corp"; code != 5 || !strings.Contains(out, want) || d.writes() > 0 {
			t.Errorf("exit code %d, %d writes\n%s", code, d.writes(), out)
		}
	}
}

type tripped func(*http.Request) (*http.Response, error)

func (f tripped) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A plan is carried out by another app only when that is said, and it is kept.
func TestAnotherCaller(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{NoQuota: true})
	as := func(app string) {
		d.environ = []string{"AZURE_TENANT_ID=" + ours.Tenant, "AZURE_CLIENT_ID=" + app, "AZURE_CLIENT_SECRET=s"}
	}
	const reader = "00000000-0000-4000-8000-00000000000a"
	as(reader)
	if code, out := d.offboard("plan", "DIR/in.csv", "--column=upn", "--max-percent=0", "-o", d.dir+"/plan.json"); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	as(ours.App)
	apply := []string{"apply", "DIR/plan.json", "--yes", "--report-dir=DIR/out"}
	if code, out := d.offboard(slices.Clone(apply)...); code != 4 || !strings.Contains(out, "--as-caller") || d.writes() != 0 {
		t.Errorf("without a word: exit code %d, %d writes\n%s", code, d.writes(), out)
	}
	if code, out := d.offboard(append(slices.Clone(apply), "--as-caller")...); code != 0 || d.writes() != 3 {
		t.Errorf("as said: exit code %d, %d writes\n%s", code, d.writes(), out)
	}
	if code, out := d.offboard("show"); code != 0 || !strings.Contains(out, "the plan was made by app "+reader) {
		t.Errorf("what is kept: exit code %d\n%s", code, out)
	}
}

// A service that cannot be reached is waited for, which is said, up to --outage;
// then the sign-in has failed. One that comes back in time is worth the wait.
func TestSignInIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name string
		back time.Duration // when it comes back; 0 for never
		code exitCode
	}{{"in vain", 0, 5}, {"to good effect", 3 * time.Minute, 0}} {
		t.Run(c.name, func(t *testing.T) {
			d := newBooth(t, 3, graphsim.Config{NoQuota: true})
			d.environ = signedIn()
			synctest.Test(t, func(t *testing.T) {
				d.t = t
				start := time.Now()
				d.network = tripped(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/token") && (c.back == 0 || time.Since(start) < c.back) {
						return nil, errors.New("no such host")
					}
					return d.tenant.RoundTrip(r)
				})
				code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--max-percent=0", "--outage=10m", "--report-dir=DIR/out")
				took := time.Since(start)
				if code != c.code || !strings.Contains(out, "no such host") {
					t.Errorf("exit code %d\n%s", code, out)
				}
				if told := d.heard["waiting for"]; told == 0 || told > 5*time.Second || !strings.Contains(out, "waiting for the sign-in since") {
					t.Errorf("told after %v\n%s", told, out)
				}
				if c.back == 0 && (took < 10*time.Minute || took > 11*time.Minute) {
					t.Errorf("ended after %v", took)
				}
			})
		})
	}
}

// What is gone in the midst of a run is named: the sign-in service, and not Graph.
func TestSignInGoneInMidRun(t *testing.T) {
	d := newBooth(t, 60, graphsim.Config{NoQuota: true, TokenLifetime: time.Minute})
	d.environ = signedIn()
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		start := time.Now()
		d.network = tripped(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/token") && time.Since(start) > 30*time.Second {
				return nil, errors.New("no such host")
			}
			return d.tenant.RoundTrip(r)
		})
		code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--max-percent=0", "--concurrency=1", "--rate=0.5", "--outage=5m", "--report-dir=DIR/out")
		if code != exitStopped || d.writes() == 0 || !strings.Contains(out, "no answer from the sign-in service for 5m") || strings.Contains(out, "no answer from Microsoft Graph") {
			t.Errorf("exit code %d, %d writes\n%s", code, d.writes(), out)
		}
	})
}

// Each stage before the first write tells what it waits for.
func TestEveryStageTellsItsWait(t *testing.T) {
	for _, c := range []struct{ name, path, flag, says string }{
		{"protect list", "/$batch", "--protect=DIR/protect.txt", "waiting for answers to lookup calls since"},
		{"planning", "/$batch", "--order=danger", "waiting for answers to lookup calls since"},
		{"roles", "/roleManagement/", "--max-privileged=5", "waiting for the directory roles since"},
		{"size of the tenant", "/users/$count", "--max-percent=100", "waiting for the number of users since"},
		{"group", "/groups/", "--protect-group=99999999-0000-4000-8000-000000000002", "waiting for the members of group"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newBooth(t, 3, graphsim.Config{NoQuota: true})
			d.environ = signedIn()
			if err := os.WriteFile(filepath.Join(d.dir, "protect.txt"), []byte("u0@contoso.example\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				d.t = t
				d.network = tripped(func(r *http.Request) (*http.Response, error) {
					if strings.Contains(r.URL.Path, c.path) {
						return nil, errors.New("connection refused")
					}
					return d.tenant.RoundTrip(r)
				})
				code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--outage=1m", "--report-dir=DIR/out", c.flag)
				if told := d.heard["waiting for"]; code != 6 || told == 0 || told > 5*time.Second || !strings.Contains(out, c.says) || !strings.Contains(out, "connection refused") {
					t.Errorf("exit code %d, told after %v\n%s", code, told, out)
				}
			})
		})
	}
}

// In mid-run a sign-in service that hangs is an outage of exactly so long, whose
// cause is told; and a signal ends the wait at once.
func TestSignInTroubleInMidRun(t *testing.T) {
	for _, c := range []struct {
		name   string
		signal time.Duration // after the trouble began; 0 for none
		most   time.Duration // from the first call that waited
	}{{"outage", 0, 75 * time.Second}, {"signal", 10 * time.Second, 15 * time.Second}} {
		t.Run(c.name, func(t *testing.T) {
			d := newBooth(t, 900, graphsim.Config{NoQuota: true, TokenLifetime: time.Minute})
			d.environ = signedIn()
			synctest.Test(t, func(t *testing.T) {
				d.t, d.stop = t, make(chan struct{})
				tokens := 0
				var hung time.Time
				var mu sync.Mutex
				d.network = tripped(func(r *http.Request) (*http.Response, error) {
					if !strings.HasSuffix(r.URL.Path, "/token") {
						return d.tenant.RoundTrip(r)
					}
					mu.Lock()
					tokens++
					if tokens > 1 && hung.IsZero() {
						hung = time.Now()
						if c.signal > 0 {
							time.AfterFunc(c.signal, func() { close(d.stop) })
						}
					}
					wait := tokens > 1
					mu.Unlock()
					if wait {
						<-r.Context().Done()
						return nil, r.Context().Err()
					}
					return d.tenant.RoundTrip(r)
				})
				code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--max-users=0", "--max-percent=0", "--rate=5", "--outage=30s", "--report-dir=DIR/out")
				if code != 6 || d.writes() == 0 || !strings.Contains(out, "resume") {
					t.Errorf("exit code %d after %d writes\n%s", code, d.writes(), out)
				}
				if took := time.Since(hung); took > c.most {
					t.Errorf("ended %v after the trouble began\n%s", took, out)
				}
				if c.signal == 0 && !strings.Contains(out, "sign in: the sign-in service gave no answer") {
					t.Errorf("the cause is not told\n%s", out)
				}
			})
		})
	}
}

// A sign-in that becomes somebody else's ends the run, resumable, before anything
// is sent with the new token.
func TestIdentityChangesUnderARun(t *testing.T) {
	for name, later := range map[string]graphsim.Caller{
		"another tenant": {Tenant: otherTenant}, "another app": {App: "00000000-0000-4000-8000-00000000000a"}, "a user": {User: "00000000-0000-4000-8000-00000000000b"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newBooth(t, 600, graphsim.Config{NoQuota: true})
			d.environ = signedIn()
			synctest.Test(t, func(t *testing.T) {
				d.t = t
				time.AfterFunc(20*time.Second, func() { d.tenant.SignInAs(later) })
				code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--max-users=0", "--max-percent=0", "--rate=10", "--report-dir=DIR/out")
				if code != 5 || !strings.Contains(out, "the sign-in has become somebody else's") || !strings.Contains(out, "offboard resume") {
					t.Errorf("exit code %d\n%s", code, out)
				}
				for _, e := range d.tenant.Log() {
					if (graphsim.Caller{Tenant: e.Tenant, App: e.App, User: e.SignedIn}) != ours {
						t.Fatalf("sent with another's token: %+v", e)
					}
				}
				if n := d.writes(); n == 0 || n >= 600 {
					t.Errorf("%d writes", n)
				}
				d.tenant.SignInAs(ours)
				if code, out := d.offboard("resume", "--yes", "--rate=0", "--max-users=0", "--report-dir=DIR/out"); code != 0 || d.writes() < 600 {
					t.Errorf("resumed: exit code %d, %d writes\n%s", code, d.writes(), out)
				}
			})
		})
	}
}

// fakeAz puts a Azure CLI on the path that hands out a token, and counts.
func fakeAz(t *testing.T, token string) (env string, ran func() int) {
	t.Helper()
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho \"$@\" >> %s/runs\nprintf '{\"accessToken\":\"%s\",\"expires_on\":%d}'\n", dir, token, time.Now().Add(time.Hour).Unix())
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return "PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH"), func() int {
		runs, _ := os.ReadFile(filepath.Join(dir, "runs")) // not there before the first
		return bytes.Count(runs, []byte("\n"))
	}
}

// office is a tenant on a socket, and offboard in processes of its own.
type office struct {
	t      *testing.T
	dir    string
	tenant *graphsim.Tenant
	url    string
	env    []string
}

func newOffice(t *testing.T, n int, cfg graphsim.Config) *office {
	d := newBooth(t, n, cfg)
	server := httptest.NewServer(d.tenant)
	t.Cleanup(server.Close)
	return &office{t: t, dir: d.dir, tenant: d.tenant, url: server.URL}
}

// command is offboard with the variables of the office, which others of its kind are not in.
func (o *office) command(args ...string) *exec.Cmd {
	cmd := exec.Command("offboard", args...)
	cmd.Dir = o.dir
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "AZURE_") && !strings.HasPrefix(e, "OFFBOARD_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(append(cmd.Env, "OFFBOARD_JOURNAL="+filepath.Join(o.dir, "journal.db")), o.env...)
	return cmd
}

func (o *office) offboard(args ...string) (int, string) {
	o.t.Helper()
	cmd := o.command(args...)
	out, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		o.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// The CLI is asked once, and without a terminal only by name; what is set by halves does
// not fall through to it.
func TestCLILogin(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell here")
	}
	for _, c := range []struct {
		name string
		env  string
		args string
		code int
		says string
		runs int
	}{
		{"nothing else is set", "", "--tenant " + ours.Tenant, 5, "there is no terminal at which a person sees whose the Azure CLI's login is", 0},
		{"named", "AZURE_TENANT_ID=" + ours.Tenant, "--auth cli", 0, "by the Azure CLI's login, as --auth says: app", 1},
		{"a certificate's path mistyped", "AZURE_TENANT_ID=" + otherTenant + " AZURE_CLIENT_ID=c AZURE_CLIENT_CERTIFICATE_PATH=nowhere.pem", "", 5, "AZURE_CLIENT_CERTIFICATE_PATH holds no path of a file", 0},
		{"a variable misspelt", "AZURE_TENANT_ID=" + otherTenant + " AZURE_CLIENT_ID=c AZURE_CLIENT_SECRT=hush", "", 5, "misspelt AZURE_CLIENT_SECRET", 0},
		{"ids alone", "AZURE_TENANT_ID=" + otherTenant + " AZURE_CLIENT_ID=c", "", 5, "AZURE_CLIENT_SECRET", 0},
		{"of another tenant", "", "--auth cli --tenant " + otherTenant, 5, "leads to tenant " + ours.Tenant, 1},
		{"without az, of a domain whose host does not answer", "PATH=/nowhere", "--auth cli --tenant contoso.example --outage 1h", 5, "the Azure CLI (az) is not installed", 0},
		{"of a tenant that nobody named", "", "--auth cli", 4, "--tenant or AZURE_TENANT_ID", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 600, graphsim.Config{StaticToken: bearerOf(ours), NoQuota: true})
			path, ran := fakeAz(t, bearerOf(ours))
			o.env = append([]string{path}, strings.Fields(c.env)...)
			args := append([]string{"run", "in.csv", "--yes", "--column", "upn", "--max-users=0", "--max-percent=0", "--graph-url", o.url, "--report-dir", "out"}, strings.Fields(c.args)...)
			code, out := o.offboard(args...)
			if code != c.code || !strings.Contains(out, c.says) || strings.Contains(out, "hush") || strings.Contains(out, bearerOf(ours)) {
				t.Errorf("exit code %d, want %d and %q\n%s", code, c.code, c.says, out)
			}
			if ran() != c.runs {
				t.Errorf("az was run %d times, want %d", ran(), c.runs)
			}
			if n := o.tenant.Stats().Writes; (n == 600) != (c.code == 0) || n != 0 && n != 600 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

// At a terminal the CLI's login is used when nothing else is set, and it is said whose it may be.
func TestCLILoginAtATerminal(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{StaticToken: bearerOf(ours), NoQuota: true})
	path, ran := fakeAz(t, bearerOf(ours))
	t.Setenv("PATH", strings.TrimPrefix(path, "PATH="))
	for _, c := range []struct {
		asks bool
		code exitCode
		says string
		runs int
	}{
		{true, exitDone, "sign-in  by the Azure CLI's login, since nothing else is set (it may be that of another customer): app " + ours.App, 1},
		{false, exitSignIn, "nothing says how to sign in", 1},
	} {
		d.asks = c.asks
		code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--tenant="+ours.Tenant, "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out", "--new")
		if code != c.code || !strings.Contains(out, c.says) || ran() != c.runs {
			t.Errorf("exit code %d, az was run %d times\n%s", code, ran(), out)
		}
	}
}

// A plan file, a journal and a read-back lead to no other host than Microsoft's
// unless it is named again: the token would go there.
func TestForgedPlanGetsNoToken(t *testing.T) {
	o := newOffice(t, 3, graphsim.Config{StaticToken: "T", NoQuota: true})
	o.env = []string{"OFFBOARD_ACCESS_TOKEN=T"}
	limits := []string{"--column", "upn", "--max-percent=0", "--graph-url", o.url}
	if code, out := o.offboard(append([]string{"plan", "in.csv", "-o", "plan.json"}, limits...)...); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if code, out := o.offboard(append([]string{"run", "in.csv", "--yes", "--report-dir", "out"}, limits...)...); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	calls := o.tenant.Stats().Calls
	for _, args := range [][]string{{"apply", "plan.json", "--yes"}, {"verify", "20"}} {
		code, out := o.offboard(args...)
		if code != 4 || !strings.Contains(out, "--graph-url "+o.url) || o.tenant.Stats().Calls != calls {
			t.Errorf("%v: exit code %d, and %d calls\n%s", args, code, o.tenant.Stats().Calls-calls, out)
		}
	}
	if code, out := o.offboard("verify", "20", "--graph-url", o.url); code != 0 {
		t.Errorf("named again: exit code %d\n%s", code, out)
	}
}

// What is no Microsoft Graph ends the run at once, with the cause and what to do.
func TestWhatStandsBetween(t *testing.T) {
	o := newOffice(t, 3, graphsim.Config{StaticToken: "T", NoQuota: true})
	tls := httptest.NewTLSServer(o.tenant)
	defer tls.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html><head><title>Guest WiFi</title></head></html>")
	}))
	defer page.Close()
	for _, c := range []struct {
		name, token, url string
		env              string
		code             int
		says             []string
	}{
		{"an unknown issuer", "T", tls.URL, "", 1, []string{"Acme Co", "--ca-file"}},
		{"a web page", "T", page.URL, "", 1, []string{`a web page, title "Guest WiFi"`, "a proxy or sign-in page stands between"}},
		{"a token with a line end", "T\nT", o.url, "", 5, []string{"the secret of OFFBOARD_ACCESS_TOKEN has 2 lines; give the secret alone"}},
		{"an authority of an unknown issuer", "", "https://graph.microsoft.com", "AZURE_TENANT_ID=" + ours.Tenant + " AZURE_CLIENT_ID=" + ours.App + " AZURE_CLIENT_SECRET=hush AZURE_AUTHORITY_HOST=" + tls.URL, 5, []string{"Acme Co", "--ca-file"}},
	} {
		o.env = strings.Fields(c.env)
		if c.token != "" {
			o.env = append(o.env, "OFFBOARD_ACCESS_TOKEN="+c.token)
		}
		start := time.Now()
		code, out := o.offboard("run", "in.csv", "--yes", "--column", "upn", "--max-percent=0", "--tenant", ours.Tenant, "--graph-url", c.url, "--report-dir", "out")
		if code != c.code || time.Since(start) > 20*time.Second {
			t.Errorf("%s: exit code %d after %v\n%s", c.name, code, time.Since(start), out)
		}
		for _, want := range c.says {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not told\n%s", c.name, want, out)
			}
		}
		if strings.Contains(out, "hush") {
			t.Errorf("%s: the secret is told\n%s", c.name, out)
		}
	}
	if n := o.tenant.Stats().Calls; n != 0 {
		t.Errorf("%d calls reached the tenant", n)
	}
}

// The whole way with a certificate: an authority and a Graph on this machine that are trusted
// by SSL_CERT_FILE or --ca-file, the tenant named by its domain, and a PFX file of OpenSSL 3.
func TestCertificateSignsIn(t *testing.T) {
	o := newOffice(t, 3, graphsim.Config{NoQuota: true, Domain: "contoso.example"})
	authority := httptest.NewTLSServer(o.tenant)
	defer authority.Close()
	roots := filepath.Join(o.dir, "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile("../../batch/graph/testdata/openssl3.pfx")
	must(t, err)
	pfx := filepath.Join(o.dir, "openssl3.pfx")
	must(t, os.WriteFile(pfx, key, 0o600))
	must(t, os.Chmod(pfx, 0o640))
	o.env = []string{"AZURE_AUTHORITY_HOST=" + authority.URL, "AZURE_TENANT_ID=contoso.example", "AZURE_CLIENT_ID=" + ours.App,
		"AZURE_CLIENT_CERTIFICATE_PATH=" + pfx, "AZURE_CLIENT_CERTIFICATE_PASSWORD=pw"}
	plan := []string{"plan", "in.csv", "--column", "upn", "--max-percent=0", "--graph-url", authority.URL, "--overwrite", "-o", "plan.jsonl"}
	if code, out := o.offboard(plan...); code != 5 || !strings.Contains(out, "--ca-file") {
		t.Errorf("an unknown CA: exit code %d\n%s", code, out)
	}
	const open = "the group of this user can read "
	code, out := o.offboard(append(plan, "--ca-file", roots)...)
	if code != 0 || !strings.Contains(out, "by the certificate of AZURE_CLIENT_CERTIFICATE_PATH") || strings.Count(out, open+pfx+", where a secret is; take that right away: chmod g= "+pfx+"\n") != 1 {
		t.Errorf("--ca-file: exit code %d\n%s", code, out)
	}
	must(t, os.Chmod(pfx, 0o644))
	if code, out := o.offboard(append(plan, "--ca-file", roots)...); code != 5 || !strings.Contains(out, "everybody on this machine can read "+pfx) {
		t.Errorf("a key that everybody can read: exit code %d\n%s", code, out)
	}
	must(t, os.Chmod(pfx, 0o600))
	o.env = append(o.env, "SSL_CERT_FILE="+roots)
	if code, out := o.offboard("apply", "plan.jsonl", "--yes", "--graph-url", authority.URL, "--report-dir", "out"); code != 0 || strings.Contains(out, open) {
		t.Errorf("SSL_CERT_FILE: exit code %d\n%s", code, out)
	}
}
