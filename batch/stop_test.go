package batch

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// A run that is stopped before it begins, as while its plan is sealed, makes no
// call at all: no write and no read-back.
func TestStoppedBeforeTheFirstCall(t *testing.T) {
	for name, c := range map[string]struct {
		with func(*Runner)
		want error
	}{
		"stop": {func(r *Runner) {
			stop := make(chan struct{})
			close(stop)
			r.Stop = stop
		}, ErrStopped},
		"deadline": {func(r *Runner) { r.Until = NewDeadline(time.Now().Add(-time.Hour), time.Minute) }, ErrDeadline},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, f, j := bench(t, 100)
			r.Unproven = func(yield func(Unproven, error) bool) {
				yield(Unproven{Item: Item{Step: Revoke, User: User{Seq: 101, ID: "id-101", Type: "Member"}}, Record: Record{Seq: 101, Outcome: Unverified}}, nil)
			}
			c.with(r)
			if err := r.Run(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("%s: got error %v, want %v", name, err, c.want)
			}
			if f.n > 0 || f.reads > 0 || j.writes > 0 {
				t.Errorf("%s: %d calls, %d reads, %d entries in the journal", name, f.n, f.reads, j.writes)
			}
		})
	}
}

// stopping is a journal whose disk is slow, and a stop comes while the first calls
// are announced.
type stopping struct {
	*fakeJournal
	stop chan struct{}
}

func (j *stopping) Write(ctx context.Context, e Entry) error {
	if len(e.Calls) > 0 {
		close(j.stop)
		time.Sleep(time.Second)
	}
	return j.fakeJournal.Write(ctx, e)
}

// Calls that a stop overtakes while they are announced do not leave, and their
// users were not sent.
func TestStopWhileCallsAreAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 100)
		stop := make(chan struct{})
		r.Stop, r.Journal = stop, &stopping{j, stop}
		if err := r.Run(t.Context()); !errors.Is(err, ErrStopped) {
			t.Errorf("got error %v, want ErrStopped", err)
		}
		if f.n > 0 || len(j.apps) == 0 || len(j.open) > 0 || len(j.trials)+len(j.records) > 0 {
			t.Errorf("%d calls; announced %v, still open %v; %d trials, %d records", f.n, j.apps, j.open, len(j.trials), len(j.records))
		}
	})
}

// stoppedIn is a directory in whose first lookup a stop comes.
type stoppedIn struct {
	Directory
	stop chan struct{}
}

func (d stoppedIn) Lookup(ctx context.Context, users []User) ([]Reply, error) {
	close(d.stop)
	return d.Directory.Lookup(ctx, users)
}

// A stop ends planning whenever it comes: at the last lookup, too, and in the
// second reading, which is for rows that keep people.
func TestStopEndsPlanning(t *testing.T) {
	kept := LinesByName{}
	kept.Add([]Claim{{Key: ByID, Value: bob}}, Row{Line: 3})
	for _, c := range []struct {
		name  string
		blind bool
		at    int // the row, of all that are read, with which the stop comes; 0: in the only lookup
	}{
		{"in the only lookup", false, 0},
		{"at the first row", false, 1},
		{"in the second reading", false, 4},
		{"in the second reading, blind", true, 4},
		{"at the last row, blind", true, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop, read, added := make(chan struct{}), 0, 0
				p := Planner{
					Directory: &phonebook{users: map[string]User{ada: {ID: ada}}, asked: map[string]int{}},
					Reads:     openGate{1}, Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute, Stop: stop, Stay: kept,
					Rows: func(yield func(Row, error) bool) {
						for _, row := range []Row{{Seq: 1, Line: 2, ID: ada}, {Seq: 2, Line: 3}, {Seq: 3, Line: 4}} {
							if read++; read == c.at {
								close(stop)
							}
							var err error
							if row.ID == "" {
								err = &RowError{Row: row, Outcome: Skipped, Reason: "stays", Keeps: []Claim{{Key: ByID, Value: bob}}}
							}
							if !yield(row, err) {
								return
							}
						}
					},
					Add: func(_ context.Context, planned []Planned) error { added += len(planned); return nil },
				}
				switch {
				case c.blind:
					p.Directory = nil
				case c.at == 0:
					p.Directory, p.Stay = stoppedIn{p.Directory, stop}, nil
				}
				if _, err := p.Plan(t.Context()); !errors.Is(err, ErrStopped) {
					t.Errorf("got error %v, want ErrStopped; %d rows were planned", err, added)
				}
				if read > max(3, c.at) {
					t.Errorf("read %d rows, and the stop came with number %d", read, c.at)
				}
			})
		})
	}
}

// An error that ends the run waits for the calls of other apps, whatever it is
// made of: a sign-in that is given up for a stop says so.
func TestErrorThatTellsOfAStopIsDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f, j := bench(t, 40)
		given := &fakeTenant{t: t, journal: j, latency: 10 * time.Millisecond, sent: map[int]int{}, stamp: map[int]time.Time{},
			fail: func([]User) error { return fmt.Errorf("%w: %w", ErrSignIn, ErrStopped) }}
		r.Apps = []App{{Name: "app", Sender: f, Gate: openGate{1}}, {Name: "second", Sender: given, Gate: openGate{1}}}
		f.latency = 30 * time.Second
		if err := r.Run(t.Context()); !errors.Is(err, ErrSignIn) {
			t.Errorf("got error %v, want ErrSignIn", err)
		}
		if f.n != 1 || len(j.open) > 0 || len(j.records) != ChunkSize {
			t.Errorf("%d calls, still open %v, %d records", f.n, j.open, len(j.records))
		}
	})
}

// Users whose proof a stop cuts short are told as that, and read back when the run
// goes on.
func TestStopBeforeTheProof(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration // of the stop; a call takes 50 ms
		want  string
	}{
		{"before the first read-back", 20 * time.Millisecond, "accepted; the run was stopped before it was read back"},
		{"after one", 500 * time.Millisecond, "accepted, but the directory has no stamp; the run was stopped before the time for that was up"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, f, j := bench(t, 3)
			stop := make(chan struct{})
			r.Stop, f.lag = stop, time.Minute
			time.AfterFunc(c.after, func() { close(stop) })
			if err := r.Run(t.Context()); !errors.Is(err, ErrStopped) {
				t.Errorf("%s: got error %v, want ErrStopped", c.name, err)
			}
			for seq := range 3 {
				if rec := j.records[seq+1]; rec.Outcome != Unverified || rec.Reason != c.want {
					t.Errorf("%s: user %d is %s: %q, want %q", c.name, seq+1, rec.Outcome, rec.Reason, c.want)
				}
			}
			again, _, _ := bench(t, 0)
			again.Prover, again.Journal = f, j
			again.Unproven = func(yield func(Unproven, error) bool) {
				for _, rec := range j.records {
					if !yield(Unproven{Item: Item{Step: Revoke, User: User{Seq: rec.Seq, ID: fmt.Sprint("id-", rec.Seq), Type: "Member"}}, Record: rec}, nil) {
						return
					}
				}
			}
			if err := again.Run(t.Context()); err != nil || j.outcomes() != "3 verified " {
				t.Errorf("%s: gone on with: %s, error %v", c.name, j.outcomes(), err)
			}
		})
	}
}
