package batch

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// idNoting keeps the ids of calls as they leave.
type idNoting struct {
	Sender
	mu  sync.Mutex
	ids map[string]bool
}

func (n *idNoting) Send(ctx context.Context, items []Item) ([]Reply, error) {
	n.mu.Lock()
	n.ids[CallID(ctx)] = true
	n.mu.Unlock()
	return n.Sender.Send(ctx, items)
}

// Every call has an id of its own, which the journal knows before it leaves. A user keeps
// that of a call that brought no answer, and the error of an outage names the last one.
func TestCallIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 60)
		for range 60 {
			f.calls = append(f.calls, &CallError{Err: io.EOF})
		}
		sent := &idNoting{Sender: f, ids: map[string]bool{}}
		r.Apps[0].Sender = sent
		err := r.Run(t.Context())
		if !errors.Is(err, ErrOutage) || len(sent.ids) != f.n || sent.ids[""] {
			t.Fatalf("%d ids of %d calls, error %v", len(sent.ids), f.n, err)
		}
		for id := range sent.ids {
			if !IsGUID(id) || !j.ids[id] {
				t.Errorf("the id %q is no GUID, or was not intended", id)
			}
		}
		for seq, trial := range j.trials {
			if id, ok := strings.CutPrefix(trial.RequestID, "client-request-id "); !ok || !sent.ids[id] {
				t.Errorf("user %d has %q", seq, trial.RequestID)
			}
		}
		_, last, _ := strings.Cut(err.Error(), "(client-request-id ")
		if len(j.trials) != 60 || !sent.ids[strings.TrimSuffix(last, ")")] {
			t.Errorf("%d trials, and the error is %v", len(j.trials), err)
		}
	})
}
