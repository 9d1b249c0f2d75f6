package report

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// tableOf reads the people and what the script must know out of a page.
func tableOf(t *testing.T, page string) (people [][]any, about struct {
	Outcomes, Steps, Reasons, States []string
	Base                             int64
}) {
	t.Helper()
	_, text := packedOf(t, page)
	if err := json.Unmarshal([]byte(text), &people); err != nil {
		t.Fatalf("%v in %.200q", err, text)
	}
	_, text, _ = strings.Cut(page, `<script type="application/json" id="about">`)
	if text, _, found := strings.Cut(text, "</script>"); found { // somebody is in the table
		if err := json.Unmarshal([]byte(text), &about); err != nil {
			t.Fatalf("%v in %.200q", err, text)
		}
	}
	return people, about
}

// packedOf finds the people in a page, and unpacks them.
func packedOf(t *testing.T, page string) (packed, people string) {
	t.Helper()
	_, packed, _ = strings.Cut(page, `<script type="application/gzip" id="people">`)
	packed, _, _ = strings.Cut(packed, "</script>")
	zipped, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed)))
	if err != nil {
		t.Fatalf("%v in %.200q", err, packed)
	}
	text, err := io.ReadAll(zipped)
	if err != nil {
		t.Fatal(err)
	}
	return packed, string(text)
}

