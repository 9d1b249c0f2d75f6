package main

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"offboard/batch/graphsim"
)

// This file starts the servers of testdata/servers, which nobody here wrote: an
// authorization server, a bearer check, and an OData service with a $batch of its own.

// missing skips a test that needs what this machine lacks. Where CI is true it fails.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

const serversDir = "testdata/servers"

// node starts one of the servers and waits until it listens.
type node struct {
	Port  int
	stop  func()
	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed at the next line
}

// real is what the servers and offboard have in common: certificates, and a configuration.
type real struct {
	t     *testing.T
	dir   string
	roots string // the file of the issuer that they trust
	base  map[string]any
}

// newReal makes certificates for the names, and for this machine.
func newReal(t *testing.T, names ...string) *real {
	t.Helper()
	version, err := exec.Command("node", "--version").Output() // such as v20.19.2
	if major, _, _ := strings.Cut(string(version), "."); err != nil || len(major) < 3 || major < "v20" {
		missing(t, fmt.Sprintf("Node.js is missing, or older than 20 (%s): install it and npm, then run make servers", bytes.TrimSpace(version)))
	}
	if _, err := os.Stat(serversDir + "/node_modules/oidc-provider"); err != nil {
		missing(t, "the servers are not installed: run make servers")
	}
	r := &real{t: t, dir: t.TempDir()}
	r.roots = filepath.Join(r.dir, "roots.pem")
	issuer, issuerKey := r.certificate("Offboard Test Authority", nil, nil, nil, time.Hour)
	r.write(r.roots, pemOf(issuer, nil))
	cert, key := r.certificate("a server", issuer, issuerKey, append(names, "127.0.0.1"), time.Hour)
	tls := filepath.Join(r.dir, "tls.pem")
	r.write(tls, pemOf(cert, key))
	r.base = map[string]any{"tls": tls, "tenant": ours.Tenant, "domain": "contoso.example", "graph": "graph.microsoft.com", "port": 0}
	return r
}

// certificate makes one that begins to hold a day ago and ends after life. Without an
// issuer it is its own.
func (r *real) certificate(subject string, issuer *x509.Certificate, issuerKey crypto.Signer, names []string, life time.Duration) (*x509.Certificate, crypto.Signer) {
	r.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		r.t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: subject},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(life), BasicConstraintsValid: true, IsCA: issuer == nil}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			form.IPAddresses = append(form.IPAddresses, ip)
		} else {
			form.DNSNames = append(form.DNSNames, name)
		}
	}
	if issuer == nil {
		issuer, issuerKey = form, key
	}
	der, err := x509.CreateCertificate(rand.Reader, form, issuer, key.Public(), issuerKey)
	if err != nil {
		r.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		r.t.Fatal(err)
	}
	return cert, key
}

// pemOf is a certificate, with its key unless that is nil.
func pemOf(cert *x509.Certificate, key crypto.Signer) []byte {
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	if key != nil {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			panic(err) // it is an RSA key
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	}
	return out
}

func (r *real) write(name string, data []byte) {
	r.t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// appCertificate writes a certificate of an app in every form: NAME.pem and NAME.pfx with
// the key, NAME.cer without it.
func (r *real) appCertificate(name string, life time.Duration) crypto.Signer {
	r.t.Helper()
	cert, key := r.certificate(name, nil, nil, nil, life)
	pfx, err := pkcs12.Modern.Encode(key, cert, nil, "pw")
	if err != nil {
		r.t.Fatal(err)
	}
	file := filepath.Join(r.dir, name)
	r.write(file+".cer", pemOf(cert, nil))
	r.write(file+".pem", pemOf(cert, key))
	r.write(file+".pfx", pfx)
	return key
}

// federated writes what a cluster would give a workload: NAME.jwt, an assertion of the
// app for the authority, signed by key. An authority takes it once.
func (r *real) federated(name string, key crypto.Signer, authority *node) {
	r.t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			r.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(map[string]any{"alg": "RS256", "typ": "JWT"}) + "." + part(map[string]any{
		"iss": certificateApp, "sub": certificateApp, "aud": fmt.Sprintf("https://127.0.0.1:%d/%s/v2.0", authority.Port, ours.Tenant),
		"jti": rand.Text(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	digest := sha256.Sum256([]byte(text))
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(filepath.Join(r.dir, name+".jwt"), []byte(text+"."+base64.RawURLEncoding.EncodeToString(signature)))
}

// start runs a server with a configuration, until the test ends.
func (r *real) start(script string, config map[string]any) *node {
	r.t.Helper()
	whole := map[string]any{}
	for _, part := range []map[string]any{r.base, config} {
		for name, value := range part {
			whole[name] = value
		}
	}
	b, err := json.Marshal(whole)
	if err != nil {
		r.t.Fatal(err)
	}
	file := filepath.Join(r.t.TempDir(), "config.json")
	r.write(file, b)
	cmd := exec.Command("node", script, file)
	cmd.Dir, cmd.Stderr = serversDir, r.t.Output()
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+r.roots)
	out, err := cmd.StdoutPipe()
	if err == nil {
		_, err = cmd.StdinPipe() // which ends with this process, and the server with it
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	n, ready, over := &node{more: make(chan struct{})}, make(chan int, 1), make(chan struct{})
	go func() {
		defer close(over)
		for in := bufio.NewScanner(out); in.Scan(); {
			var port int
			if _, err := fmt.Sscanf(in.Text(), "ready %d", &port); err == nil {
				ready <- port
				continue
			}
			n.mu.Lock()
			n.lines = append(n.lines, in.Text())
			close(n.more)
			n.more = make(chan struct{})
			n.mu.Unlock()
		}
	}()
	n.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // it may be gone
		<-over
		_ = cmd.Wait() // it was killed
	})
	r.t.Cleanup(n.stop)
	select {
	case n.Port = <-ready:
	case <-over:
		r.t.Fatalf("%s ended at once", script)
	case <-time.After(time.Minute):
		r.t.Fatalf("%s is not ready after a minute", script)
	}
	return n
}

// said counts the lines that begin so.
func (n *node) said(word string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	count := 0
	for _, line := range n.lines {
		if strings.HasPrefix(line, word) {
			count++
		}
	}
	return count
}

// hears waits until so many lines begin so. A line may come later than the answer that it is about.
func (n *node) hears(word string, count int) bool {
	late := time.After(10 * time.Second)
	for {
		n.mu.Lock()
		more := n.more
		n.mu.Unlock()
		if n.said(word) >= count {
			return true
		}
		select {
		case <-more:
		case <-late:
			return false
		}
	}
}

// secretApp signs in with a secret; certificateApp with a certificate.
const (
	secretApp      = "8f4c2f6e-0000-4000-8000-00000000000a"
	certificateApp = "8f4c2f6e-0000-4000-8000-00000000000b"
	appSecret      = "wXh8Q~the-secret-of-the-tests"
)

// authority starts the authorization server, which knows both apps and gives tokens of
// this life. Port 0 leaves the choice to the system.
func (r *real) authority(port, seconds int, certificates ...string) *node {
	files := []string{}
	for _, name := range certificates {
		files = append(files, filepath.Join(r.dir, name+".cer"))
	}
	config := map[string]any{"port": port, "seconds": seconds, "roles": graphsim.DefaultRoles(), "apps": []map[string]any{
		{"id": secretApp, "secret": appSecret}, {"id": certificateApp, "certificates": files},
	}}
	return r.start("authority.mjs", config)
}
