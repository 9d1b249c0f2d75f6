package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"offboard/batch/graphsim"
)

// realOffice is an office whose tenant stands behind a real bearer check.
type realOffice struct {
	*office
	*real
	gate *node
}

// newOffice puts the gate of an authority before a tenant of n users.
func (r *real) newOffice(n int, authority *node, cfg graphsim.Config) *realOffice {
	cfg.StaticToken, cfg.Domain, cfg.NoQuota = "T", "contoso.example", true
	return r.gated(newOffice(r.t, n, cfg), authority)
}

// gated puts the gate of an authority before whatever the office is at.
func (r *real) gated(o *office, authority *node) *realOffice {
	at := fmt.Sprintf("127.0.0.1:%d", authority.Port)
	gate := r.start("gate.mjs", map[string]any{"authority": at, "behind": o.url, "inner": "T"})
	o.url = fmt.Sprintf("https://127.0.0.1:%d", gate.Port)
	o.env = []string{"SSL_CERT_FILE=" + r.roots, "AZURE_AUTHORITY_HOST=https://" + at, "AZURE_TENANT_ID=" + ours.Tenant}
	return &realOffice{o, r, gate}
}

// run is a run of all users with some more variables and flags.
func (o *realOffice) run(env string, flags ...string) *exec.Cmd {
	args := append([]string{"run", "in.csv", "--yes", "--column=upn", "--max-percent=0", "--graph-url", o.url, "--report-dir=out"}, flags...)
	cmd := o.command(args...)
	cmd.Env = append(cmd.Env, strings.Fields(strings.ReplaceAll(env, "DIR", o.real.dir))...)
	return cmd
}

const (
	bySecret      = "OFFBOARD_AUTH=secret AZURE_CLIENT_ID=" + secretApp + " AZURE_CLIENT_SECRET=" + appSecret
	byCertificate = "OFFBOARD_AUTH=certificate AZURE_CLIENT_ID=" + certificateApp + " AZURE_CLIENT_CERTIFICATE_PATH="
	byWorkload    = "OFFBOARD_AUTH=workload AZURE_CLIENT_ID=" + certificateApp + " AZURE_FEDERATED_TOKEN_FILE="
)

// Each way to sign in that an app has, right and wrong, at an authority that checks it.
func TestRealAuthority(t *testing.T) {
	r := newReal(t)
	key, other := r.appCertificate("app", time.Hour), r.appCertificate("other", time.Hour)
	r.appCertificate("old", -time.Hour)
	authority := r.authority(0, 3600, "app", "old") // it looks at no date of a certificate
	r.write(filepath.Join(r.dir, "secret"), []byte(appSecret+"\n"))
	r.federated("pod", key, authority)
	r.federated("strange", other, authority)
	for _, c := range []struct {
		name, env string
		code      int
		says      string
		heard     string // of the authority
	}{
		{"a secret", bySecret, 0, "by the secret of AZURE_CLIENT_SECRET, as --auth says: app " + secretApp, "token " + secretApp},
		{"the secret that the environment has", strings.TrimPrefix(bySecret, "OFFBOARD_AUTH=secret "), 0, "which is set: app " + secretApp, "token " + secretApp},
		{"a secret in a file", "AZURE_CLIENT_ID=" + secretApp + " AZURE_CLIENT_SECRET_FILE=DIR/secret", 0, ": app " + secretApp, "token " + secretApp},
		{"the tenant's domain", bySecret + " AZURE_TENANT_ID=contoso.example", 0, "tenant Contoso", "token " + secretApp},
		{"another domain", bySecret + " AZURE_TENANT_ID=fabrikam.example", 2, "has the domain fabrikam.example", ""},
		{"a wrong secret", bySecret + "er", 5, "invalid_client", "refused invalid_client invalid secret provided"},
		{"an unknown app", bySecret + " AZURE_CLIENT_ID=" + ours.App, 5, "invalid_client", "refused invalid_client client not found"},
		{"a certificate in PEM", byCertificate + "DIR/app.pem", 0, "by the certificate of AZURE_CLIENT_CERTIFICATE_PATH, as --auth says: app " + certificateApp, "token " + certificateApp},
		{"a certificate in PFX", byCertificate + "DIR/app.pfx AZURE_CLIENT_CERTIFICATE_PASSWORD=pw", 0, "by the certificate", "token " + certificateApp},
		{"with its chain", byCertificate + "DIR/app.pem AZURE_CLIENT_SEND_CERTIFICATE_CHAIN=true", 0, "by the certificate", "token " + certificateApp},
		{"a certificate of another app", byCertificate + "DIR/other.pem", 5, "invalid_client", "refused invalid_client"},
		{"an expired certificate in PFX", byCertificate + "DIR/old.pfx AZURE_CLIENT_CERTIFICATE_PASSWORD=pw", 5, "old.pfx expired at ", ""},
		{"another app's in PFX", byCertificate + "DIR/other.pfx AZURE_CLIENT_CERTIFICATE_PASSWORD=pw", 5, "invalid_client", "refused invalid_client"},
		{"a wrong password of the PFX", byCertificate + "DIR/app.pfx AZURE_CLIENT_CERTIFICATE_PASSWORD=hush", 5, "does not open it", ""},
		{"a certificate without its key", byCertificate + "DIR/app.cer", 5, "app.cer", ""},
		{"an expired certificate", byCertificate + "DIR/old.pem", 5, "old.pem expired at ", ""},
		{"a workload identity", byWorkload + "DIR/pod.jwt", 0, "by the workload identity", "token " + certificateApp},
		{"a federated token used twice", byWorkload + "DIR/pod.jwt", 5, "invalid_client", "refused invalid_client client assertion tokens must only be used once"},
		{"a federated token of a stranger", byWorkload + "DIR/strange.jwt", 5, "invalid_client", "refused invalid_client"},
		{"an unknown issuer", bySecret + " SSL_CERT_FILE=DIR/app.cer", 5, "Offboard Test Authority", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			here := *r
			here.t = t
			o := here.newOffice(3, authority, graphsim.Config{})
			before := authority.said(c.heard)
			code, out := outcome(t, o.run(c.env, "--debug-http=trace.txt"))
			if code != c.code || !strings.Contains(out, c.says) {
				t.Errorf("exit code %d, want %d and %q\n%s", code, c.code, c.says, out)
			}
			if c.heard != "" && (!authority.hears(c.heard, before+1) || authority.said(c.heard) > before+1) {
				t.Errorf("the authority did not say %q once more: %q", c.heard, authority.lines)
			}
			if stats := o.tenant.Stats(); (stats.Writes == 3) != (c.code == 0) || c.code != 0 && stats.Calls > 0 {
				t.Errorf("%d calls and %d writes reached the tenant", stats.Calls, stats.Writes)
			}
			if o.gate.said("refused") > 0 {
				t.Errorf("the tenant's gate refused: %q", o.gate.lines)
			}
			all := everything(t, o.office.dir, out)
			if c.heard != "" && !strings.Contains(all["trace.txt"], "/oauth2/v2.0/token") {
				t.Errorf("the sign-in is not in the trace: %q", all["trace.txt"])
			}
			for name, text := range all {
				for _, secret := range []string{appSecret, "hush", "PRIVATE KEY", "eyJ"} { // with which every token and assertion begins
					if strings.Contains(text, secret) {
						t.Errorf("%s has %q\n%s", name, secret, out)
					}
				}
			}
		})
	}
}

