package job

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/journal"
	"offboard/batch/journal/pgtest"
)

// freezing is the network of a process that is stopped, as by SIGSTOP, in its calls.
type freezing struct {
	http.RoundTripper
	after  int32 // batches
	frozen chan struct{}
	thaw   chan struct{}
	calls  atomic.Int32 // batches
}

func (f *freezing) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/$batch") {
		n := f.calls.Add(1)
		if n == f.after {
			close(f.frozen)
		}
		if n >= f.after {
			<-f.thaw
		}
	}
	return f.RoundTripper.RoundTrip(r)
}

// A process that does not go on in a slice is overtaken by another one. When it goes on all the same, it
// writes nothing more, makes no new call, and ends with an error.
func TestFrozenSliceIsOvertaken(t *testing.T) {
	at := pgtest.Shared(t)
	url := at.URL(at.Schema(t))
	o := officeOf(t, 300, graphsim.Config{NoQuota: true, StaticToken: anybody, Latency: 20 * time.Millisecond})
	open := func() *Shared {
		s, err := journal.Open(journal.ForEngine(t.Context()), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return &Shared{store: s}
	}
	process := func(shared *Shared, network http.RoundTripper) *Host {
		h := o.host()
		h.Shared, h.Network, h.Console = shared, network, &hearing{}
		return h
	}
	slow, quick := open(), open()
	is, err := Submit(t.Context(), process(quick, o), o.submission("revoke"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := PlanSubmitted(t.Context(), process(quick, o), is.Name, &WorkOptions{Connection: o.connection(), Execution: o.execution()}); err != nil {
		t.Fatal(err)
	}
	slice := func(shared *Shared, network http.RoundTripper, overtake bool) (Sliced, error) {
		return Slice(t.Context(), process(shared, network), &SliceOptions{RunName: is.Name, Most: 200, Overtake: overtake,
			Guards: o.planning().Guards, Connection: o.connection(), Execution: o.execution()})
	}
	net := &freezing{RoundTripper: o, after: 6, frozen: make(chan struct{}), thaw: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		_, err := slice(slow, net, false)
		ended <- err
	}()
	select {
	case <-net.frozen:
	case err := <-ended:
		t.Fatalf("it ended before: %v", err)
	}
	if _, err := slice(quick, o, false); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("the lock of a process that may be alive: %v", err)
	}
	s, err := slice(quick, o, true)
	if err != nil || s.Done != 200 {
		t.Fatalf("%+v, %v", s, err)
	}
	under := net.calls.Load()
	close(net.thaw)
	if err := <-ended; !errors.Is(err, journal.ErrLost) {
		t.Errorf("the process that was overtaken: %v", err)
	}
	if n := net.calls.Load(); n != under {
		t.Errorf("it made %d new calls", n-under)
	}
	run, err := quick.store.Run(t.Context(), is.Name)
	if err != nil {
		t.Fatal(err)
	}
	calls, err := quick.store.SentCalls(t.Context(), journal.SentBy{Tenant: run.Plan().Tenant, App: run.Plan().App}, nil, time.Time{})
	if open := slices.IndexFunc(calls, func(k journal.SentCall) bool { return k.Open }); err != nil || len(calls) < 10 || open >= 0 {
		t.Errorf("after the slice that overtook it call %d of %d is open, %v", open, len(calls), err)
	}
	for !s.Finished {
		if s, err = slice(quick, o, false); err != nil {
			t.Fatal(err)
		}
	}
	if a, err := Audit(t.Context(), process(quick, o), is.Name); err != nil || a != (Audited{300, 300}) {
		t.Errorf("%+v, %v", a, err)
	}
	if n := o.tenant.Stats().Writes; n < 300 || n > 300+8*batch.ChunkSize {
		t.Errorf("%d writes", n)
	}
}

// What is given up is given up also where a process that does not go on has the run's lock.
func TestGiveUpOvertakes(t *testing.T) {
	at := pgtest.Shared(t)
	url := at.URL(at.Schema(t))
	o := officeOf(t, 10, graphsim.Config{NoQuota: true, StaticToken: anybody})
	process := func() *Host {
		s, err := journal.Open(journal.ForEngine(t.Context()), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		h := o.host()
		h.Shared, h.Console = &Shared{store: s}, &hearing{}
		return h
	}
	is, err := Submit(t.Context(), process(), o.submission("revoke"))
	if err != nil {
		t.Fatal(err)
	}
	frozen, next := process(), process()
	if _, err := PlanSubmitted(t.Context(), frozen, is.Name, &WorkOptions{Connection: o.connection(), Execution: o.execution()}); err != nil {
		t.Fatal(err)
	}
	run, err := frozen.Shared.store.Run(t.Context(), is.Name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Lock(); err != nil {
		t.Fatal(err)
	}
	if n, err := GiveUp(t.Context(), next, is.Name, 20, "workers failed at it"); n != 10 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := run.SetState(t.Context(), journal.Stopped, ""); !errors.Is(err, journal.ErrLost) {
		t.Errorf("the process that was put out: %v", err)
	}
}

// In a file, the lock of a process that holds it is never taken.
func TestNoOvertakingInAFile(t *testing.T) {
	inOffice(t, 10, func(o *office) {
		run, a, b := o.planned("revoke"), o.worker(), o.worker()
		if _, err := b.slice(run); err != nil {
			o.t.Fatal(err)
		}
		held, err := b.shared.store.Run(o.t.Context(), run)
		if err != nil {
			o.t.Fatal(err)
		}
		unlock, err := held.Lock()
		if err != nil {
			o.t.Fatal(err)
		}
		a.opt.Overtake = true
		if _, err := a.slice(run); !errors.Is(err, journal.ErrLocked) {
			o.t.Errorf("%v", err)
		}
		if err := unlock(); err != nil {
			o.t.Fatal(err)
		}
		if s, err := a.slice(run); err != nil || !s.Finished {
			o.t.Errorf("%+v, %v", s, err)
		}
	})
}
