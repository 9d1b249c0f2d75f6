package journal

import (
	"slices"
	"strings"
	"testing"

	"offboard/batch"
)

func somePlan(name string) batch.Plan {
	return batch.Plan{
		Run: name, Created: at(1), Version: "v1.2.3", Input: "leavers.csv", Digest: "abc",
		Columns:  []string{"userPrincipalName", "leaving <date>"},
		Settings: []batch.Setting{{Name: "delimiter", Value: ";", Why: "it is in every line"}},
		Tenant:   "t", App: "a", Cloud: "https://graph.microsoft.com", Steps: []batch.Step{batch.Revoke},
		Resolve: true, Verify: true, Lines: 9,
	}
}

func TestPlanSurvives(t *testing.T) {
	s := openNew(t)
	for _, want := range []batch.Plan{somePlan("full"), {Run: "bare"}} {
		r := create(t, s, want)
		diff(t, "plan as created", r.Plan(), want)
		want.Digest, want.Columns = "new", []string{"id"}
		must(t, r.Seal(t.Context(), want))
		again, err := s.Run(t.Context(), want.Run)
		must(t, err)
		diff(t, "plan as sealed", again.Plan(), want)
		diff(t, "plan in hand", r.Plan(), want)
		if again.State() != Planned || r.State() != Planned {
			t.Errorf("sealed, and %s, %s", again.State(), r.State())
		}
	}
}