func pageOf(t *testing.T, e End, lines []batch.Line) string {
	t.Helper()
	if e.Summary.Lines == 0 {
		for i := range lines {
			if batch.Several(e.Plan.Steps) {
				e.Summary.AddLine(e.Plan.Steps, &lines[i])
			} else {
				e.Summary.Add(lines[i].Record.Outcome)
			}
		}
	}
	var b bytes.Buffer
	if err := one(pageName, &b, e, seq(lines, nil)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// seenText is what a page says, without tags, in one line.
func seenText(page string) string {
	_, page, _ = strings.Cut(page, "<body>")
	page = regexp.MustCompile(`(?s)<script.*?</script>|<[^>]*>`).ReplaceAllString(page, " ")
	return strings.Join(strings.Fields(html.UnescapeString(page)), " ")
}

// Text of other people becomes no markup, wherever it stands, and does not turn what is beside it.
func TestPageIsSafeToOpen(t *testing.T) {
	const evil = "</script><img src=x onerror=alert(1)>\u202e\u2028\"'&<!--"
	e := leaverRun()
	e.Plan.Input, e.Plan.Terms.TenantName, e.Plan.Terms.OSUser, e.Reason, e.State, e.Resume = evil, evil, evil, evil, "stopped", evil
	e.Plan.Terms.Approvals = []batch.Approval{{Person: evil, Key: evil}}
	e.Plan.Settings = []batch.Setting{{Name: evil, Value: evil, Why: evil}}
	e.Sessions = []Session{{at(0, 0), evil}}
	lines := leavers()
	for i := range lines {
		lines[i].User.UPN, lines[i].Row.Input, lines[i].Record.Reason = evil, "x"+evil, evil
		for j := range lines[i].Writes {
			lines[i].Writes[j].Record.Reason = evil
		}
	}
	lines[0].User.UPN = strings.Repeat("<long>", 10_000)
	page := pageOf(t, e, lines)
	for _, markup := range []string{"<img", "<!--", "\u202e", "<long"} {
		if at := strings.Index(page, markup); at >= 0 {
			t.Errorf("text became markup, or can turn what is beside it: %q", page[max(0, at-200):at+200])
		}
	}
	if n := strings.Count(page, "</script>"); n != 3 {
		t.Errorf("%d scripts end, want 3", n)
	}
	people, about := tableOf(t, page)
	if got, want := people[1][1], "</script><img src=x onerror=alert(1)><U+202E> \"'&<!--"; got != want {
		t.Errorf("the name is %q, want %q", got, want)
	}
	if got := people[0][1].(string); len([]rune(got)) != mostOfName+1 {
		t.Errorf("a long name has %d characters", len([]rune(got)))
	}
	if len(about.Reasons) != 1 {
		t.Errorf("one reason is there %d times", len(about.Reasons))
	}
	if len(page) > 100_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
}

// The headline is about people, each once, whatever kind of run it was.
func TestPageHeadlines(t *testing.T) {
	nobody := func(e End) End { e.Plan.Rows = 0; return e }
	dry := fixtureRun()
	dry.Dry, dry.State, dry.Reason = true, "dry run", ""
	refusal := fixtureRun()
	names := strings.Repeat("ada@contoso.com, ", 200)
	refusal.State, refusal.Reason, refusal.Plan.Rows = "refused", "refused; nothing was written: "+names+"1,200 users are more than --max-users 500", 0
	refusal.Plan.Terms.Approvals = nil
	foretold := leaverRun()
	foretold.Dry, foretold.State = true, "dry run"
	planless := leaver(2, "ada@contoso.com", wrote(batch.Target{Step: batch.Disable}, batch.NotSent, "its turn had not come"),
		wrote(batch.Target{Step: batch.Devices, ID: id(9), Name: "phone", Kind: "iOS"}, batch.NotPossible, retire))
	planless.User.Synced = true
	guest := row(2, "eve#EXT#@contoso.com", batch.Record{Outcome: batch.NotSent})
	guest.User.Type = "Guest"
	undo := leaverRun()
	undo.Plan.Undoes, undo.Plan.Steps, undo.Plan.SLA = "20260301-0900-aa", []batch.Step{batch.Enable}, 0
	undo.Plan.Settings = []batch.Setting{{Name: "not undone", Value: "3 writes of the step password", Why: "passwords stay replaced"}}
	unresolved := fixtureRun()
	unresolved.Plan.Resolve = false
	planned := fixtureRun()
	planned.State = "planning"
	held := fixtureRun()
	held.State, held.Held = "running", "process 7 on adm-7 works on it"
	over := fixtureRun()
	over.State, over.Reason = "finished", "taken back by an undo before its end"
	simulated := fixtureRun()
	simulated.Plan.Cloud = "a simulated tenant"
	back := leaver(2, "ada@contoso.com", wrote(batch.Target{Step: batch.Enable}, batch.Verified, ""))
	for _, tt := range []struct {
		name  string
		e     End
		lines []batch.Line
		want  []string
		not   string
	}{
		{"sessions", fixtureRun(), fixture(), []string{"4 of 20 people signed out", "16 people are not signed out", "2 left alone on purpose", "Stopped before the end."}, "contained"},
		{"all steps", leaverRun(), leavers(), []string{"2 of 7 people contained", "5 people are not contained, 1 row still open; those with several causes stand under each of them below.", "1 left alone on purpose", "Contained means that the directory showed disable, password, revoke and devices done"}, "signed out"},
		{"one person", leaverRun(), leavers()[8:9], []string{"1 of 1 person contained", "Late: 1 user not contained within 12 h 0 min"}, "Not contained and why"},
		{"nobody", nobody(leaverRun()), nil, []string{"Nothing to do: the input names nobody"}, "People contained"},
		{"dry run", dry, fixture()[10:15], []string{"Dry run: 1 of 5 people would be sent", "Nothing was written.", "A run would not sign out 4 people."}, "un retry.csv"},
		{"dry run with a guest", dry, []batch.Line{guest, fixture()[14]}, []string{"1 of them would not be signed out by a run alone: account of another tenant (1)."}, "contained"},
		{"dry run of people whom it would not contain", foretold, []batch.Line{planless, leaver(3, "bo@contoso.com", wrote(batch.Target{Step: batch.Disable}, batch.NotSent, ""))},
			[]string{"2 of 2 people would be sent", "1 of them would not be contained by a run alone: account kept in Active Directory (1), device that no app can disable (1).",
				"What a run would not do 1 person, step devices"}, "What else"},
		{"refused", refusal, fixture()[14:15], []string{"Refused Ada@contoso.com, ada", "1,200 users are more than --max-users 500.", "leavers.csv 1 row"}, "not cover"},
		{"not approved", refusal, fixture()[14:15], []string{"Refused: nothing was written"}, "Approv"},
		{"not planned", planned, fixture()[14:15], []string{"Not planned to its end: nothing was written"}, "signed out"},
		{"under way", held, fixture()[14:15], []string{"Under way", "0 of 1 person signed out"}, "un retry.csv"},
		{"undo", undo, []batch.Line{back}, []string{"offboard undo", "1 of 1 person restored", "It gives back what run 20260301-0900-aa took",
			"What taking back does not cover 3 writes of the step password: passwords stay replaced."}, "ontain"},
		{"left alone", fixtureRun(), fixture()[3:5], []string{"Nothing done: all of 2 people left alone on purpose"}, "0 of 0"},
		{"not looked up", unresolved, fixture()[1:2], []string{"1 of 1 person signed out", "Nobody was looked up", "For 1 person Graph accepted it, and the directory was not asked."}, "contained"},
		{"given up", over, fixture()[14:15], []string{"0 of 1 person signed out Ended early: nobody goes on with it"}, "Finished"},
		{"rehearsal", simulated, fixture()[:1], []string{"A rehearsal in a simulated tenant: no real account was touched."}, "contained"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := seenText(pageOf(t, tt.e, tt.lines))
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("it does not say %q:\n%.2000s", want, got)
				}
			}
			if strings.Contains(got, tt.not) {
				t.Errorf("it says %q:\n%.2000s", tt.not, got)
			}
		})
	}
}

