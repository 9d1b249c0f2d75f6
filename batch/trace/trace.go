// Package trace writes what calls say and get into a file that people read, without
// secrets. It imports nothing of this module.
package trace

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// longest is how much of a body is written, and mostRead how much of it is read for that.
const (
	longest  = 64 << 10
	mostRead = 32 << 20
)

// mostKnown is how many secrets are looked for that other calls had, and formType the type of their bodies.
const (
	mostKnown = 64
	formType  = "application/x-www-form-urlencoded"
)

// Log writes entries, each of them whole, from any number of goroutines.
type Log struct {
	failed func(error)

	mu    sync.Mutex
	to    io.Writer
	last  int // number of the last call
	over  bool
	known []string // secrets of all calls
}

// New writes to a file. Failed is told once of an entry that could not be written; the log
// is over then, and calls go on. The secrets are those that the process knows beside those of
// the calls.
func New(to io.Writer, failed func(error), secrets ...string) *Log {
	return &Log{to: to, failed: failed, known: secrets}
}

// Through traces all calls that go through a transport.
func (l *Log) Through(next http.RoundTripper) http.RoundTripper { return traced{l, next} }

type traced struct {
	log  *Log
	next http.RoundTripper
}

// RoundTrip writes the request before it leaves, and the answer once all of it is there.
func (t traced) RoundTrip(req *http.Request) (*http.Response, error) {
	no, known := t.log.number()
	r, began := redactor{secrets: known}, time.Now()
	head := r.header(req.Header) // learns what must not come back, before the address is written
	body, whole, err := drained(req.Body)
	if err != nil {
		return nil, err
	}
	if req.Body != nil && req.Body != http.NoBody {
		req = req.Clone(req.Context())
		req.Body = whole
	}
	kind := req.Header.Get("Content-Type")
	text := r.body(kind, body)
	if r.signsIn = strings.HasPrefix(kind, formType); r.signsIn { // other calls may hear of it
		t.log.learn(r.secrets[len(known):])
	}
	t.log.entry(no, "request", fmt.Sprintf("%s %s\n%s", req.Method, r.url(req.URL), head), text)
	r.answered = true
	resp, err := t.next.RoundTrip(req)
	took := time.Since(began).Round(time.Millisecond)
	if err != nil {
		t.log.entry(no, "no answer", fmt.Sprintf("after %v: %s\n", took, r.sweep(err.Error())), "")
		return resp, err
	}
	read, whole, broken := drained(resp.Body)
	resp.Body = whole
	head = r.header(resp.Header)
	text = r.body(resp.Header.Get("Content-Type"), read)
	head = fmt.Sprintf("%s %s after %v\n%s", resp.Proto, r.sweep(resp.Status), took, head)
	if broken != nil {
		text += "\n(the body broke off: " + r.sweep(broken.Error()) + ")"
	}
	t.log.entry(no, "response", head, text)
	return resp, nil
}

// CloseIdleConnections has the transport below leave its connections.
func (t traced) CloseIdleConnections() { (&http.Client{Transport: t.next}).CloseIdleConnections() }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// drained reads a body, as far as it is looked at. Whole gives all of it, with the error that
// it breaks off with; of a longer one read has one byte more than [mostRead].
func drained(body io.ReadCloser) (read []byte, whole io.ReadCloser, err error) {
	if body == nil {
		return nil, http.NoBody, nil
	}
	read, err = io.ReadAll(io.LimitReader(body, mostRead+1))
	var rest io.Reader = body
	if err != nil {
		rest = failing{err}
	}
	if len(read) <= mostRead {
		body.Close()
		if err == nil {
			return read, io.NopCloser(bytes.NewReader(read)), nil
		}
	}
	return read, struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), rest), body}, err
}

// number is that of the next call, with the secrets of those before it.
func (l *Log) number() (int, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	return l.last, slices.Clone(l.known)
}

// learn keeps secrets for the calls to come.
func (l *Log) learn(secrets []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range secrets {
		if len(l.known) < mostKnown && !slices.Contains(l.known, s) {
			l.known = append(l.known, s)
		}
	}
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
