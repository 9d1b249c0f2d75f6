package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
)

// A person at a terminal signs in with a code before anything is planned, also where stdout
// is JSON. Without a terminal the way is refused, and no call is made.
func TestPersonSignsIn(t *testing.T) {
	encoded := func(format string, args ...any) string {
		return base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(format, args...)))
	}
	token := "h." + encoded(`{"tid":%q,"appid":%q,"oid":"00000000-0000-4000-8000-0000000000ad","upn":"ada@contoso.example","scp":"User.RevokeSessions.All User.Read.All"}`, ours.Tenant, ours.App) + ".s"
	answer := fmt.Sprintf(`{"token_type":"Bearer","scope":"https://graph.microsoft.com/.default","expires_in":3600,"access_token":%q,"refresh_token":"hush","id_token":"h.%s.s","client_info":"%s"}`,
		token, encoded(`{"tid":%q,"oid":"o","preferred_username":"ada@contoso.example","iss":"i"}`, ours.Tenant), encoded(`{"uid":"o","utid":"t"}`))
	const prompt = "sign-in  open https://microsoft.example/devicelogin in any browser, and enter the code ABC-123"
	for _, c := range []struct {
		asks bool
		args string
		code exitCode
		says []string
	}{
		{true, "--quiet", exitDone, []string{prompt}},
		{true, "-o json", exitDone, []string{prompt, "sign-in  by a person with a device code, as --auth says: user ada@contoso.example by app " + ours.App, "users    3 to send", `"verified": 3`}},
		{false, "", exitSignIn, []string{"--auth device-code asks a person, and there is no terminal; without one an app signs in: set AZURE_TENANT_ID"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newBooth(t, 3, graphsim.Config{NoQuota: true, StaticToken: token})
			d.asks = c.asks
			d.environ = []string{"AZURE_TENANT_ID=" + ours.Tenant, "AZURE_CLIENT_ID=" + ours.App}
			var calls atomic.Int64
			start := time.Now()
			d.network = tripped(func(r *http.Request) (*http.Response, error) {
				calls.Add(1)
				switch {
				case strings.HasSuffix(r.URL.Path, "/devicecode"):
					return says(r, 200, `{"user_code":"ABC-123","device_code":"hush","verification_uri":"https://microsoft.example/devicelogin","expires_in":900,"interval":5}`), nil
				case strings.HasSuffix(r.URL.Path, "/token") && time.Since(start) < 4*time.Minute:
					return says(r, 400, `{"error":"authorization_pending"}`), nil
				case strings.HasSuffix(r.URL.Path, "/token"):
					return says(r, 200, answer), nil
				}
				return d.tenant.RoundTrip(r)
			})
			code, out := d.offboard(append(strings.Fields(c.args), "run", "DIR/in.csv", "--yes", "--column=upn", "--auth=device-code", "--max-percent=0", "--max-privileged=0", "--report-dir=DIR/out")...)
			if code != c.code || strings.Contains(out, "hush") || strings.Contains(out, token) || (calls.Load() > 0) != c.asks || strings.Count(out, "ABC-123") > 1 {
				t.Errorf("exit code %d, %d calls\n%s", code, calls.Load(), out)
			}
			for _, want := range c.says {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not told\n%s", want, out)
				}
			}
		})
	}
}
