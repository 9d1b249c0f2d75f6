package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// holders makes administrators of the first n of the users.
func holders(n int, users iter.Seq2[Pending, error]) iter.Seq2[Pending, error] {
	return func(yield func(Pending, error) bool) {
		for p, err := range users {
			p.Item.User.Privileged = p.Item.User.Seq <= n
			if !yield(p, err) {
				return
			}
		}
	}
}

// answers is a script in which users first to last get the reply always.
func answers(first, last int, r Reply) map[int][]Reply {
	m := map[int][]Reply{}
	for i := first; i <= last; i++ {
		m[i] = []Reply{r}
	}
	return m
}

// Administrators stand at the front, and whoever revokes may not touch them: that
// is no missing permission. When nobody but them is left they end denied.
func TestDeniedHoldersAreNoVerdict(t *testing.T) {
	no := Reply{Status: 403, Code: "Authorization_RequestDenied"}
	for _, c := range []struct {
		name                   string
		users, holders, denied int
		want                   string
		err                    error
		hint                   bool // the reason names the permission
	}{
		{"80 in front of 400", 480, 80, 80, "400 verified 80 denied ", nil, false},
		{"nobody else", 80, 80, 80, "80 denied ", nil, false},
		{"everybody", 480, 80, 480, "", ErrPermission, false},
		{"40 who hold no roles, and nobody else", 40, 0, 40, "40 denied ", nil, true},
		{"80 in front of 20, all denied", 100, 80, 100, "100 denied ", nil, true},
		{"20 who hold no roles among others", 100, 0, 20, "80 verified 20 denied ", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f, j := bench(t, 0)
				r.Pending = holders(c.holders, numbered(c.users))
				f.script = answers(1, c.denied, no)
				if err := r.Run(t.Context()); !errors.Is(err, c.err) {
					t.Errorf("got error %v, want %v", err, c.err)
				}
				if got := j.outcomes(); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
				if rec, ok := j.records[c.denied]; ok && strings.Contains(rec.Reason, NeedsWrite) != c.hint {
					t.Errorf("the reason is %q", rec.Reason)
				}
			})
		})
	}
}

// A user denied to one app of a pool is tried by the others before it ends
// denied, and none of that makes a verdict on an app.
func TestDeniedUserGoesToTheNextApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 400)
		strict := func(allowed func(seq int) bool) *strictApp { return &strictApp{f, allowed} }
		r.Apps = []App{
			{"first", strict(func(seq int) bool { return seq%10 != 0 }), openGate{2}, false},
			{"second", strict(func(seq int) bool { return seq%20 != 0 }), openGate{2}, false},
			{"third", strict(func(seq int) bool { return seq%40 != 0 }), openGate{2}, false},
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := j.outcomes(); got != "390 verified 10 denied " {
			t.Error("got", got)
		}
		for seq, n := range f.sent {
			if most := map[bool]int{true: 3, false: 1}[seq%10 == 0]; n > most || seq%40 == 0 && n != 3 {
				t.Errorf("user %d was sent %d times", seq, n)
			}
		}
	})
}

// strictApp denies some users.
type strictApp struct {
	*fakeTenant
	allowed func(seq int) bool
}

func (a *strictApp) Send(ctx context.Context, items []Item) ([]Reply, error) {
	replies, err := a.fakeTenant.Send(ctx, items)
	for i := range replies {
		if !a.allowed(items[i].User.Seq) {
			replies[i] = Reply{Status: 403, Date: time.Now()}
		}
	}
	return replies, err
}

