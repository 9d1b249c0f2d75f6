package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
)

// A token that cannot be renewed is not waited for: what Graph refuses twice in a row ends the
// command, before the first write or in the middle of them, and is not called new tokens.
func TestFixedTokenRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		until func(path, body string) bool // the first call that is refused, and all after it
		again bool                         // the run can be gone on with
	}{
		{"at the first call", func(string, string) bool { return true }, false},
		{"at a lookup", func(path, _ string) bool { return strings.HasSuffix(path, "/$batch") }, false},
		{"at a write", func(_, body string) bool { return strings.Contains(body, "revokeSignInSessions") }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newBooth(t, 3, graphsim.Config{NoQuota: true, StaticToken: "T"})
			d.environ = []string{"OFFBOARD_ACCESS_TOKEN=T"}
			synctest.Test(t, func(t *testing.T) {
				d.t = t
				refused := 0
				d.network = tripped(func(r *http.Request) (*http.Response, error) {
					var body []byte
					if r.Body != nil {
						body, _ = io.ReadAll(r.Body) // of memory
						r.Body = io.NopCloser(bytes.NewReader(body))
					}
					if refused > 0 || strings.HasPrefix(r.URL.Host, "graph.") && c.until(r.URL.Path, string(body)) {
						refused++
						return says(r, 401, `{"error":{"code":"InvalidAuthenticationToken","message":"the token is expired"}}`), nil
					}
					return d.tenant.RoundTrip(r)
				})
				start := time.Now()
				code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--tenant="+ours.Tenant, "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out")
				if took := time.Since(start); code != 5 || took > 3*time.Second || refused != 2 || d.writes() > 0 {
					t.Errorf("exit code %d after %v, %d calls refused, %d writes", code, took, refused, d.writes())
				}
				if !strings.Contains(out, "Graph refuses the token in OFFBOARD_ACCESS_TOKEN: call refused with HTTP 401 InvalidAuthenticationToken: the token is expired; it may") || strings.Contains(out, "new tokens") || strings.Contains(out, "resume ") != c.again {
					t.Errorf("it says\n%s", out)
				}
			})
		})
	}
}

// A token that is refused for one user alone stays in use.
func TestFixedTokenRefusedForOne(t *testing.T) {
	d := newBooth(t, 3, graphsim.Config{NoQuota: true, StaticToken: "T", Faults: []graphsim.Fault{{Kind: graphsim.Item401, Match: "u1@contoso.example", Times: 2, Only: "write"}}})
	d.environ = []string{"OFFBOARD_ACCESS_TOKEN=T"}
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--tenant="+ours.Tenant, "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out")
		if code != 0 || d.writes() != 3 {
			t.Errorf("exit code %d, %d writes\n%s", code, d.writes(), out)
		}
	})
}

// What a token says of itself is looked at before anything is sent.
func TestFixedTokenIsNotSent(t *testing.T) {
	for _, c := range []struct{ claims, says string }{
		{`{"exp":946684800}`, "the token in OFFBOARD_ACCESS_TOKEN expired at 2000-01-01T00:00:00Z"},
		{`{"aud":"https://management.azure.com/"}`, "is for https://management.azure.com, not for Microsoft Graph"},
	} {
		d := newBooth(t, 3, graphsim.Config{NoQuota: true})
		d.environ = []string{"OFFBOARD_ACCESS_TOKEN=h." + base64.RawURLEncoding.EncodeToString([]byte(c.claims)) + ".s"}
		code, out := d.offboard("run", "DIR/in.csv", "--yes", "--column=upn", "--tenant="+ours.Tenant)
		if code != 5 || !strings.Contains(out, c.says) || d.tenant.Stats().Calls > 0 {
			t.Errorf("exit code %d, %d calls\n%s", code, d.tenant.Stats().Calls, out)
		}
	}
}

// A token that ends before the writes can is refused before anything is written, with the
// figures; in a rehearsal, too. One that lasts is used, and so is one that a command renews.
func TestFixedTokenEndsBeforeTheRun(t *testing.T) {
	for _, c := range []struct {
		name  string
		lasts time.Duration
		by    string
		args  string
		code  exitCode
		says  string

		tokens int
	}{
		{"too short", 5 * time.Minute, "OFFBOARD_ACCESS_TOKEN=", "", exitSignIn, "the access token ends in 5 min 0 s, at ", 1},
		{"too short for a rehearsal", 5 * time.Minute, "OFFBOARD_ACCESS_TOKEN=", "--dry-run", exitSignIn, "and 60 writes take at least 6 min 40 s; nothing was written; take a shorter file", 1},
		{"too short, and a guard refuses", 5 * time.Minute, "OFFBOARD_ACCESS_TOKEN=", "--max-users=3", exitSignIn, "  - the access token ends in ", 1},
		{"long enough", time.Hour, "OFFBOARD_ACCESS_TOKEN=", "", exitDone, "", 1},
		{"renewed", 5 * time.Minute, "OFFBOARD_ACCESS_TOKEN_COMMAND=", "", exitDone, "the token in OFFBOARD_ACCESS_TOKEN_COMMAND, which is set", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				token := func(n int) string {
					claims := fmt.Sprintf(`{"tid":%q,"appid":%q,"uti":"%d","exp":%d}`, ours.Tenant, ours.App, n, time.Now().Add(time.Duration(n)*c.lasts).Unix())
					return "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s"
				}
				first := token(1)
				d := newBooth(t, 60, graphsim.Config{NoQuota: true, StaticToken: first})
				d.environ = []string{c.by + first}
				if strings.HasSuffix(c.by, "_COMMAND=") {
					all := filepath.Join(dir, "tokens")
					if err := os.WriteFile(all, []byte(first+"\n"+token(2)+"\n"+token(3)+"\n"), 0o600); err != nil {
						t.Fatal(err)
					}
					d.environ = []string{fmt.Sprintf(`%secho >> %s.n; sed -n "$(wc -l < %[2]s.n)p" %[2]s`, c.by, all)}
				}
				used := map[string]bool{}
				var mu sync.Mutex
				d.network = tripped(func(r *http.Request) (*http.Response, error) {
					r = r.Clone(r.Context())
					mu.Lock()
					used[r.Header.Get("Authorization")] = true
					mu.Unlock()
					r.Header.Set("Authorization", "Bearer "+first)
					return d.tenant.RoundTrip(r)
				})
				args := append([]string{"run", "DIR/in.csv", "--yes", "--column=upn", "--rate=0.1", "--tenant=" + ours.Tenant, "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out"}, strings.Fields(c.args)...)
				code, out := d.offboard(args...)
				if code != c.code || !strings.Contains(out, c.says) || (d.writes() > 0) != (c.code == exitDone) || len(used) != c.tokens {
					t.Errorf("exit code %d, %d writes, %d tokens\n%s", code, d.writes(), len(used), out)
				}
			})
		})
	}
}
