// Package trace writes what calls say and get into a file that people read, without
// secrets. It imports nothing of this module.
package trace

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// longest is how much of a body is written, and mostRead how much of it is read for that.
const (
	longest  = 64 << 10
	mostRead = 32 << 20
)

// Log writes entries, each of them whole, from any number of goroutines.
type Log struct {
	failed func(error)

	mu   sync.Mutex
	to   io.Writer
	last int // number of the last call
	over bool
}

// New writes to a file. Failed is told once of an entry that could not be written; the log
// is over then, and calls go on.
func New(to io.Writer, failed func(error)) *Log { return &Log{to: to, failed: failed} }

// Through traces all calls that go through a transport.
func (l *Log) Through(next http.RoundTripper) http.RoundTripper { return traced{l, next} }

type traced struct {
	log  *Log
	next http.RoundTripper
}

// RoundTrip writes the request before it leaves, and the answer once all of it is there.
func (t traced) RoundTrip(req *http.Request) (*http.Response, error) {
	var r redactor
	no, began := t.log.number(), time.Now()
	head := r.header(req.Header) // learns what must not come back, before the address is written
	body, err := drained(req.Body)
	if err != nil {
		return nil, err
	}
	if req.Body != nil && req.Body != http.NoBody {
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	text := r.body(req.Header.Get("Content-Type"), body)
	t.log.entry(no, "request", fmt.Sprintf("%s %s\n%s", req.Method, r.url(req.URL), head), text)
	resp, err := t.next.RoundTrip(req)
	took := time.Since(began).Round(time.Millisecond)
	if err != nil {
		t.log.entry(no, "no answer", fmt.Sprintf("after %v: %s\n", took, r.sweep(err.Error())), "")
		return resp, err
	}
	read, broken := drained(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(read))
	if broken != nil {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(read), failing{broken}))
	}
	head = fmt.Sprintf("%s %s after %v\n%s", resp.Proto, resp.Status, took, r.header(resp.Header))
	if text = r.body(resp.Header.Get("Content-Type"), read); broken != nil {
		text += "\n(the body broke off: " + r.sweep(broken.Error()) + ")"
	}
	t.log.entry(no, "response", head, text)
	return resp, nil
}

// CloseIdleConnections has the transport below leave its connections.
func (t traced) CloseIdleConnections() { (&http.Client{Transport: t.next}).CloseIdleConnections() }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func drained(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, mostRead))
}

func (l *Log) number() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	return l.last
}

// entry writes one entry at once.
func (l *Log) entry(no int, what, head, body string) {
	if len(body) > longest {
		body = fmt.Sprintf("%s\n(%d more bytes)", strings.ToValidUTF8(body[:longest], ""), len(body)-longest)
	}
	if body != "" {
		body = "\n" + body + "\n"
	}
	text := fmt.Sprintf("=== %s, call %d, %s\n%s%s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), no, what, head, body)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	if _, err := io.WriteString(l.to, text); err != nil {
		l.over = true
		l.failed(err)
	}
}
