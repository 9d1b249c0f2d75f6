package batch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"
)

// openGate lets everything through.
type openGate struct{ width int }

func (openGate) Admit(time.Time, int) time.Duration { return 0 }
func (openGate) Leave(time.Time, Feedback)          {}
func (g openGate) Width() int                       { return g.width }
func (openGate) Pace(time.Time) Pace                { return Pace{Reason: "open"} }

// slowGate lets one call through at a time.
type slowGate struct {
	openGate
	every time.Duration
	next  time.Time
}

func (g *slowGate) Admit(now time.Time, _ int) time.Duration {
	if wait := g.next.Sub(now); wait > 0 {
		return wait
	}
	g.next = now.Add(g.every)
	return 0
}

func (g *slowGate) Width() int { return 1 }

// fakeTenant answers by script: the first element of a user's script for its
// first call, the last one from then on. A user without a script gets 200.
type fakeTenant struct {
	t       *testing.T
	journal *fakeJournal
	latency time.Duration
	slower  int // latencies that each call takes more than the one before
	script  map[int][]Reply
	calls   []error                  // errors of the first calls, nil for an answer
	fail    func(users []User) error // the error of a call, nil for an answer; may be nil
	lag     time.Duration            // until a stamp shows
	frozen  bool
	blind   int // reads that fail before one goes well
	mixed   int // reads whose answers are each other's
	reads   int

	mu    sync.Mutex
	n     int
	sent  map[int]int // times sent, by Seq
	stamp map[int]time.Time
}

func (f *fakeTenant) Send(ctx context.Context, items []Item) ([]Reply, error) {
	users := usersOf(items)
	f.mu.Lock()
	f.n++
	n := f.n
	if len(users) > ChunkSize {
		f.t.Errorf("call %d carries %d users", n, len(users))
	}
	for _, u := range users {
		f.sent[u.Seq]++
		if !f.journal.announced(u.Seq) {
			f.t.Errorf("user %d was sent and not announced", u.Seq)
		}
	}
	f.mu.Unlock()
	for range 1 + f.slower*(n-1) {
		if err := f.wait(ctx); err != nil {
			return nil, &CallError{Err: err}
		}
	}
	if n <= len(f.calls) && f.calls[n-1] != nil {
		return nil, f.calls[n-1]
	}
	if f.fail != nil {
		if err := f.fail(users); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	replies := make([]Reply, len(users))
	for i, u := range users {
		r := Reply{Status: 200}
		if s := f.script[u.Seq]; len(s) > 0 {
			r = s[min(f.sent[u.Seq], len(s))-1]
		}
		r.Date = time.Now()
		if r.Status == 200 && !f.frozen {
			f.stamp[u.Seq] = time.Now()
		}
		replies[i] = r
	}
	return replies, nil
}

func (f *fakeTenant) Lookup(ctx context.Context, users []User) ([]Reply, error) {
	if err := f.wait(ctx); err != nil {
		return nil, &CallError{Err: err}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	replies := make([]Reply, len(users))
	if f.reads++; f.reads <= f.blind {
		return replies, nil // nobody is answered
	}
	for i, u := range users {
		found := u
		if at, ok := f.stamp[u.Seq]; ok && time.Since(at) >= f.lag {
			found.Stamp = at
		}
		replies[i] = Reply{Status: 200, User: &found, Date: time.Now()}
	}
	if f.reads <= f.mixed {
		slices.Reverse(replies)
	}
	return replies, nil
}

func (f *fakeTenant) Show(ctx context.Context, items []Item) ([]Reply, error) {
	return f.Lookup(ctx, usersOf(items))
}

func usersOf(items []Item) []User {
	users := make([]User, len(items))
	for i, it := range items {
		users[i] = it.User
	}
	return users
}

func (f *fakeTenant) wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case <-time.After(f.latency):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// fakeJournal keeps entries as the real one does, and checks what it is told.
type fakeJournal struct {
	t       *testing.T
	mu      sync.Mutex
	open    map[int][]int // calls announced and not over
	records map[int]Record
	trials  map[int]Trial
	apps    map[string]int  // calls, by app
	ids     map[string]bool // of calls
	writes  int
	failAt  int // the write that fails; 0 for none
}

var errDisk = errors.New("disk full")

func (j *fakeJournal) Write(_ context.Context, e Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.writes++; j.writes == j.failAt {
		return errDisk
	}
	for _, no := range e.Over {
		if _, ok := j.open[no]; !ok {
			j.t.Errorf("call %d is over and was never announced", no)
		}
		delete(j.open, no)
	}
	for _, t := range e.Trials {
		j.trials[t.Seq] = t
	}
	for _, r := range e.Records {
		if old, ok := j.records[r.Seq]; ok && old.Outcome != Unverified {
			j.t.Errorf("user %d was %s and becomes %s", r.Seq, old.Outcome, r.Outcome)
		}
		j.records[r.Seq] = r
	}
	for _, c := range e.Calls {
		j.apps[c.App]++
		j.ids[c.ID] = true
		j.open[c.No] = c.Seqs
	}
	return nil
}

func (j *fakeJournal) announced(seq int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, seqs := range j.open {
		for _, s := range seqs {
			if s == seq {
				return true
			}
		}
	}
	return false
}

// outcomes counts the records: "3 denied, 97 verified".
func (j *fakeJournal) outcomes() string {
	var s Summary
	for _, r := range j.records {
		s.Add(r.Outcome)
	}
	out := ""
	for _, o := range Outcomes {
		if n := s.Counts[o]; n > 0 {
			out += fmt.Sprintf("%d %s ", n, o)
		}
	}
	return out
}

// numbered gives n users, Seq 1 to n.
func numbered(n int) iter.Seq2[Pending, error] {
	return func(yield func(Pending, error) bool) {
		for i := range n {
			if !yield(Pending{Item: Item{Step: Revoke, User: User{Seq: i + 1, ID: fmt.Sprint("id-", i+1), Type: "Member"}}}, nil) {
				return
			}
		}
	}
}

// bench puts a runner between a fake tenant and a fake journal.
func bench(t *testing.T, users int) (*Runner, *fakeTenant, *fakeJournal) {
	j := &fakeJournal{t: t, apps: map[string]int{}, ids: map[string]bool{}, open: map[int][]int{}, records: map[int]Record{}, trials: map[int]Trial{}}
	f := &fakeTenant{t: t, journal: j, latency: 50 * time.Millisecond, sent: map[int]int{}, stamp: map[int]time.Time{}}
	return &Runner{
		Apps: []App{{Name: "app", Sender: f, Gate: openGate{4}}}, Steps: []Step{Revoke}, Verify: true, Prover: f, Journal: j, Reads: openGate{4},
		Pending: numbered(users), Concurrency: 4, Retry: DefaultRetry,
		CallTimeout: 2 * time.Minute, Outage: 10 * time.Minute, VerifyTimeout: 2 * time.Minute,
	}, f, j
}

// NewFakeTenant is the stand-in for tests outside the package. The statuses are
// by Seq, and 200 for everybody else.
func NewFakeTenant(t *testing.T, statuses map[int]int) (Sender, func(User) int) {
	_, f, j := bench(t, 0)
	f.latency = 0
	f.script = map[int][]Reply{}
	for seq, status := range statuses {
		f.script[seq] = []Reply{{Status: status}}
	}
	for seq := range 23 {
		j.open[seq] = []int{seq} // announced, as the runner would
	}
	return f, func(u User) int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.sent[u.Seq]
	}
}
