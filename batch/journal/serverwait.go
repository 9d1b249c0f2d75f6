package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Patience is how long, and how, an answer of the journal's database is waited for. A journal
// in a file is never waited for.
type Patience struct {
	Most time.Duration        // from the first thing that failed; 0 is for ever
	Stop <-chan struct{}      // closed: no longer than graceAfterStop
	Say  func(string, ...any) // is told once of a wait that is longer than a moment, and of its end; may be nil
}

// usualPatience is that of commands that do not say.
const usualPatience = 15 * time.Second

// graceAfterStop is for what was answered already, and would be sent again otherwise.
const graceAfterStop = 10 * time.Second

// Wait says how long, and how, an answer of the journal's database is waited for.
func (s *Store) Wait(p Patience) { s.wait(p) }

// waiting is what all who wait for the server have in common.
type waiting struct {
	opened bool // before, nothing is waited for
	mu     sync.Mutex
	how    Patience
	set    bool
	since  time.Time // when the first thing failed; zero while all is well
	told   bool
}

func (p *server) wait(how Patience) {
	p.waiting.mu.Lock()
	defer p.waiting.mu.Unlock()
	p.waiting.how, p.waiting.set = how, true
}

// patiently tries until the server answers. What failed may be tried again: what reads
// forgets what it read, and a write knows its own number; see begin.
func (p *server) patiently(ctx context.Context, once func() error) error {
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := once()
		if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) || !away(err) {
			if err == nil {
				p.back()
			}
			return inWords(err)
		}
		if !p.waiting.opened || !p.waitFor(ctx, err, pause) {
			return fmt.Errorf("%w: %w", ErrAway, inWords(err))
		}
	}
}

// back ends the wait.
func (p *server) back() {
	w := &p.waiting
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.told && w.how.Say != nil {
		w.how.Say("journal  its database answers again, after %s", time.Since(w.since).Round(time.Second))
	}
	w.since, w.told = time.Time{}, false
}

// waitFor waits for a pause, and reports whether there is to be another try.
func (p *server) waitFor(ctx context.Context, err error, pause time.Duration) bool {
	w := &p.waiting
	w.mu.Lock()
	now := time.Now()
	if w.since.IsZero() {
		w.since = now
	}
	most := w.how.Most
	if !w.set {
		most = usualPatience
	}
	end := w.since.Add(most)
	if now.Sub(w.since) > time.Second && !w.told && w.how.Say != nil {
		w.told = true
		until := "until it does"
		if most > 0 {
			until = "until " + end.Format(time.TimeOnly)
		}
		w.how.Say("journal  its database does not answer (%s); nothing is sent meanwhile, and it is waited for %s", cause(err), until)
	}
	stop, since := w.how.Stop, w.since
	w.mu.Unlock()
	if most > 0 && !now.Add(pause).Before(end) {
		return false
	}
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	case <-stop:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.how.Stop = nil
	if most := now.Sub(since) + graceAfterStop; w.how.Most == 0 || most < w.how.Most {
		w.how.Most = most
	}
	return true
}

// cause is the last of what an error says.
func cause(err error) string {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}
