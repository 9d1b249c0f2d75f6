package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// No wait is silent: within five seconds progress tells since when nothing is
// answered, how often it was tried and why it failed, and then that it is over.
func TestTroubleIsTold(t *testing.T) {
	refused := &CallError{Err: errors.New("connection refused")}
	for _, c := range []struct {
		name  string
		takes time.Duration // of a call while there is trouble
		err   error
		tries int // known of at the first telling, at the least
	}{
		{"refused at once", 0, refused, 1},
		{"nobody answers", time.Minute, refused, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f, _ := bench(t, 400)
				start := time.Now()
				from, until := start.Add(100*time.Millisecond), start.Add(2*time.Minute)
				r.Apps[0].Sender = senderFunc(func(ctx context.Context, items []Item) ([]Reply, error) {
					if now := time.Now(); now.Before(from) || now.After(until) {
						return f.Send(ctx, items)
					}
					time.Sleep(c.takes)
					return nil, c.err
				})
				var first, last Trouble
				var told time.Duration
				r.Progress = func(p Progress) {
					if p.Trouble.Any() && p.Now.Sub(p.Trouble.Since) >= 3*time.Second && told == 0 {
						first, told = p.Trouble, p.Now.Sub(from)
					}
					last = p.Trouble
				}
				if err := r.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if told == 0 || told > 5*time.Second || first.What != "answers to revoke calls" || first.Since.Before(start) || first.Tries < c.tries {
					t.Errorf("told after %v: %+v", told, first)
				}
				if c.tries > 0 && !errors.Is(first.Err, refused) {
					t.Errorf("the cause is %v", first.Err)
				}
				if last.Any() {
					t.Errorf("at the end: %+v", last)
				}
			})
		})
	}
}

type senderFunc func(context.Context, []Item) ([]Reply, error)

func (f senderFunc) Send(ctx context.Context, items []Item) ([]Reply, error) { return f(ctx, items) }

// Planning tells it, too.
func TestTroubleIsToldWhilePlanning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told Trouble
		p := &Planner{
			Directory: lookupFunc(func(context.Context, []User) ([]Reply, error) {
				return nil, &CallError{Err: errors.New("no such host")}
			}),
			Reads: openGate{1}, Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute, Outage: 10 * time.Second,
			Rows:     func(yield func(Row, error) bool) { yield(Row{Seq: 1, Line: 2, UPN: "a@x"}, nil) },
			Add:      func(context.Context, []Planned) error { return nil },
			Progress: func(c Count) { told = c.Trouble },
		}
		if _, err := p.Plan(t.Context()); !errors.Is(err, ErrOutage) {
			t.Fatal(err)
		}
		if told.Tries < downAfter || told.Err == nil || told.What != "answers to lookup calls" {
			t.Errorf("told %+v", told)
		}
	})
}

type lookupFunc func(context.Context, []User) ([]Reply, error)

func (f lookupFunc) Lookup(ctx context.Context, users []User) ([]Reply, error) { return f(ctx, users) }

// An outage ends the run when it has lasted so long, however slowly calls fail.
func TestOutageIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _ := bench(t, 400)
		r.Outage = 30 * time.Second
		r.Apps[0].Sender = senderFunc(func(context.Context, []Item) ([]Reply, error) {
			time.Sleep(20 * time.Second)
			return nil, &CallError{Err: ErrNotSent}
		})
		start := time.Now()
		if err := r.Run(t.Context()); !errors.Is(err, ErrOutage) || time.Since(start) > 60*time.Second {
			t.Errorf("ended after %v with %v", time.Since(start), err)
		}
	})
}

// A read tells while a call hangs and between two tries, and a stop cuts it short.
func TestReaderTells(t *testing.T) {
	for name, takes := range map[string]time.Duration{"refused at once": 0, "nobody answers": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop := make(chan struct{})
				start := time.Now()
				var told time.Duration
				var first, last Trouble
				r := Asker{Gate: openGate{1}, Retry: DefaultRetry, Timeout: 2 * time.Minute, Stop: stop, Told: func(w Trouble) {
					if w.Any() && time.Since(w.Since) >= 3*time.Second && told == 0 {
						told, first = time.Since(start), w
					}
					last = w
				}}
				time.AfterFunc(10*time.Second, func() { close(stop) })
				err := r.Ask(t.Context(), "the directory roles", "", 1, func(ctx context.Context) error {
					select {
					case <-time.After(takes):
						return &CallError{Err: errors.New("connection refused")}
					case <-ctx.Done():
						return &CallError{Err: ctx.Err()}
					}
				})
				if told == 0 || told > 5*time.Second || first.What != "the directory roles" || (takes == 0) != (first.Tries > 0) {
					t.Errorf("told after %v: %+v", told, first)
				}
				if !errors.Is(err, ErrStopped) || time.Since(start) > 11*time.Second {
					t.Errorf("ended after %v with %v", time.Since(start), err)
				}
				if err := r.Ask(t.Context(), "the directory roles", "", 1, func(context.Context) error { return nil }); !errors.Is(err, ErrStopped) {
					t.Errorf("a read after the stop: %v", err)
				}
				if r.Stop = nil; r.Ask(t.Context(), "the directory roles", "", 1, func(context.Context) error { return nil }) != nil || last.Any() {
					t.Errorf("after a read that went well, told %+v", last)
				}
			})
		})
	}
}

