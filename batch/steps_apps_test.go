package batch

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// members are n users with an account, and so many devices and groups each.
func members(n, devices, groups int) []worldUser {
	var all []worldUser
	for i := range n {
		u := worldUser{user: User{Seq: i + 1, ID: fmt.Sprint("user-", i+1), Type: Member}}
		for d := range devices {
			u.targets = append(u.targets, Target{Step: Devices, ID: fmt.Sprintf("device-%d-%d", i+1, d)})
		}
		for g := range groups {
			u.targets = append(u.targets, Target{Step: Groups, ID: fmt.Sprint("group-", g)})
		}
		all = append(all, u)
	}
	return all
}

// outcomes counts the records of a step: "3 denied, 97 verified".
func (w *world) outcomes(s Step) string {
	j := &fakeJournal{records: map[int]Record{}}
	for m, r := range w.records {
		if m.Step == s {
			j.records[len(j.records)] = r
		}
	}
	return j.outcomes()
}

// What one app may not write the other one does, and what neither may is denied. The
// things of a user keep their distance also when they go from app to app.
func TestStepsOfTwoApps(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second func(Item) bool // what an app may not write
		want          map[Step]string
	}{
		{"one app may not disable some", func(it Item) bool { return it.Step == Disable && it.User.Seq%3 == 0 }, nil,
			map[Step]string{Disable: "100 verified ", Devices: "200 verified ", Groups: "200 verified "}},
		{"neither may disable one", func(it Item) bool { return it.Step == Disable && it.User.Seq == 7 }, func(it Item) bool { return it.Step == Disable && it.User.Seq == 7 },
			map[Step]string{Disable: "99 verified 1 denied ", Revoke: "100 verified ", Devices: "200 verified ", Groups: "198 verified 2 failed "}},
		{"each may write other devices", func(it Item) bool { return strings.HasSuffix(it.Target.ID, "-0") && it.User.Seq%2 == 0 }, func(it Item) bool { return strings.HasSuffix(it.Target.ID, "-1") && it.User.Seq%2 == 1 },
			map[Step]string{Disable: "100 verified ", Devices: "200 verified ", Groups: "200 verified "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 5, faults{throttled: 3, lost: 3}, Disable, Revoke, Devices, Groups)
				w.populate(members(100, 2, 2))
				if err := w.runner(&worldApp{world: w, name: "one", denies: c.first}, &worldApp{world: w, name: "two", denies: c.second}).Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.judge()
				for s, want := range c.want {
					if got := w.outcomes(s); got != want {
						t.Errorf("%s: %s, want %s", s, got, want)
					}
				}
			})
		})
	}
}

// A step that is refused to everybody holds up no other: it ends denied after a few calls,
// with the permission and the role that are missing, and the steps that it stops are not
// tried. An app of two that lacks the permission leaves the step to the other one.
func TestPermissionOfAStep(t *testing.T) {
	const users = 1200 // more than end between two commits
	steps := []Step{Disable, Password, Revoke, Devices, Groups}
	for _, step := range steps {
		for apps := range 3 { // 0: the only app lacks it; 1: one of two does; 2: both do
			t.Run(fmt.Sprint(step, " ", apps), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, 6, faults{}, steps...)
					all := members(users, 1, 1)
					for i := range all {
						all[i].targets[1].ID = fmt.Sprint("group-", i%50)
						all[i].targets = append([]Target{{Step: Password}}, all[i].targets...)
					}
					w.populate(all)
					app := func(name string, lacks bool) *worldApp {
						return &worldApp{world: w, name: name, denies: func(it Item) bool { return lacks && it.Step == step }}
					}
					of := []*worldApp{app("one", true)}
					if apps > 0 {
						of = append(of, app("two", apps == 2))
					}
					if err := w.runner(of...).Run(t.Context()); err != nil {
						t.Fatal(err)
					}
					w.judge()
					sent := 0
					for m, rec := range w.records {
						if m.Step != step || apps == 1 {
							continue
						}
						if sent += w.log[m].sent; !strings.HasSuffix(rec.Reason, ": the app lacks the Graph permission "+step.Lacking()) {
							t.Fatalf("%v: %s", m, rec.Reason)
						}
					}
					if sent > 2*ChunkSize*(strikes+4) {
						t.Errorf("%d writes of the step were sent", sent)
					}
					for _, s := range steps {
						want := fmt.Sprintf("%d verified ", users)
						switch {
						case apps == 1:
						case s == step:
							want = fmt.Sprintf("%d denied ", users)
						case s == Groups && step == Disable:
							want = fmt.Sprintf("%d failed ", users)
						}
						if got := w.outcomes(s); got != want {
							t.Errorf("%s: %s, want %s", s, got, want)
						}
					}
				})
			})
		}
	}
}

