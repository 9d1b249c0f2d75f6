package graphsim

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// fate is how far an answer gets.
type fate int

const (
	delivered fate = iota
	dropped        // the connection breaks before the first byte
	cut            // the connection breaks after body
)

// reply is an HTTP answer.
type reply struct {
	status int
	header http.Header
	body   []byte
	fate   fate
}

// ServeHTTP serves the tenant on a socket.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rep, err := t.serve(r)
	if err != nil || rep.fate == dropped { // an error means that the caller has left
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
	rep, err := t.serve(r)
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

// serve tells Graph and the token endpoint apart.
func (t *Tenant) serve(r *http.Request) (*reply, error) {
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
	return t.login(r, path, body), nil
}

// maxBody is the most that a call may carry. Graph's limit is not documented;
// 4 MB is what unofficial pages name.
const maxBody = 4 << 20

// readBody reads the body to its end. Packed bodies are refused, which Graph is
// said to take: the clients here send none, and an SDK that retries a packed
// request labels plain JSON gzip. An error means that the connection broke.
func readBody(r *http.Request) (body []byte, bad *failure, err error) {
	if r.Body == nil {
		return nil, nil, nil
	}
	body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	encoding := r.Header.Get("Content-Encoding")
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("read request: %w", err)
	case len(body) > maxBody:
		return nil, &failure{413, "RequestEntityTooLarge", "The request is too large."}, nil
	case encoding != "" && encoding != "identity":
		return nil, &failure{415, "UnsupportedMediaType", "The content encoding is not supported."}, nil
	}
	return body, nil, nil
}

// encode writes a reply's JSON.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("graphsim: " + err.Error()) // replies are made of strings, numbers and times
	}
	return b
}
