package job

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/journal"
)

// An input that is submitted or worked on is not begun a second time, by whichever way, before it is at its end. The
// same submission again is the one that is there.
func TestInputIsNotBegunTwice(t *testing.T) {
	submit := func(o *office, change func(*SubmitOptions)) (string, error) {
		opt := o.submission("revoke")
		if change != nil {
			change(opt)
		}
		is, err := Submit(o.t.Context(), o.host(), opt)
		return is.Name, err
	}
	must := func(o *office, change func(*SubmitOptions)) string {
		name, err := submit(o, change)
		if err != nil {
			o.t.Fatal(err)
		}
		return name
	}
	plan := func(o *office) string {
		p, err := o.planOf(must(o, nil))
		if err != nil {
			o.t.Fatal(err)
		}
		return p.Run
	}
	slice := func(o *office, run string) {
		w := o.worker()
		w.opt.Most = 10
		if _, err := w.slice(run); err != nil {
			o.t.Fatal(err)
		}
	}
	stopped := func(o *office) string {
		o.cut = 4
		if err := o.run("revoke"); err == nil {
			o.t.Fatal("the run was not stopped")
		}
		o.cut = 0
		return o.first()
	}
	anew := func(o *office) error {
		return Run(o.t.Context(), o.host(), &RunOptions{New: true, Planning: o.planning("revoke"), Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
	}
	few := func(s *SubmitOptions) { s.MaxUsers = new(int); *s.MaxUsers = 1_000 }
	for name, tt := range map[string]struct {
		first func(o *office) (run string) // is begun
		then  func(o *office, run string) error
		ends  bool // in nothing but success
	}{
		"a submission, and another": {func(o *office) string { return must(o, nil) }, func(o *office, _ string) error { _, err := submit(o, few); return err }, false},
		"a submission, and another that is meant": {func(o *office) string { return must(o, nil) }, func(o *office, _ string) error {
			_, err := submit(o, func(s *SubmitOptions) { few(s); s.New = true })
			return err
		}, true},
		"a submission, and the same again": {func(o *office) string { return must(o, nil) }, func(o *office, run string) error {
			if name := must(o, nil); name != run {
				o.t.Errorf("it is %s, and was %s", name, run)
			}
			return nil
		}, true},
		"a submission, and other steps": {func(o *office) string { return must(o, nil) }, func(o *office, _ string) error { return o.run("disable") }, true},
		"a submission for another tenant": {func(o *office) string {
			return must(o, func(s *SubmitOptions) { s.Tenant = "0b1c2d3e-0000-4000-8000-000000000009" })
		}, func(o *office, _ string) error { return o.run("revoke") }, true},
		"a submission for a domain that nobody knows": {func(o *office) string {
			return must(o, func(s *SubmitOptions) { s.Tenant = "unheard-of.example" })
		}, func(o *office, _ string) error { return o.run("revoke") }, false},
		"a submission, and a run":                {func(o *office) string { return must(o, nil) }, func(o *office, _ string) error { return o.run("revoke") }, false},
		"a submission that is void, and a run":   {func(o *office) string { defer time.Sleep(journal.Kept + time.Minute); return must(o, nil) }, func(o *office, _ string) error { return o.run("revoke") }, true},
		"a submission that is void, and another": {func(o *office) string { defer time.Sleep(journal.Kept + time.Minute); return must(o, nil) }, func(o *office, _ string) error { _, err := submit(o, few); return err }, true},
		"a submission, and a rehearsal": {func(o *office) string { return must(o, nil) }, func(o *office, _ string) error {
			o.dry = true
			return o.run("revoke")
		}, true},
		"a planned submission, and the same again": {plan, func(o *office, _ string) error { _, err := submit(o, nil); return err }, false},
		"a run of workers, and a submission":       {func(o *office) string { run := plan(o); slice(o, run); return run }, func(o *office, _ string) error { _, err := submit(o, nil); return err }, false},
		"a run of workers for two days, and a submission": {func(o *office) string {
			run := plan(o)
			time.Sleep(48 * time.Hour)
			slice(o, run)
			return run
		}, func(o *office, _ string) error { _, err := submit(o, nil); return err }, false},
		"a run of workers for two days, and a run": {func(o *office) string {
			run := plan(o)
			time.Sleep(48 * time.Hour)
			slice(o, run)
			return run
		}, func(o *office, _ string) error { return o.run("revoke") }, false},
		"a run of workers that ended, and a submission": {func(o *office) string { run := plan(o); toEndIn(o.t, run, o.worker()); return run }, func(o *office, _ string) error { _, err := submit(o, nil); return err }, true},
		"a run that was stopped, and a submission":      {stopped, func(o *office, _ string) error { _, err := submit(o, nil); return err }, false},
		"an old run that was stopped, and a submission": {func(o *office) string { defer time.Sleep(48 * time.Hour); return stopped(o) }, func(o *office, _ string) error { _, err := submit(o, nil); return err }, true},
		"a run that is meant, and the submission before it": {func(o *office) string {
			return must(o, nil)
		}, func(o *office, run string) error {
			o.finishes(anew(o))
			_, err := o.planOf(run) // the other one is at its end
			return err
		}, true},
		"a run that is meant and stopped, and the submission before it": {func(o *office) string {
			must(o, nil)
			o.cut = 4
			if err := anew(o); err == nil {
				o.t.Fatal("the run was not stopped")
			}
			o.cut = 0
			return o.first()
		}, func(o *office, _ string) (err error) {
			var all []journal.Submission
			o.look(func(s *journal.Store) { all, err = s.Submissions(o.t.Context()) })
			if err != nil || len(all) != 1 {
				o.t.Fatalf("%d submissions, %v", len(all), err)
			}
			_, err = o.planOf(all[0].Name)
			return err
		}, false},
		"one that plans, and a submission": {func(o *office) string { return "" }, func(o *office, run string) error {
			s, err := journal.Open(o.t.Context(), filepath.Join(o.dir, "journal.db"))
			if err != nil {
				o.t.Fatal(err)
			}
			defer s.Close()
			h := o.host()
			text, _ := os.ReadFile(filepath.Join(o.dir, "in.csv"))
			unlock, err := s.LockInput(batch.Plan{Digest: fmt.Sprintf("%x", sha256.Sum256(text)), Tenant: graphsim.DefaultTenantID, App: "another app", Steps: []batch.Step{batch.Revoke}})
			if err != nil {
				o.t.Fatal(err)
			}
			defer unlock()
			_, err = Submit(o.t.Context(), h, o.submission("revoke"))
			return err
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inOffice(t, 60, func(o *office) {
				t := o.t
				time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour)
				run := tt.first(o)
				writes := o.tenant.Stats().Writes
				err := tt.then(o, run)
				if tt.ends {
					o.finishes(err)
					return
				}
				if !errors.Is(err, journal.ErrLocked) || !strings.Contains(err.Error(), run) || o.tenant.Stats().Writes != writes {
					t.Errorf("%v after %d writes, want a word on %s", err, o.tenant.Stats().Writes-writes, run)
				}
			})
		})
	}
}

// Whatever looks for a run by the name of a submission is told what that is, and what comes next.
func TestSubmissionIsTold(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		t := o.t
		is, err := Submit(t.Context(), o.host(), o.submission("revoke"))
		if err != nil {
			t.Fatal(err)
		}
		show := func(h *Host, name string) error {
			return Show(t.Context(), h, &ShowOptions{RunName: name}, nil, nil)
		}
		for what, do := range map[string]func(h *Host) error{
			"show":               func(h *Host) error { return show(h, is.Name) },
			"show its beginning": func(h *Host) error { return show(h, is.Name[:len(is.Name)-2]) },
			"report":             func(h *Host) error { _, err := Report(t.Context(), h, &ReportOptions{RunName: is.Name}); return err },
			"resume": func(h *Host) error {
				return Resume(t.Context(), h, &ResumeOptions{RunName: is.Name, Connection: o.connection(), Execution: o.execution()})
			},
			"approve": func(h *Host) error {
				_, err := ApproveRun(t.Context(), h, &ApproveRunOptions{RunName: is.Name})
				return err
			},
			"undo": func(h *Host) error {
				return Undo(t.Context(), h, &UndoOptions{RunName: is.Name, Connection: o.connection(), Execution: o.execution(), Yes: true})
			},
			"verify": func(h *Host) error {
				_, _, err := Verify(t.Context(), h, &VerifyOptions{What: []string{is.Name}, Selection: Selection{Key: "auto", TimeZone: localZone}, Connection: o.connection()})
				return err
			},
		} {
			h := o.host()
			h.Journal = filepath.Join(o.dir, "journal.db")
			err := do(h)
			next, _ := errors.AsType[*Advised](err)
			if !errors.Is(err, journal.ErrNoRun) || !strings.Contains(err.Error(), is.Name+" of ") || !strings.Contains(err.Error(), "no worker has planned it") || next == nil || next.Next != "offboard-temporal status "+is.Name+" --journal "+h.Journal {
				t.Errorf("%s: %v, next %+v", what, err, next)
			}
		}
		if runs, err := Runs(t.Context(), o.host(), &RunsOptions{}); err != nil || len(runs) != 0 || !strings.Contains(o.said.said.String(), is.Name) {
			t.Errorf("%d runs, %v: %s", len(runs), err, o.said.said.String())
		}
		time.Sleep(journal.Kept + time.Minute)
		if err := show(o.host(), is.Name); err == nil || !strings.Contains(err.Error(), "is void") {
			t.Errorf("a day later: %v", err)
		}
	})
}

