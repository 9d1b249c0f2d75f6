package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"offboard/batch"
)

// This file is about the way to a host, before any token is sent there.

// Contact is what a host showed of itself to a call without a token.
type Contact struct {
	Issuer string      // of its certificate; "" without TLS
	TLS    string      // its version: "TLS 1.3"
	Clock  batch.Clock // this machine's, held against the Date of the answer
}

// The reasons why a host cannot be used. An [Unreached] is one of them, or of none.
var (
	ErrNoName    = errors.New("no such name")
	ErrProxy     = errors.New("the proxy does not let it through")
	ErrUntrusted = errors.New("the certificate is not trusted")
	ErrPage      = errors.New("a web page answers")
)

// Unreached says that a host cannot be used, and why.
type Unreached struct {
	Host   string
	Issuer string // of a certificate that was not accepted
	Why    error  // one of those above, or nil
	error
}

func (u *Unreached) Unwrap() []error { return []error{u.Why, u.error} }

// Knock calls a link without a token, and tells what came of it. Any answer in JSON will do. An error is an
// *Unreached.
func Knock(ctx context.Context, rt http.RoundTripper, link string) (Contact, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return Contact{}, &Unreached{error: err}
	}
	req.Header.Set("Accept", "application/json")
	asked := time.Now()
	resp, err := rt.RoundTrip(req)
	answered := time.Now()
	if err != nil {
		return Contact{}, unreached(req.URL.Hostname(), err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	var at Contact
	if date := metaOf(resp).date; !date.IsZero() {
		at.Clock = batch.Clock{Asked: asked, Answered: answered, Graph: date}
	}
	if s := resp.TLS; s != nil {
		at.TLS = tls.VersionName(s.Version)
		at.Issuer = s.PeerCertificates[0].Issuer.String() // the client has verified one
	}
	if err != nil {
		return at, unreached(req.URL.Hostname(), err)
	}
	if title, page := webPage(resp, body); page {
		return at, &Unreached{Host: req.URL.Hostname(), Why: ErrPage, error: fmt.Errorf("HTTP %d, a web page, title %q", resp.StatusCode, title)}
	}
	if to, err := resp.Location(); err == nil && resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return at, &Unreached{Host: req.URL.Hostname(), Why: ErrPage, error: fmt.Errorf("HTTP %d, which leads to %s", resp.StatusCode, to.Host)}
	}
	return at, nil
}

// unreached sorts the error of a call that brought no answer.
func unreached(host string, err error) error {
	u := &Unreached{Host: host, error: err}
	op, isOp := errors.AsType[*net.OpError](err)
	_, noName := errors.AsType[*net.DNSError](err)
	switch {
	case isOp && op.Op == "proxyconnect", isA[*batch.ProxyError](err):
		u.Why = ErrProxy
	case noName:
		u.Why = ErrNoName
	case untrusted(host, err) != nil:
		u.Why, u.error = ErrUntrusted, untrusted(host, err)
	}
	return u
}

// Proxy is the proxy through which a link is called, without its password: "" is none. A variable that
// holds no address is an error, which does not tell the value: it may have a password.
func Proxy(link string) (string, error) {
	at, err := url.Parse(link)
	if err != nil {
		return "", err
	}
	proxy, err := ofEnvironment(&http.Request{URL: at})
	if err != nil || proxy == nil {
		return "", err
	}
	return proxy.Scheme + "://" + proxy.Host, nil
}
