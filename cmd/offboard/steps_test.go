package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
)

// newLeavers is a booth of n enabled users, u0 and so on: each with a Windows device, in a
// security group, and with a licence.
func newLeavers(t *testing.T, n int, cfg graphsim.Config) *booth {
	t.Helper()
	cfg.NoQuota, cfg.Latency = true, 200*time.Millisecond
	d := newBooth(t, 0, cfg)
	d.environ = signedIn()
	file := "upn\n"
	var all []string
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		upn := leaver(i)
		all = append(all, upn)
		file += upn + "\n"
		must(d.tenant.Add(graphsim.User{UPN: upn, Enabled: true}))
		must(d.tenant.AddDevice(graphsim.Device{Name: "pc of " + upn, Enabled: true, Users: []string{upn}, Owners: []string{upn}}))
		must(d.tenant.AddLicence(upn, "6fd2c87f-b296-42f0-b197-1e91e994b900"))
	}
	must(d.tenant.AddGroup(graphsim.Group{ID: graphsim.IDFor("sales"), Name: "sales", Members: all}))
	must(os.WriteFile(filepath.Join(d.dir, "in.csv"), []byte(file), 0o600))
	return d
}

func leaver(i int) string { return fmt.Sprintf("u%d@contoso.example", i) }

// deviceOf is what a tenant's state calls the power of a user's device.
func deviceOf(upn string) string {
	return "device " + graphsim.IDFor("device pc of "+upn) + " accountEnabled"
}

// reported is what a report says of each user, by column.
func (d *booth) reported(dir string) map[string]map[string]string {
	d.t.Helper()
	f, err := os.Open(filepath.Join(d.dir, dir, "report.csv"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		d.t.Fatal(err)
	}
	of := map[string]map[string]string{}
	for _, row := range rows[1:] {
		cells := map[string]string{}
		for i, name := range rows[0] {
			cells[name] = row[i]
		}
		of[cells["input"]] = cells
	}
	return of
}

// A signed plan is what is done, and nothing besides: not to a device that came after it,
// and not to a user who is protected since.
func TestApplySendsThePlanAlone(t *testing.T) {
	d := newLeavers(t, 3, graphsim.Config{})
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		if code, out := d.offboard("plan", "DIR/in.csv", "--steps=leaver", "--max-percent=0", "-o", "DIR/plan.jsonl"); code != exitDone || !strings.Contains(out, "step     devices: disable devices: 3 Windows\n") {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		if err := d.tenant.AddDevice(graphsim.Device{Name: "new", Enabled: true, Users: []string{leaver(0)}, Owners: []string{leaver(0)}}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d.dir, "list.txt"), []byte(leaver(2)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		before := d.tenant.State()
		code, out := d.offboard("apply", "DIR/plan.jsonl", "--yes", "--protect=DIR/list.txt", "--report-dir=DIR/out")
		if code != exitPartial || !strings.Contains(out, "note     1 thing of these users, such as devices and groups, is not in the plan: nothing is sent to it, and it ends failed; plan again") ||
			!strings.Contains(out, "step     licences: remove licences: 3 direct licences") || !strings.Contains(out, "protected now, and not sent: 1 user: "+leaver(2)) {
			t.Errorf("exit code %d\n%s", code, out)
		}
		diff := strings.Join(before.Diff(d.tenant.State()), "\n")
		if strings.Contains(diff, leaver(2)) || strings.Contains(diff, graphsim.IDFor("device new")) || strings.Contains(diff, deviceOf(leaver(2))) || strings.Count(diff, "\n")+1 != 2*6 {
			t.Errorf("the tenant changed:\n%s", diff)
		}
		if r := d.reported("out")[leaver(2)]; r["outcome"] != "protected" {
			t.Errorf("the protected one is reported as %v", r)
		}
		if r := d.reported("out")[leaver(0)]; r["outcome"] != "failed" || r["contained"] == "yes" {
			t.Errorf("the one with a device that came after the plan is reported as %v", r)
		}
	})
}

// wordStop lets a tenant answer so many calls that write the words, and then stops the run.
type wordStop struct {
	next  http.RoundTripper
	words string
	calls int
	stop  func()
}

func (s *wordStop) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body, body = io.NopCloser(bytes.NewReader(text)), string(text)
	}
	resp, err := s.next.RoundTrip(r)
	if strings.Contains(body, s.words) {
		if s.calls--; s.calls == 0 {
			s.stop()
		}
	}
	return resp, err
}

