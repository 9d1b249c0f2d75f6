package job

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/journal"
)

// worker is a process that carries out runs of an office in slices.
type worker struct {
	*office
	shared Shared
	opt    SliceOptions
}

func (o *office) worker() *worker {
	w := &worker{office: o, opt: SliceOptions{Most: 100, Guards: o.planning().Guards, Connection: o.connection(), Execution: o.execution()}}
	o.t.Cleanup(func() { w.shared.Close() })
	return w
}

func (w *worker) slice(run string) (Sliced, error) {
	opt := w.opt
	opt.RunName = run
	h := w.host()
	h.Shared = &w.shared
	return Slice(w.t.Context(), h, &opt)
}

// planned submits the office's file, and has a worker plan it.
func (o *office) planned(steps ...string) string {
	o.t.Helper()
	time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour) // or no stamp would move
	is, err := Submit(o.t.Context(), o.host(), o.submission(steps...))
	if err != nil {
		o.t.Fatal(err)
	}
	p, err := o.planOf(is.Name)
	if err != nil || p.Run != is.Name || p.Tenant != graphsim.DefaultTenantID {
		o.t.Fatalf("%+v, %v", p, err)
	}
	return p.Run
}

// changes are the states that the run came to.
func (o *office) changes(run string) (all []string) {
	o.look(func(s *journal.Store) {
		r, err := s.Run(o.t.Context(), run)
		if err != nil {
			o.t.Fatal(err)
		}
		changes, err := r.Changes(o.t.Context())
		if err != nil {
			o.t.Fatal(err)
		}
		for _, c := range changes {
			all = append(all, string(c.State))
		}
	})
	return all
}

// toEndIn wants the slices of a run to bring it to its end, by processes in turn, and gives what they did.
func toEndIn(t *testing.T, run string, workers ...*worker) (all []Sliced) {
	t.Helper()
	for i := range 200 {
		s, err := workers[i%len(workers)].slice(run)
		if err != nil {
			t.Fatalf("slice %d: %v", i, err)
		}
		if all = append(all, s); s.Finished {
			return all
		}
	}
	t.Fatal("no end")
	return nil
}

// Two processes in turn bring a run to the end that one run has, of every step, and each
// write is done once.
func TestSlicesAreARun(t *testing.T) {
	for _, steps := range []string{"revoke", "leaver"} {
		t.Run(steps, func(t *testing.T) {
			var want map[string]string
			inOffice(t, 120, func(o *office) {
				time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour)
				o.finishes(o.run(steps))
				want = tell(o, o.first())
			})
			inOffice(t, 120, func(o *office) {
				t := o.t
				run := o.planned(steps)
				all := toEndIn(t, run, o.worker(), o.worker())
				if got := tell(o, run); len(got) != len(want) {
					t.Errorf("%d lines, want %d", len(got), len(want))
				} else {
					for upn, w := range want {
						if got[upn] != w {
							t.Errorf("%s: %s, and in one run %s", upn, got[upn], w)
						}
					}
				}
				done := 0
				for i, s := range all {
					if done += s.Done; !s.Finished && (s.Done > 100 || s.Left > all[max(0, i-1)].Left && i > 0) {
						t.Errorf("slice %d: %+v", i, s)
					}
				}
				var plan batch.Plan
				o.look(func(s *journal.Store) { r, _ := s.Run(t.Context(), run); plan = r.Plan() })
				if done != plan.Writes || len(all) < plan.Writes/100+1 {
					t.Errorf("%d writes in %d slices, want %d", done, len(all), plan.Writes)
				}
				if states := strings.Join(o.changes(run), " "); states != "planning planned running running running finished" {
					t.Errorf("the states are %s", states) // two processes, and the last slice
				}
				if a, err := Audit(t.Context(), o.host(), run); err != nil || a != (Audited{120, 120}) {
					t.Errorf("audit: %+v, %v", a, err)
				}
				if _, err := filepath.Glob(filepath.Join(o.dir, "report", "report.csv")); err != nil {
					t.Error(err)
				}
				if s, err := o.worker().slice(run); err != nil || !s.Finished || s.Done != 0 {
					t.Errorf("once more: %+v, %v", s, err)
				}
			})
		})
	}
}

// tell is what became of everybody, in words.
func tell(o *office, run string) map[string]string {
	all := map[string]string{}
	for upn, l := range o.lines(run) {
		said := string(l.Record.Outcome)
		for _, w := range l.Writes {
			said += " " + string(w.Record.Step) + "=" + string(w.Record.Outcome)
		}
		all[upn] = said
	}
	return all
}

