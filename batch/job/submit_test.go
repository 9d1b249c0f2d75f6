package job

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/journal"
)

func (o *office) submission(steps ...string) *SubmitOptions {
	return &SubmitOptions{Planning: o.planning(steps...), Tenant: graphsim.DefaultTenantID, Unasked: Unasked{true}}
}

func (o *office) planOf(name string) (Planned, error) {
	return PlanSubmitted(o.t.Context(), o.host(), name, &WorkOptions{Connection: o.connection(), Execution: o.execution()})
}

// What is planned of a submission, on a machine that has neither its files nor its sign-in, is what a
// run plans: rows, protected people, steps and terms.
func TestSubmittedIsPlannedAsRun(t *testing.T) {
	inOffice(t, 40, func(o *office) {
		t := o.t
		time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour)
		file, list := filepath.Join(o.dir, "in.csv"), filepath.Join(o.dir, "protect.txt")
		text := "upn,Status,Last day\n"
		for i, upn := range o.people {
			text += upn + "," + []string{"gone", "stays"}[i%2] + ",2026-01-01\n"
		}
		for name, text := range map[string]string{file: text, list: o.people[0] + "\n"} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		opt := o.submission("disable", "revoke")
		opt.Where, opt.Protect, opt.DateColumn, opt.TimeZone = []string{"Status=gone"}, []string{list}, "Last day", "Europe/Berlin"
		is, err := Submit(t.Context(), o.host(), opt)
		if err != nil || is.Rows != 20 {
			t.Fatalf("%+v, %v", is, err)
		}
		for _, name := range []string{file, list} { // the worker has them not
			if err := os.Rename(name, name+".away"); err != nil {
				t.Fatal(err)
			}
		}
		p, err := o.planOf(is.Name)
		if err != nil || p.Writes != 38 || p.App != graphsim.DefaultClientID {
			t.Fatalf("%+v, %v\n%s", p, err, o.said.said.String())
		}
		lines := o.lines(is.Name)
		if l := lines[o.people[0]]; l.Record.Outcome != batch.Protected {
			t.Errorf("the protected: %+v", l.Record)
		}
		if l := lines[""]; l.Record.Outcome != batch.Skipped {
			t.Errorf("who stays: %+v", l.Record)
		}
		o.look(func(s *journal.Store) {
			r, _ := s.Run(t.Context(), is.Name)
			if plan := r.Plan(); plan.Users != 19 || plan.Input != file || plan.Rows != 40 || plan.Terms.OSUser == "" || r.State() != journal.Planned {
				t.Errorf("%+v, %s", plan, r.State())
			}
			if _, err := s.Submission(t.Context(), is.Name); !errors.Is(err, journal.ErrNoRun) {
				t.Errorf("the submission is still there: %v", err)
			}
		})
		if again, err := o.planOf(is.Name); err != nil || again != p { // the answer was lost
			t.Errorf("%+v, %v", again, err)
		}
		toEndIn(t, p.Run, o.worker())
		if len(o.runs()) != 1 {
			t.Errorf("the runs are %v", o.runs())
		}
	})
}

// Submit refuses what a run refuses before it signs in, and what would mean another thing elsewhere.
func TestSubmitRefuses(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		for want, change := range map[string]func(*SubmitOptions){
			"name the tenant":                  func(s *SubmitOptions) { s.Tenant = "" },
			"there is no terminal to ask at":   func(s *SubmitOptions) { s.Yes = false },
			"say where days begin and end":     func(s *SubmitOptions) { s.Since = "2026-01-01" },
			"--steps: there is no step":        func(s *SubmitOptions) { s.Steps = []string{"fire"} },
			"no such file":                     func(s *SubmitOptions) { s.Protect = []string{filepath.Join(o.dir, "none")} },
			"is no number of people":           func(s *SubmitOptions) { s.Approvals = -1 },
			"some of its people stay":          func(s *SubmitOptions) { s.File = []string{filepath.Join(o.dir, "stay.csv")} },
			"--max-users -1 is no limit":       func(s *SubmitOptions) { n := -1; s.MaxUsers = &n },
			"--no-resolve goes with the steps": func(s *SubmitOptions) { s.NoResolve, s.Steps = true, []string{"disable"} },
		} {
			stay := "upn,Status\n" + o.people[0] + ",active\n" + o.people[1] + ",terminated\n"
			if err := os.WriteFile(filepath.Join(o.dir, "stay.csv"), []byte(stay), 0o600); err != nil {
				o.t.Fatal(err)
			}
			opt := o.submission("revoke")
			change(opt)
			if is, err := Submit(o.t.Context(), o.host(), opt); err == nil || !strings.Contains(err.Error(), want) {
				o.t.Errorf("want %q: %+v, %v", want, is, err)
			}
		}
		if calls := o.tenant.Stats().Calls; calls != 0 {
			o.t.Errorf("%d calls", calls)
		}
	})
}

