package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// A run whose users may have several writes has files of their own, a dry run those that do
// not need that something was tried, and a run of one write a user none of them.
func TestFilesOfSteps(t *testing.T) {
	for _, tt := range []struct {
		name  string
		e     End
		lines []batch.Line
		dry   bool
		want  []string
	}{
		{"all steps", leaverRun(), leavers(), false, []string{followupName, csvName, pageName, jsonlName, manifestName, targetsName, RetryName, documentName}},
		{"dry run", leaverRun(), leavers(), true, []string{csvName, pageName, jsonlName, manifestName, targetsName, documentName}},
		{"nothing in them", leaverRun(), leavers()[8:9], false, []string{csvName, pageName, jsonlName, manifestName, targetsName, documentName}},
		{"sessions alone", fixtureRun(), leavers(), false, sealed},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, followupName), []byte("another run's"), 0o600); err != nil {
			t.Fatal(err)
		}
		tt.e.Dry = tt.dry
		aside, err := Write(dir, &tt.e, seq(tt.lines, nil), Seal{})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.DeleteFunc(names(t, dir), func(n string) bool { return n == filepath.Base(aside) }); !slices.Equal(got, tt.want) {
			t.Errorf("%s: the directory has %q, want %q", tt.name, got, tt.want)
		}
		if text, err := os.ReadFile(filepath.Join(aside, followupName)); string(text) != "another run's" {
			t.Errorf("%s: the other run's file: %q, %v", tt.name, text, err)
		}
		if err := check(dir); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A row comes back when one of its writes may end in another way, and not when all that
// failed is for others to do.
func TestRetryOfSeveralWrites(t *testing.T) {
	account, device := batch.Target{Step: batch.Disable}, batch.Target{Step: batch.Devices, ID: id(1)}
	for _, tt := range []struct {
		account, device batch.Outcome
		want            bool
	}{
		{batch.Verified, batch.Verified, false},
		{batch.Verified, batch.NotPossible, false},
		{batch.Ineffective, batch.NotPossible, false},
		{batch.Skipped, batch.Ineffective, false},
		{batch.Verified, batch.Skipped, false},
		{batch.Denied, batch.NotPossible, true},
		{batch.Ineffective, batch.GaveUp, true},
		{batch.NotPossible, batch.Unverified, true},
		{batch.Verified, batch.NotSent, true},
		{batch.Unsettled, batch.NotPossible, true},
	} {
		var b bytes.Buffer
		l := leaver(2, "ada@contoso.com", wrote(account, tt.account, ""), wrote(device, tt.device, ""))
		if err := one(RetryName, &b, leaverRun(), seq([]batch.Line{l}, nil)); err != nil {
			t.Fatal(err)
		}
		if got := b.Len() > 0; got != tt.want {
			t.Errorf("disable %s, devices %s: in retry.csv: %v, want %v", tt.account, tt.device, got, tt.want)
		}
	}
}

// What is counted by step is what the files list: users in the columns of report.csv, and
// targets in report.targets.csv.
func TestStepCountsAreOfTheFiles(t *testing.T) {
	records := func(name string) (all []map[string]string) {
		var b bytes.Buffer
		if err := one(name, &b, leaverRun(), seq(leavers(), nil)); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			of := map[string]string{}
			for i, cell := range row {
				of[rows[0][i]] = cell
			}
			all = append(all, of)
		}
		return all
	}
	var doc struct {
		Steps []struct {
			Step           string
			Users, Targets map[string]int
		} `json:"step_counts"`
		Contained struct{ Users, Of int }
	}
	var b bytes.Buffer
	if err := JSON(&b, leaverRun()); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if got, want := seenText(pageOf(t, leaverRun(), leavers())), fmt.Sprintf("%d of %s contained", doc.Contained.Users, people(doc.Contained.Of)); !strings.Contains(got, want) {
		t.Errorf("report.html does not say %q of run.json", want)
	}
	whole := []string{string(batch.Protected)}
	rows := slices.DeleteFunc(records(csvName), func(r map[string]string) bool {
		return strings.HasPrefix(r["reason"], "same user") || slices.Contains(whole, r["outcome"])
	})
	targets := records(targetsName)
	contained := 0
	for _, r := range rows {
		if r["contained"] == "yes" {
			contained++
		}
	}
	if doc.Contained.Users != contained || doc.Contained.Of != len(rows) || contained == 0 || len(doc.Steps) != len(batch.Leaver) {
		t.Errorf("%d of %d contained in run.json, %d of %d in report.csv; %d steps", doc.Contained.Users, doc.Contained.Of, contained, len(rows), len(doc.Steps))
	}
	for _, s := range doc.Steps {
		for _, r := range rows {
			if r[s.Step] != "" && r["outcome"] != string(batch.NotFound) { // that is of the row as a whole
				s.Users[r[s.Step]]--
			}
		}
		for _, r := range targets {
			if r["step"] == s.Step {
				s.Targets[r["outcome"]]--
			}
		}
		for o, n := range s.Users {
			if n != 0 {
				t.Errorf("%s: run.json has %d more users %s than report.csv", s.Step, n, o)
			}
		}
		for o, n := range s.Targets {
			if n != 0 && batch.Step(s.Step).Listed() {
				t.Errorf("%s: run.json has %d more targets %s than report.targets.csv", s.Step, n, o)
			}
		}
	}
}

