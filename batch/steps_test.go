package batch

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

var stepCases = flag.Int("cases", 300, "TestSteps, TestStepsGoOn: how many random runs each")

// someFaults are troubles at random, none of them in every third run.
func someFaults(c *rand.Rand) faults {
	if c.IntN(3) == 0 {
		return faults{lag: time.Duration(c.IntN(3)) * 10 * time.Second}
	}
	some := func(most int) int { return c.IntN(2) * c.IntN(most) }
	return faults{
		throttled: some(20), broken: some(15), lost: some(30), call: some(25), unsent: some(10), others: some(20),
		blind: some(20), null: some(20), mixed: some(10),
		lag: time.Duration(c.IntN(4)) * 10 * time.Second, forever: c.IntN(20) == 0,
	}
}

// Whatever happens, a run of steps keeps the order of each user's writes, and every
// record is what the tenant's own log says. What a call may do is checked by the world.
func TestSteps(t *testing.T) {
	for seed := range uint64(*stepCases) {
		synctest.Test(t, func(t *testing.T) {
			w := randomWorld(t, seed)
			r := w.runner()
			if err := r.Run(t.Context()); err != nil && !(errors.Is(err, ErrStopped) && w.waits() > 0) || err == nil && w.waits() > 0 {
				w.bad("error %v, and %d writes wait for a proof", err, w.waits())
			}
			if f := r.feed; len(f.busy)+len(f.ahead) > 0 {
				w.bad("at the end %d users are busy, and %d are ahead", len(f.busy), len(f.ahead))
			}
			if w.judge(); t.Failed() {
				t.Fatalf("seed %d: steps %v, faults %+v", seed, w.steps, w.faults)
			}
		})
	}
}

// randomWorld has a few users, or up to 80, and some of the steps.
func randomWorld(t *testing.T, seed uint64) *world {
	c := rand.New(rand.NewPCG(seed, 7))
	var steps []Step
	for _, s := range Leaver {
		if c.IntN(3) > 0 {
			steps = append(steps, s)
		}
	}
	if len(steps) == 0 {
		steps = Leaver
	}
	w := newWorld(t, seed, someFaults(c), steps...)
	w.verify = c.IntN(4) > 0
	n := 1 + c.IntN(10)
	if c.IntN(20) == 0 {
		n += c.IntN(70) // several calls of a step
	}
	users := someUsers(c, n, c.IntN(n+1)/(1+c.IntN(8)))
	if c.IntN(5) == 0 {
		w.undo(users)
	}
	w.populate(users)
	return w
}

// undo turns the world into one in which all steps are undone.
func (w *world) undo(users []worldUser) {
	w.steps = []Step{Enable, EnableDevices, JoinGroups, AddLicences}
	for i := range users {
		targets := []Target{{Step: Enable}}
		for _, tg := range users[i].targets {
			if tg.Step = tg.Step.Undo(); tg.Step != "" {
				targets = append(targets, tg)
			}
		}
		users[i].targets = targets
	}
}

// A run that is stopped, softly or hard, or whose disk fails, goes on to the same
// truth, however often.
func TestStepsGoOn(t *testing.T) {
	for seed := range uint64(*stepCases) {
		synctest.Test(t, func(t *testing.T) {
			w := randomWorld(t, seed+1e6)
			c := rand.New(rand.NewPCG(seed, 9))
			cause := errors.New("second signal")
			for session := 0; ; session++ {
				ctx, cancel := context.WithCancelCause(t.Context())
				r := w.runner()
				stop := make(chan struct{})
				r.Stop = stop
				after := time.Duration(c.IntN(4000)) * time.Millisecond
				if session < 4 {
					switch c.IntN(3) {
					case 0:
						time.AfterFunc(after, func() { close(stop) })
					case 1:
						time.AfterFunc(after, func() { cancel(cause) })
					case 2:
						w.dies = 1 + c.IntN(40)
					}
				}
				err := r.Run(ctx)
				synctest.Wait()
				cancel(nil)
				if session >= 4 && errors.Is(err, ErrStopped) && w.waits() > 0 {
					break // for a proof that never comes
				}
				if session >= 4 && err != nil || err != nil && !errors.Is(err, ErrStopped) && !errors.Is(err, cause) && !errors.Is(err, errDisk) {
					w.bad("session %d: error %v", session, err)
				}
				if err == nil || t.Failed() {
					break
				}
				w.crash()
				time.Sleep(time.Second) // of the test's own clock: a process does not start at once
			}
			if w.judge(); t.Failed() {
				t.Fatalf("seed %d: steps %v, faults %+v", seed, w.steps, w.faults)
			}
		})
	}
}

// Without trouble all users end in success, or as their things must, a step at a time.
func TestStepsWithoutTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, faults{}, Leaver...)
		w.strict = true
		w.populate(someUsers(w.chance, 150, 15))
		if err := w.runner().Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.judge()
		for _, it := range w.plan {
			rec := w.records[it.Mark()]
			want := Verified
			switch closed := w.records[Mark{Seq: it.User.Seq, Step: Disable}].Outcome; {
			case it.WithoutEffect() != "":
				want = Ineffective
			case len(it.Step.StoppedBy()) > 0 && closed != Verified:
				want = NotPossible
			}
			if rec.Outcome != want {
				t.Errorf("%v is %s (%s), want %s", it.Mark(), rec.Outcome, rec.Reason, want)
			}
			if l := w.log[it.Mark()]; l.sent > 1 || want != NotPossible && l.sent == 0 {
				t.Errorf("%v was sent %d times", it.Mark(), l.sent)
			}
		}
	})
}
