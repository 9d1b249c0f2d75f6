package main

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
	"offboard/batch/journal"
)

// opaque is a booth whose token says nothing of its tenant, with so much trouble at
// /organization before the tenant answers there.
func opaque(t *testing.T, n int, trouble time.Duration) *booth {
	d := newBooth(t, n, graphsim.Config{StaticToken: "T", Domain: "contoso.example", NoQuota: true, Latency: time.Second})
	d.environ = []string{"OFFBOARD_ACCESS_TOKEN=T"}
	d.network = tripped(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/organization") && time.Since(d.start) < trouble {
			return nil, os.ErrDeadlineExceeded
		}
		return d.tenant.RoundTrip(r)
	})
	return d
}

// A tenant that was named is asked for when the token does not say its own, and waited
// for: what cannot be confirmed is not worked on. A tenant on this machine is no exception.
func TestNamedTenantIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name, tenant string
		trouble      time.Duration
		code         exitCode
		says         string
	}{
		{"a hiccup", ours.Tenant, 10 * time.Minute, 0, "waiting for"},
		{"a hiccup, and it is another", otherTenant, 10 * time.Minute, 5, "leads to tenant " + ours.Tenant},
		{"no answer", ours.Tenant, 24 * time.Hour, 5, "that it is " + ours.Tenant + " could not be confirmed; nothing was written"},
	} {
		for _, root := range []string{"https://graph.microsoft.com", "http://127.0.0.1:9"} {
			t.Run(c.name+" at "+root, func(t *testing.T) {
				d := opaque(t, 3, c.trouble)
				synctest.Test(t, func(t *testing.T) {
					d.t = t
					code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--max-percent=0", "--outage=1h", "--report-dir=DIR/out", "--graph-url="+root, "--tenant="+c.tenant)
					if code != c.code || (d.writes() > 0) != (c.code == 0) || !strings.Contains(out, c.says) {
						t.Errorf("exit code %d, want %d and %q; %d writes\n%s", code, c.code, c.says, d.writes(), out)
					}
				})
			})
		}
	}
}

// What the service says of the tenant is the plan's, so that the resume that is printed
// needs no --tenant, and goes on in that tenant alone.
func TestConfirmedTenantIsThePlans(t *testing.T) {
	d := opaque(t, 60, 0)
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--max-percent=0", "--concurrency=1", "--rate=5", "--deadline=8s", "--report-dir=DIR/out", "--tenant="+ours.Tenant)
		line := regexp.MustCompile(`(?m)^Resume with: offboard (resume .*)$`).FindStringSubmatch(out)
		if code != 6 || line == nil {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		store, err := journal.Open(t.Context(), d.dir+"/journal.db")
		if err != nil {
			t.Fatal(err)
		}
		runs, err := store.Runs(t.Context(), journal.Filter{})
		store.Close()
		if err != nil || len(runs) != 1 || runs[0].Plan().Tenant != ours.Tenant {
			t.Errorf("the journal has %v, %v; want one run of %s", runs, err, ours.Tenant)
		}
		before, resume := d.writes(), strings.Fields(line[1])
		mine := d.tenant
		other := newBooth(t, 60, graphsim.Config{StaticToken: "T", TenantID: otherTenant, NoQuota: true})
		d.network = other.tenant
		if code, out := d.offboard(resume...); code != 4 || other.writes() > 0 || !strings.Contains(out, "this is tenant "+otherTenant) {
			t.Errorf("another tenant: exit code %d, %d writes\n%s", code, other.writes(), out)
		}
		d.network = mine
		if code, out := d.offboard(resume...); code != 0 || d.writes() <= before {
			t.Errorf("%s: exit code %d, %d writes\n%s", line[1], code, d.writes()-before, out)
		}
	})
}

// A tenant that nothing confirms is not the plan's, and so the resume that is printed
// names it again.
func TestUnconfirmedTenantIsPrinted(t *testing.T) {
	d := opaque(t, 60, 0)
	asked := d.network
	d.network = tripped(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/organization") {
			return &http.Response{StatusCode: 403, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}
		return asked.RoundTrip(r)
	})
	d.asks = true
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		d.stdin = strings.NewReader("y\n")
		code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--max-percent=0", "--max-privileged=0", "--concurrency=1", "--rate=5", "--deadline=8s", "--report-dir=DIR/out", "--tenant="+ours.Tenant)
		line := regexp.MustCompile(`(?m)^Resume with: offboard (resume .*)$`).FindStringSubmatch(out)
		if code != 6 || line == nil || !strings.Contains(out, "the app may not read it (Organization.Read.All); --tenant "+ours.Tenant+" could not be confirmed") {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		before := d.writes()
		d.stdin = strings.NewReader("y\n")
		if code, out := d.offboard(strings.Fields(line[1])...); code != 0 || d.writes() <= before || !strings.Contains(out, "could not be confirmed") {
			t.Errorf("%s: exit code %d, %d writes\n%s", line[1], code, d.writes()-before, out)
		}
	})
}