// A submission that is given up is gone, and one that is planned is none.
func TestWithdraw(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		t := o.t
		is, err := Submit(t.Context(), o.host(), o.submission("revoke"))
		if err == nil {
			err = Withdraw(t.Context(), o.host(), is.Name)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.planOf(is.Name); !errors.Is(err, journal.ErrNoRun) {
			t.Errorf("it is planned all the same: %v", err)
		}
		if err := Withdraw(t.Context(), o.host(), is.Name); !errors.Is(err, journal.ErrNoRun) {
			t.Errorf("of nothing: %v", err)
		}
		run := o.planned("revoke")
		if err := Withdraw(t.Context(), o.host(), run); !errors.Is(err, ErrUsage) || len(o.runs()) != 1 {
			t.Errorf("of a run: %v", err)
		}
	})
}

// A submission that says what this program does not know may hold back somebody by that: no command passes over it.
func TestSubmissionOfAnotherVersion(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		t := o.t
		if _, err := Submit(t.Context(), o.host(), o.submission("revoke")); err != nil {
			t.Fatal(err)
		}
		store, err := journal.Open(t.Context(), filepath.Join(o.dir, "journal.db"))
		if err != nil {
			t.Fatal(err)
		}
		err = store.AddSubmission(t.Context(), journal.Submission{Name: "20990101-000000-aaaa", Created: time.Now(), Options: `{"moon":1}`})
		if err = errors.Join(err, store.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := Runs(t.Context(), o.host(), &RunsOptions{}); !errors.Is(err, journal.ErrVersion) || !strings.Contains(err.Error(), `20990101-000000-aaaa`) {
			t.Errorf("runs: %v", err)
		}
		if _, err := Submit(t.Context(), o.host(), o.submission("invalidate")); !errors.Is(err, journal.ErrVersion) {
			t.Errorf("submit: %v", err)
		}
	})
}
