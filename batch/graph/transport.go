package graph

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	khttp "github.com/microsoft/kiota-http-go"

	"offboard/batch"
)

// This file has all that stands between a request and the network. A call to Graph
// passes, from the outside in:
//
//	kiota's custom transport   with the telemetry handler alone
//	challenges                 a 401 drops the token, and loses its challenge
//	leaving                    marks an error of a call that never left
//	Config.Transport           Transport, in whatever its caller put around it
//
// A call of the sign-in library passes noting, and then the Transport of Authority.Client,
// which is another Transport.

// quiet is how long a connection may bring nothing before it is asked whether it
// is alive, and then how long it has to answer.
const quiet = 15 * time.Second

// Transport is the SDK's own transport, with the proxy of the environment, TLS 1.2 at
// least, room for as many idle connections as calls may be under way, and a look at
// connections that have gone quiet: after a laptop's sleep or a change of
// network, HTTP/2 would otherwise go on to send calls into the old one, each to
// wait for its timeout. It trusts these CAs; nil are those of this machine.
func Transport(calls int, cas *x509.CertPool) http.RoundTripper {
	rt := khttp.GetDefaultTransport()
	if t, ok := rt.(*http.Transport); ok {
		t.Proxy, t.OnProxyConnectResponse = ofEnvironment, admitted
		t.TLSClientConfig = &tls.Config{RootCAs: cas, MinVersion: tls.VersionTLS12}
		t.MaxIdleConns, t.MaxIdleConnsPerHost = calls, calls // 2 per host by default: most calls would pay for a connection
		t.HTTP2 = &http.HTTP2Config{SendPingTimeout: quiet, PingTimeout: quiet}
		return discreet{t}
	}
	return rt
}

// leaveConnections has the next call make a connection of its own. A connection that
// other calls are using stays. http.Client would ask the outermost RoundTripper to do
// this, and kiota's cannot.
func (c *Client) leaveConnections() {
	if t, ok := c.bottom.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// leaving tells the calls that never left from those that may have arrived: an
// error of the first kind is a *stayed. Graph acts on a batch when its body is
// there, and no byte of that is written before the header is.
type leaving struct{ next http.RoundTripper }

// stayed is the error of a call that did not leave this machine.
type stayed struct{ error }

func (s *stayed) Unwrap() error { return s.error }

func (l leaving) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, &stayed{err}
	}
	var asked, wrote atomic.Bool
	trace := &httptrace.ClientTrace{
		GetConn:      func(string) { asked.Store(true) },
		WroteHeaders: func() { wrote.Store(true) },
	}
	resp, err := l.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err == nil {
		return resp, nil
	}
	// A transport that is not net/http's tells nothing on the way, so that only its
	// word on dialing counts.
	op, dial := errors.AsType[*net.OpError](err)
	if asked.Load() && !wrote.Load() || dial && op.Op == "dial" {
		return nil, &stayed{err}
	}
	return nil, err
}

// challenges watches for 401: it marks the token, and takes the challenge off
// the response, which the SDK would otherwise answer with a call of its own.
type challenges struct {
	next http.RoundTripper
	auth *Auth
}

func (c challenges) RoundTrip(req *http.Request) (*http.Response, error) {
	if id := batch.CallID(req.Context()); id != "" { // in the place of the one that the telemetry handler made
		req.Header.Set("client-request-id", id)
	}
	resp, err := c.next.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		said := resp.Header.Get("WWW-Authenticate")
		code, message := challengeError(said)
		c.auth.dropToken(bearer(req), challenge(said), without("HTTP 401 "+code+": "+message, bearer(req)))
		resp.Header.Set(challengeHeader, said)
		resp.Header.Del("WWW-Authenticate")
	}
	return resp, err
}

// bearer is the token that a request carried.
func bearer(req *http.Request) string {
	if req == nil {
		return ""
	}
	return strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
}

// noting notes what a sign-in meets for the one who asked for it.
type noting struct{ next http.RoundTripper }

func (n noting) RoundTrip(r *http.Request) (*http.Response, error) {
	met, ok := r.Context().Value(troubleKey{}).(*trouble)
	if !ok {
		return n.next.RoundTrip(r)
	}
	r, secrets, err := formSecrets(r)
	if err != nil {
		return nil, err
	}
	met.secrets = append(met.secrets, secrets...)
	resp, err := n.next.RoundTrip(r)
	met.calls++
	met.post = r.Method == http.MethodPost
	if err != nil {
		met.err = byProxy(r.URL.Host, brokeOff(r.URL.Host, err))
		met.setup = barred(r.URL.Host, met.err)
		return resp, err
	}
	met.from = fmt.Sprintf("%s answered HTTP %d", r.URL.Host, resp.StatusCode)
	met.busy = resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if met.err, met.said = brokeOff(r.URL.Host, err), body; err != nil {
		return nil, err
	}
	if title, page := webPage(resp, body); page && resp.StatusCode < 300 {
		met.setup = pageBetween(r.URL.Host, title)
		met.err = met.setup
	}
	return resp, nil
}

// brokeOff names the host of a connection that ended before the answer did. That error says no
// more than EOF.
func brokeOff(host string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the connection to %s ended before the answer did: %w", host, err)
	}
	return err
}
