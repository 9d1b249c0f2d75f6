package report

import (
	"bufio"
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

func TestVerdict(t *testing.T) {
	counts := func(os ...batch.Outcome) (s batch.Summary) {
		for _, o := range os {
			s.Add(o)
		}
		return s
	}
	for _, tt := range []struct {
		name string
		sum  batch.Summary
		rows int
		want string
	}{
		{"nothing", counts(), 0, "Nothing to do: the input has no rows."},
		{"one", counts(batch.Verified), 1, "Done: all of 1 person (1 row) ended in success."},
		{"all", counts(batch.Verified, batch.Revoked, batch.Already), 3, "Done: all of 3 people (3 rows) ended in success."},
		{"neutral too", counts(batch.Verified, batch.Skipped), 2, "Done for 1 of 2 people (1 of 2 rows); the other 1 left alone on purpose."},
		{"neutral only", counts(batch.Protected, batch.Skipped), 2, "Nothing done: all of 2 people (2 rows) left alone on purpose."},
		{"failure", counts(batch.Verified, batch.Skipped, batch.Denied), 3, "NOT DONE for 1 of 3 people (1 of 3 rows)."},
		{"open", counts(batch.Verified, batch.Denied, batch.NotSent), 3, "NOT DONE: 2 of 3 people (2 of 3 rows) did not end in success, 1 row still open."},
		{"unsettled", counts(batch.Unsettled), 1, "NOT DONE: 1 of 1 person (1 of 1 row) did not end in success, 1 row still open."},
		{"unknown", counts("done"), 1, "NOT DONE for 1 of 1 person (1 of 1 row)."},
		{"records missing", counts(batch.Verified), 2, "NOT DONE: the plan has 2 rows, and only 1 of them can be told of."},
		{"all records missing", counts(), 2, "NOT DONE: the plan has 2 rows, and only 0 of them can be told of."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := End{Summary: tt.sum, State: "finished", Plan: batch.Plan{Rows: tt.rows}}
			var b bytes.Buffer
			if err := Text(&b, e); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(b.String(), "\n\n"+tt.want+"\n") {
				t.Errorf("want %q at the end of:\n%s", tt.want, &b)
			}
		})
	}
}

