package report

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"offboard/batch"
)

// tokenNote is what no outcome changes, said once under every count: with the things that
// the steps leave alone.
const tokenNote = "Note: access tokens already issued work until they expire, mostly within an hour; %s are as they were."

// Text writes the block that ends a run on the screen: what was run, the rows
// counted by outcome with what each count means, and the verdict as the last
// thing. The verdict is made from the counts. The state counts only where it takes
// something away: from a run that is refused, a rehearsal, or not at its end.
func Text(w io.Writer, e End) error {
	var b bytes.Buffer
	heading(&b, e)
	if e.Summary.Lines > 0 && e.State != planning {
		tally(&b, e)
		bySteps(&b, e)
		if text := lateWords(e); text != "" {
			b.WriteString(text + "\n\n")
		}
		timing(&b, e.Timing)
		if e.Plan.Undoes == "" {
			for _, note := range notes(e, e.has(followupName)) {
				b.WriteString(note + "\n")
			}
			b.WriteByte('\n')
		}
	}
	b.WriteString(last(e))
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// Last writes the last thing that [Text] writes, with the name of the run: the verdict, and
// the command that goes on from there, if there is one.
func Last(w io.Writer, e End) error {
	if _, err := fmt.Fprintf(w, "%s: %s", clean(e.Plan.Run), last(e)); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

func last(e End) string {
	var b strings.Builder
	b.WriteString(verdict(e))
	for _, u := range e.TakenBack {
		fmt.Fprintf(&b, "Since then the run was %s.\n", clean(u.Words()))
	}
	if retry := Next(e); retry != "" && e.Resume == "" {
		what := RetryName + " holds those that another run may change, each person once, to run again"
		switch {
		case e.Plan.Undoes != "":
			what = "Another undo takes back what this one may have left"
		case e.Plan.Terms.Source != "":
			what = RetryName + " holds those that another run may change, each person once, to be planned, approved and applied again"
		}
		fmt.Fprintf(&b, "%s: %s\n", what, clean(retry))
	}
	if e.Report != "" && len(e.Files) == 0 && e.State == finished && e.Held == "" && e.count(batch.Failure) > 0 {
		fmt.Fprintf(&b, "This writes the report again, with the reason of each row and what can be run again: %s\n", clean(e.Report))
	}
	if e.Resume != "" {
		fmt.Fprintf(&b, "Resume with: %s\n", clean(e.Resume))
	}
	return b.String()
}

// labels are what the block calls members of the document. It leaves out those without a
// label: it tells the counts in a table, and the times and commands in sentences.
var labels = map[string]string{
	"run": "Run", "state": "State", "reason": "Because",
	"input": "Input", "input_sha256": "SHA-256", "settings": "Read with", "rows": "Rows", "skipped_lines": "Skipped",
	"tenant": "Tenant", "app": "App", "cloud": "Graph", "steps": "Steps",
	"created_at": "Planned", "ended_at": "Ended", "written_at": "Written", "files": "Report",
}

// anew are those that are told also where the rest was told before.
var anew = []string{"run", "state", "reason", "files"}

// heading names the run. Its words come from files and flags, so control
// characters are taken out: none of them may talk to the terminal.
func heading(b *bytes.Buffer, e End) {
	for _, m := range document(e) {
		label := labels[m.key]
		if label == "" || e.Told && !slices.Contains(anew, m.key) {
			continue
		}
		if m.key == "files" && e.Dir != "" { // the directory once
			var names []string
			for _, path := range e.Files {
				names = append(names, filepath.Base(path))
			}
			m.value = []string{e.Dir + ": " + strings.Join(names, ", ")}
		}
		if m.key == "state" && e.cutOff() {
			m.value = "ended early: nobody goes on with it"
		}
		for _, line := range inWords(m.value) {
			fmt.Fprintf(b, "%-10s%s\n", label, clean(line))
			label = ""
		}
	}
	b.WriteByte('\n')
}

// inWords is a value of the document as people read it, in lines; none when it is not known.
func inWords(value any) (lines []string) {
	switch v := value.(type) {
	case nil:
	case []string:
		return v
	case []batch.Step:
		return []string{batch.StepList(v)}
	case int:
		return []string{batch.Thousands(v)}
	case []batch.Setting:
		for _, s := range v {
			line := s.Name + ": " + s.Value
			if s.Why != "" {
				line += " (" + s.Why + ")"
			}
			lines = append(lines, line)
		}
	default:
		return []string{fmt.Sprint(v)}
	}
	return lines
}

// tally lists the outcomes that occurred, and the total. The users whom a dry run would
// send are counted apart and not among those left alone: so it asks the summary for the
// neutral ones, and not [End.count].
func tally(b *bytes.Buffer, e End) {
	n := batch.Thousands
	width := max(8, len(n(e.Summary.Lines)))
	for _, o := range batch.Outcomes {
		if count := e.Summary.Counts[o]; count != 0 {
			fmt.Fprintf(b, "%*s  %-12s %s\n", width, n(count), o, e.meaning(o))
			e.named(b, o, width+2)
		}
	}
	if e.Summary.Counts[batch.Verified] == e.Summary.Lines && len(e.Summary.Again) == 0 { // the verdict says it
		b.WriteByte('\n')
		return
	}
	fmt.Fprintf(b, "%*s  %-12s %s success, %s left alone on purpose, ", width, n(e.Summary.Lines), "in all", n(e.count(batch.Success)), n(e.Summary.CountOf(batch.Neutral)))
	switch failure := e.count(batch.Failure); {
	case e.Dry:
		fmt.Fprintf(b, "%s would be sent, %s would not be done\n", n(e.Summary.Counts[batch.NotSent]), n(failure))
	case e.State == refused:
		fmt.Fprintf(b, "%s not done\n", n(failure))
	default:
		fmt.Fprintf(b, "%s not done (%s of them open)\n", n(failure), n(e.open()))
	}
	if e.Summary.AllDenied() {
		b.WriteString("Everybody who was sent was denied: unless all of them hold roles or are in restricted administrative units, " + missing(e.Plan.Steps, e.Plan.Terms.User != "") + ".\n")
	}
	b.WriteByte('\n')
}

// missing is what an app, or a user who signed in, may lack to write the steps.
func missing(steps []batch.Step, user bool) string {
	var all []string
	for _, s := range steps {
		if m := s.Missing(user); !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return strings.Join(all, "; or ")
}

// timing says how long the users took, what for, and what interrupted the run.
func timing(b *bytes.Buffer, t batch.Timing) {
	before := b.Len()
	if t.Users > 0 {
		fmt.Fprintf(b, "Time to settle: half of the users in %s, 95 %% in %s, the last in %s after the first call.\n",
			batch.Span(t.Median), batch.Span(t.P95), batch.Span(t.Last))
	}
	waited(b, t)
	if b.Len() > before {
		b.WriteByte('\n')
	}
}

// waited says what calls waited for, and what interrupted the run: a pause is told once, by
// how long nothing was sent.
func waited(b *bytes.Buffer, t batch.Timing) {
	pauses, _ := batch.OfKind(t.Waits.Interruptions, batch.Pause)
	if len(pauses) > 0 {
		t.Waits.Paused = 0
	}
	sep := "Calls waited for "
	t.Waits.Each(func(reason string, d time.Duration) {
		fmt.Fprintf(b, "%s%s: %s", sep, reason, batch.Span(d))
		sep = "; "
	})
	if sep == "; " {
		b.WriteString(".\n")
	}
	if t.Refused > 0 {
		fmt.Fprintf(b, "Graph told users to wait %s.\n", batch.Plural(t.Refused, "time"))
	}
	interrupted(b, t.Waits.Interruptions, batch.Outage, "Outages: Graph did not answer")
	interrupted(b, t.Waits.Interruptions, batch.Pause, "Pauses: Graph asked to wait")
}

// interrupted says how often and how long the run was interrupted in this way.
func interrupted(b *bytes.Buffer, all []batch.Interruption, kind, what string) {
	some, together := batch.OfKind(all, kind)
	if len(some) == 0 {
		return
	}
	longest := some[0]
	fmt.Fprintf(b, "%s %s, for %s", what, batch.Plural(len(some), "time"), batch.Span(together))
	if len(some) > 1 {
		fmt.Fprintf(b, "; the longest %s", batch.Span(longest.Lasted()))
	}
	fmt.Fprintf(b, " from %s", longest.Began.UTC().Format(time.RFC3339))
	if longest.Cause != "" {
		fmt.Fprintf(b, ": %s", clean(longest.Cause))
	}
	b.WriteString(".\n")
}

// notes say what the steps leave as it was. followup is whether there is a followup.csv.
func notes(e End, followup bool) (all []string) {
	p := e.Plan
	a, disables, resets := p.Accounts, slices.Contains(p.Steps, batch.Disable), slices.Contains(p.Steps, batch.Password)
	if a.Enabled > 0 && !disables {
		all = append(all, fmt.Sprintf("%s still enabled when planned: anyone with the password can sign in again; disable the account first.", batch.Plural(a.Enabled, "account")))
	}
	if a.Synced > 0 && followup {
		all = append(all, fmt.Sprintf("%s synced from on premises: do there what %s says (where: %s), or the next sync undoes it.", batch.Plural(a.Synced, "account"), followupName, batch.InAD))
	} else if a.Synced > 0 {
		all = append(all, fmt.Sprintf("%s synced from on premises: disable it and reset the password there, or the next sync undoes it.", batch.Plural(a.Synced, "account")))
	}
	var asBefore []string
	if !disables {
		asBefore = append(asBefore, "accounts")
	}
	if !resets {
		asBefore = append(asBefore, "passwords")
	}
	return append(all, fmt.Sprintf(tokenNote, listed(append(asBefore, "apps' own sessions"))))
}

// meaning says what an outcome is worth, as the run stands.
func (e End) meaning(o batch.Outcome) string {
	switch {
	case o == batch.NotSent && e.Dry:
		return e.would() + " these; a dry run sends nothing"
	case o == batch.NotSent && e.State == refused:
		return e.noun() + " was refused; nothing was sent"
	case o == batch.NotSent && e.Held != "":
		return "their turn has not come yet"
	case o == batch.Unsettled && e.Held != "":
		return "sent, and not answered yet"
	case o == batch.Unverified && e.Held != "":
		return "Graph accepted, and the directory has not shown it yet"
	case o == batch.Unverified && e.Resume != "":
		return "Graph accepted, and the directory had not shown it when " + e.noun() + " stopped: not proven yet; a resumed run reads it back"
	case o == batch.NotSent && e.Summary.Refused > 0:
		return fmt.Sprintf("%s: %s were sent, and refused or told to wait; the others were never sent", e.usual(o), batch.Thousands(e.Summary.Refused))
	}
	return e.usual(o)
}

// usual says what an outcome is worth in a run that has ended.
func (e End) usual(o batch.Outcome) string {
	if of := undoMeanings[o]; of != "" && e.Plan.Undoes != "" {
		return of
	}
	if of := stepMeanings[o]; of != "" && batch.Several(e.Plan.Steps) {
		return of
	}
	return usualMeanings[o]
}

// stepMeanings are of rows whose users may have several writes, and whose worst one ended so.
var stepMeanings = map[batch.Outcome]string{
	batch.Already: "everything was so before the run; nothing was sent",
	batch.Skipped: "held back by a date or a filter, or a part of it left alone on purpose; the report has the reason",
	batch.Failed:  "Graph refused a step for good, or a step was not tried after a failure; the report has its code",
	batch.NotSent: "the run ended before the turn of all their steps",
}

// undoMeanings are of rows of a run that takes another one back.
var undoMeanings = map[batch.Outcome]string{
	batch.Verified:    "given back: Graph accepted, and the directory shows it",
	batch.Accepted:    "given back, as Graph accepted; the directory was not asked",
	batch.Already:     "all was as before the run already; nothing was sent",
	batch.Skipped:     "nothing to give back, or a part of it left on purpose as it is; the report has the reason",
	batch.Protected:   "on a protect list; left as the run had left it once that was known",
	batch.Unverified:  "Graph accepted, but the directory did not show it in time: not proven to be back, check again",
	batch.Ineffective: "Graph accepted, and the next sync takes it away again; the report says who can do it",
	batch.NotPossible: "Graph cannot give this back; the report says who can",
	batch.Denied:      "not given back: Graph refused for lack of rights (403); administrators need higher ones",
	batch.Failed:      "not given back, all or a part: Graph refused for good; the report has its code",
	batch.GaveUp:      "not given back, all or a part: temporary trouble outlasted the retries; undo again",
	batch.NotSent:     "the undo ended before the turn of all that it gives back",
}

// usualMeanings say what an outcome is worth in a run that has ended, to somebody who
// has not read any documentation.
var usualMeanings = map[batch.Outcome]string{
	batch.Verified:    "Graph accepted, and the directory shows it",
	batch.Revoked:     "Graph accepted; the directory was not asked, as verification was off",
	batch.Accepted:    "Graph accepted; the directory was not asked",
	batch.Already:     "the directory showed it before the run; nothing was sent",
	batch.Skipped:     "held back by a date or a filter; nothing was sent",
	batch.Protected:   "on a protect list; nothing was sent once that was known",
	batch.Unverified:  "Graph accepted, but the directory did not show it in time: not proven, check again",
	batch.Ineffective: "Graph accepted, and it has no effect or will be undone; the report says who can do it",
	batch.Invalid:     "the row cannot name a user; the report has the reason",
	batch.NotFound:    "no such user in this tenant",
	batch.Ambiguous:   "more than one user has this name, or rows contradict each other; none of them was touched",
	batch.NotPossible: "Graph cannot do this here; the report says who can",
	batch.Denied:      "Graph refused for lack of rights (403); administrators need higher ones",
	batch.Failed:      "Graph refused for good; the report has its code",
	batch.GaveUp:      "temporary trouble outlasted the retries; run these again",
	batch.Unsettled:   "sent, but no answer was seen: Graph may have acted or not",
	batch.NotSent:     "the run ended before their turn; nothing was done",
}

// would is what a dry run does not do, and noun what the run is called.
func (e End) would() string {
	if e.Plan.Undoes != "" {
		return "an undo would give back to"
	}
	return "a run would send"
}

func (e End) noun() string {
	if e.Plan.Undoes != "" {
		return "the undo"
	}
	return "the run"
}

// named tells who ended so without success, and why: the most frequent cause, and the first
// few people. A dry run names them in a table.
func (e End) named(b *bytes.Buffer, o batch.Outcome, indent int) {
	if e.census == nil || e.Dry || o.Open() || o.Kind() != batch.Failure {
		return
	}
	causes := e.census.sorted(e.census.ends, func(c *cause) bool { return c.outcome == o })
	if len(causes) == 0 {
		return
	}
	c := causes[0]
	fmt.Fprintf(b, "%*s%s", indent, "", batch.SomeOf(c.names[:min(namedOfCause, len(c.names))], c.people))
	if c.step != batch.Whole && batch.Several(e.Plan.Steps) {
		fmt.Fprintf(b, ", %s", c.step)
	}
	below := batch.Several(e.Plan.Steps) && (o == batch.NotPossible || o == batch.Ineffective) // with all that is left for others
	if why := c.top(1); len(why) > 0 && !below {
		fmt.Fprintf(b, ": %s", why[0])
	}
	if more := len(c.reasons) + len(causes) - 2; more > 0 && !below {
		fmt.Fprintf(b, "; and %s", batch.Plural(more, "other reason"))
	}
	b.WriteByte('\n')
}

// namedOfCause is how many people are named on the screen.
const namedOfCause = 3

// verdict is the last word, about people first and then rows. It says "done" only of those
// who ended in success, of a run of which everything is there, and never where the directory
// does not show everybody contained. A dry run has words of its own, so that
// neutral need not count those whom it would send.
func verdict(e End) string {
	s, rows, p := e.Summary, batch.Plural(e.Summary.Lines, "row"), e.people()
	failure, success, neutral := e.count(batch.Failure), s.CountOf(batch.Success), s.CountOf(batch.Neutral)
	n := batch.Thousands
	all := fmt.Sprintf("%s (%s)", people(p.Summary.Lines), rows)
	some := func(persons, lines int) string {
		return fmt.Sprintf("%s of %s (%s of %s)", n(persons), people(p.Summary.Lines), n(lines), rows)
	}
	switch {
	case e.Dry:
		text := "Dry run: nothing was written. " + upperFirst(e.would()) + " " + some(p.Summary.Counts[batch.NotSent], s.Counts[batch.NotSent])
		if guests := e.Plan.Accounts.External; guests > 0 && e.Plan.Revokes() {
			text += ", " + batch.Plural(guests, "guest") + " among them, for whom Graph revokes nothing"
		}
		if failure > 0 {
			text += "; " + some(p.count(batch.Failure), failure) + " would NOT BE DONE"
		}
		return text + ".\n"
	case e.State == refused:
		return "REFUSED: nothing was written.\n"
	case e.State == planning && e.Held != "":
		return "Being planned now: " + clean(e.Held) + ". Nothing is written yet.\n"
	case e.State == planning:
		return "NOT PLANNED: planning did not come to its end, and nothing was written. " + e.anew() + "\n"
	case e.Held != "":
		return fmt.Sprintf("UNDER WAY: %s. %s are settled so far.\n", clean(e.Held), some(p.Summary.Lines-p.Summary.Open(), s.Lines-s.Open()))
	case e.missing() > 0:
		return fmt.Sprintf("NOT DONE: the plan has %s, and only %s of them can be told of.\n", batch.Plural(e.Plan.Rows, "row"), n(s.Lines))
	case s.Lines == 0:
		return "Nothing to do: the input has no rows.\n"
	case s.Open() > 0 && e.over():
		return fmt.Sprintf("NOT DONE: %s did not end in success, %s without their turn: nobody goes on with the run any more.\n", some(p.count(batch.Failure), failure), batch.Plural(s.Open(), "row"))
	case s.Open() > 0:
		return fmt.Sprintf("NOT DONE: %s did not end in success, %s still open.\n", some(p.count(batch.Failure), failure), batch.Plural(s.Open(), "row"))
	case failure > 0 && e.Plan.Undoes != "":
		return fmt.Sprintf("NOT ALL GIVEN BACK to %s.\n", some(p.count(batch.Failure), failure))
	case failure > 0:
		return fmt.Sprintf("NOT DONE for %s.\n", some(p.count(batch.Failure), failure))
	case success == 0 && len(s.Steps) == 0: // with steps, a part may have been done
		return fmt.Sprintf("Nothing done: all of %s left alone on purpose.\n", all)
	}
	done, to := "Done: all of "+all+" ended in success.\n", "Done for"
	if e.Plan.Undoes != "" {
		done, to = "Given back to all of "+all+".\n", "Given back to"
	}
	if neutral > 0 {
		of, part := "", "left alone on purpose"
		if batch.Several(e.Plan.Steps) {
			of, part = "of ", "all or a part was left alone on purpose"
		}
		done = fmt.Sprintf("%s %s; %sthe other %s %s.\n", to, some(p.count(batch.Success), success), of, n(p.count(batch.Neutral)), part)
	}
	if missed := s.Users - s.Contained; batch.Contains(e.Plan.Steps) && missed > 0 {
		return fmt.Sprintf("NOT CONTAINED: %s of %s, for whom the directory does not show %s done, although no row failed: %s of %s ended in success.\n",
			n(missed), people(s.Users), urgent(e.Plan.Steps), n(success), rows)
	}
	return done
}