// An outage inside HTTP 200 is waited for, and counted against nobody.
func TestOutageInsideAnswers(t *testing.T) {
	busy := Reply{Status: 503, Code: "UnknownError"}
	for _, c := range []struct {
		name  string
		users int
		until time.Duration // for how long everybody gets 503; 0 is for ever
		wait  time.Duration // Runner.Outage
		also  Reply         // what every second user gets meanwhile, when it has a status
		want  string
		err   error
		least time.Duration
	}{
		{"an hour, and then well", 400, time.Hour, 2 * time.Hour, Reply{}, "400 verified ", nil, time.Hour},
		{"two users", 2, time.Hour, 2 * time.Hour, Reply{}, "2 verified ", nil, time.Hour},
		{"longer than is waited for", 400, 0, 10 * time.Minute, Reply{}, "", ErrOutage, 10 * time.Minute},
		{"one user is left", 1, 0, 2 * time.Hour, Reply{}, "1 gave_up ", nil, time.Minute},
		{"others are answered", 400, 0, 2 * time.Hour, Reply{Status: 200}, "200 verified 200 gave_up ", nil, time.Minute},
		{"others are told to wait, which is pace", 40, time.Hour, 10 * time.Minute, Reply{Status: 429, RetryAfter: 10 * time.Second}, "40 verified ", nil, time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f, j := bench(t, c.users)
				r.Outage = c.wait
				start := time.Now()
				f.script = map[int][]Reply{}
				over := func() { clear(f.script) }
				for i := range c.users {
					f.script[i+1] = []Reply{busy}
					if i%2 == 1 && c.also.Status != 0 {
						f.script[i+1] = []Reply{c.also}
					}
				}
				if c.until > 0 {
					time.AfterFunc(c.until, func() { f.mu.Lock(); defer f.mu.Unlock(); over() })
				}
				err := r.Run(t.Context())
				if !errors.Is(err, c.err) || c.err != nil && !strings.Contains(err.Error(), "HTTP 503 UnknownError") {
					t.Errorf("got error %v, want %v", err, c.err)
				}
				if got := j.outcomes(); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
				if took := time.Since(start); took < c.least || took > c.least+10*time.Minute {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// One user makes every call that carries it fail: the others are done, and that
// one alone is not.
func TestOnePoisonsACall(t *testing.T) {
	refused := &CallError{Status: 400, Code: "BadRequest", Message: "Write request id : 7"}
	garbled := &CallError{Err: fmt.Errorf("%w: invalid character", ErrUnreadable)}
	never := &CallError{Err: fmt.Errorf("%w: user 7 has no key", ErrUnsendable)}
	for _, c := range []struct {
		name   string
		users  int
		poison []int
		err    error
		want   string
		reason string
		doubt  bool // while it was tried, Graph may have acted
	}{
		{"refused, in the first call", 400, []int{7}, refused, "399 verified 1 failed ", "HTTP 400 BadRequest: Write request id : 7", false},
		{"refused, in the last call", 400, []int{400}, refused, "399 verified 1 failed ", "HTTP 400 BadRequest", false},
		{"refused, in one call of one", 20, []int{7}, refused, "19 verified 1 failed ", "HTTP 400 BadRequest", false},
		{"unreadable", 400, []int{7}, garbled, "399 verified 1 gave_up ", "10 attempts, the last one: the answer cannot be read: invalid character", true},
		{"unreadable, in one call of one", 20, []int{7}, garbled, "19 verified 1 gave_up ", "10 attempts", true},
		{"must not be sent", 400, []int{7}, never, "399 verified 1 failed ", "call must not be sent: user 7 has no key", false},
		{"several of them", 400, []int{7, 8, 133, 399}, refused, "396 verified 4 failed ", "HTTP 400 BadRequest", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f, j := bench(t, c.users)
				f.fail = func(users []User) error {
					if slices.ContainsFunc(users, func(u User) bool { return slices.Contains(c.poison, u.Seq) }) {
						return c.err
					}
					return nil
				}
				if err := r.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := j.outcomes(); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
				rec := j.records[c.poison[0]]
				if !strings.HasPrefix(rec.Reason, c.reason) || j.trials[c.poison[0]].Doubt != c.doubt {
					t.Errorf("record %+v, trial %+v", rec, j.trials[c.poison[0]])
				}
				if rec := j.records[1]; rec.Attempts > 7 {
					t.Errorf("a user in its company took %d attempts", rec.Attempts)
				}
				if f.n > c.users/20+14*len(c.poison) {
					t.Errorf("%d calls", f.n)
				}
			})
		})
	}
}

// When all calls are refused as a whole, the run stops soon, at the start and in
// the middle, and writes nobody off. A run that goes on with the last of such
// users comes to its end.
func TestAllCallsRefused(t *testing.T) {
	refused := &CallError{Status: 400, Code: "BadRequest", Message: "no"}
	for _, c := range []struct {
		name        string
		users, well int // calls that go well first
		lastCall    int
		fails       bool
		want        string
		calls       int // at most
	}{
		{"at the start", 2000, 0, 0, true, "", strikes + 4},
		// Of the four calls under way around the tenth, three may be refused and be answered first.
		{"in the middle", 2000, 10, 0, true, "200 verified ", 10 + 3 + downAfter + 4},
		{"a call of one", 1, 0, 0, true, "", 1},
		{"a call of one, in a resumed run", 1, 0, 7, false, "1 failed ", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f, j := bench(t, c.users)
				r.LastCall = c.lastCall
				calls := 0
				f.fail = func([]User) error {
					f.mu.Lock()
					defer f.mu.Unlock()
					if calls++; calls > c.well {
						return refused
					}
					return nil
				}
				err := r.Run(t.Context())
				if _, is := errors.AsType[*CallError](err); c.fails != (err != nil) || c.fails && !strings.Contains(err.Error(), "HTTP 400 BadRequest: no") && !is {
					t.Errorf("got error %v", err)
				}
				want := c.want
				if got := strings.ReplaceAll(j.outcomes(), "unverified", "verified"); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				if f.n > c.calls {
					t.Errorf("%d calls", f.n)
				}
			})
		})
	}
}

