package graph

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener without a socket. Cut silences the connections made so
// far, as a laptop's sleep does: nothing arrives any more, and nobody is told.
type pipes struct {
	server chan net.Conn
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	made []*silent
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	s := &silent{Conn: client, cut: make(chan struct{}), closed: make(chan struct{})}
	p.mu.Lock()
	p.made = append(p.made, s)
	p.mu.Unlock()
	p.server <- server
	return s, nil
}

func (p *pipes) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.made {
		close(s.cut)
		s.Conn.Close() // so that the other end goes, too
	}
	p.made = nil
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.server:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// silent is the client's end of a connection.
type silent struct {
	net.Conn
	cut, closed chan struct{}
	once        sync.Once
}

func (s *silent) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	select {
	case <-s.cut:
		<-s.closed
		return 0, net.ErrClosed
	default:
		return n, err
	}
}

func (s *silent) Write(b []byte) (int, error) {
	select {
	case <-s.cut:
		return len(b), nil // into the void
	default:
		return s.Conn.Write(b)
	}
}

func (s *silent) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.Conn.Close()
}

// A connection that has died in silence is found out long before a call's
// timeout, and the next call takes a new one.
func TestDeadConnectionIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{server: make(chan net.Conn), closed: make(chan struct{})}
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Proto", r.Proto)
		}))
		srv.Listener.Close()
		srv.Listener, srv.EnableHTTP2 = p, true
		srv.StartTLS()
		defer srv.Close()
		transport := Transport(4, nil).(discreet)
		transport.DialContext = p.dial
		transport.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig
		defer transport.CloseIdleConnections()
		post := func() (string, error) {
			ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://example.com/", strings.NewReader("{}"))
			if err != nil {
				return "", err
			}
			resp, err := transport.RoundTrip(req)
			if err != nil {
				return "", err
			}
			return resp.Header.Get("Proto"), resp.Body.Close()
		}
		if proto, err := post(); err != nil || proto != "HTTP/2.0" {
			t.Fatalf("%s, %v", proto, err)
		}
		p.cut()
		start := time.Now()
		if _, err := post(); err == nil || time.Since(start) > 2*quiet {
			t.Errorf("on a dead connection: error %v after %v", err, time.Since(start))
		}
		start = time.Now()
		if _, err := post(); err != nil || time.Since(start) > time.Second {
			t.Errorf("the call after: error %v after %v", err, time.Since(start))
		}
	})
}