// While our own gate holds a read back, that is what is told, and the service is
// blamed for nothing: the time does not count as an outage.
func TestReaderHeldBackByItsGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var words []string
		r := Asker{
			Gate: &slowGate{openGate{1}, time.Second, start.Add(15 * time.Minute)}, Retry: DefaultRetry, Timeout: time.Minute, Outage: 10 * time.Minute,
			Told: func(w Trouble) {
				if w.Any() && w.Tries == 0 && (len(words) == 0 || words[len(words)-1] != fmt.Sprint(w.Since.Sub(start), w.Err)) {
					words = append(words, fmt.Sprint(w.Since.Sub(start), w.Err))
				}
			},
		}
		calls := 0
		err := r.Ask(t.Context(), "the directory roles", "", 1, func(context.Context) error {
			time.Sleep(5 * time.Second)
			if calls++; calls == 1 {
				return &CallError{Status: 503}
			}
			return nil
		})
		if err != nil || calls != 2 {
			t.Errorf("%d calls, error %v", calls, err)
		}
		want := []string{"0s held back by our own pace: open", "15m0s <nil>"}
		if !slices.Equal(words, want) {
			t.Errorf("told %q, want %q", words, want)
		}
	})
}

// Users who wait to go again do so for a reason that is told, also while others are
// answered and there is no outage.
func TestWhyUsersWaitIsTold(t *testing.T) {
	odd := Reply{Message: "the answer for this user has no object id"}
	said := map[string]bool{}
	keep := func(w Trouble) { said[w.Said] = true }
	planner := func(first Reply) func(*testing.T) {
		return func(t *testing.T) {
			p := &Planner{
				Directory: &phonebook{asked: map[string]int{}, users: map[string]User{ada: {ID: ada}, bob: {ID: bob}}, script: map[string][]Reply{ada: {first}}},
				Reads:     openGate{1}, Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute, Rows: rowsOf(Row{ID: ada}, Row{ID: bob}),
				Add: func(context.Context, []Planned) error { return nil }, Progress: func(c Count) { keep(c.Trouble) },
			}
			if _, err := p.Plan(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	runner := func(prepare func(*Runner, *fakeTenant)) func(*testing.T) {
		return func(t *testing.T) {
			r, f, _ := bench(t, 3)
			r.Progress = func(p Progress) { keep(p.Trouble) }
			prepare(r, f)
			_ = r.Run(t.Context()) // how it ends is told elsewhere
		}
	}
	for _, c := range []struct {
		name string
		do   func(*testing.T)
		want string
	}{
		{"an odd lookup", planner(odd), "lookup: " + odd.Message},
		{"a lookup without a body", planner(Reply{Status: 200}), "lookup: the answer has no body"},
		{"a user's own trouble", runner(func(_ *Runner, f *fakeTenant) {
			f.script = map[int][]Reply{2: {{Status: 503, Code: "UnknownError"}, {Status: 200}}}
		}), "revoke: HTTP 503 UnknownError"},
		{"a redirect of the call", runner(func(r *Runner, f *fakeTenant) {
			f.calls = []error{&CallError{Status: 307, Err: errors.New("HTTP 307, which leads to proxy.example")}}
		}), "revoke: call refused with HTTP 307, which leads to proxy.example"},
		{"redirects within an answer", runner(func(_ *Runner, f *fakeTenant) {
			to := Reply{Status: 307, Message: "it leads to proxy.example"}
			f.script = map[int][]Reply{1: {to}, 2: {{Status: 503}, to}, 3: {to}}
		}), "revoke: HTTP 307: it leads to proxy.example"},
		{"a read-back about others", runner(func(_ *Runner, f *fakeTenant) { f.mixed = 1 }), "read-back: the directory answered with another user, id-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clear(said)
			synctest.Test(t, c.do)
			if !said[c.want] {
				t.Errorf("told %v, want %q", said, c.want)
			}
			if !said[""] {
				t.Error("a reason was told when nobody waited")
			}
		})
	}
}

// The cause of a wait is told without the address of the call.
func TestCause(t *testing.T) {
	call := func(err error) error {
		return &CallError{Err: &url.Error{Op: "Post", URL: "https://graph.microsoft.com/v1.0/$batch", Err: err}}
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, "no answer yet"},
		{call(io.EOF), "the connection was closed"},
		{call(fmt.Errorf("dial tcp: %w", syscall.ECONNREFUSED)), "connection refused"},
		{call(errors.New("dial tcp: lookup graph.microsoft.com: no such host")), "dial tcp: lookup graph.microsoft.com: no such host"},
		{errors.New("no answer to the call:\nlate"), "late"},
	} {
		if got := (Trouble{Err: c.err}).Cause(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
