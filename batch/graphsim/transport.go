package graphsim

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
)

var (
	_ http.Handler      = (*Tenant)(nil)
	_ http.RoundTripper = (*Tenant)(nil)
)

// maxBody is the most that a call may carry. Graph's limit is not documented;
// 4 MB is what unofficial pages name.
const maxBody = 4 << 20

// ServeHTTP serves the tenant on a socket, with the pages below /_sim/ that
// tell a test in another process what happened.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rep, err := t.serve(r, true)
	if err != nil {
		rep = &reply{fate: dropped} // the caller has left
	}
	if rep.fate == dropped {
		// The documented way to break a connection in net/http.
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	for name, values := range rep.header {
		h[name] = values
	}
	w.WriteHeader(rep.status)
	if _, err := w.Write(rep.body); err != nil {
		return // the caller has left
	}
	if rep.fate == cut {
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		panic(http.ErrAbortHandler) // as above: what was flushed stays all there is
	}
}

// RoundTrip serves the tenant without a socket, so that it can stand in a
// testing/synctest bubble. It ends with the request's context.
func (t *Tenant) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }() // it was read to its end
	}
	if err := wait(r.Context(), 0); err != nil {
		return nil, err
	}
	rep, err := t.serve(r, false)
	if err != nil {
		return nil, err
	}
	if rep.fate == dropped {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	resp := &http.Response{
		Status:     strconv.Itoa(rep.status) + " " + http.StatusText(rep.status),
		StatusCode: rep.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        make(http.Header, len(rep.header)),
		ContentLength: int64(len(rep.body)),
		Request:       r,
	}
	for name, values := range rep.header {
		resp.Header[http.CanonicalHeaderKey(name)] = values
	}
	var body io.Reader = bytes.NewReader(rep.body)
	if rep.fate == cut {
		resp.ContentLength = -1 // chunked, as Graph's answers are
		body = io.MultiReader(body, brokenOff{})
	}
	resp.Body = io.NopCloser(body)
	return resp, nil
}

// brokenOff is the end of a body whose connection broke.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// serve tells Graph, the token endpoint and the bookkeeping apart.
func (t *Tenant) serve(r *http.Request, socket bool) (*reply, error) {
	body, bad, err := readBody(r)
	if err != nil {
		return nil, err
	}
	target := r.URL.RequestURI()
	if strings.HasPrefix(r.RequestURI, "/") {
		target = r.RequestURI // as it came over the wire, a raw "#" included
	}
	for _, version := range [...]string{"v1.0", "beta"} {
		if rest, ok := strings.CutPrefix(target, "/"+version); ok && strings.HasPrefix(rest, "/") {
			return t.graph(r, version, rest, body, bad)
		}
	}
	path, _ := splitTarget(target)
	if socket && strings.HasPrefix(path, "/_sim/") {
		return t.bookkeeping(path), nil
	}
	return t.login(r, path, body), nil
}
