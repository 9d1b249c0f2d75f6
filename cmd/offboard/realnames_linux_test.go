package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"offboard/batch/graphsim"
)

// inside is set in the process that has a network and mounts of its own: where the built
// command is.
const inside = "OFFBOARD_TEST_INSIDE"

// The command as it is built, at the host names of Microsoft's, without any variable or flag
// that leads elsewhere. They are this machine's in a namespace from which no network is
// reached, with an authority and a Graph for each cloud.
func TestRealNames(t *testing.T) {
	if dir := os.Getenv(inside); dir != "" {
		realNames(t, dir)
		return
	}
	t.Parallel()
	newReal(t) // or why it cannot be
	own := []string{"--net", "--mount"}
	if os.Getuid() != 0 {
		own = append(own, "--map-root-user")
	}
	if out, err := exec.Command("unshare", append(own, "true")...).CombinedOutput(); err != nil {
		missing(t, "this machine gives a process no namespaces (unshare "+strings.Join(own, " ")+"): "+err.Error()+" "+string(out))
	}
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "offboard"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", append(own, self, "-test.run=^TestRealNames$", "-test.v", "-test.timeout=5m")...)
	cmd.Env = append(os.Environ(), inside+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestRealNames/") {
		t.Errorf("%v\n%s", err, out)
	}
}

// places are the clouds' names, each with two addresses of this machine.
var places = []struct{ cloud, login, loginAt, graph, graphAt string }{
	{"global", "login.microsoftonline.com", "127.0.1.1", "graph.microsoft.com", "127.0.1.2"},
	{"usgov", "login.microsoftonline.us", "127.0.2.1", "graph.microsoft.us", "127.0.2.2"},
}

func realNames(t *testing.T, dir string) {
	upLoopback(t)
	hosts, names := "127.0.0.1 localhost\n", []string{}
	for _, p := range places {
		hosts += p.loginAt + " " + p.login + "\n" + p.graphAt + " " + p.graph + "\n"
		names = append(names, p.login, p.graph)
	}
	r := newReal(t, names...)
	file := filepath.Join(r.dir, "hosts")
	r.write(file, []byte(hosts))
	if err := unix.Mount(file, "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	r.appCertificate("app", time.Hour)
	for _, p := range places {
		r.base["graph"], r.base["host"], r.base["address"] = p.graph, p.login, p.loginAt
		r.authority(443, 3600, "app")
		tenant := newOffice(t, 30, graphsim.Config{StaticToken: "T", Domain: "contoso.example", NoQuota: true})
		r.start("gate.mjs", map[string]any{"port": 443, "address": p.graphAt, "authority": p.login, "behind": tenant.url, "inner": "T"})
		t.Run(p.cloud+" doctor", func(t *testing.T) {
			o := &office{t: t, dir: t.TempDir(), env: append([]string{"AZURE_TENANT_ID=" + ours.Tenant}, strings.Fields(bySecret)...)}
			r.write(filepath.Join(o.dir, "in.csv"), []byte("upn\nu29@contoso.example\n"))
			code, out := o.offboard("doctor", "in.csv", "--column=upn", "--cloud", p.cloud, "--ca-file", r.roots)
			for _, want := range []string{" answers at " + p.login, " answers at " + p.graph, "Contoso (contoso.example)", "Nothing that was looked at is in trouble"} {
				if code != 0 || !strings.Contains(out, want) {
					t.Errorf("exit code %d, want 0 and %q\n%s", code, want, out)
				}
			}
		})
		for i, c := range []struct {
			name, env, flags string
			code             int
			says             string
		}{
			{"by a secret", bySecret, "--ca-file DIR/roots.pem", 0, "app " + secretApp + ", tenant Contoso"},
			{"by a certificate", byCertificate + "DIR/app.pem SSL_CERT_FILE=DIR/roots.pem", "", 0, "app " + certificateApp + ", tenant Contoso"},
			{"by the tenant's domain", bySecret + " AZURE_TENANT_ID=contoso.example", "--ca-file DIR/roots.pem", 0, "tenant Contoso"},
			{"by a wrong secret", bySecret + "er", "--ca-file DIR/roots.pem", 5, "invalid_client"},
			{"of an unknown issuer", bySecret, "", 5, "Offboard Test Authority"},
		} {
			t.Run(p.cloud+" "+c.name, func(t *testing.T) {
				o := &office{t: t, dir: t.TempDir(), env: append([]string{"AZURE_TENANT_ID=" + ours.Tenant}, strings.Fields(strings.ReplaceAll(c.env, "DIR", r.dir))...)}
				file := "upn\n"
				for k := range 3 { // people of its own: a stamp that moved in this second cannot be seen to move again
					file += fmt.Sprintf("u%d@contoso.example\n", 3*i+k)
				}
				r.write(filepath.Join(o.dir, "in.csv"), []byte(file))
				before := tenant.tenant.Stats().Writes
				args := append([]string{"run", "in.csv", "--yes", "--column=upn", "--max-percent=0", "--report-dir=out", "--cloud", p.cloud}, strings.Fields(strings.ReplaceAll(c.flags, "DIR", r.dir))...)
				code, out := o.offboard(args...)
				if wrote := tenant.tenant.Stats().Writes - before; code != c.code || !strings.Contains(out, c.says) || (wrote == 3) != (c.code == 0) {
					t.Errorf("exit code %d, %d writes, want %d and %q\n%s", code, wrote, c.code, c.says, out)
				}
			})
		}
	}
}

// upLoopback gives a new network its loopback interface.
func upLoopback(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Fatal(err)
	}
}
