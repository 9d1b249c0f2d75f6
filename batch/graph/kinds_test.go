//go:build !windows

package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// Every way to sign in makes its first request as it should, and says in one sentence what it
// lacks, with the next step and without a secret. The ways of a person are tested beside them.
func TestEachWaysFirstRequest(t *testing.T) {
	const ids = "AZURE_TENANT_ID=contoso.example AZURE_CLIENT_ID=c "
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	privately(t)
	pem, err := os.ReadFile("testdata/pair.pem")
	if err != nil {
		t.Fatal(err)
	}
	good, other, ended := tokenOf("t", "a", 1), "h.eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQuYXp1cmUuY29tIn0.s", "h.eyJleHAiOjk0NjY4NDgwMH0.s"
	cert := file("cert", string(pem), 0o600)
	var paths []string // of what the managed identity is asked; the library keeps tokens by client id
	status, body := 200, fmt.Sprintf(`{"access_token":%q,"expires_on":"%d","resource":"https://graph.microsoft.com","token_type":"Bearer"}`, good, time.Now().Add(time.Hour).Unix())
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.Header.Get("X-Identity-Header")+" "+r.URL.RawQuery)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	defer endpoint.Close()
	az := func(script string) string { return file("az", "#!/bin/sh\n"+script+"\n", 0o700) }
	azSays := func(words string) func() { return func() { az("echo '" + words + "' >&2; exit 1") } }
	answers := func(code int, text string) func() { return func() { status, body = code, text } }
	for _, c := range []struct {
		name, env string
		way       Way
		before    func()
		sends     string // of the first request that asks for a token, in words
		says      string // the error, when it is one
	}{
		{"secret", ids + "AZURE_CLIENT_SECRET=hush", BySecret, nil, "client_credentials with client_secret=hush for https://graph.microsoft.com/.default", ""},
		{"secret of a file", ids + "AZURE_CLIENT_SECRET_FILE=" + file("secret", "hush\n", 0o600), Auto, nil, "client_credentials with client_secret=hush for", ""},
		{"secret of a command", ids + "AZURE_CLIENT_SECRET_COMMAND=cat+" + dir + "/secret", Auto, nil, "client_credentials with client_secret=hush for", ""},
		{"secret of a command that fails", ids + "AZURE_CLIENT_SECRET_COMMAND=echo+no+vault+>&2;exit+7;hush", Auto, nil, "", "the command in AZURE_CLIENT_SECRET_COMMAND failed (exit status 7): no vault; run it by hand to see why"},
		{"secret without one", ids, BySecret, nil, "", "AZURE_CLIENT_SECRET is missing"},
		{"certificate", ids + "AZURE_CLIENT_CERTIFICATE_PATH=" + cert, ByCertificate, nil, "client_credentials with client_assertion=ey", ""},
		{"certificate of a command", ids + "AZURE_CLIENT_CERTIFICATE_COMMAND=cat+" + cert, Auto, nil, "client_credentials with client_assertion=ey", ""},
		{"PFX, and its password in a file", ids + "AZURE_CLIENT_CERTIFICATE_PATH=testdata/openssl3.pfx AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE=" + file("password", "pw\n", 0o600), ByCertificate, nil, "client_credentials with client_assertion=ey", ""},
		{"PFX without a password", ids + "AZURE_CLIENT_CERTIFICATE_PATH=testdata/openssl3.pfx", Auto, nil, "", "it has a password; set AZURE_CLIENT_CERTIFICATE_PASSWORD, AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE or AZURE_CLIENT_CERTIFICATE_PASSWORD_COMMAND"},
		{"PFX, and a wrong password of a command", ids + "AZURE_CLIENT_CERTIFICATE_PATH=testdata/openssl3.pfx AZURE_CLIENT_CERTIFICATE_PASSWORD_COMMAND=echo+hush", Auto, nil, "", "the password of AZURE_CLIENT_CERTIFICATE_PASSWORD_COMMAND does not open it"},
		{"certificate without one", ids, ByCertificate, nil, "", "AZURE_CLIENT_CERTIFICATE_PATH is missing"},
		{"workload", ids + "AZURE_FEDERATED_TOKEN_FILE=" + file("federated", "eyhush", 0o644), ByWorkload, nil, "client_credentials with client_assertion=eyhush for", ""},
		{"workload with an empty file", ids + "AZURE_FEDERATED_TOKEN_FILE=" + file("blank", " \n", 0o644), Auto, nil, "", "AZURE_FEDERATED_TOKEN_FILE gives nothing"},
		{"workload with a token for its file", ids + "AZURE_FEDERATED_TOKEN_FILE=eyJhush.e30.s", Auto, nil, "", "AZURE_FEDERATED_TOKEN_FILE holds no path of a file"},
		{"certificate behind a mark", ids + "AZURE_CLIENT_CERTIFICATE_PATH=" + file("marked", "\ufeff"+string(pem), 0o600), Auto, nil, "client_credentials with client_assertion=ey", ""},
		{"certificate with a key of a curve", ids + "AZURE_CLIENT_CERTIFICATE_PATH=" + file("curve", "-----BEGIN EC PRIVATE KEY-----\nhush\n-----END EC PRIVATE KEY-----\n", 0o600), Auto, nil, "", "a sign-in takes RSA keys only"},
		{"certificate in UTF-16", ids + "AZURE_CLIENT_CERTIFICATE_PATH=" + file("wide", "\xff\xfe-\x00", 0o600), Auto, nil, "", "it is in UTF-16"},
		{"a key for the certificate's file", ids + "AZURE_CLIENT_CERTIFICATE_PATH=-----BEGIN+PRIVATE+KEY-----hush", Auto, nil, "", "AZURE_CLIENT_CERTIFICATE_PATH holds no path of a file"},
		{"workload without a file", ids, ByWorkload, nil, "", "AZURE_FEDERATED_TOKEN_FILE is missing"},
		{"managed identity", "IDENTITY_ENDPOINT=" + endpoint.URL + " IDENTITY_HEADER=hush", Auto, nil, "managed hush api-version=2019-08-01&resource=https%3A%2F%2Fgraph.microsoft.com", ""},
		{"managed identity of an app", "AZURE_CLIENT_ID=c IDENTITY_ENDPOINT=" + endpoint.URL + " IDENTITY_HEADER=hush", ManagedIdentity, nil, "client_id=c", ""},
		{"no such managed identity", "AZURE_CLIENT_ID=d IDENTITY_ENDPOINT=" + endpoint.URL + " IDENTITY_HEADER=hush", ManagedIdentity, answers(400, `{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."}`), "client_id=d", "this machine has no such managed identity; assign it to the machine, and see that AZURE_CLIENT_ID is its client id, or unset"},
		{"a machine without one", "AZURE_CLIENT_ID=e IDENTITY_ENDPOINT=http://127.0.0.1:1 IDENTITY_HEADER=hush", ManagedIdentity, nil, "", "the endpoint of the managed identity gives no answer that can be used: this machine has none, or it cannot be reached; enable one for it, or name another way with --auth"},
		{"CLI", "", ByCLI, func() {
			az(`echo "$@" > ` + dir + `/args; echo '{"accessToken":"` + good + `","expires_on":4000000000}'`)
		}, "account get-access-token -o json --resource https://graph.microsoft.com", ""},
		{"no CLI", "", ByCLI, func() { os.Remove(dir + "/az") }, "", "the Azure CLI (az) is not installed, or not on PATH; install it, or name another way with --auth"},
		{"CLI without a login", "", ByCLI, azSays(`ERROR: Please run "az login" to setup account.`), "", "nobody is logged in to the Azure CLI, or the login has ended; type az login"},
		{"CLI without a second factor", "", ByCLI, azSays("ERROR: AADSTS50076: Due to a configuration change x. Trace ID: 1"), "", "AADSTS50076: the sign-in needs a second factor; "},
		{"CLI in trouble", "", ByCLI, azSays("ERROR: The command failed with an unexpected error. Here is the traceback:\nERROR: hush\nTraceback"), "", "the Azure CLI (az) gives no token: The command failed with an unexpected error. Here is the traceback:; type az login, or name another way with --auth"},
		{"token", "OFFBOARD_ACCESS_TOKEN=" + good, Auto, nil, "token " + good, ""},
		{"token of a file", "OFFBOARD_ACCESS_TOKEN_FILE=" + file("token", good+"\r\n", 0o600), ByToken, nil, "token " + good, ""},
		{"token of a command", "OFFBOARD_ACCESS_TOKEN_COMMAND=cat+" + dir + "/token", ByToken, nil, "token " + good, ""},
		{"token that has ended", "OFFBOARD_ACCESS_TOKEN_COMMAND=echo+" + ended, Auto, nil, "", "the token in OFFBOARD_ACCESS_TOKEN_COMMAND expired at 2000-01-01T00:00:00Z"},
		{"token for another service", "OFFBOARD_ACCESS_TOKEN_FILE=" + file("other", other, 0o600), Auto, nil, "", "not for Microsoft Graph"},
		{"token without one", "", ByToken, nil, "", "--auth token needs an access token: set OFFBOARD_ACCESS_TOKEN, OFFBOARD_ACCESS_TOKEN_FILE or OFFBOARD_ACCESS_TOKEN_COMMAND"},
	} {
		t.Run(c.name, func(t *testing.T) {
			paths = nil
			if c.before != nil {
				c.before()
			}
			t.Setenv("PATH", dir+":/usr/bin:/bin")
			t.Setenv("IDENTITY_ENDPOINT", "")
			t.Setenv("IDENTITY_HEADER", "")
			env := ParseEnvironment(strings.Fields(c.env))
			for name, value := range env {
				env[name] = strings.ReplaceAll(value, "+", " ")
				if strings.HasPrefix(name, "IDENTITY_") { // which the sign-in library reads itself
					t.Setenv(name, value)
				}
			}
			sent := ""
			network := tripper(func(r *http.Request) (*http.Response, error) {
				answer := map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": good}
				if base := "https://login.example/contoso.example"; strings.HasSuffix(r.URL.Path, "openid-configuration") {
					answer = map[string]any{"authorization_endpoint": base + "/a", "token_endpoint": base + "/oauth2/v2.0/token", "issuer": base}
				} else if err := r.ParseForm(); err == nil && r.URL.Path == "/contoso.example/oauth2/v2.0/token" {
					for _, proof := range []string{"client_secret", "client_assertion"} {
						if value := r.Form.Get(proof); value != "" {
							sent = fmt.Sprintf("%s with %s=%s for %s", r.Form.Get("grant_type"), proof, value, r.Form.Get("scope"))
						}
					}
				}
				text, err := json.Marshal(answer)
				return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: readerOf(string(text)), Request: r}, err
			})
			token := ""
			choice, err := env.Choose(c.way, Place{Authority: Authority{URL: "https://login.example", Own: true, Client: &http.Client{Transport: network}}})
			if err == nil {
				err = choice.Check(Global, time.Now())
			}
			if err == nil {
				token, err = choice.Auth(Global).Token(t.Context())
			}
			switch {
			case len(paths) > 0:
				sent = "managed " + paths[0]
			case choice.Way == ByCLI && c.sends != "":
				args, _ := os.ReadFile(dir + "/args") // or what is sent differs
				sent = string(args)
			case choice.Way == ByToken && err == nil:
				sent = "token " + token
			}
			if !strings.Contains(sent, c.sends) || (sent != "") != (c.sends != "") {
				t.Errorf("sent %q, want %q", sent, c.sends)
			}
			if c.says == "" && (err != nil || token != good) || c.says != "" && (!errors.Is(err, batch.ErrSignIn) || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%q, %v, want %q", token, err, c.says)
			}
			if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "troubleshoot") || strings.Contains(err.Error(), "Trace ID")) {
				t.Errorf("it tells too much: %v", err)
			}
		})
	}
}
