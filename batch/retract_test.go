package batch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// memberships is one user in many groups, with a sender that takes the user out of each, a
// journal, and reads of the list of groups: each of those that stale picks is from before
// the run.
type memberships struct {
	groups int
	stale  func(read int) bool

	mu    sync.Mutex // guards what follows
	reads int
	sent  map[Mark]bool
	ended map[Mark]Record
}

const readLatency = 100 * time.Millisecond

func (m *memberships) target(i int) Target {
	return Target{Step: Groups, ID: fmt.Sprint("group-", i), Before: StateThere}
}

func (m *memberships) Show(_ context.Context, items []Item) ([]Reply, error) {
	time.Sleep(readLatency)
	m.mu.Lock()
	defer m.mu.Unlock()
	replies := make([]Reply, len(items))
	for i, it := range items {
		m.reads++
		r := Reply{Status: 200, Date: time.Now(), Shown: &Shown{ID: it.User.ID, State: StateGone}}
		if m.stale(m.reads) {
			r.Shown.State = StateThere
			for g := range m.groups {
				r.Groups = append(r.Groups, m.target(g).ID)
			}
		}
		replies[i] = r
	}
	return replies, nil
}

func (m *memberships) Send(_ context.Context, items []Item) ([]Reply, error) {
	time.Sleep(readLatency / 2)
	m.mu.Lock()
	defer m.mu.Unlock()
	replies := make([]Reply, len(items))
	for i, it := range items {
		m.sent[it.Mark()] = true
		replies[i] = Reply{Status: 204, Date: time.Now()}
	}
	return replies, nil
}

func (m *memberships) Write(_ context.Context, e Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rec := range e.Records {
		m.ended[rec.Mark()] = rec
	}
	return nil
}

func (m *memberships) runner() *Runner {
	u := User{Seq: 1, ID: "user-1", Type: Member}
	m.sent, m.ended = map[Mark]bool{}, map[Mark]Record{}
	return &Runner{
		Apps: []App{{Name: "app", Sender: m, Gate: openGate{4}}}, Steps: []Step{Groups}, Verify: true, Prover: m, Journal: m, Reads: openGate{4},
		Pending: func(yield func(Pending, error) bool) {
			for g := range m.groups {
				if !yield(Pending{Item: Item{Step: Groups, User: u, Target: m.target(g)}}, nil) {
					return
				}
			}
		},
		Known: func(int) (Line, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			l := Line{User: u}
			for g := range m.groups {
				l.Writes = append(l.Writes, Write{m.target(g), m.ended[Mark{1, Groups, m.target(g).ID}]})
			}
			return l, nil
		},
		Concurrency: 4, Retry: DefaultRetry, CallTimeout: 2 * time.Minute, Outage: 10 * time.Minute, VerifyTimeout: 2 * time.Minute,
	}
}

// However often reads differ, a retraction ends: a replica that lags costs a few reads of
// the user, and not some of each membership. Where no two reads in a row agree until the
// time is up, what is shown otherwise then has failed.
func TestRetractionsAreFew(t *testing.T) {
	const groups, healthy = 60, 60 // reads
	for _, c := range []struct {
		name   string
		stale  func(int) bool
		most   int           // reads
		within time.Duration // until the run ends
		failed bool
	}{
		{"healthy", func(int) bool { return false }, healthy, time.Minute, false},
		{"one of five at random", func() func(int) bool {
			x := uint32(1)
			return func(int) bool {
				x = x*1664525 + 1013904223
				return (x>>16)%5 == 0
			}
		}(), 2 * healthy, time.Minute, false},
		{"one of five", func(i int) bool { return i%5 == 0 }, 2 * healthy, time.Minute, false},
		{"every second", func(i int) bool { return i%2 == 0 }, 3 * healthy, 5 * time.Minute, true},
		{"all after the first 50", func(i int) bool { return i > 50 }, 4 * healthy, 5 * time.Minute, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := &memberships{groups: groups, stale: c.stale}
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
			defer cancel()
			if err := m.runner().Run(ctx); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			failed := 0
			for _, rec := range m.ended {
				switch {
				case rec.Outcome == Failed && rec.Reason == backSince+"the directory shows it there again":
					failed++
				case rec.Outcome != Verified && (!c.failed || rec.Outcome != Unverified || rec.retracted()): // what was never shown gone is unverified
					t.Errorf("%s: %s ended %s (%s)", c.name, rec.Target, rec.Outcome, rec.Reason)
				}
			}
			took := time.Since(start)
			t.Logf("%s: %d reads for %d writes, %v, %d failed", c.name, m.reads, groups, took, failed)
			if m.reads > c.most || took > c.within || len(m.ended) != groups || (failed > 0) != c.failed {
				t.Errorf("%s: %d reads, want %d at most; %v, want %v at most; %d records, %d failed", c.name, m.reads, c.most, took, c.within, len(m.ended), failed)
			}
		})
	}
}

