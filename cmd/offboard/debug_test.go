package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"offboard/batch/graphsim"
)

// The trace of a whole job has each call and no secret: not the app's, no token, and no
// password that the job drew.
func TestDebugTrace(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{Domain: "contoso.example", NoQuota: true, ClientSecret: "hush+hush"})
	secrets, calls := map[string]bool{"hush+hush": true, "hush%2Bhush": true}, 0
	var mu sync.Mutex
	drawn := regexp.MustCompile(`"password":"([^"]*)"`)
	d.network = tripped(func(r *http.Request) (*http.Response, error) {
		var body []byte
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body) // of memory
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		mu.Lock()
		defer mu.Unlock()
		calls++
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			secrets[token] = true
		}
		for _, m := range drawn.FindAllStringSubmatch(string(body), -1) {
			secrets[m[1]] = true
		}
		return d.tenant.RoundTrip(r)
	})
	d.environ = []string{"AZURE_TENANT_ID=" + ours.Tenant, "AZURE_CLIENT_ID=" + ours.App, "AZURE_CLIENT_SECRET=hush+hush"}
	trace := filepath.Join(d.dir, "trace.txt")
	args := []string{"run", "DIR/in.csv", "--yes", "--column=upn", "--steps=disable,password", "--no-verify", "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out", "--debug-http=DIR/trace.txt"}
	code, out := d.offboard(append([]string{}, args...)...)
	if code != 0 || !strings.Contains(out, "each call is written to "+trace+": without secrets, but with the names of users") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	if len(secrets) < 2+1+3 {
		t.Errorf("%d secrets are known: the test would show nothing", len(secrets))
	}
	for secret := range secrets {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is in the trace", secret)
		}
	}
	if n := strings.Count(string(text), ", response\n"); n != calls || !strings.Contains(string(text), "u0@contoso.example") || !strings.Contains(string(text), "/oauth2/v2.0/token") {
		t.Errorf("%d responses of %d calls\n%.3000s", n, calls, text)
	}
	if info, err := os.Stat(trace); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	before := d.tenant.Stats().Calls
	if code, out := d.offboard(args...); code != 2 || !strings.Contains(out, "the file exists; name another one") || d.tenant.Stats().Calls != before {
		t.Errorf("a file that is there: exit code %d\n%s", code, out)
	}
}