// A slice that is stopped leaves its run for the next process, or if a person stopped it ends it as
// resume does.
func TestSliceIsStopped(t *testing.T) {
	for _, person := range []bool{false, true} {
		inOffice(t, 300, func(o *office) {
			t := o.t
			run, w := o.planned("revoke"), o.worker()
			w.opt.ByPerson = func() bool { return person }
			w.opt.Most = 200
			o.cut = 4
			s, err := w.slice(run)
			if !errors.Is(err, batch.ErrStopped) || s.Done == 0 || s.Done == 200 {
				t.Fatalf("%+v, %v", s, err)
			}
			states := strings.Join(o.changes(run), " ")
			want := map[bool]string{false: "planning planned running", true: "planning planned running stopped"}[person]
			if states != want {
				t.Errorf("stopped by a person %v: the states are %s", person, states)
			}
			o.finishes(Resume(context.Background(), o.host(), &ResumeOptions{RunName: run, Guards: w.opt.Guards, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}}))
			if n := o.tenant.Stats().Writes; n != 300 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

// A slice that did enough ends before its time, and the next one goes on.
func TestSliceDidEnough(t *testing.T) {
	inOffice(t, 300, func(o *office) {
		t := o.t
		run, w := o.planned("revoke"), o.worker()
		w.opt.Enough = func() bool { return true }
		w.opt.Most = 200
		o.cut = 4
		s, err := w.slice(run)
		if err != nil || s.Done == 0 || s.Done >= 200 || s.Left != 300-s.Done || s.Finished {
			t.Fatalf("%+v, %v", s, err)
		}
		toEndIn(t, run, w)
		if n := o.tenant.Stats().Writes; n != 300 {
			t.Errorf("%d writes", n)
		}
		if states := strings.Join(o.changes(run), " "); states != "planning planned running running finished" {
			t.Errorf("the states are %s", states)
		}
	})
}

// The first slice of a process is no longer than usual: all of its writes are read before one of them goes.
func TestFirstSliceIsShort(t *testing.T) {
	inOffice(t, usualSlice+200, func(o *office) {
		run, w := o.planned("revoke"), o.worker()
		w.opt.Most = usualSlice + 100
		for _, want := range []int{usualSlice, 200} {
			if s, err := w.slice(run); err != nil || s.Done != want {
				o.t.Errorf("%+v, %v; want %d", s, err, want)
			}
		}
	})
}

// A slice leaves to the last one what does not show at once, and that one proves it. What groups and
// licences wait for is awaited at once.
func TestLastSliceProves(t *testing.T) {
	for _, steps := range []string{"revoke", "leaver"} {
		synctest.Test(t, func(t *testing.T) {
			o := officeOf(t, 60, graphsim.Config{NoQuota: true, StaticToken: anybody, Latency: 100 * time.Millisecond, Lag: 20 * time.Second})
			run, w := o.planned(steps), o.worker()
			w.opt.Most = 30
			for range 2 {
				began := time.Now()
				if s, err := w.slice(run); err != nil || s.ToProve == 0 || s.Finished || time.Since(began) > 10*time.Second {
					t.Fatalf("%s: %+v, %v after %v", steps, s, err, time.Since(began))
				}
			}
			all := toEndIn(t, run, w, o.worker())
			for upn, l := range o.lines(run) {
				for _, k := range l.AllWrites([]batch.Step{batch.Revoke}) {
					if k.Record.Outcome == batch.Unverified || k.Record.Outcome.Open() {
						t.Errorf("%s: %s: %+v", steps, upn, k.Record)
					}
				}
			}
			if last := all[len(all)-1]; steps == "revoke" && last.Counts[batch.Verified] != 54 { // of the others guests
				t.Errorf("%+v", last)
			}
		})
	}
}

// The pace that is lent holds over slices, without a burst at the beginning of each.
func TestLentPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 400)
		run, a, b := o.planned("revoke"), o.worker(), o.worker()
		for _, w := range []*worker{a, b} {
			w.opt.Rate = 20
		}
		began := time.Now()
		toEndIn(t, run, a, b)
		took := time.Since(began)
		if took < 19*time.Second || took > 24*time.Second { // 400 writes, less the first chunk
			t.Errorf("400 writes at 20 a second took %v", took)
		}
	})
}