// A planning that is killed anywhere is repeated, and leaves one whole plan. One that a guard refuses is
// refused for good.
func TestPlanningIsRepeated(t *testing.T) {
	inOffice(t, 100, func(o *office) {
		t := o.t
		is, err := Submit(t.Context(), o.host(), o.submission("revoke"))
		if err != nil {
			t.Fatal(err)
		}
		for cut := 1; cut <= 5; cut++ {
			ctx, cancel := context.WithCancel(t.Context())
			h := o.host()
			o.cut, o.kill = cut, cancel
			p, err := PlanSubmitted(ctx, h, is.Name, &WorkOptions{Connection: o.connection(), Execution: o.execution()})
			if err == nil || p.Run != "" {
				t.Fatalf("cut %d: %+v, %v", cut, p, err)
			}
			cancel()
		}
		o.cut, o.kill = 0, nil
		// As a process leaves it that dies while it plans.
		s, err := journal.Open(t.Context(), filepath.Join(o.dir, "journal.db"))
		if err != nil {
			t.Fatal(err)
		}
		half, err := s.Create(t.Context(), batch.Plan{Run: is.Name, Steps: []batch.Step{batch.Revoke}})
		if err == nil {
			err = half.AddRows(t.Context(), []batch.Planned{{User: batch.User{Seq: 1}}})
		}
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		if p, err := o.planOf(is.Name); err != nil || p.Writes != 100 || len(o.runs()) != 1 {
			t.Errorf("%+v, %v, runs %v", p, err, o.runs())
		}
		few := o.submission("revoke")
		few.MaxUsers, few.New = new(int), true
		*few.MaxUsers = 10
		if is, err = Submit(t.Context(), o.host(), few); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			p, err := o.planOf(is.Name)
			if !errors.Is(err, ErrRefused) || p.Run != is.Name || !strings.Contains(err.Error(), "--max-users") {
				t.Errorf("%+v, %v", p, err)
			}
		}
		if _, err := o.worker().slice(is.Name); !errors.Is(err, ErrUsage) {
			t.Errorf("a refused run: %v", err)
		}
	})
}

// Nobody plans a submission of yesterday, and its people are not kept.
func TestOldSubmissions(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		t := o.t
		first, err := Submit(t.Context(), o.host(), o.submission("revoke"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(journal.Kept + time.Minute)
		if _, err := o.planOf(first.Name); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "submit it again") {
			t.Errorf("%v", err)
		}
		if _, err := o.planOf(first.Name); !errors.Is(err, journal.ErrNoRun) {
			t.Errorf("%v", err)
		}
	})
}

// The journal keeps no secret of a submission, whatever the environment has.
func TestSubmissionHasNoSecret(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		h := o.host()
		h.Environ = func() []string { return []string{"AZURE_CLIENT_SECRET=s3cr3t-of-the-worker"} }
		if _, err := Submit(o.t.Context(), h, o.submission("revoke")); err != nil {
			o.t.Fatal(err)
		}
		files, _ := filepath.Glob(filepath.Join(o.dir, "journal.db*"))
		for _, name := range files {
			if text, err := os.ReadFile(name); err == nil && bytes.Contains(text, []byte("s3cr3t")) {
				o.t.Errorf("%s has the secret", name)
			}
		}
	})
}