// What somebody brought back fails alone: all other memberships are shown gone by the lists
// that show it.
func TestOneMembershipIsBack(t *testing.T) {
	for _, back := range []int{0, 3} { // both are shown gone by then
		synctest.Test(t, func(t *testing.T) {
			m := &memberships{groups: 10, stale: func(int) bool { return false }}
			r := m.runner()
			r.Prover = showing(func(items []Item) []Reply {
				replies, _ := m.Show(t.Context(), items)
				m.mu.Lock()
				defer m.mu.Unlock()
				for i, it := range items {
					if m.reads > 5 {
						replies[i].Groups = []string{m.target(back).ID}
						if m.reads < 12 { // one replica lags besides
							replies[i].Groups = append(replies[i].Groups, m.target(1).ID, m.target(2).ID)
						}
						if it.Target.ID == m.target(back).ID {
							replies[i].Shown.State = StateThere
						}
					}
				}
				return replies
			})
			if err := r.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			for g := range m.groups {
				want := Verified
				if g == back {
					want = Failed
				}
				if rec := m.ended[Mark{1, Groups, m.target(g).ID}]; rec.Outcome != want {
					t.Errorf("back is %d: %s ended %s (%s)", back, rec.Target, rec.Outcome, rec.Reason)
				}
			}
		})
	}
}

type showing func(items []Item) []Reply

func (s showing) Show(_ context.Context, items []Item) ([]Reply, error) { return s(items), nil }

// A retracted proof that cannot be read any more fails, too: what was shown last is that it
// is as before the run.
func TestRetractedAndNotReadable(t *testing.T) {
	for name, c := range map[string]struct {
		reply Reply
		says  string
	}{
		"refused": {Reply{Status: 403, Code: "Authorization_RequestDenied"}, "; since then it could not be read: HTTP 403 Authorization_RequestDenied"},
		"trouble": {Reply{Status: 500}, "; since then it could not be read: HTTP 500"},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := &memberships{groups: 2, stale: func(int) bool { return false }}
			r := m.runner()
			m.ended[Mark{1, Groups, m.target(0).ID}] = Record{Seq: 1, Step: Groups, Target: m.target(0).ID, Outcome: Unverified, Accepted: time.Now(), Reason: provenBut + "the directory shows it there again"}
			r.Unproven = seqOf([]Unproven{{Item{User{Seq: 1, ID: "user-1"}, Groups, m.target(0)}, m.ended[Mark{1, Groups, m.target(0).ID}]}})
			r.Pending = seqOf[Pending](nil)
			r.Prover = showing(func([]Item) []Reply { return []Reply{c.reply} })
			r.Outage = 0
			if err := r.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if rec := m.ended[Mark{1, Groups, m.target(0).ID}]; rec.Outcome != Failed || rec.Reason != backSince+"the directory shows it there again"+c.says {
				t.Errorf("%s: ended %s (%s)", name, rec.Outcome, rec.Reason)
			}
		})
	}
}

