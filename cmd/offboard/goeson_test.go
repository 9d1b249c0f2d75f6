package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
)

// stopped is a run of 60 users in this bubble's time that stopped after its first call.
func stopped(t *testing.T, d *booth, args ...string) {
	t.Helper()
	d.t, d.environ = t, signedIn()
	args = append([]string{"run", "DIR/in.csv", "--yes", "--column=upn", "--max-percent=0", "--concurrency=1", "--rate=5", "--deadline=8s", "--report-dir=DIR/out"}, args...)
	if code, out := d.offboard(args...); code != 6 || d.writes() == 0 || d.writes() == 60 {
		t.Fatalf("exit code %d after %d writes\n%s", code, d.writes(), out)
	}
}

// A run that run itself goes on with signs in the apps that it was begun with.
func TestRunGoesOnWithItsApps(t *testing.T) {
	const second = "00000000-0000-4000-8000-00000000000b"
	d := newBooth(t, 60, graphsim.Config{NoQuota: true, Latency: time.Second})
	text := "AZURE_TENANT_ID=" + ours.Tenant + "\nAZURE_CLIENT_ID=" + second + "\nAZURE_CLIENT_SECRET=s\n"
	if err := os.WriteFile(filepath.Join(d.dir, "second.app"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		stopped(t, d, "--app", d.dir+"/second.app")
		code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--max-percent=0", "--rate=0", "--concurrency=8")
		if code != 0 || !strings.Contains(out, "--app "+d.dir+"/second.app, as run") || !strings.Contains(out, "apps     2: together") {
			t.Errorf("exit code %d\n%s", code, out)
		}
	})
}

// The command that goes on with a resume that was stopped has its limits, its age and
// its caller, and so works when it is pasted.
func TestStoppedResumeIsResumed(t *testing.T) {
	d := newBooth(t, 60, graphsim.Config{NoQuota: true, Latency: time.Second})
	if err := os.WriteFile(filepath.Join(d.dir, "list.txt"), []byte("u59@contoso.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		stopped(t, d)
		time.Sleep(25 * time.Hour)
		d.environ[1] = "AZURE_CLIENT_ID=00000000-0000-4000-8000-00000000000b"
		code, out := d.offboard("resume", "--as-caller", "--max-age=0", "--max-users=100", "--protect=DIR/list.txt", "--yes", "--deadline=8s")
		line := regexp.MustCompile(`(?m)^Resume with: offboard (.*)$`).FindStringSubmatch(out)
		if code != 6 || line == nil {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		for _, want := range []string{" --as-caller", " --max-age 0s", " --max-users 100", " --protect " + d.dir + "/list.txt", " --yes"} {
			if !strings.Contains(line[1], want) {
				t.Errorf("no%s in %s", want, line[1])
			}
		}
		if code, out := d.offboard(strings.Fields(line[1])...); code != 0 || !strings.Contains(out, "59  verified") {
			t.Errorf("exit code %d\n%s", code, out)
		}
	})
}

// The command that goes on with the run of another app says that this is meant.
func TestOtherAppsRunIsResumed(t *testing.T) {
	d := newBooth(t, 60, graphsim.Config{NoQuota: true, Latency: time.Second})
	synctest.Test(t, func(t *testing.T) {
		stopped(t, d)
		d.environ[1] = "AZURE_CLIENT_ID=00000000-0000-4000-8000-00000000000b"
		code, out := d.offboard("run", "DIR/in.csv", "--dry-run", "--column=upn", "--max-percent=0", "--report-dir=DIR/dry")
		line := regexp.MustCompile(`(?m)is not at its end; to go on with it: offboard (.*)$`).FindStringSubmatch(out)
		if code != 0 || line == nil {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		if code, out := d.offboard(append(strings.Fields(line[1]), "--yes")...); code != 0 || d.writes() != 60 {
			t.Errorf("%s: exit code %d, %d writes\n%s", line[1], code, d.writes(), out)
		}
	})
}

// A night with another export tells of the run that last night's left open.
func TestStoppedRunOfAnotherInputIsTold(t *testing.T) {
	d := newBooth(t, 60, graphsim.Config{NoQuota: true, Latency: time.Second})
	if err := os.WriteFile(filepath.Join(d.dir, "next.csv"), []byte("upn\nu0@contoso.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		stopped(t, d)
		args := []string{"run", "DIR/next.csv", "--column=upn", "--max-percent=0", "--yes", "--new", "--report-dir=DIR/next"}
		code, out := d.offboard(args...)
		line := regexp.MustCompile(`(?m)^note     run \S+ of \S+/in\.csv, with people whom this input may not name, of .* is not at its end; to go on with it: offboard (.*)$`).FindStringSubmatch(out)
		if code != 0 || line == nil {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		if code, out := d.offboard(append(strings.Fields(line[1]), "--yes")...); code != 0 || d.writes() != 61 {
			t.Errorf("%s: exit code %d, %d writes\n%s", line[1], code, d.writes(), out)
		}
		if _, out := d.offboard(args...); strings.Contains(out, "is not at its end") {
			t.Error(out)
		}
	})
}

// Nobody is told that nothing was written where an earlier session of the run wrote,
// nor signed in for a question that cannot be asked.
func TestRefusedResumeSaysNothingMore(t *testing.T) {
	d := newBooth(t, 60, graphsim.Config{NoQuota: true, Latency: time.Second})
	for name, text := range map[string]string{"broken.txt": "no name\n", "list.txt": "u59@contoso.example\n"} {
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		stopped(t, d)
		gone := tripped(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/$batch") {
				return &http.Response{StatusCode: 403, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
			}
			return d.tenant.RoundTrip(r)
		})
		changing := tripped(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/$batch") { // by when it was read
				_ = os.WriteFile(filepath.Join(d.dir, "list.txt"), []byte("u58@contoso.example\n"), 0o600)
			}
			return d.tenant.RoundTrip(r)
		})
		for _, c := range []struct {
			name    string
			network http.RoundTripper
			app     string
			asks    bool
			args    string
			code    exitCode
			says    string
		}{
			{"another caller", d.tenant, "00000000-0000-4000-8000-00000000000b", false, "--yes", 4, "give --as-caller"},
			{"a person who says no", d.tenant, ours.App, true, "", 4, "refused by the person asked"},
			{"a list that cannot be read", d.tenant, ours.App, false, "--yes --protect=DIR/broken.txt", 4, "line 1: holds a blank"},
			{"a list that cannot be looked up", gone, ours.App, false, "--yes --protect=DIR/list.txt", 5, "look up --protect"},
			{"a list that changes", changing, ours.App, false, "--yes --protect=DIR/list.txt", 4, "the file changed after it was read"},
			{"another tenant", d.tenant, ours.App, false, "--yes --tenant=" + otherTenant, 5, "AZURE_TENANT_ID is"},
			{"no person", d.tenant, ours.App, false, "", 4, "no terminal to ask at; give --yes"},
		} {
			d.network, d.asks = c.network, c.asks
			d.environ[1] = "AZURE_CLIENT_ID=" + c.app
			before, calls := d.writes(), d.tenant.Stats().Calls
			args := []string{"resume"}
			if c.name == "another tenant" { // which resume does not look for a run of
				args = append(args, "20")
			}
			code, out := d.offboard(append(args, strings.Fields(c.args)...)...)
			if code != c.code || !strings.Contains(out, c.says) || strings.Contains(out, "nothing was written") || d.writes() != before {
				t.Errorf("%s: exit code %d, %d writes\n%s", c.name, code, d.writes()-before, out)
			}
			if c.name == "no person" && d.tenant.Stats().Calls != calls {
				t.Errorf("signed in, and nobody can be asked\n%s", out)
			}
		}
	})
}

