package graph

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// proxyCA issues certificates as a proxy that opens TLS does.
type proxyCA struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newProxyCA(t *testing.T) proxyCA {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Contoso Proxy CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return proxyCA{t, key, cert}
}

// text is the CA in PEM.
func (p proxyCA) text() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})
}

// serve serves nothing on this machine, with a certificate for the name.
func (p proxyCA) serve(name string, from, to time.Duration, newest uint16) *httptest.Server {
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to)}
	if ip := net.ParseIP(name); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, p.cert, p.key.Public(), p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: p.key}}, MinVersion: tls.VersionTLS10, MaxVersion: newest}
	srv.StartTLS()
	p.t.Cleanup(srv.Close)
	return srv
}

// TLS that is not begun has a sentence of its own for each reason, with the host, the issuer
// and what to do, whether Graph is asked, a tenant is looked up or a token is asked for. The
// CAs of a file are trusted.
func TestTLSTrouble(t *testing.T) {
	ca := newProxyCA(t)
	cas, err := ReadCAs(ca.text())
	if err != nil {
		t.Fatal(err)
	}
	const hour, here = time.Hour, "127.0.0.1"
	for what, c := range map[string]struct {
		srv  *httptest.Server
		cas  *x509.CertPool
		says []string // nothing: TLS is begun
	}{
		"the CA is in the file": {ca.serve(here, -hour, hour, tls.VersionTLS13), cas, nil},
		"TLS 1.2":               {ca.serve(here, -hour, hour, tls.VersionTLS12), cas, nil},
		"TLS 1.1":               {ca.serve(here, -hour, hour, tls.VersionTLS11), cas, []string{here, "no TLS of version 1.2 or later"}},
		"an unknown CA":         {ca.serve(here, -hour, hour, tls.VersionTLS13), nil, []string{here, `issued by "CN=Contoso Proxy CA"`, "a proxy that opens TLS", "--ca-file FILE.pem"}},
		"another host":          {ca.serve("wifi.example", -hour, hour, tls.VersionTLS13), cas, []string{here, `issued by "CN=Contoso Proxy CA"`, "is for other hosts: wifi.example"}},
		"expired":               {ca.serve(here, -3*hour, -hour, tls.VersionTLS13), cas, []string{here, "has expired at", "see that the clock is right"}},
		"not valid yet":         {ca.serve(here, hour, 2*hour, tls.VersionTLS13), cas, []string{here, "is not valid before", "see that the clock is right"}},
	} {
		client, err := New(Config{Root: c.srv.URL, Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: Transport(1, c.cas)})
		if err != nil {
			t.Fatal(err)
		}
		a := Authority{URL: c.srv.URL, Own: true, Client: &http.Client{Transport: Transport(1, c.cas)}}
		for of, call := range map[string]func() error{
			"Graph":  func() error { _, err := client.CountUsers(t.Context()); return err },
			"tenant": func() error { _, err := a.Tenant(t.Context(), "contoso.example"); return err },
			"token": func() error {
				_, err := NewAuth(Global, Registration{Tenant: "contoso.example", Client: "c", Secret: Plain("hush")}.At(a)).Token(t.Context())
				return err
			},
		} {
			err := call()
			if begun := err != nil && !strings.Contains(err.Error(), "tls") && !strings.Contains(err.Error(), "x509"); begun != (c.says == nil) {
				t.Errorf("%s, %s: %v", what, of, err)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s, %s: %v does not say %s", what, of, err, want)
				}
			}
			if c.says != nil && (of == "Graph") != errors.Is(err, batch.ErrNotSent) {
				t.Errorf("%s, %s: %v", what, of, err)
			}
		}
	}
}

// A file that is no list of CAs is refused with the reason.
func TestReadCAs(t *testing.T) {
	good := string(newProxyCA(t).text())
	for text, want := range map[string]string{
		good:                     "",
		"# our root\n\n" + good:  "",
		good + "\n" + good:       "",
		"":                       "it is empty",
		"\x30\x82\x01\x02binary": "openssl x509 -inform der",
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("hush")})):        "no certificate in PEM",
		good + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("hush")})): "certificate 2 in it cannot be read",
	} {
		pool, err := ReadCAs([]byte(text))
		if want == "" && (err != nil || pool == nil) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.30q: error %v, want %q", text, err, want)
		}
	}
}