// A run that stopped after a step goes on with the next one. A user who is protected
// only then keeps what was done, and everything that was open ends protected.
func TestProtectedSinceTheFirstStep(t *testing.T) {
	d := newLeavers(t, 4, graphsim.Config{})
	synctest.Test(t, func(t *testing.T) {
		d.t, d.stop = t, make(chan struct{})
		stop := d.stop
		d.network = &wordStop{next: d.tenant, words: `"accountEnabled":false`, calls: 1, stop: func() { close(stop) }}
		code, out := d.offboard("run", "DIR/in.csv", "--steps=leaver", "--yes", "--max-percent=0", "--report-dir=DIR/one")
		if code != exitStopped {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		before := d.tenant.State()
		if before["user "+leaver(1)+" accountEnabled"] != "false" || before[deviceOf(leaver(1))] != "true" {
			t.Fatal("it did not stop after the first step")
		}
		if err := os.WriteFile(filepath.Join(d.dir, "list.txt"), []byte(leaver(1)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		d.network, d.stop = d.tenant, nil
		// Four users, one of them protected: the limit counts users, and not their writes.
		code, out = d.offboard("resume", "--yes", "--protect=DIR/list.txt", "--max-users=3", "--report-dir=DIR/two")
		if code != exitDone || !strings.Contains(out, "protected now, and not sent: 1 user: "+leaver(1)) {
			t.Errorf("exit code %d\n%s", code, out)
		}
		for _, line := range before.Diff(d.tenant.State()) {
			if strings.Contains(line, leaver(1)) || strings.HasPrefix(line, deviceOf(leaver(1))) {
				t.Errorf("the protected user was touched: %s", line)
			}
		}
		r := d.reported("two")
		if got := r[leaver(1)]; got["outcome"] != "protected" || got["disable"] != "verified" || got["devices"] != "protected" || got["licences"] != "protected" {
			t.Errorf("the protected one is reported as %v", got)
		}
		if got := r[leaver(2)]; got["outcome"] != "verified" || got["licences"] != "verified" {
			t.Errorf("another one is reported as %v", got)
		}
	})
}

// The flags of how a run is carried out mean the same for a run of several steps.
func TestFlagsWithSteps(t *testing.T) {
	const second = "00000000-0000-4000-8000-00000000000b"
	start := func(t *testing.T, d *booth, more ...string) (exitCode, string) {
		return d.offboard(append([]string{"run", "DIR/in.csv", "--steps=leaver", "--yes", "--max-percent=0", "--report-dir=DIR/out"}, more...)...)
	}
	all := func(t *testing.T, d *booth, column string, want ...string) {
		t.Helper()
		for upn, r := range d.reported("out") {
			if !slices.Contains(want, r[column]) {
				t.Errorf("%s: %s is %q, want one of %q", upn, column, r[column], want)
			}
		}
	}
	for name, f := range map[string]func(*testing.T, *booth){
		"since spares the revocation alone": func(t *testing.T, d *booth) {
			if code, out := d.offboard("run", "DIR/in.csv", "--yes", "--max-percent=0", "--report-dir=DIR/before"); code != exitDone {
				t.Fatal(out)
			}
			code, out := start(t, d, "--since=1h")
			if code != exitDone || !strings.Contains(out, "step     revoke: revoke sessions: 0 users\n         not sent 6: already, revoked since") {
				t.Errorf("exit code %d\n%s", code, out)
			}
			all(t, d, "revoke", "already")
			all(t, d, "disable", "verified")
			all(t, d, "outcome", "verified")
		},
		"since the last run, by its revocations": func(t *testing.T, d *booth) {
			if err := d.tenant.AddDevice(graphsim.Device{Name: "phone", System: "iOS", Enabled: true, Users: []string{leaver(0)}, Owners: []string{leaver(0)}}); err != nil {
				t.Fatal(err)
			}
			if code, out := start(t, d, "--since=last"); code != exitPartial || !strings.Contains(out, "--since last: no run") {
				t.Fatalf("exit code %d\n%s", code, out)
			}
			code, out := start(t, d, "--since=last", "--new")
			if code != exitPartial || !strings.Contains(out, "--since last: 6 users ended in success") || !strings.Contains(out, "step     revoke: revoke sessions: 0 users\n") {
				t.Errorf("exit code %d\n%s", code, out)
			}
			all(t, d, "revoke", "already")
		},
		"no proof": func(t *testing.T, d *booth) {
			if code, out := start(t, d, "--no-verify"); code != exitDone {
				t.Errorf("exit code %d\n%s", code, out)
			}
			all(t, d, "disable", "accepted")
			all(t, d, "revoke", "revoked")
			all(t, d, "groups", "accepted")
			for _, e := range d.tenant.Log() {
				if e.Method == http.MethodGet && e.Seq > 0 && strings.Contains(e.Path, "/devices/") {
					t.Errorf("a device was read back: %+v", e)
				}
			}
		},
		"order of the file": func(t *testing.T, d *booth) {
			if err := d.tenant.Assign(globalAdministrator, leaver(5)); err != nil {
				t.Fatal(err)
			}
			if code, out := start(t, d, "--order=file", "--concurrency=1"); code != exitPartial || !strings.Contains(out, "1 of them holds privileged roles: "+leaver(5)) {
				t.Errorf("exit code %d\n%s", code, out)
			}
			for _, e := range d.tenant.Log() {
				if e.Method == http.MethodPatch {
					if want, _ := d.tenant.User(leaver(0)); e.User != want.ID {
						t.Errorf("the first write is of %s", e.User)
					}
					break
				}
			}
		},
		"two apps": func(t *testing.T, d *booth) {
			text := "AZURE_TENANT_ID=" + ours.Tenant + "\nAZURE_CLIENT_ID=" + second + "\nAZURE_CLIENT_SECRET=s\n"
			if err := os.WriteFile(filepath.Join(d.dir, "second.app"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			before := d.tenant.State()
			if code, out := start(t, d, "--app=DIR/second.app"); code != exitDone || !strings.Contains(out, "apps     2: together") {
				t.Errorf("exit code %d\n%s", code, out)
			}
			all(t, d, "outcome", "verified")
			if n := len(before.Diff(d.tenant.State())); n != 6*6 {
				t.Errorf("%d things changed, want 6 of each of 6 users", n)
			}
		},
		"deadline": func(t *testing.T, d *booth) {
			before := d.tenant.State()
			if code, out := start(t, d, "--rate=2", "--deadline=9s"); code != exitStopped || !strings.Contains(out, "Resume with: offboard resume") || d.writes() == 0 || d.writes() >= 36 {
				t.Fatalf("exit code %d after %d writes\n%s", code, d.writes(), out)
			}
			if code, out := d.offboard("resume", "--yes", "--rate=0", "--report-dir=DIR/out"); code != exitDone {
				t.Errorf("exit code %d\n%s", code, out)
			}
			all(t, d, "outcome", "verified")
			if n := len(before.Diff(d.tenant.State())); n != 6*6 || d.writes() != 36 {
				t.Errorf("%d things changed in %d writes, want 36 of each", n, d.writes())
			}
		},
		"Ctrl-C": func(t *testing.T, d *booth) {
			stop := make(chan struct{})
			d.stop, d.network = stop, &wordStop{next: d.tenant, words: `/devices/`, calls: 1, stop: func() { close(stop) }}
			if code, out := start(t, d, "--concurrency=1"); code != exitStopped {
				t.Fatalf("exit code %d\n%s", code, out)
			}
			d.stop, d.network = nil, d.tenant
			if code, out := start(t, d); code != exitDone || !strings.Contains(out, "resuming run") {
				t.Errorf("exit code %d\n%s", code, out)
			}
			all(t, d, "outcome", "verified")
			if d.writes() != 36 {
				t.Errorf("%d writes, want 36", d.writes())
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newLeavers(t, 6, graphsim.Config{})
			synctest.Test(t, func(t *testing.T) {
				d.t = t
				f(t, d)
			})
		})
	}
}