// Progress counts what a session before has settled neither when its proof is retracted nor
// when it is back.
func TestRetractionsKeepTheTotal(t *testing.T) {
	for _, before := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			m := &memberships{groups: 2, stale: func(i int) bool { return i == 2 }}
			r := m.runner()
			total := 2
			if before {
				total, m.stale = 1, func(i int) bool { return i == 1 }
				m.ended[Mark{1, Groups, m.target(0).ID}] = Record{Seq: 1, Step: Groups, Target: m.target(0).ID, Outcome: Verified, Accepted: time.Now(), SettledAt: time.Now()}
				time.Sleep(time.Minute)
				r.Pending = seqOf([]Pending{{Item: Item{Step: Groups, User: User{Seq: 1, ID: "user-1"}, Target: m.target(1)}}})
			}
			retracted, settled := false, 0
			r.Progress = func(p Progress) {
				settled = 0
				for _, n := range p.Counts {
					settled += n
				}
				if retracted = retracted || m.ended[Mark{1, Groups, m.target(0).ID}].retracted(); settled > total {
					t.Errorf("settled %d of %d: %v", settled, total, p.Counts)
				}
			}
			if err := r.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !retracted || settled != total {
				t.Errorf("retracted %v, and settled %d of %d at the end", retracted, settled, total)
			}
		})
	}
}

// What was answered is recorded, also where the journal cannot tell any more what was
// proven before; no call leaves then.
func TestAnswersAreKeptWithoutTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memberships{groups: 8, stale: func(i int) bool { return i >= 2 }}
		r := m.runner()
		broken := errors.New("the journal cannot be read")
		r.Known = func(int) (Line, error) { return Line{}, broken }
		if err := r.Run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("ended with %v", err)
		}
		if len(m.sent) < 4 || len(m.sent) == m.groups {
			t.Errorf("%d writes were sent", len(m.sent))
		}
		for mark := range m.sent {
			if m.ended[mark].Outcome == "" {
				t.Errorf("%v was answered, and has no record", mark)
			}
		}
	})
}

// What a sync took back is left for those who keep the directory on premises, and undo
// leaves alone what no call of the run did.
func TestWhatFollowsARetraction(t *testing.T) {
	account := Target{Step: Disable}
	group := Target{Step: Groups, ID: "g", Before: StateThere}
	computer := Target{Step: Devices, ID: "d", OnPremises: true}
	accepted := Record{Outcome: Verified, Status: 204, Accepted: time.Now()}
	for _, c := range []struct {
		name   string
		user   User
		target Target
		was    Record
		toDo   string
		undone bool
	}{
		{"synced account", User{Synced: true, Disabled: true}, account, Record{Outcome: Already}, "disable account", false},
		{"hybrid computer", User{Enabled: true}, computer, Record{Outcome: Already}, "disable computer", false},
		{"account", User{Enabled: true}, account, accepted, "", true},
		{"group", User{}, group, accepted, "", true},
		{"group that somebody else took", User{}, group, Record{Outcome: Already}, "", false},
	} {
		it := Item{User: c.user, Step: c.target.Step, Target: c.target}
		c.was.Step, c.was.Target = c.target.Step, c.target.ID
		rec := it.retract(time.Now(), c.was, StateEnabled)
		if back := it.proven(rec); !rec.retracted() || back.Outcome != c.was.Outcome {
			t.Errorf("%s: %s (%s) was %s, and comes back %s", c.name, rec.Outcome, rec.Reason, c.was.Outcome, back.Outcome)
		}
		for _, o := range []Outcome{Unverified, Failed} {
			rec.Outcome = o
			l := Line{User: c.user, Writes: []Write{{c.target, rec}}}
			said := ""
			for _, f := range l.Followups([]Step{c.target.Step, Revoke}) {
				said += f.Where + " " + f.ToDo
			}
			if want := strings.TrimSuffix("ad "+c.toDo, "ad "); said != want {
				t.Errorf("%s, %s: left for others is %q, want %q", c.name, o, said, want)
			}
			var s Summary
			s.AddLine([]Step{c.target.Step, Revoke}, &l)
			if n := s.Left[Left{c.target.Step, o, rec.Reason}]; (n == 1) != (c.toDo != "") || strings.Contains(rec.Reason, "Active Directory") != (c.toDo != "") {
				t.Errorf("%s, %s: %d are left for others: %s", c.name, o, n, rec.Reason)
			}
			if _, _, ok := l.Writes[0].Undo(c.user); ok != c.undone {
				t.Errorf("%s, %s: undo takes it back: %v", c.name, o, ok)
			}
		}
	}
}
