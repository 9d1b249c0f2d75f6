package job

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// Between two sessions the clock was set, back by hours or forward by days. The second one
// reads back all the same what the first had accepted. Each office has a time of its own, which
// begins in the same moment, so that the second session is earlier than the first unless it sleeps.
func TestClockSetBetweenSessions(t *testing.T) {
	for name, sleep := range map[string][2]time.Duration{"not set": {0, time.Hour}, "back by 5 hours": {5 * time.Hour, 0}, "forward by 3 days": {0, 3 * 24 * time.Hour}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var ids []string
			inOffice(t, 2, func(o *office) {
				if err := os.CopyFS(dir, os.DirFS(o.dir)); err != nil {
					t.Fatal(err)
				}
				o.dir = dir
				time.Sleep(sleep[0])
				o.sees = func(body []byte) {
					if strings.Contains(string(body), `"accountEnabled":false`) {
						close(o.stop) // the answer is awaited, and not read back
					}
				}
				if err := o.run("disable"); err == nil {
					t.Fatal("it was not stopped")
				}
				for upn, l := range o.lines(o.first()) {
					ids = append(ids, l.User.ID)
					if l.Record.Outcome != batch.Unverified {
						t.Fatalf("%s is %s after the first session: %s", upn, l.Record.Outcome, l.Record.Reason)
					}
				}
			})
			inOffice(t, 2, func(o *office) {
				o.dir = dir
				for _, id := range ids {
					o.somebody("PATCH", "/users/"+id, `{"accountEnabled":false}`) // as the first session left it
				}
				time.Sleep(sleep[1])
				writes := o.tenant.Stats().Writes
				o.finishes(Resume(o.t.Context(), o.host(), &ResumeOptions{RunName: o.first(), MaxAge: Length{Age{mostAge}}, Guards: Guards{MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}}))
				for upn, l := range o.lines(o.first()) {
					if l.Record.Outcome != batch.Verified {
						t.Errorf("%s is %s: %s", upn, l.Record.Outcome, l.Record.Reason)
					}
				}
				if n := o.tenant.Stats().Writes - writes; n > 0 || len(ids) != 2 {
					t.Errorf("%d writes, %d users", n, len(ids))
				}
			})
		})
	}
}

// A plan whose time lies ahead of the clock is of unknown age: it is as one that is too old.
func TestTooOld(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		age, most time.Duration
		lift      string
	}{
		{time.Hour, mostAge, ""}, {25 * time.Hour, mostAge, "--max-age 26h"}, {3 * 24 * time.Hour, 0, ""},
		{-mostAhead, mostAge, ""}, {-mostAhead - 1, mostAge, "--max-age 0"}, {-5 * time.Hour, 100 * time.Hour, "--max-age 0"}, {-5 * time.Hour, 0, ""},
	} {
		k := tooOld(batch.Plan{Run: "r", Created: now.Add(-c.age)}, now, c.most)
		if k.Lift != c.lift || (k.Refusal == "") != (c.lift == "") {
			t.Errorf("%s old, at most %s: lift %q, refusal %q; want lift %q", c.age, c.most, k.Lift, k.Refusal, c.lift)
		}
	}
}

// Which run is the later one is told by the journal's order, also where the clock was set back
// between them.
func TestLaterRunAfterTheClockWasSetBack(t *testing.T) {
	ctx := t.Context()
	s, err := journal.Open(ctx, t.TempDir()+"/journal.db")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Now()
	var runs []*journal.Run
	for i, made := range []time.Time{now.Add(time.Hour), now, now.Add(-5 * time.Hour)} {
		plan := batch.Plan{Run: fmt.Sprintf("run%d", i), Created: made, Tenant: "t", Steps: []batch.Step{batch.Disable}, Rows: 1, Users: 1, Writes: 1}
		run, err := s.Create(ctx, plan)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
		user := batch.Planned{Row: batch.Row{Line: 2}, User: batch.User{Seq: 1, ID: "ada", UPN: "ada@contoso.example"}}
		done := batch.Entry{Records: []batch.Record{{Seq: 1, Step: batch.Disable, Outcome: batch.Verified, SettledAt: made}}}
		for _, err := range []error{run.AddRows(ctx, []batch.Planned{user}), run.Seal(ctx, plan), run.SetState(ctx, journal.Running, ""), run.Write(ctx, done)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	o := &undoing{run: runs[1], was: runs[1].Plan(), steps: []batch.Step{batch.Enable}, users: map[string]person{"ada": {"ada", []batch.Step{batch.Disable}}}}
	later, err := o.containedAgain(ctx, s)
	if err != nil || !strings.Contains(later.Refusal, "contained again by run run2 of") || strings.Contains(later.Refusal, "run0") {
		t.Errorf("refusal %q, error %v", later.Refusal, err)
	}
}

// The calls of other runs count, and leave the window, also after the clock was set back while
// this one goes on.
func TestOthersAfterTheClockWasSetBack(t *testing.T) {
	ctx := t.Context()
	s, err := journal.Open(ctx, t.TempDir()+"/journal.db")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	plan := batch.Plan{Run: "r", Tenant: "t", Steps: []batch.Step{batch.Revoke}, Rows: 1, Users: 1, Writes: 1}
	run, err := s.Create(ctx, plan)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	call := func(no int) error {
		err := run.Write(ctx, batch.Entry{Calls: []batch.Call{{No: no, App: "a", Step: batch.Revoke, SentAt: now, Seqs: []int{1}}}})
		return errors.Join(err, run.Write(ctx, batch.Entry{Over: []int{no}}))
	}
	user := batch.Planned{Row: batch.Row{Line: 2}, User: batch.User{Seq: 1, ID: "ada"}}
	for _, err := range []error{run.AddRows(ctx, []batch.Planned{user}), run.Seal(ctx, plan), run.SetState(ctx, journal.Running, ""), call(1)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	gate := throttle.New(throttle.Config{Quotas: throttle.For(throttle.Documented(), throttle.Write), MaxWidth: 1})
	const window = 300 * time.Second
	o := newOthers(s, journal.SentBy{Tenant: "t"}, window, func(_ journal.SentCall, was, is throttle.Other) { gate.Count(was, is, false) })
	// By the clock of the wall the last question was three hours from now.
	o.asked = now.Round(0).Add(3 * time.Hour)
	if err := o.tell(ctx, time.Now(), nil); err != nil || len(o.calls) != 1 {
		t.Fatalf("%d calls count, error %v", len(o.calls), err)
	}
	// A time that the monotonic clock tells is the same whatever the other one is set to.
	for _, k := range o.calls {
		if k.At == k.At.Round(0) || k.At.After(time.Now()) {
			t.Errorf("the call counts at %v", k.At)
		}
	}
}
