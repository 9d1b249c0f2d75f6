package batch

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Asker makes the few reads that concern no single user: a page of a group's
// members, who holds which role, how many users there are. Set the fields, then
// call Read as often as needed, from one goroutine.
type Asker struct {
	Gate    Gate
	Retry   RetryPolicy
	Timeout time.Duration // of one call
	Outage  time.Duration // how long nothing may be answered; 0 waits for ever
	Until   Deadline
	Stop    <-chan struct{} // closed: no new calls
	Told    func(Trouble)   // told every second what a read waits for, and the zero Trouble once the read succeeds; may be nil
}

// Ask repeats one read until it succeeds, and waits as long as Graph and the gate
// say. What names the read, needs is the Graph permission that it takes, and cost is
// what the gate counts for it. The error is ErrStopped, ErrDeadline, ErrOutage, ErrSignIn,
// ErrPermission, or the refusal itself: a *CallError.
func (r Asker) Ask(ctx context.Context, what, needs string, cost int, call func(context.Context) error) error {
	var t Trial
	began := time.Now()
	wait := Trouble{What: what, Since: began}
	tell := func(time.Time) {
		if r.Told != nil {
			r.Told(wait)
		}
	}
	tellHeldBack := func(now time.Time) {
		if wait.Tries == 0 { // the service is not to blame
			wait.Err = errors.New("held back by our own pace: " + r.Gate.Pace(now).Reason)
		}
		tell(now)
	}
	for {
		if err := r.wait(ctx, tellHeldBack, func(now time.Time) time.Duration { return r.Gate.Admit(now, cost) }); err != nil {
			return fmt.Errorf("read %s: %w", what, err)
		}
		sent := time.Now()
		if wait.Tries == 0 {
			began, wait.Since, wait.Err = sent, sent, nil
			if r.Outage > 0 {
				wait.Until = sent.Add(r.Outage)
			}
		}
		wait.Next = time.Time{}
		id := NewCallID()
		err := r.call(WithCallID(ctx, id), tell, call)
		now := time.Now()
		r.Gate.Leave(now, readFeedback(sent, cost, err))
		if err == nil {
			wait = Trouble{}
			tell(now)
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("read %s: %w", what, context.Cause(ctx))
		}
		wait.Tries, wait.Err = wait.Tries+1, err
		again, err := r.judge(&t, err, needs, now.Sub(began))
		if err != nil {
			return fmt.Errorf("read %s: %w", what, unheard(err, id))
		}
		due := now.Add(again)
		wait.Next = due
		if err := r.wait(ctx, tell, func(now time.Time) time.Duration { return due.Sub(now) }); err != nil {
			return fmt.Errorf("read %s: %w", what, err)
		}
	}
}

// call makes one call, and tells while it is under way. It is cut short by a
// stop, since a read leaves nothing behind.
func (r Asker) call(ctx context.Context, tell func(time.Time), call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	over := make(chan error, 1)
	go func() { over <- call(ctx) }() // awaited below
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	stop := r.Stop
	for {
		select {
		case err := <-over:
			return err
		case now := <-ticker.C:
			tell(now)
		case <-stop:
			cancel()
			stop = nil
		}
	}
}

// judge says how long to wait after an error, or that it is the last.
func (r Asker) judge(t *Trial, err error, needs string, since time.Duration) (time.Duration, error) {
	reply := Reply{}
	e, ok := errors.AsType[*CallError](err)
	switch {
	case errors.Is(err, ErrSignIn), errors.Is(err, ErrNotGraph), errors.Is(err, ErrUnsendable):
		return 0, err
	case ok:
		reply = Reply{Status: e.Status, Code: e.Code, Message: e.Message, RetryAfter: e.RetryAfter}
	}
	c, _ := classify(reply)
	switch {
	case c == final && reply.Status == 403:
		return 0, fmt.Errorf("%w: it needs the Graph permission %s: %w", ErrPermission, needs, err)
	case c == final:
		return 0, err
	case c == throttled:
		return reply.RetryAfter, nil
	}
	t.Attempts++
	if c == stale && t.Attempts >= staleStrikes {
		return 0, fmt.Errorf("%w: new tokens are refused too: %w", ErrSignIn, err)
	}
	if t.Attempts >= r.Retry.Attempts && (reply.Status == 500 || errors.Is(err, ErrUnreadable)) {
		return 0, err // the service is there, and this is what it says
	}
	if r.Outage > 0 && since >= r.Outage {
		return 0, noAnswer(since, err)
	}
	again := max(reply.RetryAfter, r.Retry.backoff(t.Attempts, reply, jitter()))
	if r.Outage > 0 {
		again = min(again, r.Outage-since)
	}
	return again, nil
}

// wait asks left until it says that it is time.
func (r Asker) wait(ctx context.Context, tell func(time.Time), left func(time.Time) time.Duration) error {
	for {
		now := time.Now()
		if err := stopped(r.Stop, r.Until, now); err != nil {
			return err
		}
		wait := left(now)
		if wait <= 0 {
			return nil
		}
		timer := time.NewTimer(min(wait, tick))
		select {
		case now := <-timer.C:
			tell(now)
		case <-r.Stop:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		timer.Stop()
	}
}