// everything is what a run said, and each file below its directory.
func everything(t *testing.T, dir, out string) map[string]string {
	t.Helper()
	all := map[string]string{"the output": out}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		all[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Tokens that live for twelve seconds: a run of two such lives renews them in time, once for
// all workers, and none is refused.
func TestRealAuthorityShortTokens(t *testing.T) {
	t.Parallel()
	r := newReal(t)
	r.appCertificate("app", time.Hour)
	authority := r.authority(0, 12, "app")
	o := r.newOffice(300, authority, graphsim.Config{})
	start := time.Now()
	code, out := outcome(t, o.run(byCertificate+"DIR/app.pem", "--rate=12"))
	took := time.Since(start)
	if stats := o.tenant.Stats(); code != 0 || stats.Writes != 300 || took < 20*time.Second { // the first 20 leave at once
		t.Errorf("exit code %d after %v and %d writes\n%s", code, took, stats.Writes, out)
	}
	// A token is renewed when a fifth of its life is left.
	if tokens := authority.said("token"); tokens < int(took/(12*time.Second)) || tokens > int(took/(9600*time.Millisecond))+1 {
		t.Errorf("%d tokens in %v", tokens, took)
	}
	if refused := o.gate.said("refused"); refused > 0 {
		t.Errorf("%d tokens were refused: %q", refused, o.gate.lines)
	}
}

// The authority is gone in the midst of a run whose token ends soon. The run says what it
// waits for, and goes on to the end when the authority is back.
func TestRealAuthorityGoneAndBack(t *testing.T) {
	t.Parallel()
	r := newReal(t)
	authority := r.authority(0, 3)
	written := make(chan struct{})
	o := r.newOffice(200, authority, graphsim.Config{LogTo: first(func() { close(written) })})
	cmd := o.run(bySecret, "--rate=25", "--outage=2m")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }() // it is over, unless the test failed
	out, waits := new(bytes.Buffer), make(chan struct{})
	var over sync.WaitGroup
	over.Go(func() {
		told := sync.OnceFunc(func() { close(waits) })
		defer told() // the run ended: the test goes on to say how
		for in := bufio.NewScanner(said); in.Scan(); {
			fmt.Fprintln(out, in.Text())
			if strings.Contains(in.Text(), "waiting for ") && strings.Contains(in.Text(), "sign in: dial") {
				told()
			}
		}
	})
	<-written
	authority.stop()
	tokens := authority.said("token")
	<-waits
	back := r.authority(authority.Port, 3)
	over.Wait()
	err = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 0 || o.tenant.Stats().Writes != 200 {
		t.Errorf("%v, %d writes\n%s", err, o.tenant.Stats().Writes, out)
	}
	if tokens == 0 || back.said("token") == 0 {
		t.Errorf("%d tokens before, and %d after", tokens, back.said("token"))
	}
}

// first calls f at the first write.
type firstWrite struct{ f func() }

func first(f func()) io.Writer { return firstWrite{sync.OnceFunc(f)} }

func (w firstWrite) Write(p []byte) (int, error) { w.f(); return len(p), nil }

// outcome runs a command to its end, for two minutes at the most.
func outcome(t *testing.T, cmd *exec.Cmd) (int, string) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() }).Stop() // it may be gone
	_ = cmd.Wait()                                                                // its exit code tells
	return cmd.ProcessState.ExitCode(), out.String()
}