// A stop at the question is no refusal: what was planned goes on when it is asked again.
func TestStopAtTheQuestion(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{NoQuota: true, Latency: time.Second})
	synctest.Test(t, func(t *testing.T) {
		d.t, d.environ, d.asks, d.stdin, d.stop = t, signedIn(), true, silence{}, make(chan struct{})
		time.AfterFunc(time.Minute, func() { close(d.stop) })
		code, out := d.offboard("run", "DIR/in.csv", "--column=upn", "--max-percent=0", "--report-dir=DIR/out")
		line := regexp.MustCompile(`(?m)^offboard: next: offboard (resume .*)$`).FindStringSubmatch(out)
		if code != 6 || d.writes() != 0 || line == nil || !strings.Contains(out, "stopped before the end, at the question; nothing was written") {
			t.Fatalf("exit code %d, %d writes\n%s", code, d.writes(), out)
		}
		d.stop = nil
		if code, out := d.offboard(append(strings.Fields(line[1]), "--yes")...); code != 0 || d.writes() != 3 {
			t.Errorf("%s: exit code %d, %d writes\n%s", line[1], code, d.writes(), out)
		}
		time.Sleep(2 * time.Hour) // until the silence is over
	})
}

// One deadline is for all of the command, and a stop before anything is planned says so
// and what to do.
func TestOneDeadline(t *testing.T) {
	for name, path := range map[string]string{"signing in": "/token", "counting": "/users/$count", "looking up": "/$batch"} {
		t.Run(name, func(t *testing.T) {
			d := newBooth(t, 3, graphsim.Config{NoQuota: true})
			d.environ = signedIn()
			synctest.Test(t, func(t *testing.T) {
				d.t = t
				d.network = tripped(func(r *http.Request) (*http.Response, error) {
					switch since := time.Since(d.start); {
					case strings.HasSuffix(r.URL.Path, "/token") && since < 4*time.Minute: // every stage takes its time
					case strings.HasSuffix(r.URL.Path, path):
					default:
						return d.tenant.RoundTrip(r)
					}
					return &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
				})
				code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--max-percent=50", "--deadline=5m", "--report-dir=DIR/out")
				if took := time.Since(d.start); code != 6 || took > 5*time.Minute+10*time.Second {
					t.Errorf("exit code %d after %v\n%s", code, took, out)
				}
				if want := fmt.Sprintf("next: nothing was planned or written; run it again: offboard run %s/in.csv", d.dir); !strings.Contains(out, want) || strings.Contains(out, "offboard resume") {
					t.Errorf("it does not say %q\n%s", want, out)
				}
			})
		})
	}
}

// silence is a terminal at which nobody types.
type silence struct{}

func (silence) Read([]byte) (int, error) {
	time.Sleep(time.Hour)
	return 0, os.ErrClosed
}