// A run with one step ends with the permission, and nobody is written off: with the
// permission it goes on.
func TestPermissionOfTheOnlyStep(t *testing.T) {
	for _, step := range []Step{Disable, Revoke, Devices, Groups} {
		t.Run(string(step), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 6, faults{}, step)
				all := members(100, 1, 1)
				for i := range all {
					all[i].targets[1].ID = fmt.Sprint("group-", i%50)
				}
				w.populate(all)
				err := w.runner(&worldApp{world: w, name: "app", denies: func(Item) bool { return true }}).Run(t.Context())
				if !errors.Is(err, ErrPermission) || !strings.HasSuffix(err.Error(), "every "+string(step)+" call was refused: HTTP 403 Authorization_RequestDenied; the app lacks the Graph permission "+step.Lacking()) {
					t.Errorf("ended with %v", err)
				}
				if got := w.outcomes(step); got != "" {
					t.Errorf("records of the step: %s", got)
				}
				w.crash()
				time.Sleep(time.Second)
				if err := w.runner().Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.judge()
				if got := w.outcomes(step); got != "100 verified " {
					t.Error(got)
				}
			})
		})
	}
}

// What Graph refuses of one group, or of a step, stops nothing else: those writes end with
// its words, each by its own answer, and all others are sent. So it is in a run of one step
// that writes to things.
func TestRefusedAlikeStopsNothingElse(t *testing.T) {
	const users = 200
	all := []Step{Disable, Revoke, Devices, Groups}
	ofGroup := func(it Item) bool { return it.Target.ID == "group-0" }
	of := func(s Step) func(Item) bool { return func(it Item) bool { return it.Step == s } }
	for _, c := range []struct {
		name    string
		status  int
		refused func(Item) bool
		steps   []Step
		want    map[Step]string
	}{
		{"one group", 400, ofGroup, all, map[Step]string{Disable: "200 verified ", Revoke: "200 verified ", Devices: "200 verified ", Groups: "200 verified 200 failed "}},
		{"one group that is gone for writes", 404, ofGroup, all, map[Step]string{Groups: "200 verified 200 failed "}},
		{"one group that the app may not change", 403, ofGroup, all, map[Step]string{Groups: "200 verified 200 denied "}},
		{"one group, and no other step", 400, ofGroup, []Step{Groups}, map[Step]string{Groups: "200 verified 200 failed "}},
		{"one group that the app may not change, and no other step", 403, ofGroup, []Step{Groups}, map[Step]string{Groups: "200 verified 200 denied "}},
		{"all groups", 405, of(Groups), all, map[Step]string{Disable: "200 verified ", Groups: "400 failed "}},
		{"all accounts", 400, of(Disable), all, map[Step]string{Disable: "200 failed ", Revoke: "200 verified ", Devices: "200 verified ", Groups: "400 failed "}},
		{"all sessions", 404, of(Revoke), all, map[Step]string{Revoke: "200 failed ", Devices: "200 verified ", Groups: "400 verified "}},
		{"all devices, and no other step", 400, of(Devices), []Step{Devices}, map[Step]string{Devices: "200 failed "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 6, faults{}, c.steps...)
				w.populate(members(users, 1, 2))
				if err := w.runner(&worldApp{world: w, name: "app", refuses: map[int]func(Item) bool{c.status: c.refused}}).Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				for s, want := range c.want {
					if got := w.outcomes(s); got != want {
						t.Errorf("%s: %s, want %s", s, got, want)
					}
				}
				for m, rec := range w.records {
					if kind := rec.Outcome.Kind(); kind == Failure && c.refused(Item{Step: m.Step, Target: Target{ID: m.Target}}) &&
						(w.log[m].sent != 1 || rec.Status != c.status || !strings.HasPrefix(rec.Reason, fmt.Sprintf("HTTP %d Request_BadRequest: words", c.status))) {
						t.Fatalf("%v was sent %d times and ended with %s", m, w.log[m].sent, rec.Reason)
					}
				}
			})
		})
	}
}

