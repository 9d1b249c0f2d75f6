package main

import (
	"crypto/tls"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"offboard/batch/graphsim"
)

// connectProxy is a proxy on this machine that leads every host to one address.
type connectProxy struct {
	leads, demands string // the address, and "USER:PASSWORD" or a scheme
	status         int    // that it answers with; 0 lets everything through
	bars           string // the one host of which it answers so; "" is every one

	mu    sync.Mutex
	asked map[string]bool // hosts
}

func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
	switch {
	case r.Method != http.MethodConnect:
		w.WriteHeader(http.StatusBadRequest)
		return
	case p.demands == "NTLM":
		w.Header().Set("Proxy-Authenticate", "NTLM")
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	case p.demands != "" && user+":"+password != p.demands:
		w.Header().Set("Proxy-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	case p.status != 0 && strings.HasPrefix(r.Host, p.bars):
		w.WriteHeader(p.status)
		return
	}
	p.mu.Lock()
	p.asked[r.Host] = true
	p.mu.Unlock()
	there, err := net.Dial("tcp", p.leads)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		there.Close()
		return
	}
	go func() { _, _ = io.Copy(there, here); there.Close() }()
	go func() { _, _ = io.Copy(here, there); here.Close() }()
}

// servedAsMicrosoft serves the handler as the hosts of Microsoft's global cloud, with a certificate
// of a CA whose PEM file it gives, too.
func servedAsMicrosoft(t *testing.T, h http.Handler) (addr, ca string) {
	cert, key := (&real{t: t}).certificate("Contoso Proxy CA", nil, nil, []string{"graph.microsoft.com", "login.microsoftonline.com"}, time.Hour)
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pemOf(cert, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return srv.Listener.Addr().String(), ca
}

// Sign-in and Graph go through the proxy of the environment, which opens TLS here, under
// their real names. A proxy in trouble is named as what it is, and its password never.
func TestProxy(t *testing.T) {
	o := newOffice(t, 3, graphsim.Config{NoQuota: true, Domain: "contoso.example", ClientSecret: "hush"})
	addr, ca := servedAsMicrosoft(t, o.tenant)
	gone := httptest.NewServer(nil)
	gone.Close()
	const secret = "pa%40ss-w0rd"
	for _, c := range []struct {
		name, address string // {P} is the proxy's
		proxy         *connectProxy
		noProxy       string
		code          int
		hosts         string
		says          []string
	}{
		{"all goes through it", "http://{P}", &connectProxy{}, "", 0, "graph.microsoft.com:443 login.microsoftonline.com:443", nil},
		{"with a password", "http://ada:" + secret + "@{P}", &connectProxy{demands: "ada:pa@ss-w0rd"}, "", 0, "graph.microsoft.com:443 login.microsoftonline.com:443", nil},
		{"a password is missing", "http://{P}", &connectProxy{demands: "ada:x"}, "", 5, "", []string{"the proxy {P} demands a password (HTTP 407", "HTTPS_PROXY=http://USER:PASSWORD@{P}"}},
		{"a wrong password", "http://ada:" + secret + "@{P}", &connectProxy{demands: "ada:x"}, "", 5, "", []string{"the proxy {P} does not accept the user and password in HTTPS_PROXY"}},
		{"NTLM", "http://{P}", &connectProxy{demands: "NTLM"}, "", 5, "", []string{"by way of NTLM, and offboard has Basic alone"}},
		{"not let through", "http://{P}", &connectProxy{status: 403}, "", 5, "", []string{"the proxy {P} does not let login.microsoftonline.com through (HTTP 403 Forbidden)", "NO_PROXY", "next: mend the way through the proxy"}},
		{"Graph alone is not let through", "http://{P}", &connectProxy{status: 403, bars: "graph."}, "", 5, "login.microsoftonline.com:443", []string{"offboard: the proxy {P} does not let graph.microsoft.com through (HTTP 403 Forbidden); have it allow that host", "next: mend the way through the proxy"}},
		{"no way on", "http://{P}", &connectProxy{status: 502}, "", 5, "", []string{"no connection through the proxy {P} for", "the proxy {P} does not reach login.microsoftonline.com (HTTP 502"}},
		{"down", "http://ada:" + secret + "@" + gone.Listener.Addr().String(), &connectProxy{}, "", 5, "", []string{"no connection through the proxy " + gone.Listener.Addr().String(), "see that it runs there, or unset the variable"}},
		{"no address", "http://ada:" + secret + "%zz@{P}", &connectProxy{}, "", 5, "", []string{"the variable HTTPS_PROXY", "holds no address of a proxy"}},
		{"NO_PROXY", "http://{P}", &connectProxy{}, "graph.microsoft.com,login.microsoftonline.com", 5, "", []string{"login.microsoftonline.com"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := c.proxy
			p.leads, p.asked = addr, map[string]bool{}
			srv := httptest.NewServer(p)
			defer srv.Close()
			here := func(s string) string { return strings.ReplaceAll(s, "{P}", srv.Listener.Addr().String()) }
			o.env = []string{"HTTPS_PROXY=" + here(c.address), "NO_PROXY=" + c.noProxy, "AZURE_TENANT_ID=contoso.example", "AZURE_CLIENT_ID=" + ours.App, "AZURE_CLIENT_SECRET=hush"}
			code, out := o.offboard("run", "in.csv", "--yes", "--new", "--column", "upn", "--max-percent=0", "--max-privileged=0", "--no-verify",
				"--ca-file", ca, "--outage", "1s", "--report-dir", "out-"+strings.ReplaceAll(c.name, " ", "-"))
			if got := strings.Join(slices.Sorted(maps.Keys(p.asked)), " "); code != c.code || got != c.hosts {
				t.Errorf("exit code %d, want %d; the proxy was asked for %q\n%s", code, c.code, got, out)
			}
			for _, want := range c.says {
				if !strings.Contains(out, here(want)) {
					t.Errorf("%q is not told\n%s", here(want), out)
				}
			}
			if strings.Contains(out, secret) || strings.Contains(out, "pa@ss") || code != 0 && strings.Contains(out, "no answer from Microsoft Graph") && c.noProxy == "" {
				t.Errorf("a password is told, or Graph is blamed\n%s", out)
			}
		})
	}
}