func TestFindRun(t *testing.T) {
	s := openNew(t)
	_, err := s.Run(t.Context(), "")
	wantErr(t, err, ErrNoRun)
	for _, name := range []string{"march-1", "march", "may%", "april_1", "aprilx1"} {
		_, err := s.Create(t.Context(), batch.Plan{Run: name})
		if (err == nil) != validName(name) {
			t.Errorf("create %q: %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"": "aprilx1", "march": "march", "march-": "march-1", "april_": "april_1", "aprilx": "aprilx1",
	} {
		r, err := s.Run(t.Context(), name)
		must(t, err)
		if got := r.Plan().Run; got != want {
			t.Errorf("run %q is %q, want %q", name, got, want)
		}
	}
	_, err = s.Run(t.Context(), "june")
	wantErr(t, err, ErrNoRun)
	_, err = s.Run(t.Context(), "mar")
	wantErr(t, err, ErrAmbiguous)
	if err == nil || !strings.Contains(err.Error(), "march, march-1") {
		t.Errorf("candidates are missing: %v", err)
	}
	for _, name := range []string{"march", "", "../up", ".hidden", "-flag", "a/b", `a\b`, "a b", strings.Repeat("x", 101)} {
		if _, err := s.Create(t.Context(), batch.Plan{Run: name}); err == nil {
			t.Errorf("created %q", name)
		}
	}
}

func TestUnfinished(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	find := func(p batch.Plan, want string) {
		t.Helper()
		r, err := s.Unfinished(t.Context(), p)
		must(t, err)
		got := ""
		if r != nil {
			got = r.Plan().Run
		}
		if got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	plan := somePlan("")
	first := create(t, s, somePlan("first"))
	find(plan, "") // still planning
	must(t, first.Seal(t.Context(), somePlan("first")))
	find(plan, "first")
	second := create(t, s, somePlan("second"))
	must(t, second.Seal(t.Context(), somePlan("second")))
	find(plan, "second")
	must(t, second.SetState(t.Context(), Running, ""))
	find(plan, "second")
	must(t, second.SetState(t.Context(), Stopped, "Ctrl-C"))
	find(plan, "second")
	must(t, second.SetState(t.Context(), Finished, ""))
	find(plan, "first")
	for name, change := range map[string]func(*batch.Plan){
		"digest":  func(p *batch.Plan) { p.Digest = "x" },
		"tenant":  func(p *batch.Plan) { p.Tenant = "x" },
		"app":     func(p *batch.Plan) { p.App = "x" },
		"cloud":   func(p *batch.Plan) { p.Cloud = "x" },
		"action":  func(p *batch.Plan) { p.Steps = []batch.Step{batch.Invalidate} },
		"resolve": func(p *batch.Plan) { p.Resolve = false },
		"columns": func(p *batch.Plan) { p.Columns = p.Columns[:1] },
	} {
		other := somePlan("")
		change(&other)
		if r, err := s.Unfinished(t.Context(), other); r != nil || err != nil {
			t.Errorf("another %s: found %v, %v", name, r, err)
		}
	}
	must(t, first.SetState(t.Context(), Refused, "too many"))
	find(plan, "")
}

func TestStates(t *testing.T) {
	drawn := "planning>refused planned>running planned>stopped planned>finished planned>refused " +
		"running>running running>stopped running>finished stopped>running stopped>stopped stopped>finished"
	states := []State{Planning, Planned, Running, Stopped, Finished, Refused}
	var got []string
	for _, from := range states {
		for _, to := range states {
			if slices.Contains(arrows[from], to) {
				got = append(got, string(from+">"+to))
			}
		}
	}
	diff(t, "arrows", strings.Join(got, " "), drawn)

	r := running(t, openNew(t), "r", 1)
	must(t, r.SetState(t.Context(), Stopped, "SIGTERM"))
	wantErr(t, r.SetState(t.Context(), Refused, ""), ErrState)
	must(t, r.SetState(t.Context(), Running, ""))
	history, err := r.Changes(t.Context())
	must(t, err)
	if c := history[3]; c.State != Stopped || c.Reason != "SIGTERM" {
		t.Errorf("stopped, and the history says %+v", c)
	}
	words := ""
	for i, c := range history {
		words += string(c.State) + " "
		if c.At.IsZero() || i > 0 && c.At.Before(history[i-1].At) {
			t.Errorf("%s at %v", c.State, c.At)
		}
	}
	diff(t, "history", words, "planning planned running stopped running ")
}

func TestRuns(t *testing.T) {
	s := openNew(t)
	create(t, s, somePlan("one"))
	two := running(t, s, "two", 2)
	must(t, two.Write(t.Context(), batch.Entry{Records: []batch.Record{settled(1, 1, batch.Denied)}}))
	runs, err := s.Runs(t.Context(), Filter{})
	must(t, err)
	if len(runs) != 2 || runs[0].Plan().Run != "two" || runs[1].Plan().Tenant != "t" {
		t.Errorf("runs %v", runs)
	}
	sum, err := runs[0].Summary(t.Context())
	must(t, err)
	diff(t, "summary", sum,
		batch.Summary{Lines: 2, Counts: map[batch.Outcome]int{batch.Denied: 1, batch.NotSent: 1}})
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	keep := running(t, s, "keep", 2)
	wantErr(t, keep.Discard(t.Context()), ErrState) // it runs
	sent := batch.Entry{Calls: []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{1}}}}
	must(t, keep.Write(t.Context(), sent))
	for _, st := range []State{Running, Stopped, Finished} {
		must(t, keep.SetState(t.Context(), st, ""))
		wantErr(t, keep.Discard(t.Context()), ErrState)
	}

	gone := create(t, s, batch.Plan{Run: "gone"})
	unlock, err := gone.Lock()
	must(t, err)
	skipped := member(2)
	skipped.Record = &batch.Record{Seq: 2, Outcome: batch.Skipped}
	must(t, gone.AddRows(t.Context(), []batch.Planned{member(1), skipped}))
	must(t, gone.AddSkips(t.Context(), []batch.Skip{{Line: 9, Reason: "blank"}}))
	must(t, gone.Seal(t.Context(), batch.Plan{Run: "gone", Rows: 2, Users: 1}))
	must(t, gone.Discard(t.Context()))
	must(t, unlock())
	wantErr(t, gone.Discard(t.Context()), ErrNoRun)
	wantErr(t, gone.Write(t.Context(), batch.Entry{}), ErrNoRun)
	_, err = s.Run(t.Context(), "gone")
	wantErr(t, err, ErrNoRun)
	for _, table := range []string{"rows", "marks", "skips"} {
		var other int
		must(t, s.r.QueryRow("SELECT count(*) FROM "+table+" WHERE run <> 1").Scan(&other))
		if other != 0 {
			t.Errorf("%s holds %d rows of nobody", table, other)
		}
	}
	if n := len(check(t, keep)); n != 2 {
		t.Errorf("the other run has %d lines", n)
	}
}

// The digests of a run's reports stand in the order in which they were written, and
// go with the run.
func TestAddReport(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	keep, gone := running(t, s, "keep", 1), create(t, s, batch.Plan{Run: "gone"})
	for _, add := range []struct {
		run *Run
		sum string
	}{{keep, "aa"}, {gone, "bb"}, {keep, "cc"}, {keep, "aa"}} {
		must(t, add.run.AddReport(t.Context(), add.sum))
	}
	sums := func() (sums string) {
		must(t, s.r.QueryRow(`SELECT string_agg(name || no || sha256, ' ' ORDER BY name, no) FROM reports JOIN runs ON runs.id = reports.run WHERE at > 0`).Scan(&sums))
		return sums
	}
	if got := sums(); got != "gone1bb keep1aa keep2cc keep3aa" {
		t.Errorf("the journal has %s", got)
	}
	must(t, gone.Discard(t.Context()))
	wantErr(t, gone.AddReport(t.Context(), "dd"), ErrNoRun)
	if got := sums(); got != "keep1aa keep2cc keep3aa" {
		t.Errorf("with one run discarded the journal has %s", got)
	}
}
