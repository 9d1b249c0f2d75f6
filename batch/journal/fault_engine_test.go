package journal

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"offboard/batch"
)

// tenant answers everybody with 2xx, and holds that nobody is called whose
// intent a power failure would lose.
type tenant struct {
	t     *testing.T
	disk  *disk
	mu    sync.Mutex
	sent  map[int]int
	stamp map[int]time.Time
	told  batch.Progress // the last that the engine told
}

func (f *tenant) Send(_ context.Context, items []batch.Item) ([]batch.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dark := f.t.TempDir()
	f.disk.mu.Lock()
	f.disk.image(f.t, nil, dark)
	f.disk.mu.Unlock()
	open := map[int]bool{}
	for _, l := range look(f.t, dark).Lines {
		open[l.User.Seq] = l.Record.Outcome == batch.Unsettled
	}
	replies := make([]batch.Reply, len(items))
	for i, it := range items {
		u := it.User
		if !open[u.Seq] {
			f.t.Errorf("user %d is called, and its intent is not durable", u.Seq)
		}
		f.sent[u.Seq]++
		f.stamp[u.Seq] = time.Now()
		replies[i] = batch.Reply{Status: 204, Date: time.Now()}
	}
	return replies, nil
}

func (f *tenant) Show(_ context.Context, items []batch.Item) ([]batch.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	replies := make([]batch.Reply, len(items))
	for i, it := range items {
		u := it.User
		found := u
		found.Stamp = f.stamp[u.Seq]
		replies[i] = batch.Reply{Status: 200, User: &found, Date: time.Now()}
	}
	return replies, nil
}

// wideGate lets everything through.
type wideGate struct{}

func (wideGate) Admit(time.Time, int) time.Duration { return 0 }
func (wideGate) Leave(time.Time, batch.Feedback)    {}
func (wideGate) Width() int                         { return 2 }
func (wideGate) Pace(time.Time) batch.Pace          { return batch.Pace{} }

// drive runs the engine on what the journal has left, as a process would.
func drive(ctx context.Context, l *life, f *tenant) error {
	r := l.r
	if _, err := r.Recover(ctx); err != nil {
		return err
	}
	last, err := r.LastCall(ctx)
	if err != nil {
		return err
	}
	if err := r.SetState(ctx, Running, ""); err != nil {
		return err
	}
	run := batch.Runner{
		Apps: []batch.App{{Name: "app", Sender: f, Gate: wideGate{}}}, Steps: []batch.Step{batch.Revoke}, Verify: true, Prover: f, Reads: wideGate{}, Journal: r,
		Pending: r.Pending(ctx), Unproven: r.Unproven(ctx), LastCall: last, Concurrency: 2, Retry: batch.DefaultRetry,
		CallTimeout: time.Minute, VerifyTimeout: time.Minute,
		Progress: func(p batch.Progress) { f.told = p },
	}
	if err := run.Run(ctx); err != nil {
		return err
	}
	return r.SetState(ctx, Finished, "")
}

const engineUsers = 60

// TestEngineFaults fails the writes and the syncs of a small run of the engine:
// the run ends with an error, and once the disk is mended a resume ends
// every user with one right record.
func TestEngineFaults(t *testing.T) {
	for _, k := range faultKinds {
		if k.op != opWrite && k.op != opGrow && k.op != opSync {
			continue
		}
		for _, lasts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s lasts=%v", k.name, lasts), func(t *testing.T) {
				t.Parallel()
				f, stride := k.fault, max(4, k.stride/4)
				if *soak {
					stride = 1
				}
				f.lasts = lasts
				for f.n = 1; engineFault(t, f) && !t.Failed(); f.n += stride {
				}
				t.Logf("%d operations to fail", f.n)
			})
		}
	}
}

// engineFault is one run with the fault, and its resume; it tells whether the
// fault was met.
func engineFault(t *testing.T, f fault) (met bool) {
	t.Helper()
	ctx := t.Context()
	d := watch(t, t.TempDir())
	l := &life{path: filepath.Join(d.dir, "journal.db"), d: d}
	must(t, l.open(ctx))
	l.r = running(t, l.s, "life", engineUsers, batch.Revoke)
	tn := &tenant{t: t, disk: d, sent: map[int]int{}, stamp: map[int]time.Time{}}
	d.set(&f)
	err := drive(ctx, l, tn)
	met = d.hit() > 0
	d.set(nil)
	if met {
		if err == nil {
			t.Errorf("%s %d failed, and the run says nothing of it", f.op, f.n)
			return met
		}
		wantTold(t, l, "write", err)
		must(t, l.reopen(ctx))
		if sum, err := l.r.Summary(ctx); err != nil || tn.told.Counts[batch.Verified] > sum.Counts[batch.Verified] {
			t.Errorf("%s %d failed: %d verified were told, the journal has %d, error %v",
				f.op, f.n, tn.told.Counts[batch.Verified], sum.Counts[batch.Verified], err)
		}
		for _, line := range all(t, l.r.Lines(ctx)) {
			if sent := tn.sent[line.User.Seq]; sent == 0 && line.Record.Outcome != batch.NotSent && line.Record.Outcome != batch.Unsettled ||
				sent > 0 && line.Record.Outcome == batch.NotSent {
				t.Errorf("%s %d failed: user %d was sent %d times and is told as %s", f.op, f.n, line.User.Seq, sent, line.Record.Outcome)
			}
		}
		if l.r.State() != Finished {
			err = drive(ctx, l, tn)
		} else {
			err = nil
		}
	}
	must(t, err)
	l.close()
	for _, line := range look(t, d.dir).Lines {
		if line.Record.Outcome != batch.Verified || tn.sent[line.User.Seq] == 0 || tn.sent[line.User.Seq] > 2 {
			t.Errorf("%s %d failed: in the end user %d was sent %d times and is %s", f.op, f.n, line.User.Seq, tn.sent[line.User.Seq], line.Record.Outcome)
		}
	}
	return met
}
