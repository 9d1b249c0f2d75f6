package batch

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestReader(t *testing.T) {
	refused := func(status int) error { return &CallError{Status: status} }
	for _, c := range []struct {
		name  string
		errs  []error // of the first calls; the last one for ever
		want  error   // nil for success
		calls int
		least time.Duration
	}{
		{"at once", []error{nil}, nil, 1, 0},
		{"throttled", []error{&CallError{Status: 429, RetryAfter: 30 * time.Second}, nil}, nil, 2, 30 * time.Second},
		{"trouble", []error{refused(503), refused(502), io.EOF, nil}, nil, 4, time.Second},
		{"a stale token", []error{refused(401), nil}, nil, 2, 0},
		{"tokens refused", []error{refused(401)}, ErrSignIn, staleStrikes, 0},
		{"no sign-in", []error{ErrSignIn}, ErrSignIn, 1, 0},
		{"no permission", []error{refused(403)}, ErrPermission, 1, 0},
		{"an error inside the service", []error{refused(500)}, &CallError{}, DefaultRetry.Attempts, time.Minute},
		{"an error inside the service that passes", []error{refused(500), refused(500), nil}, nil, 3, time.Second},
		{"an answer that cannot be read", []error{&CallError{Err: ErrUnreadable}}, &CallError{}, DefaultRetry.Attempts, time.Minute},
		{"a read that must not leave", []error{&CallError{Err: ErrUnsendable}}, &CallError{}, 1, 0},
		{"nobody there", []error{refused(404)}, &CallError{}, 1, 0},
		{"an outage", []error{&CallError{Err: io.EOF}}, ErrOutage, 0, 10 * time.Minute},
		{"an outage that ends", append(make([]error, 0), io.EOF, io.EOF, io.EOF, io.EOF, io.EOF, io.EOF, io.EOF, io.EOF, io.EOF, io.EOF, io.EOF, io.EOF, nil), nil, 13, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := Asker{Gate: openGate{1}, Retry: DefaultRetry, Timeout: time.Minute, Outage: 10 * time.Minute}
				n, start := 0, time.Now()
				err := r.Ask(t.Context(), "members", "GroupMember.Read.All", 4, func(context.Context) error {
					n++
					return c.errs[min(n, len(c.errs))-1]
				})
				_, refusal := errors.AsType[*CallError](c.want)
				_, got := errors.AsType[*CallError](err)
				if !errors.Is(err, c.want) && !(refusal && got) || c.want == nil && err != nil {
					t.Errorf("got error %v, want %v", err, c.want)
				}
				if c.calls > 0 && n != c.calls || time.Since(start) < c.least {
					t.Errorf("%d calls in %v, want %d in no less than %v", n, time.Since(start), c.calls, c.least)
				}
			})
		})
	}
}

// Every wait ends with the run.
func TestReaderStops(t *testing.T) {
	cause := errors.New("second signal")
	for name, c := range map[string]struct {
		with func(*Asker, context.CancelCauseFunc)
		want error
	}{
		"signal": {func(r *Asker, _ context.CancelCauseFunc) {
			ch := make(chan struct{})
			r.Stop = ch
			time.AfterFunc(time.Minute, func() { close(ch) })
		}, ErrStopped},
		"deadline": {func(r *Asker, _ context.CancelCauseFunc) { r.Until = NewDeadline(time.Now(), time.Minute) }, ErrDeadline},
		"cancel":   {func(_ *Asker, cancel context.CancelCauseFunc) { time.AfterFunc(time.Minute, func() { cancel(cause) }) }, cause},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			r := Asker{Gate: openGate{1}, Retry: DefaultRetry, Timeout: time.Minute}
			c.with(&r, cancel)
			start := time.Now()
			err := r.Ask(ctx, "members", "", 4, func(context.Context) error {
				return &CallError{Status: 429, RetryAfter: time.Hour}
			})
			if !errors.Is(err, c.want) || time.Since(start) > time.Minute+time.Second {
				t.Errorf("%s: got error %v after %v, want %v", name, err, time.Since(start), c.want)
			}
		})
	}
}

// A read costs the gate what it was told, and all of it was served.
func TestReaderFeedsTheGate(t *testing.T) {
	if f := readFeedback(time.Now(), 4, nil); f.Cost != 4 || f.Accepted != 4 || f.Throttled != 0 {
		t.Errorf("after a read that went well: %+v", f)
	}
	if f := readFeedback(time.Now(), 4, &CallError{Status: 429, RetryAfter: time.Second}); f.Cost != 4 || f.Accepted != 0 || f.Throttled != 4 {
		t.Errorf("after one that was throttled: %+v", f)
	}
}
