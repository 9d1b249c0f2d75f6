package main

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"offboard/batch/graphsim"
)

// newHook is a booth with a webhook and a file that holds its address, which has "hush"
// in it. Bodies of the notices are sent to the channel.
func newHook(t *testing.T, status int) (*booth, chan string) {
	bodies := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/hush" {
			t.Errorf("%s: %v", r.URL, err)
		}
		bodies <- string(body)
		w.WriteHeader(status)
	}))
	t.Cleanup(hook.Close)
	d := newBooth(t, 3, graphsim.Config{StaticToken: mighty, NoQuota: true})
	d.environ = []string{"OFFBOARD_ACCESS_TOKEN=" + mighty}
	if err := os.WriteFile(filepath.Join(d.dir, "hook"), []byte(hook.URL+"/hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "more.csv"), []byte("upn\nu1@contoso.example\nnobody@contoso.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return d, bodies
}

const mayRun = "run DIR/in.csv --column=upn --yes --max-percent=0 --report-dir=DIR/out --tenant=" + graphsim.DefaultTenantID

// However a command ends that carries out, the webhook is told once, with nobody's name,
// and its address is told nowhere. A webhook that does not take it changes no exit code.
func TestNotices(t *testing.T) {
	for _, c := range []struct {
		name, args, state string
		status            int
		code              exitCode
		notice            string // a part of it; "" is that there is none
	}{
		{"success", mayRun, "", 200, 0, `"success":3,"neutral":0,"failure":0`},
		{"nobody is shown contained", mayRun + " --steps=disable,revoke --no-verify", "", 200, 0, `"meaning":"no row failed, but the directory does not show everybody contained"`},
		{"contained", mayRun + " --steps=disable,revoke", "", 200, 0, `"contained":{"users":3,"of":3}`},
		{"some are not done", strings.ReplaceAll(mayRun, "in.csv", "more.csv"), "", 200, 3, `"not_found":1`},
		{"dry run", mayRun + " --dry-run", "", 200, 0, `"dry_run":true`},
		{"refused", mayRun + " --max-users=1", "", 200, 4, `"not_sent":3`},
		{"no sign-in", mayRun, "stranger", 200, 5, `"counts":null`},
		{"stopped", mayRun, "stopped", 200, 6, `"run":null`},
		{"no input", strings.ReplaceAll(mayRun, "in.csv", "none.csv"), "", 200, 2, `"exit":2`},
		{"nothing to resume", "resume --yes", "", 200, 2, `"command":"resume"`},
		{"a wrong command line", mayRun + " --nosuch", "", 200, 2, ""},
		{"a webhook that is gone", mayRun, "", 404, 0, `"exit":0`},
		{"a webhook that is gone, in a quiet run", mayRun + " --quiet", "", 404, 0, `"exit":0`},
		{"another format", mayRun + " --notify-format=slack", "", 200, 0, `{"text":"offboard run `},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, bodies := newHook(t, c.status)
			d.spoil(c.state)
			code, stdout, stderr := d.streams(append(strings.Fields(c.args), "--notify-file=DIR/hook", "--verbose")...)
			if code != c.code {
				t.Fatalf("exit code %d, want %d\n%s", code, c.code, stderr)
			}
			said := strings.Contains(stderr, "note     the notice was not delivered (--notify-file): HTTP status 404")
			if said != (c.status == 404) {
				t.Errorf("it is told: %s", stderr)
			}
			close(bodies)
			n := 0
			for body := range bodies {
				if n++; !json.Valid([]byte(body)) || !strings.Contains(body, c.notice) {
					t.Errorf("the notice is %s", body)
				}
				for _, name := range []string{"contoso", "u1@", "in.csv", "more.csv", ours.Tenant, "error"} {
					if strings.Contains(body, name) {
						t.Errorf("the notice has %s: %s", name, body)
					}
				}
			}
			if want := min(1, len(c.notice)); n != want {
				t.Errorf("%d notices, want %d", n, want)
			}
			if strings.Contains(stdout+stderr, "hush") {
				t.Errorf("the address is told\n%s%s", stdout, stderr)
			}
			err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() || e.Name() == "hook" {
					return err
				}
				b, err := os.ReadFile(path)
				if bytes.Contains(b, []byte("hush")) {
					t.Errorf("%s has the address", path)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// What is wrong with the webhook or the metrics is told before anything is done.
func TestWrongHooks(t *testing.T) {
	for _, c := range []struct {
		flag, hook string
		mode       os.FileMode
		says       string
	}{
		{"--notify-file=DIR/hook", "https://siem.example/hush", 0o644, "everybody on this machine can read"},
		{"--notify-file=DIR/hook", "http://siem.example/hush", 0o600, "it is http"},
		{"--notify-file=DIR/hook", "hush", 0o600, "it is no address"},
		{"--notify-file=DIR/none", "", 0o600, "no such file"},
		{"--metrics-file=DIR/metrics.txt", "", 0o600, "files that end in .prom alone"},
		{"--metrics-file=DIR/none/offboard.prom", "", 0o600, "cannot be written"},
	} {
		if runtime.GOOS == "windows" && c.mode != 0o600 {
			continue
		}
		d, _ := newHook(t, 200)
		path := filepath.Join(d.dir, "hook")
		if err := os.WriteFile(path, []byte(c.hook), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := d.streams(append(strings.Fields(mayRun), c.flag)...)
		if code != 2 || !strings.Contains(stderr, c.says) || strings.Contains(stdout+stderr, "hush") {
			t.Errorf("%s of %q: exit code %d\n%s", c.flag, c.hook, code, stderr)
		}
		if _, err := os.Stat(filepath.Join(d.dir, "journal.db")); err == nil {
			t.Errorf("%s: something was done", c.flag)
		}
	}
	// Nothing waits for a pipe, and nothing takes the place of one.
	if d, _ := newHook(t, 200); exec.Command("mkfifo", filepath.Join(d.dir, "pipe.prom")).Run() == nil {
		for _, flag := range []string{"metrics-file", "notify-file", "config", "app", "protect", "quota-file", "sign-key"} {
			code, _, stderr := d.streams(append(strings.Fields(mayRun), "--"+flag+"=DIR/pipe.prom")...)
			if code != 2 && code != 4 || !strings.Contains(stderr, "no regular file") || d.writes() > 0 {
				t.Errorf("--%s: exit code %d\n%s", flag, code, stderr)
			}
		}
	}
	// The group may read it, as a service's secrets are given.
	d, bodies := newHook(t, 200)
	if err := os.Chmod(filepath.Join(d.dir, "hook"), 0o440); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := d.streams(append(strings.Fields(mayRun), "--notify-file=DIR/hook")...); code != 0 || len(bodies) != 1 {
		t.Errorf("exit code %d, %d notices\n%s", code, len(bodies), stderr)
	}
}

// Metrics are in Prometheus' text format, for others to read. A command that failed keeps
// the tenant and the time of the last success.
func TestMetrics(t *testing.T) {
	d, _ := newHook(t, 200)
	path := filepath.Join(d.dir, "offboard.prom")
	measured := func(args string) map[string]string {
		t.Helper()
		d.streams(append(strings.Fields(args), "--metrics-file=DIR/offboard.prom")...)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return samples(t, string(text))
	}
	tenant := `{tenant="` + ours.Tenant + `"`
	good := measured(mayRun)
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for name, want := range map[string]string{
		"offboard_exit_code" + tenant + "}": "0", "offboard_people" + tenant + "}": "3",
		"offboard_rows" + tenant + `,outcome="verified"}`: "3", "offboard_rows" + tenant + `,outcome="denied"}`: "0",
	} {
		if good[name] != want {
			t.Errorf("%s is %q, want %s", name, good[name], want)
		}
	}
	success, finished := lastSuccess+tenant+"}", lastFinished+tenant+"}"
	if good[success] == "" || good[success] != good["offboard_end_timestamp_seconds"+tenant+"}"] {
		t.Errorf("the last success is %q", good[success])
	}
	partial := measured(strings.ReplaceAll(mayRun, "in.csv", "more.csv") + " --no-verify") // a second stamp within one second proves nothing
	if partial["offboard_exit_code"+tenant+"}"] != "3" || partial[success] != good[success] || partial[finished] == good[finished] {
		t.Errorf("after exit code 3: %v", partial)
	}
	measured(mayRun + " --dry-run")
	d.environ = []string{"OFFBOARD_ACCESS_TOKEN=nonsense"}
	failed := measured(mayRun + " --new")
	if failed["offboard_exit_code"+tenant+"}"] != "5" || failed[success] != good[success] || failed[finished] != partial[finished] || failed["offboard_people"+tenant+"}"] != "" {
		t.Errorf("after a failed sign-in: %v", failed)
	}
	d.environ = []string{"OFFBOARD_ACCESS_TOKEN=" + mighty}
	steps := measured(strings.ReplaceAll(mayRun, "--yes", "--yes --no-verify --new --steps=disable,revoke"))
	if steps["offboard_step_users"+tenant+`,step="disable",outcome="already"}`] != "3" || steps["offboard_step_users"+tenant+`,step="revoke",outcome="revoked"}`] != "3" || steps["offboard_contained_people"+tenant+"}"] == "" {
		t.Errorf("of two steps: %v", steps)
	}
}

// samples reads metrics as strictly as the format allows: each family has its help and
// type before it, and no sample is there twice.
func samples(t *testing.T, text string) map[string]string {
	t.Helper()
	help, kind := regexp.MustCompile(`^# HELP ([a-z_]+) [^\\]+$`), regexp.MustCompile(`^# TYPE ([a-z_]+) gauge$`)
	line := regexp.MustCompile(`^(([a-z_]+)\{[a-z_]+="[^"\\\n]*"(?:,[a-z_]+="[^"\\\n]*")*\}) (-?\d+(?:\.\d+)?)$`)
	if !strings.HasSuffix(text, "\n") {
		t.Errorf("the last line has no end")
	}
	all, families, family := map[string]string{}, map[string]bool{}, ""
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if m := help.FindStringSubmatch(l); m != nil && !families[m[1]] {
			family, families[m[1]] = m[1], true
		} else if m := kind.FindStringSubmatch(l); m != nil && m[1] == family {
			continue
		} else if m := line.FindStringSubmatch(l); m != nil && m[2] == family && all[m[1]] == "" {
			all[m[1]] = m[3]
		} else {
			t.Errorf("%q is no line of the format, or stands in the wrong place", l)
		}
	}
	return all
}
