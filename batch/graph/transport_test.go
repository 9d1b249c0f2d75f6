package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"offboard/batch"
)

// A call carries the id that it was given, and else one of its own.
func TestClientRequestID(t *testing.T) {
	var got []string
	client, err := New(Config{Root: Global.Root, Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: tripper(func(r *http.Request) (*http.Response, error) {
		got = append(got, strings.Join(r.Header.Values("client-request-id"), " "))
		return nil, io.EOF
	})})
	if err != nil {
		t.Fatal(err)
	}
	id := batch.NewCallID()
	for _, ctx := range []context.Context{batch.WithCallID(t.Context(), id), t.Context()} {
		_, _ = client.Send(ctx, batch.Items(batch.Revoke, batch.User{ID: "a"}))
		_, _ = client.CountUsers(ctx)
	}
	if len(got) != 4 || got[0] != id || got[1] != id || !batch.IsGUID(got[2]) || !batch.IsGUID(got[3]) || got[2] == got[3] {
		t.Errorf("calls carried %q, want %s twice, and then two others", got, id)
	}
}

// "Back off and use a new connection" after a 503, and after nothing else.
func TestNewConnectionAfter503(t *testing.T) {
	for code, want := range map[int]int64{503: 2, 500: 1, 429: 1} {
		var made, calls atomic.Int64
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if calls.Add(1) == 1 {
				w.WriteHeader(code)
			}
			fmt.Fprint(w, `{"responses":[]}`)
		}))
		srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				made.Add(1)
			}
		}
		srv.Start()
		defer srv.Close()
		client, err := New(Config{Root: srv.URL, Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: Transport(1, nil)})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			_, _ = client.Send(t.Context(), batch.Items(batch.Revoke, batch.User{ID: "a"}))
		}
		if made.Load() != want || calls.Load() != 3 {
			t.Errorf("after HTTP %d: %d calls over %d connections, want 3 over %d", code, calls.Load(), made.Load(), want)
		}
	}
}

// Every way in which a call can end, over real connections: whether it left, was
// refused, or may have been carried out. What that makes of its users, a table
// of package batch says.
func TestHowFarACallGets(t *testing.T) {
	type scene struct {
		root      string
		transport *http.Transport
		auth      *Auth
		ctx       context.Context
	}
	// serve answers by h, with a connection of its own.
	serve := func(h func(w http.ResponseWriter, r *http.Request, cancel func())) func(t *testing.T, s *scene) {
		return func(t *testing.T, s *scene) {
			ctx, cancel := context.WithCancel(t.Context())
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				h(w, r, cancel)
			}))
			t.Cleanup(srv.Close)
			s.root, s.ctx = srv.URL, ctx
		}
	}
	status := func(code int) func(t *testing.T, s *scene) {
		return serve(func(w http.ResponseWriter, _ *http.Request, _ func()) {
			w.WriteHeader(code)
			fmt.Fprint(w, `{"error":{"code":"C","message":"M"}}`)
		})
	}
	const lost, refused = "lost", "refused"
	for _, c := range []struct {
		name string
		do   func(t *testing.T, s *scene)
		want string // lost, refused, or the error
	}{
		{"connection refused", func(t *testing.T, s *scene) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			s.root = "http://" + l.Addr().String()
			l.Close()
		}, batch.ErrNotSent.Error()},
		{"a name that does not resolve", func(_ *testing.T, s *scene) {
			s.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.DNSError{Err: "no such host", Name: "graph.invalid", IsNotFound: true}
			}
		}, batch.ErrNotSent.Error()},
		{"stopped while it connects", func(t *testing.T, s *scene) {
			ctx, cancel := context.WithCancel(t.Context())
			s.ctx = ctx
			s.transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				cancel()
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}, batch.ErrNotSent.Error()},
		{"stopped before", func(t *testing.T, s *scene) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			s.ctx = ctx
		}, batch.ErrNotSent.Error()},
		{"a certificate that is not trusted", func(t *testing.T, s *scene) {
			srv := httptest.NewUnstartedServer(http.NotFoundHandler())
			srv.Config.ErrorLog = log.New(io.Discard, "", 0)
			srv.StartTLS()
			t.Cleanup(srv.Close)
			s.root = srv.URL
		}, batch.ErrNotSent.Error()},
		{"a TLS handshake that breaks off", func(t *testing.T, s *scene) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					conn.Close()
				}
			}()
			s.root = "https://" + l.Addr().String()
		}, batch.ErrNotSent.Error()},
		{"no token", func(_ *testing.T, s *scene) {
			s.auth = NewAuth(Global, func() (azcore.TokenCredential, error) { return nil, errors.New("no credentials") })
		}, batch.ErrSignIn.Error()},
		{"a token that no header can carry", func(_ *testing.T, s *scene) { s.auth = FixedToken("a\nb") }, batch.ErrSignIn.Error()},
		{"stopped while it is under way", serve(func(_ http.ResponseWriter, r *http.Request, cancel func()) { cancel(); <-r.Context().Done() }), lost},
		{"connection closed", serve(func(http.ResponseWriter, *http.Request, func()) { panic(http.ErrAbortHandler) }), lost},
		{"cut body", serve(func(w http.ResponseWriter, _ *http.Request, _ func()) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"responses":[{"id":"1","status":200`)
		}), batch.ErrUnreadable.Error()},
		{"odd JSON", serve(func(w http.ResponseWriter, _ *http.Request, _ func()) { fmt.Fprint(w, `{"responses":[{]}`) }), batch.ErrUnreadable.Error()},
		{"no item for the user", serve(func(w http.ResponseWriter, _ *http.Request, _ func()) { fmt.Fprint(w, `{"responses":[]}`) }), "replies"},
		{"307", status(307), refused}, {"400", status(400), refused}, {"401", status(401), refused}, {"403", status(403), refused},
		{"404", status(404), refused}, {"405", status(405), refused}, {"429", status(429), refused},
		{"500", status(500), "HTTP 500"}, {"502", status(502), "HTTP 502"}, {"503", status(503), "HTTP 503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &scene{root: "http://graph.invalid", transport: Transport(1, nil).(discreet).Transport, auth: FixedToken("T"), ctx: t.Context()}
			c.do(t, s)
			defer s.transport.CloseIdleConnections()
			client, err := New(Config{Root: s.root, Steps: []batch.Step{batch.Revoke}, Auth: s.auth, Transport: s.transport})
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Send(s.ctx, batch.Items(batch.Revoke, batch.User{ID: "a"}))
			got := "replies"
			e, _ := errors.AsType[*batch.CallError](err)
			switch {
			case err == nil:
			case errors.Is(err, batch.ErrSignIn):
				got = batch.ErrSignIn.Error()
			case errors.Is(err, batch.ErrNotSent):
				got = batch.ErrNotSent.Error()
			case errors.Is(err, batch.ErrUnreadable):
				got = batch.ErrUnreadable.Error()
			case e.Status >= 500:
				got = fmt.Sprint("HTTP ", e.Status)
			case e.Status != 0:
				got = refused
			default:
				got = lost
			}
			if got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
		})
	}
}