// Every line of report.jsonl is one object with a list of all steps, also of a user who
// ended before any.
func TestStepsInJSONLines(t *testing.T) {
	var b bytes.Buffer
	if err := one(jsonlName, &b, leaverRun(), seq(leavers(), nil)); err != nil {
		t.Fatal(err)
	}
	rows := slices.Collect(strings.Lines(b.String()))
	for i, l := range leavers() {
		var doc struct {
			Steps []struct {
				Step    string
				Outcome *string
				Targets []struct{ Outcome, Target, Reason *string }
			}
		}
		if err := json.Unmarshal([]byte(rows[i]), &doc); err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, s := range doc.Steps {
			steps = append(steps, s.Step)
			if (s.Outcome == nil) != (len(s.Targets) == 0) || len(s.Targets) < len(l.Of(batch.Step(s.Step))) {
				t.Errorf("line %d, %s: outcome %v of %d targets", l.Row.Line, s.Step, s.Outcome, len(s.Targets))
			}
		}
		if got, want := strings.Join(steps, ","), batch.StepList(batch.Leaver); got != want {
			t.Errorf("line %d has the steps %s, want %s", l.Row.Line, got, want)
		}
	}
}

// The block says only what the steps leave as it was, and blames the app for a step that
// was denied to everybody.
func TestTextOfSteps(t *testing.T) {
	for _, tt := range []struct {
		steps     []batch.Step
		want, not string
	}{
		{[]batch.Step{batch.Revoke}, "5 accounts still enabled when planned", "Contained"},
		{[]batch.Step{batch.Revoke}, "accounts, passwords and apps' own sessions are as they were", "By step"},
		{batch.Emergency, "; passwords and apps' own sessions are as they were", "still enabled"},
		{batch.Leaver, "; apps' own sessions are as they were", "still enabled"},
		{batch.Leaver, "Contained: 2 of 7 people: for them the directory shows disable, password, revoke and devices done, as planned.", "was denied"},
		{batch.Leaver, "1 account synced from on premises: do there what followup.csv says (where: ad)", "disable it and reset"},
		{[]batch.Step{batch.Revoke, batch.Groups}, "By step:", "Contained"},
	} {
		e := leaverRun()
		if e.Plan.Steps = tt.steps; !batch.Several(tt.steps) {
			e.Summary = batch.Summary{}
			e.Summary.Add(batch.Verified)
		}
		var b bytes.Buffer
		if err := Text(&b, e); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), tt.want) || strings.Contains(b.String(), tt.not) {
			t.Errorf("%v: want %q and not %q in\n%s", tt.steps, tt.want, tt.not, &b)
		}
	}
	const lists = "The run was resumed: what was shown done before, and devices that came after 2026-"
	for sessions, want := range map[int]bool{1: false, 2: true} {
		e := leaverRun()
		e.Sessions = make([]Session, sessions)
		var b bytes.Buffer
		if err := Text(&b, e); err != nil || strings.Contains(b.String(), lists) != want {
			t.Errorf("%d sessions, error %v:\n%s", sessions, err, &b)
		}
	}
	e := leaverRun()
	e.Summary = batch.Summary{}
	l := leaver(2, "ada@contoso.com", wrote(batch.Target{Step: batch.Disable}, batch.Denied, ""), wrote(batch.Target{Step: batch.Revoke}, batch.Verified, ""))
	e.Summary.AddLine(e.Plan.Steps, &l)
	var b bytes.Buffer
	if err := Text(&b, e); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "the app lacks the Graph permission User.EnableDisableAccount.All.") || strings.Contains(got, batch.NeedsWrite) {
		t.Errorf("of a step that was denied:\n%s", got)
	}
}