// Refusals of the things of one user say nothing of all: three phones, or three groups
// that somebody else has emptied.
func TestRefusalsOfOneUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 7, faults{}, Disable, Devices)
		w.populate(members(1, 5, 0))
		app := &worldApp{world: w, name: "app", denies: func(it Item) bool { return it.Step == Devices }}
		if err := w.runner(app).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.judge()
		if got := w.outcomes(Devices); got != "5 denied " {
			t.Error("devices:", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 7, faults{others: 100}, Groups)
		w.populate(members(100, 0, 5))
		if err := w.runner().Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.judge()
		if got := w.outcomes(Groups); got != "500 already " {
			t.Error("groups:", got)
		}
	})
}

// An outage in the middle of a step costs nobody anything, and one that lasts ends the run,
// which goes on later.
func TestOutageInAStep(t *testing.T) {
	for _, c := range []struct {
		lasts time.Duration
		ends  error
	}{{3 * time.Minute, nil}, {3 * time.Hour, ErrOutage}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 8, faults{}, Disable, Revoke, Groups)
			w.populate(members(200, 0, 2))
			var from time.Time
			app := &worldApp{world: w, name: "app", fails: func(now time.Time, items []Item) error {
				if items[0].Step != Groups || len(w.records) < 500 {
					return nil
				}
				if from.IsZero() {
					from = now
				}
				if now.Sub(from) < c.lasts {
					return &CallError{Err: io.EOF}
				}
				return nil
			}}
			if err := w.runner(app).Run(t.Context()); !errors.Is(err, c.ends) {
				t.Fatalf("after %v: %v", c.lasts, err)
			}
			if c.ends != nil {
				w.crash()
				time.Sleep(c.lasts)
				if err := w.runner(app).Run(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			w.judge()
			if got := w.outcomes(Groups); got != "400 verified " {
				t.Errorf("after %v: %s", c.lasts, got)
			}
		})
	}
}

// A call that is refused because of one thing is halved until that is found; the others
// end well, and the user's other things as well.
func TestHalvesOfAStep(t *testing.T) {
	for name, refusal := range map[string]error{
		"refused":    &CallError{Status: 400, Code: "BadRequest"},
		"unreadable": &CallError{Err: ErrUnreadable},
		"unsendable": &CallError{Err: ErrUnsendable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 9, faults{}, Disable, Devices, Groups)
				w.populate(members(60, 2, 2))
				poison := Mark{Seq: 33, Step: Groups, Target: "group-0"}
				app := &worldApp{world: w, name: "app", fails: func(_ time.Time, items []Item) error {
					for _, it := range items {
						if it.Mark() == poison {
							return refusal
						}
					}
					return nil
				}}
				if err := w.runner(app).Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.judge()
				for m, rec := range w.records {
					if m != poison && rec.Outcome != Verified {
						t.Errorf("%v is %s: %s", m, rec.Outcome, rec.Reason)
					}
				}
				if o := w.records[poison].Outcome; o != Failed && o != GaveUp {
					t.Errorf("the one that is refused is %s", o)
				}
			})
		})
	}
}

