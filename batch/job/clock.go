package job

import (
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

// timed has the clock read the answers that pass.
type timed struct {
	next  http.RoundTripper
	clock *clock
}

func (t timed) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := time.Now()
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		t.clock.mu.Lock()
		defer t.clock.mu.Unlock()
		if t.clock.first.Graph.IsZero() {
			t.clock.first = batch.Clock{Asked: asked, Answered: time.Now(), Graph: at}
		}
	}
	return resp, nil
}

// CloseIdleConnections has the transport below leave its connections: graph asks for it.
func (t timed) CloseIdleConnections() { (&http.Client{Transport: t.next}).CloseIdleConnections() }