// One refusal of a call cuts no other call short: what they bring is recorded.
func TestRefusedCallCutsNoOtherShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 1000)
		r.Concurrency, r.Apps[0].Gate, r.Verify = 12, openGate{12}, false
		f.latency = time.Second
		calls := 0
		f.fail = func([]User) error {
			f.mu.Lock()
			calls++
			first := calls == 1
			f.mu.Unlock()
			if first {
				return ErrSignIn
			}
			time.Sleep(10 * time.Second) // all others go well, later
			return nil
		}
		if err := r.Run(t.Context()); !errors.Is(err, ErrSignIn) {
			t.Errorf("got error %v, want ErrSignIn", err)
		}
		if n := len(j.records); n != 20*(f.n-1) || len(j.open) > 0 {
			t.Errorf("%d records of %d calls, open %v", n, f.n, j.open)
		}
		for _, tr := range j.trials {
			if tr.Doubt {
				t.Errorf("user %d is in doubt", tr.Seq)
			}
		}
	})
}

// Calls with one stale token are one strike, however many are under way.
func TestStaleTokenOfManyCalls(t *testing.T) {
	for name, whole := range map[string]bool{"calls": true, "items": false} {
		synctest.Test(t, func(t *testing.T) {
			r, f, j := bench(t, 1000)
			r.Concurrency, r.Apps[0].Gate = 12, openGate{12}
			start := time.Now()
			f.fail = func([]User) error {
				if whole && time.Since(start) < 200*time.Millisecond {
					return &CallError{Status: 401, Code: "InvalidAuthenticationToken"}
				}
				return nil
			}
			if !whole {
				f.script = answers(1, 1000, Reply{Status: 401})
				time.AfterFunc(100*time.Millisecond, func() { f.mu.Lock(); defer f.mu.Unlock(); clear(f.script) })
			}
			f.latency = 120 * time.Millisecond
			if err := r.Run(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got := j.outcomes(); got != "1000 verified " {
				t.Errorf("%s: %s", name, got)
			}
		})
	}
}

// What is said of a user whose run ended before a final answer: three words, each
// only where it is so. Doubt is that Graph may have acted; a trial without it was
// answered; no trial at all is a user who was never sent.
func TestHowACallEnds(t *testing.T) {
	whole := func(status int) error { return &CallError{Status: status, Code: "C"} }
	for _, c := range []struct {
		name  string
		err   error
		reply Reply
		want  string // never sent, refused, or in doubt
	}{
		{"no connection", &CallError{Err: fmt.Errorf("%w: dial", ErrNotSent)}, Reply{}, "never sent"},
		{"a request that must not leave", &CallError{Err: fmt.Errorf("%w: odd", ErrUnsendable)}, Reply{}, "never sent"},
		{"no token", fmt.Errorf("%w: no", ErrSignIn), Reply{}, "never sent"},
		{"connection reset", &CallError{Err: io.EOF}, Reply{}, "in doubt"},
		{"timeout", &CallError{Err: context.DeadlineExceeded}, Reply{}, "in doubt"},
		{"an error of no known kind", errors.New("odd"), Reply{}, "in doubt"},
		{"unreadable", &CallError{Err: fmt.Errorf("%w: odd", ErrUnreadable)}, Reply{}, "in doubt"},
		{"call 307", whole(307), Reply{}, "refused"},
		{"call 400", whole(400), Reply{}, "refused"},
		{"call 401", whole(401), Reply{}, "refused"},
		{"call 403", whole(403), Reply{}, "refused"},
		{"call 404", whole(404), Reply{}, "refused"},
		{"call 405", whole(405), Reply{}, "refused"},
		{"call 408", whole(408), Reply{}, "in doubt"},
		{"call 429", whole(429), Reply{}, "refused"},
		{"call 500", whole(500), Reply{}, "in doubt"},
		{"call 501", whole(501), Reply{}, "refused"},
		{"call 502", whole(502), Reply{}, "in doubt"},
		{"call 503", whole(503), Reply{}, "in doubt"},
		{"call 503 that means 429", &CallError{Status: 503, Code: "Request_ThrottledTemporarily"}, Reply{}, "refused"},
		{"call 504", whole(504), Reply{}, "in doubt"},
		{"no reply to the user", nil, Reply{}, "in doubt"},
		{"401", nil, Reply{Status: 401}, "refused"},
		{"403", nil, Reply{Status: 403}, "refused"},
		{"408", nil, Reply{Status: 408}, "in doubt"},
		{"409 by another's write", nil, Reply{Status: 409, Code: "Directory_ConcurrencyViolation"}, "refused"},
		{"429", nil, Reply{Status: 429, RetryAfter: time.Hour}, "refused"},
		{"500", nil, Reply{Status: 500}, "in doubt"},
		{"503", nil, Reply{Status: 503}, "in doubt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f, j := bench(t, 1)
				stop := make(chan struct{})
				r.Stop = stop
				f.fail = func([]User) error { return c.err }
				if c.err == nil {
					f.script = map[int][]Reply{1: {c.reply}}
				}
				time.AfterFunc(f.latency/2, func() { close(stop) }) // after this call there is no other
				if err := r.Run(t.Context()); err == nil {
					t.Error("the run came to its end")
				}
				tr, sent := j.trials[1]
				got, sent := "never sent", sent && !tr.SentAt.IsZero()
				switch {
				case len(j.open) > 0 || len(j.records) > 0:
					t.Errorf("open %v, records %v", j.open, j.records)
				case tr.Doubt:
					got = "in doubt"
				case sent:
					got = "refused"
				}
				if got != c.want {
					t.Errorf("the user is %s, want %s (%+v)", got, c.want, tr)
				}
				if e, ok := errors.AsType[*CallError](c.err); ok && sent && tr.Status != e.Status {
					t.Errorf("the trial tells of HTTP %d, want %d", tr.Status, e.Status)
				}
			})
		})
	}
}