// A holder of a privileged role who is refused, or in trouble, does not hold up all others.
func TestHoldersInTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		denies func(Item) bool
		fails  func(time.Time, []Item) error
		want   Outcome
	}{
		"denied in the first calls": {denies: func(it Item) bool { return it.User.Privileged && it.Step == Disable }, want: Denied},
		"never answered": {fails: func(_ time.Time, items []Item) error {
			if items[0].User.Privileged && items[0].Step == Disable {
				return &CallError{Err: ErrUnreadable}
			}
			return nil
		}, want: GaveUp},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 10, faults{}, Disable, Revoke)
				users := members(200, 0, 0)
				users[0].user.Privileged = true
				w.populate(users)
				start, others := time.Now(), time.Duration(0)
				r := w.runner(&worldApp{world: w, name: "app", denies: c.denies, fails: c.fails})
				r.Progress = func(p Progress) {
					if others == 0 && len(w.records) >= 2*199 {
						others = time.Since(start)
					}
				}
				if err := r.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.judge()
				if others == 0 || others > 20*time.Second {
					t.Errorf("the others had ended after %v", others)
				}
				if o := w.records[Mark{Seq: 1, Step: Disable}].Outcome; o != c.want {
					t.Errorf("the holder is %s", o)
				}
				if o := w.records[Mark{Seq: 1, Step: Revoke}].Outcome; o != Verified {
					t.Errorf("the holder's sessions are %s", o)
				}
			})
		})
	}
}

// A run that goes on without proofs waits for none: what needs one is not tried, and is told.
func TestGoOnWithoutProofs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 12, faults{}, Disable, Groups)
		w.populate(members(1, 0, 1))
		disable := Mark{Seq: 1, Step: Disable}
		w.records[disable] = Record{Seq: 1, Step: Disable, Outcome: Unverified, Accepted: time.Now()}
		w.verify = false
		if err := w.runner().Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rec := w.records[Mark{Seq: 1, Step: Groups, Target: "group-0"}]; rec.Outcome != Failed || rec.Reason != "not tried, since the step disable ended unverified; another run may change that once the account is disabled" {
			t.Errorf("the group is %q: %s", rec.Outcome, rec.Reason)
		}
		// What is remembered and never proven would wait for ever: that is an error, and no silence.
		delete(w.records, Mark{Seq: 1, Step: Groups, Target: "group-0"})
		w.verify = true
		r := w.runner()
		r.Unproven = nil
		if err := r.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "the step groups of user 1 waits") {
			t.Errorf("ended with %v", err)
		}
	})
}

// A proof that comes late costs nothing: what waits for it is left open, and a resume sends it.
func TestProofAfterTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 12, faults{lag: 100 * time.Hour}, Disable, Groups)
		w.populate(members(30, 0, 2))
		if err := w.runner().Run(t.Context()); !errors.Is(err, ErrStopped) || !strings.HasSuffix(err.Error(), ": 60 writes of groups and licences wait for "+LateProof) {
			t.Errorf("ended with %v", err)
		}
		if got := w.outcomes(Disable) + w.outcomes(Groups); got != "30 unverified " {
			t.Error("before:", got)
		}
		w.crash()
		time.Sleep(time.Hour)
		w.faults.lag = 0
		if err := w.runner().Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.judge()
		if got := w.outcomes(Disable) + w.outcomes(Groups); got != "30 verified 60 verified " {
			t.Error("after:", got)
		}
	})
}

// The proof for one user shows a device enabled that was disabled before the run for another.
func TestAlreadyOfASharedDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 9, faults{forever: true}, Devices)
		w.takes = true
		both := members(2, 1, 0)
		shared := Target{Step: Devices, ID: "device"}
		for i := range both {
			both[i].targets = []Target{shared}
		}
		w.populate(both)
		m := Mark{2, Devices, shared.ID}
		w.records[m] = Record{Seq: 2, Step: Devices, Target: shared.ID, Outcome: Already, Reason: "the device was disabled before the run"}
		r := w.runner()
		r.Shared = func(Step) (map[string][]int, error) { return map[string][]int{shared.ID: {1, 2}}, nil }
		r.Known = func(seq int) (Line, error) {
			return Line{User: both[seq-1].user, Writes: []Write{{shared, w.records[Mark{seq, Devices, shared.ID}]}}}, nil
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rec := w.records[m]; rec.Outcome != Failed || rec.Reason != "it was so before the run, but the directory shows it enabled again" {
			t.Errorf("ended %s (%s)", rec.Outcome, rec.Reason)
		}
	})
}