// The verdict is about people, and says "done" only where the directory shows all of them
// contained.
func TestVerdictOfPeople(t *testing.T) {
	var s batch.Summary
	for _, o := range []batch.Outcome{batch.Verified, batch.Verified, batch.Verified, batch.Accepted} {
		s.Add(o)
	}
	s.AddAgain(batch.Verified, 1)
	s.Users, s.Contained = 3, 2
	plan := batch.Plan{Rows: 4, Steps: batch.Emergency}
	for _, tt := range []struct {
		change func(*End)
		want   string
	}{
		{func(e *End) {}, "NOT CONTAINED: 1 of 3 people, for whom the directory does not show disable, revoke and devices done, although no row failed: 4 of 4 rows ended in success.\n"},
		{func(e *End) { e.Summary.Contained = 3 }, "Done: all of 3 people (4 rows) ended in success.\n"},
		{func(e *End) { e.Plan.Steps = []batch.Step{batch.Revoke} }, "Done: all of 3 people (4 rows) ended in success.\n"},
		{func(e *End) { e.Summary.Add(batch.Skipped); e.Plan.Rows = 5 }, "NOT CONTAINED: 1 of 3 people, for whom the directory does not show disable, revoke and devices done, although no row failed: 4 of 5 rows ended in success.\n"},
		{func(e *End) { e.Summary.Add(batch.Denied); e.Plan.Rows = 5 }, "NOT DONE for 1 of 4 people (1 of 5 rows).\n"},
	} {
		e := End{Summary: s, State: "finished", Plan: plan}
		e.Summary.Counts = maps.Clone(s.Counts)
		tt.change(&e)
		if got := verdict(e); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// What was told before the question is not told again, and those without success are named
// where their outcome is counted.
func TestNothingTwice(t *testing.T) {
	e := fixtureEnd()
	e.Told = true
	lines := fixture()
	var page bytes.Buffer
	_, end := openPage(bufio.NewWriter(&page), &e)
	_ = end
	for i := range lines {
		if l := &lines[i]; l.First.Line == 0 {
			e.census.add(l, stateOf(&e, l), nil)
		}
	}
	var b bytes.Buffer
	if err := Text(&b, e); err != nil {
		t.Fatal(err)
	}
	for _, twice := range []string{"Input ", "SHA-256", "Read with", "Tenant ", "Steps "} {
		if strings.Contains(b.String(), twice) {
			t.Errorf("it says %q again", twice)
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(b.String()) {
		if line = strings.TrimSpace(line); line != "" && seen[line] {
			t.Errorf("it says twice: %s", line)
		}
		seen[line] = true
	}
	for _, want := range []string{"\n          admin@contoso.com: Authorization_RequestDenied", "2 rows still open", "and 4 other reasons\n", "\nReport    out: report.csv, report.jsonl"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
}

// Under an outcome stand those whose row ended so, with what ended so first, and not all with such a write.
func TestNamedByRow(t *testing.T) {
	group := wrote(batch.Target{Step: batch.Groups, ID: id(1), Name: "Sales"}, batch.Failed, "")
	barred := group
	barred.Record.Reason = "not tried, since the step disable ended denied"
	group.Record.Status, group.Record.Code = 400, "Request_BadRequest"
	lines := []batch.Line{
		leaver(2, "bo@contoso.com", wrote(batch.Target{Step: batch.Disable}, batch.Denied, ""), barred),
		leaver(3, "cy@contoso.com", wrote(batch.Target{Step: batch.Disable}, batch.Verified, ""), group),
	}
	e := leaverRun()
	e.Summary, e.Plan.Rows = batch.Summary{}, len(lines)
	for i := range lines {
		e.Summary.AddLine(e.Plan.Steps, &lines[i])
	}
	if err := Name(&e, seq(lines, nil)); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Text(&b, e); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n          cy@contoso.com, groups: Request_BadRequest\n", "\n          bo@contoso.com, disable: Authorization_RequestDenied: Insufficient privileges to complete the operation.\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
}

// A run that is refused, rehearsed, planned or worked on is told as what it is.
func TestVerdictOfEveryState(t *testing.T) {
	for _, tt := range []struct {
		state, held string
		dry         bool
		sum         []batch.Outcome
		vain        int // of not_sent, and the last of them names a person again
		want, not   string
	}{
		{state: "refused", sum: []batch.Outcome{batch.NotSent, batch.Invalid}, want: "REFUSED: nothing was written.", not: "open"},
		{state: "refused", sum: []batch.Outcome{batch.NotSent}, want: "REFUSED: nothing was written.", not: "before their turn"},
		{state: "planning", want: "NOT PLANNED: planning did not come to its end, and nothing was written. Run the input again.", not: "no rows"},
		{state: "planning", sum: []batch.Outcome{batch.NotSent}, want: "NOT PLANNED: planning did not come to its end, and nothing was written. Run the input again.", not: "open"},
		{state: "planning", held: "process 7 on h since t", want: "Being planned now: process 7 on h since t. Nothing is written yet.", not: "again"},
		{state: "running", held: "process 7 on h since t", sum: []batch.Outcome{batch.Verified, batch.NotSent, batch.Unsettled},
			want: "UNDER WAY: process 7 on h since t. 1 of 3 people (1 of 3 rows) are settled so far.", not: "the run ended"},
		{state: "running", sum: []batch.Outcome{batch.NotSent}, want: "NOT DONE: 1 of 1 person (1 of 1 row) did not end in success, 1 row still open.", not: "now"},
		{state: "dry run", dry: true, sum: []batch.Outcome{batch.NotSent, batch.Skipped}, want: "Dry run: nothing was written. A run would send 1 of 2 people (1 of 2 rows).", not: "open"},
		{state: "dry run", dry: true, sum: []batch.Outcome{batch.NotSent, batch.Invalid},
			want: "Dry run: nothing was written. A run would send 1 of 2 people (1 of 2 rows); 1 of 2 people (1 of 2 rows) would NOT BE DONE.", not: "retry.csv"},
		{state: "dry run", dry: true, sum: []batch.Outcome{batch.NotSent, batch.NotSent, batch.NotSent, batch.Invalid, batch.Already}, vain: 2,
			want: "Dry run: nothing was written. A run would send 2 of 4 people (3 of 5 rows); 2 of 4 people (3 of 5 rows) would NOT BE DONE.", not: "retry.csv"},
	} {
		e := End{State: tt.state, Dry: tt.dry, Held: tt.held, Files: []string{"report.csv"}}
		for _, o := range tt.sum {
			e.Summary.Add(o)
		}
		for range tt.vain {
			e.Vain.Add(batch.NotSent)
		}
		if tt.vain > 0 {
			e.Summary.AddAgain(batch.NotSent, 1)
			e.Vain.AddAgain(batch.NotSent, 1)
		}
		var b bytes.Buffer
		if err := Text(&b, e); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); !strings.Contains(got, "\n\n"+tt.want+"\n") || strings.Contains(got, tt.not) {
			t.Errorf("%s, held %q, %v: want %q and not %q\n%s", tt.state, tt.held, tt.sum, tt.want, tt.not, got)
		}
		b.Reset()
		if err := JSON(&b, e); err != nil || strings.Contains(b.String(), `"open": 0`) != (tt.state != "running") {
			t.Errorf("%s, %v: error %v\n%s", tt.state, tt.sum, err, &b)
		}
	}
}

func TestEveryOutcomeHasItsOwnMeaning(t *testing.T) {
	seen := map[string]batch.Outcome{"": "no outcome at all"}
	for _, o := range batch.Outcomes {
		m := usualMeanings[o]
		if other, ok := seen[m]; ok {
			t.Errorf("%s means what %s means: %s", o, other, m)
		}
		seen[m] = o
	}
}

// A file's name must not move the cursor, colour the screen or fake a line.
func TestTextTalksToNoTerminal(t *testing.T) {
	e := fixtureEnd()
	e.Plan.Input = "a\x1b[2J.csv\nDone: all of 9 rows ended in success."
	e.Plan.Tenant, e.State, e.Resume = "t\x07", "s\r", "offboard resume \x1b]0;x\x07"
	e.Plan.Settings = []batch.Setting{{Name: "n\x1b", Value: "v\x9b1m", Why: "w\n"}}
	e.Files = []string{"f\x1b"}
	var b bytes.Buffer
	if err := Text(&b, e); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(b.String(), func(r rune) bool { return r != '\n' && clean(string(r)) != string(r) }); i >= 0 {
		t.Errorf("a control character at %d of %q", i, b.String())
	}
	if strings.Contains(b.String(), "\nDone") {
		t.Errorf("the input's name became a verdict:\n%s", &b)
	}
}

// When everybody was denied the permission is named, and only then.
func TestAllDeniedNamesThePermission(t *testing.T) {
	for _, tt := range []struct {
		outcomes []batch.Outcome
		want     bool
	}{
		{[]batch.Outcome{batch.Denied}, true},
		{[]batch.Outcome{batch.Denied, batch.Skipped, batch.NotFound, batch.NotSent}, true},
		{[]batch.Outcome{batch.Denied, batch.Verified}, false},
		{[]batch.Outcome{batch.Denied, batch.Failed}, false},
		{[]batch.Outcome{batch.NotSent}, false},
	} {
		var b bytes.Buffer
		var sum batch.Summary
		for _, o := range tt.outcomes {
			sum.Add(o)
		}
		if err := Text(&b, End{Summary: sum, Plan: batch.Plan{Steps: []batch.Step{batch.Revoke}}}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "lacks the Graph permission User.RevokeSessions.All"); got != tt.want {
			t.Errorf("%v: the permission is named: %v, want %v", tt.outcomes, got, tt.want)
		}
	}
}

// The directory is blamed for showing nothing only when it had its time.
func TestUnverifiedOfEveryState(t *testing.T) {
	for want, e := range map[string]End{
		"did not show it in time":             {State: "finished"},
		"had not shown it when the run stopp": {State: "stopped", Resume: "offboard resume r"},
		"has not shown it yet":                {State: "running", Held: "process 7 on h since t"},
	} {
		if got := e.meaning(batch.Unverified); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", e.State, got, want)
		}
	}
}

// Every count of users is written as people read it.
func TestTextWritesCountsWithCommas(t *testing.T) {
	e := fixtureEnd()
	e.Plan.Rows = 12_000
	e.Summary = batch.Summary{Refused: 1500}
	for o, n := range map[batch.Outcome]int{batch.Verified: 5500, batch.Protected: 2500, batch.NotSent: 4000} {
		for range n {
			e.Summary.Add(o)
		}
	}
	for state, tt := range map[string]struct {
		dry  bool
		want []string
	}{
		"stopped": {false, []string{"   5,500  verified", "12,000  in all", "5,500 success, 2,500 left alone", "4,000 not done (4,000 of them open)", ": 1,500 were sent"}},
		"dry run": {true, []string{"4,000 would be sent", "5,500 success"}},
	} {
		e.State, e.Dry = state, tt.dry
		var b bytes.Buffer
		if err := Text(&b, e); err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no %q in\n%s", state, want, &b)
			}
		}
	}
}

// What is not known of a run is null in JSON, and a list of nothing is empty.
func TestJSONOfARunOfWhichNothingIsKnown(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, End{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"version": null`, `"input_sha256": null`, `"tenant": null`, `"app": null`, `"cloud": null`, `"created_at": null`, `"plan_sha256": null`, `"median_s": null`,
		`"approvals": []`, `"settings": []`, `"sessions": []`, `"files": []`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, &b)
		}
	}
}

// A run that ended before its end, since it was taken back, has nothing open: nobody goes on
// with it. Its last word says so, and by which undo.
func TestTakenBackBeforeItsEnd(t *testing.T) {
	began := time.Date(2026, 11, 27, 3, 0, 0, 0, time.UTC)
	e := End{
		Plan: batch.Plan{Rows: 3, Steps: []batch.Step{batch.Revoke}}, State: "finished", Reason: "taken back in part by run U",
		Summary:   batch.Summary{Lines: 3, Counts: map[batch.Outcome]int{batch.Verified: 1, batch.NotSent: 2}},
		TakenBack: []Undo{{Run: "U", Part: "disable of all users", Began: began, State: "stopped", Rows: 4, Failed: 1}},
	}
	for state, want := range map[string][]string{
		"finished": {"(0 of them open)", "State     ended early: nobody goes on with it\n", "2 rows without their turn: nobody goes on with the run any more", "Since then the run was taken back by undo U (part: disable of all users) on 2026-11-27T03:00:00Z, which is stopped; NOT DONE for 1 of 4 rows."},
		"stopped":  {"(2 of them open)", "2 rows still open"},
	} {
		e.State = state
		var b strings.Builder
		if err := Text(&b, e); err != nil {
			t.Fatal(err)
		}
		for _, words := range want {
			if !strings.Contains(b.String(), words) {
				t.Errorf("%s: no %q in\n%s", state, words, b.String())
			}
		}
	}
}