// A file of people who are gone is no action that is not offered: without a
// look-up, and in a run that goes on later, each of them ends for itself.
func TestGoneUsersAreNoVerdict(t *testing.T) {
	gone := Reply{Status: 404, Code: "Request_ResourceNotFound", Message: "Resource 'x' does not exist."}
	for _, c := range []struct {
		name     string
		found    time.Duration // ago; negative for never
		waits    time.Duration // until the first call
		lastCall int
		want     string
		err      error
	}{
		{"just found", time.Minute, 0, 0, "", ErrNotOffered},
		{"sent before", time.Minute, 0, 7, "400 failed ", nil},
		{"found yesterday, and not sent yet", 24 * time.Hour, 0, 0, "400 failed ", nil},
		{"just found, and sent two hours later", time.Minute, 2 * time.Hour, 0, "400 failed ", nil},
		{"never looked up", -1, 0, 0, "400 not_found ", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f, j := bench(t, 400)
				if r.LastCall = c.lastCall; c.found >= 0 {
					r.Found = time.Now().Add(-c.found)
				}
				r.Apps[0].Gate = &slowGate{next: time.Now().Add(c.waits)}
				f.script = answers(1, 400, gone)
				if err := r.Run(t.Context()); !errors.Is(err, c.err) {
					t.Errorf("got error %v, want %v", err, c.err)
				}
				if got := j.outcomes(); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
				if rec := j.records[1]; c.want != "" && rec.Reason != "HTTP 404 Request_ResourceNotFound: Resource 'x' does not exist." {
					t.Errorf("the reason is %q", rec.Reason)
				}
			})
		})
	}
}
