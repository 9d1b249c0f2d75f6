package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"offboard/batch/graphsim"
)

// A cloud sets where Graph is, where to sign in, and for what. It stays with the plan, and
// a plan of another cloud is refused before a call.
func TestCloudIsKept(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{Domain: "contoso.example", NoQuota: true})
	secret := []string{"AZURE_TENANT_ID=" + ours.Tenant, "AZURE_CLIENT_ID=" + ours.App, "AZURE_CLIENT_SECRET=hush"}
	hosts := map[string]bool{}
	d.network = tripped(func(r *http.Request) (*http.Response, error) {
		hosts[r.URL.Host] = true
		return d.tenant.RoundTrip(r)
	})
	limits := []string{"--max-percent=0", "--max-privileged=0"}
	for _, c := range []struct {
		args, env string
		code      exitCode
		hosts     string
		says      string
	}{
		{"run DIR/in.csv --yes --no-verify --column upn --report-dir=DIR/one --cloud usgov", "", 0, "graph.microsoft.us login.microsoftonline.us", ", tenant Contoso (contoso.example) at https://graph.microsoft.us (US Government L4, GCC High, --cloud usgov)"},
		{"plan DIR/in.csv --no-verify --column upn --cloud dod -o DIR/plan.jsonl", "", 0, "dod-graph.microsoft.us login.microsoftonline.us", "at https://dod-graph.microsoft.us (US Government L5, DoD, --cloud dod)"},
		{"plan DIR/in.csv --column upn --cloud dod -o DIR/none.jsonl", "AZURE_AUTHORITY_HOST=https://login.chinacloudapi.cn", 5, "", "name its cloud: --cloud china"},
		{"plan DIR/in.csv --column upn --cloud dod --graph-url https://graph.microsoft.us -o DIR/none.jsonl", "", 2, "", "leave one of them out"},
		{"plan DIR/in.csv --column upn -o DIR/none.jsonl", "OFFBOARD_ACCESS_TOKEN=" + bearerFor("https://microsoftgraph.chinacloudapi.cn"), 5, "", "--cloud china"},
		{"apply DIR/plan.jsonl --yes --cloud china", "", 4, "", "the plan was made at https://dod-graph.microsoft.us, and --cloud china is https://microsoftgraph.chinacloudapi.cn"},
		{"apply DIR/plan.jsonl --yes --report-dir=DIR/two", "", 0, "dod-graph.microsoft.us login.microsoftonline.us", ""},
	} {
		clear(hosts)
		if d.environ = secret; strings.HasPrefix(c.env, "OFFBOARD") {
			d.environ = []string{"AZURE_TENANT_ID=" + ours.Tenant, c.env}
		} else if c.env != "" {
			d.environ = append(slices.Clone(secret), c.env)
		}
		args := append(strings.Fields(c.args), limits...)
		code, out := d.offboard(args...)
		if got := strings.Join(slices.Sorted(maps.Keys(hosts)), " "); code != c.code || got != c.hosts || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit code %d, hosts %q\n%s", c.args, code, got, out)
		}
		if c.code == exitRefused && !strings.Contains(out, "--cloud dod") {
			t.Errorf("%s: the cloud of the plan is not offered\n%s", c.args, out)
		}
	}
}