// Of more people than the table holds those who were not contained come first, and the page says
// where the others are.
func TestPageOfTooMany(t *testing.T) {
	fine, bad := leavers()[8], leavers()[2]
	lines := func(yield func(batch.Line, error) bool) {
		for i := range mostPeople + 100 {
			l := fine
			if i%1000 == 0 || i > mostPeople {
				l = bad
			}
			l.Row.Line = i + 2
			if again := l; !yield(l, nil) {
				return
			} else if again.First = l.Row.Place(); i%1000 == 0 && !yield(again, nil) { // a row that names the person again takes no room
				return
			}
		}
	}
	e := leaverRun()
	e.Summary = batch.Summary{}
	for l := range lines {
		e.Summary.AddLine(e.Plan.Steps, &l)
	}
	var b bytes.Buffer
	if err := one(pageName, &b, e, lines); err != nil {
		t.Fatal(err)
	}
	people, _ := tableOf(t, b.String())
	missing := 0
	for _, p := range people {
		if p[4] == float64(missed) {
			missing++
		}
	}
	if all := e.Summary.Users - e.Summary.Contained; len(people) != mostPeople || missing != all {
		t.Errorf("%d people, %d of the %d who are not contained", len(people), missing, all)
	}
	if got, want := seenText(b.String()), "The table holds 200,000 of 200,100 people: first those who are not contained"; !strings.Contains(got, want) {
		t.Errorf("it does not say %q:\n%.3000s", want, got)
	}
}

// However long a run takes, what is kept of it is as big, and as exact as it says.
func TestProgress(t *testing.T) {
	for _, took := range []time.Duration{90 * time.Millisecond, 7 * time.Second, 47 * time.Hour} {
		p := progress{start: at(0, 0), width: time.Millisecond}
		const people = 1000
		for i := range people {
			if !p.reach(at(0, 0).Add(took * time.Duration(i+1) / people)) {
				t.Fatal("it is before the start")
			}
		}
		for _, percent := range []int{1, 50, 95, 100} {
			got, ok := p.until(people*percent/100, 0)
			want := took * time.Duration(percent) / 100
			if diff := got - want; !ok || diff < 0 || diff > max(took/1000, time.Millisecond) {
				t.Errorf("%v, %d %%: %v, %v", took, percent, got, ok)
			}
		}
		if _, ok := p.until(people+1, 0); ok {
			t.Errorf("%v: more people than there were", took)
		}
		if d, ok := p.until(3, 3); d != 0 || !ok {
			t.Errorf("%v: %v, %v of those before the start", took, d, ok)
		}
	}
	if (&progress{start: at(5, 0), width: time.Millisecond}).reach(at(4, 0)) {
		t.Error("before the start is not after it")
	}
}

