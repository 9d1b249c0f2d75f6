package job

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"offboard/batch"
)

// clock keeps what the first dated answer of Graph says of this machine's clock. A
// nil clock knows nothing.
type clock struct {
	mu    sync.Mutex
	first batch.Clock
}

// read is what is known by now.
func (c *clock) read() batch.Clock {
	if c == nil {
		return batch.Clock{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first
}

// note keeps what the first answer says.
func (c *clock) note(is batch.Clock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first.Graph.IsZero() {
		c.first = is
	}
}

// watched is a transport of which every call is logged, with --verbose, and the clock
// reads every answer. The log has no header but the request's id, since the others hold
// the token.
type watched struct {
	next  http.RoundTripper
	log   *slog.Logger
	clock *clock
}

func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := time.Now()
	resp, err := w.next.RoundTrip(r)
	answered := time.Now()
	said := []any{"path", r.URL.Path, "took", answered.Sub(asked)}
	if err != nil {
		w.log.Debug("call", append(said, "error", err)...)
		return resp, err
	}
	w.log.Debug("call", append(said, "status", resp.StatusCode, "request_id", resp.Header.Get("request-id"))...)
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		w.clock.note(batch.Clock{Asked: asked, Answered: answered, Graph: at})
	}
	return resp, nil
}

// CloseIdleConnections has the transport below leave its connections: graph asks for it.
func (w watched) CloseIdleConnections() { (&http.Client{Transport: w.next}).CloseIdleConnections() }