// A slice costs no pace: while the last answers of one and the proofs are awaited, and the next one begins, the
// next call comes free, or is late and made up for. A lower pace does not count what went at a higher one.
func TestSliceCostsNoPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := officeOf(t, 600, graphsim.Config{NoQuota: true, StaticToken: anybody, Latency: 400 * time.Millisecond})
		run, w := o.planned("revoke"), o.worker()
		for i, tt := range []struct {
			rate float64
			took time.Duration // 0: it is the first
		}{{20, 0}, {20, 5 * time.Second}, {100, time.Second}, {100, time.Second}, {100, time.Second}, {10, 10 * time.Second}} {
			w.opt.Rate = tt.rate
			began := time.Now()
			s, err := w.slice(run)
			if took := time.Since(began); err != nil || s.Done != 100 || i > 0 && took.Round(100*time.Millisecond) != tt.took {
				t.Errorf("slice %d took %v, want %v: %+v, %v", i, took, tt.took, s, err)
			}
		}
	})
}

// What a slice that fails for good cannot do is given up with the cause, and the run goes on.
func TestGiveUp(t *testing.T) {
	for _, steps := range []string{"revoke", "disable,revoke,groups"} {
		inOffice(t, 60, func(o *office) {
			t := o.t
			run := o.planned(strings.Split(steps, ",")...)
			const cause = "the slice failed five times: panic"
			if n, err := GiveUp(t.Context(), o.host(), run, 20, cause); err != nil || n != 20 {
				t.Fatalf("%d, %v", n, err)
			}
			toEndIn(t, run, o.worker())
			gave, open := 0, 0
			for _, l := range o.lines(run) {
				if l.Writes == nil {
					l.Writes = []batch.Write{{Record: l.Record}}
				}
				for _, w := range l.Writes {
					if w.Record.Outcome == batch.GaveUp && w.Record.Reason == cause {
						gave++
					}
					if w.Record.Outcome.Open() {
						open++
					}
				}
			}
			if gave != 20 || open != 0 {
				t.Errorf("%s: %d given up, %d open", steps, gave, open)
			}
		})
	}
}

// A group that is protected since the run was planned spares its members from the next slice on, ten
// minutes later at the most, and at once in another process.
func TestGuardsOfSlices(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		inOffice(t, 200, func(o *office) {
			t := o.t
			run, w := o.planned("revoke"), o.worker()
			w.opt.Most = 50
			if _, err := w.slice(run); err != nil {
				t.Fatal(err)
			}
			list := filepath.Join(o.dir, "protect.txt")
			if err := os.WriteFile(list, []byte(o.people[150]+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			w.opt.Protect = []string{list}
			next := w
			if elsewhere {
				next = o.worker()
				next.opt.Protect, next.opt.Most = w.opt.Protect, 50
			} else {
				time.Sleep(askAgain + time.Second)
			}
			toEndIn(t, run, next)
			if l := o.lines(run)[o.people[150]]; l.Record.Outcome != batch.Protected {
				t.Errorf("another process %v: %+v", elsewhere, l.Record)
			}
		})
	}
}

// A run that offboard began is finished by workers, and one that they began by offboard, also after a
// process died in a call.
func TestSlicesAndRuns(t *testing.T) {
	inOffice(t, 300, func(o *office) {
		t := o.t
		time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour)
		o.cut = 22
		if err := o.run("revoke"); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		first := o.first()
		toEndIn(t, first, o.worker())
		if a, err := Audit(t.Context(), o.host(), first); err != nil || a != (Audited{300, 300}) {
			t.Errorf("%+v, %v", a, err)
		}
		if end, err := Report(t.Context(), o.host(), &ReportOptions{RunName: first, Reporting: Reporting{ReportDir: filepath.Join(o.dir, "again")}}); err != nil || end.State != "finished" {
			t.Errorf("%s, %v", end.State, err)
		}
		if n := o.tenant.Stats().Writes; n < 300 || n > 300+8*batch.ChunkSize {
			t.Errorf("%d writes", n)
		}
	})
}

// The report of a run in slices is signed by the last one, whose process has carried out others before.
func TestLastSliceSigns(t *testing.T) {
	inOffice(t, 30, func(o *office) {
		run, w := o.planned("revoke"), o.worker()
		w.opt.Most, w.opt.ReportDir = 10, filepath.Join(o.dir, "signed")
		w.opt.SignKey, _ = o.person("ada")
		toEndIn(o.t, run, w)
		if _, err := os.Stat(filepath.Join(o.dir, "signed", "report.sha256.sig")); err != nil {
			o.t.Error(err)
		}
	})
}