// A run may stand still for a year, and a word may begin with any letter.
func TestPageOfExtremes(t *testing.T) {
	if p := (&progress{last: 365 * 24 * time.Hour}); p.x(p.last) != 1000 || p.x(p.last/2) != 500 {
		t.Errorf("half and all of a year stand at %d and %d", p.x(p.last/2), p.x(p.last))
	}
	for s, want := range map[string]string{"": "", "élan": "Élan", "two words": "Two words"} {
		if got := upperFirst(s); got != want {
			t.Errorf("%q becomes %q", s, got)
		}
	}
}

// The chart shows when no answer came, when the run was resumed, and the quota where it could
// have held the run up.
func TestPageChart(t *testing.T) {
	var lines []batch.Line
	for i := range 40 {
		l := fixture()[0]
		l.Row.Line, l.User.UPN = i+2, fmt.Sprintf("user%d@contoso.com", i)
		l.Record.SettledAt = at(1, 0).Add(time.Duration(i) * time.Second)
		if i >= 20 {
			l.Record.SettledAt = l.Record.SettledAt.Add(3 * time.Minute)
		}
		lines = append(lines, l)
	}
	e := fixtureRun()
	e.State, e.Reason = "finished", ""
	e.Sessions = []Session{{at(0, 0), "mona"}, {at(0, 0).Add(3 * time.Minute), "ada"}}
	e.Timing = batch.Timing{Started: at(1, 0), Refused: 2, Waits: batch.Waits{Paused: 27 * time.Second, Quota: time.Second}}
	e.Timing.Waits.Interruptions = []batch.Interruption{
		{Kind: batch.Outage, Began: at(5, 0), Ended: at(15, 0), Cause: "connection\nrefused"},
		{Kind: batch.Pause, Began: at(16, 0), Ended: at(18, 0)},
	}
	e.Ceiling = Ceiling{10, time.Minute, "documented quota"}
	page := pageOf(t, e, lines)
	got := seenText(page)
	for _, want := range []string{
		"50 % signed out: 19 s", "95 % signed out: 3 min 37 s", "100 % signed out: 3 min 39 s",
		"No answer came for 3 min 1 s from 2026-03-02 09:15:20 UTC, when the run stood still; it was resumed at 2026-03-02 09:18:00 UTC.",
		"Outages: Graph did not answer 1 time, for 10 s from 2026-03-02T09:15:05Z: connection refused.", "Pauses: Graph asked to wait 1 time, for 2 s from 2026-03-02T09:15:16Z.",
		"Calls waited for the documented quota: 1 s.", "Graph told users to wait 2 times.",
		"The documented quota, 10 writes in any 1 min 0 s, lets through 10 people in each such time at 1 write a person, of one app alone.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%.2000s", want, got)
		}
	}
	for what, n := range map[string]int{`class="gap" x="8`: 1, `class="outage" x="18" y="0" width="45"`: 1, `class="pause" x="68" y="0" width="9"`: 1, `class="resumed" d="M8`: 1, `class="ceiling" d="M0 225H273V150H547V75H821V0"`: 1} {
		if strings.Count(page, what) != n {
			t.Errorf("%d of %q", strings.Count(page, what), what)
		}
	}
	e.Ceiling.Writes = 3000
	if got := seenText(pageOf(t, e, lines)); strings.Contains(got, "lets through") {
		t.Errorf("of a quota above the chart:\n%.3000s", got)
	}
}