// What Graph said is told of a step that it refused to everybody alike, and of one of which
// it refused a part to everybody, such as one group.
func TestTextOfARefusalOfAll(t *testing.T) {
	group := func(id string, status int, code string) batch.Write {
		w := wrote(batch.Target{Step: batch.Groups, ID: id}, batch.Verified, "")
		w.Record.Accepted = at(2, 0)
		if status >= 300 {
			w.Record.Outcome, w.Record.Accepted, w.Record.Status, w.Record.Code, w.Record.Message = batch.Failed, time.Time{}, status, code, "words\x1bof Graph"
			if status == 403 {
				w.Record.Outcome = batch.Denied
			}
		}
		return w
	}
	bad, good := group("g1", 400, "Request_BadRequest"), group("g2", 204, "")
	dynamic := wrote(batch.Target{Step: batch.Groups, ID: "g3"}, batch.NotPossible, "a rule decides")
	barred := wrote(batch.Target{Step: batch.Groups, ID: "g4"}, batch.Failed, "not tried")
	denied := group("g1", 403, "Authorization_RequestDenied")
	const alike = " to everybody to whom it was sent, alike: HTTP 400 Request_BadRequest: words of Graph\n"
	for _, tt := range []struct {
		name  string
		users [][]batch.Write
		want  string
	}{
		{"all", [][]batch.Write{{bad}, {bad}, {dynamic}}, "Graph refused groups" + alike},
		{"a part", [][]batch.Write{{bad, good}, {bad, good}}, "Graph refused a part of groups" + alike},
		{"a part, for lack of rights", [][]batch.Write{{denied, good}, {denied, good}}, "Graph refused a part of groups to everybody to whom it was sent, alike: HTTP 403 Authorization_RequestDenied: words of Graph\n"},
		{"all, for lack of rights", [][]batch.Write{{denied}, {denied}}, "Everybody to whom groups was sent was denied: unless all"},
		{"one user", [][]batch.Write{{bad}}, ""},
		{"another one was served", [][]batch.Write{{bad}, {bad}, {good}}, ""},
		{"another one was served, and not wholly", [][]batch.Write{{bad}, {bad}, {good, dynamic}}, ""},
		{"another code", [][]batch.Write{{bad}, {group("g1", 400, "Other")}}, ""},
		{"another status", [][]batch.Write{{bad}, {denied}}, ""},
		{"not tried", [][]batch.Write{{barred}, {barred}}, ""},
	} {
		e := leaverRun()
		e.Summary = batch.Summary{}
		for i, writes := range tt.users {
			l := leaver(i+2, fmt.Sprint(i, "@contoso.com"), writes...)
			e.Summary.AddLine(e.Plan.Steps, &l)
		}
		var b bytes.Buffer
		if err := Text(&b, e); err != nil {
			t.Fatal(err)
		}
		told := strings.Contains(b.String(), ", alike: ") || strings.Contains(b.String(), "was denied:")
		if told != (tt.want != "") || !strings.Contains(b.String(), tt.want) {
			t.Errorf("%s: want %q in\n%s", tt.name, tt.want, &b)
		}
	}
}

// The stamp after the run is that of the step that moves it, whichever write was the worst.
func TestStampAfterIsOfTheSessions(t *testing.T) {
	account, password := wrote(batch.Target{Step: batch.Disable}, batch.Already, ""), wrote(batch.Target{Step: batch.Password}, batch.Verified, "")
	sessions := wrote(batch.Target{Step: batch.Revoke}, batch.Verified, "")
	sessions.Record.After = at(7, 0)
	for want, writes := range map[string][]batch.Write{
		"":                     {account, password},
		"2026-03-02T09:15:07Z": {account, password, sessions},
	} {
		l := leaver(2, "ada@contoso.com", writes...)
		if got := Cell(&l, "valid_from_after"); got != want || l.Record.After.IsZero() {
			t.Errorf("%d writes: %q, want %q; the worst has %v", len(writes), got, want, l.Record.After)
		}
	}
}

// The counts of steps stand in columns, however long a step's name and however large a count.
func TestStepsInColumns(t *testing.T) {
	e := leaverRun()
	e.Plan.Undoes, e.Plan.Steps = "another", []batch.Step{batch.Enable, batch.EnableDevices}
	e.Summary.Steps = []batch.StepCounts{
		{Step: batch.Enable, Users: map[batch.Outcome]int{batch.Verified: 999_999, batch.Denied: 1}, Targets: map[batch.Outcome]int{batch.Verified: 999_999, batch.Denied: 1}},
		{Step: batch.EnableDevices, Users: map[batch.Outcome]int{batch.Verified: 1}, Targets: map[batch.Outcome]int{batch.Verified: 12}},
	}
	e.Summary.Left = map[batch.Left]int{
		{Step: batch.EnableDevices, Outcome: batch.NotPossible, Reason: "why"}: 1_000_000,
		{Step: batch.Enable, Outcome: batch.NotPossible, Reason: "why"}:        7,
	}
	const want = `By step:
  enable          1,000,000 users    999,999 verified, 1 denied
  enable-devices          1 user     1 verified
                         12 targets  12 verified

Left for others to do:
1,000,000  enable-devices  why
        7  enable          why

`
	var b bytes.Buffer
	if bySteps(&b, e); b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}
