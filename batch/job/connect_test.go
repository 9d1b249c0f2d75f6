package job

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"offboard/batch"
	"offboard/batch/graph"
)

// The transports that watch calls pass on that a 503 wants a new connection.
func TestNewConnectionAfter503(t *testing.T) {
	var made, calls atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if calls.Add(1) == 2 { // the first one asks for the organization
			w.WriteHeader(http.StatusServiceUnavailable)
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
	s := alone().newJob(&Connection{}, &Execution{})
	s.plan.Steps = []batch.Step{batch.Revoke}
	s.Network = graph.Transport(1, nil)
	tenant, err := s.clients(t.Context(), srv.URL, "", []*graph.Auth{graph.FixedToken("T")})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, _ = tenant.apps[0].client.Send(t.Context(), batch.Items(batch.Revoke, batch.User{ID: "a"}))
	}
	if made.Load() != 2 || calls.Load() != 4 {
		t.Errorf("%d calls over %d connections, want 4 over 2", calls.Load(), made.Load())
	}
}