// A run of disable alone has one record a user and no list of writes: a person whom the directory
// does not show disabled is not contained there, either.
func TestPageOfDisableAlone(t *testing.T) {
	for o, want := range map[batch.Outcome]state{
		batch.Verified: met, batch.Already: met,
		batch.Denied: missed, batch.Failed: missed, batch.Unverified: missed, batch.Accepted: missed, batch.NotSent: missed, batch.NotFound: missed,
	} {
		rec := batch.Record{Step: batch.Disable, Outcome: o, SentAt: at(1, 0), SettledAt: at(2, 0)}
		l := batch.Line{User: batch.User{ID: "x", UPN: "ada@contoso.com"}, Record: rec}
		if o == batch.Already || o == batch.NotFound {
			l.Whole, l.Record.SentAt = true, time.Time{}
		}
		e := &End{Plan: batch.Plan{Steps: []batch.Step{batch.Disable}}}
		if got := stateOf(e, &l); got != want {
			t.Errorf("%s: state %d, want %d", o, got, want)
		}
		if got := reachedAt(e.Plan, &l); want == met && !got.Equal(at(2, 0)) {
			t.Errorf("%s: reached at %v", o, got)
		}
	}
}

// What a page says of a cause: who does it, by where the followups are, and each person once.
func TestPageOfCauses(t *testing.T) {
	alone := leaverRun()
	alone.Plan.Steps, alone.Plan.Keep, alone.Plan.SLA, alone.Summary = []batch.Step{batch.Disable}, nil, 0, batch.Summary{}
	synced := row(2, "ada@contoso.com", batch.Record{Step: batch.Disable, Outcome: batch.Ineffective, Status: 204, SentAt: at(1, 0), SettledAt: at(2, 0), Reason: inAD})
	synced.User.Synced = true
	was := synced
	was.Whole, was.Record = true, batch.Record{Step: batch.Disable, Outcome: batch.Already, SettledAt: at(0, 1)}
	several := leaverRun()
	several.Summary = batch.Summary{}
	phone := func(n int, o batch.Outcome) batch.Write {
		return wrote(batch.Target{Step: batch.Devices, ID: id(n), Name: "phone"}, o, "")
	}
	mixed := leaver(2, "ada@contoso.com", phone(1, batch.NotPossible), phone(2, batch.Denied), phone(3, batch.NotPossible))
	const inDirectory = "Next: Have it done in Active Directory: followup.csv has the list."
	for _, tt := range []struct {
		name      string
		e         End
		line      batch.Line
		want, not string
	}{
		{"disable alone, of a synced account", alone, synced, inDirectory, "home tenant"},
		{"disable alone, of one that was disabled before", alone, was, inDirectory, "home tenant"},
		{"devices of two causes in turn", several, mixed, "1 person, step devices (2 targets): not possible through Graph", "2 people"},
		{"one person of two causes", several, mixed, "1 person is not contained, and stands under several causes below.", "those with several"},
		{"what a boss reads", several, leavers()[1], "without lasting effect", "mastered on premises"},
	} {
		got := seenText(pageOf(t, tt.e, []batch.Line{tt.line}))
		if !strings.Contains(got, tt.want) || strings.Contains(got, tt.not) {
			t.Errorf("%s: want %q, and not %q:\n%.2500s", tt.name, tt.want, tt.not, got)
		}
	}
}

// A person got back what was taken when the last write is shown, whichever of them is told first.
func TestPageOfUndoTimes(t *testing.T) {
	plan := batch.Plan{Undoes: "20260301-0900-aa", Steps: []batch.Step{batch.Enable, batch.JoinGroups}}
	l := leaver(2, "ada@contoso.com", wrote(batch.Target{Step: batch.Enable}, batch.Verified, ""), wrote(batch.Target{Step: batch.JoinGroups, ID: id(3)}, batch.Verified, ""))
	l.Record.SettledAt, l.Writes[1].Record.SettledAt = at(2, 0), at(9, 500)
	if got := reachedAt(plan, &l); !got.Equal(at(9, 500)) {
		t.Errorf("reached at %v", got)
	}
}
