package report

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"offboard/batch"
)

// limits is what no outcome changes, said once under every count.
const limits = "Note: access tokens already issued work until they expire, mostly within an hour;" +
	" accounts, passwords and apps' own sessions are as they were.\n"

// Text writes the block that ends a run on the screen: what was run, the rows
// counted by outcome with what each count means, and the verdict as the last
// thing. The verdict is made from the counts. The state counts only where it takes
// something away: from a run that is refused, a rehearsal, or not at its end.
func Text(w io.Writer, e End) error {
	var b bytes.Buffer
	heading(&b, e)
	b.WriteByte('\n')
	if e.Summary.Lines > 0 && !(e.State == planning && !e.Dry) {
		tally(&b, e)
		b.WriteByte('\n')
		timing(&b, e.Timing)
		accounts(&b, e.Plan.Accounts)
		b.WriteString(limits)
		b.WriteByte('\n')
	}
	b.WriteString(verdict(e))
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// heading names the run. Its words come from files and flags, so control
// characters are taken out: none of them may talk to the terminal.
func heading(b *bytes.Buffer, e End) {
	p := e.Plan
	field := func(label, value string) {
		if value != "" {
			fmt.Fprintf(b, "%-10s%s\n", label, clean(value))
		}
	}
	list := func(label string, values []string) {
		for _, v := range values {
			field(label, v)
			label = ""
		}
	}
	run := p.Run
	if e.State != "" {
		run += " (" + e.State + ")"
	}
	input := p.Input
	if input == "-" {
		input = "standard input"
	}
	field("Run", run)
	field("Because", e.Reason)
	field("Input", input+": "+batch.Plural(p.Rows, "row")+", "+batch.Plural(e.Skips, "skipped line"))
	field("SHA-256", p.Digest)
	var settings []string
	for _, s := range p.Settings {
		line := s.Name + ": " + s.Value
		if s.Why != "" {
			line += " (" + s.Why + ")"
		}
		settings = append(settings, line)
	}
	list("Read with", settings)
	field("Tenant", p.Tenant)
	field("App", p.App)
	field("Graph", p.Cloud)
	field("Action", string(p.Action))
	field("Planned", stamp(p.Created))
	field("Ended", stamp(e.Ended))
	field("Written", stamp(e.Written))
	var files []string
	for _, path := range e.Files {
		if name := usual(path); name != "" {
			path += " (" + name + " could not be replaced and is an older one: is it open in another program?)"
		}
		files = append(files, path)
	}
	list("Files", files)
}

// tally lists the outcomes that occurred, and the total.
func tally(b *bytes.Buffer, e End) {
	for _, o := range e.outcomes() {
		if n := e.Summary.Counts[o]; n != 0 {
			fmt.Fprintf(b, "%8d  %-12s %s\n", n, clean(string(o)), e.meaning(o))
		}
	}
	fmt.Fprintf(b, "%8d  %-12s %d success, %d left alone on purpose, ", e.Summary.Lines, "in all", e.count(batch.Success), e.Summary.CountOf(batch.Neutral))
	switch {
	case e.Dry:
		fmt.Fprintf(b, "%d would be sent, %d would not\n", e.Summary.Counts[batch.NotSent], e.count(batch.Failure))
	case e.State == refused:
		fmt.Fprintf(b, "%d not done\n", e.count(batch.Failure))
	default:
		fmt.Fprintf(b, "%d not done (%d of them open)\n", e.count(batch.Failure), e.open())
	}
	if e.Summary.AllDenied() {
		b.WriteString("Everybody who was sent was denied: unless all of them hold roles, the app lacks the Graph permission " + batch.NeedsWrite + ".\n")
	}
}

// timing says how long the users took, and what for.
func timing(b *bytes.Buffer, t batch.Timing) {
	if t.Users == 0 {
		return
	}
	fmt.Fprintf(b, "Time to settle: half of the users in %s, 95 %% in %s, the last in %s after the first call.\n",
		batch.Span(t.Median), batch.Span(t.P95), batch.Span(t.Last))
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
	b.WriteByte('\n')
}

// accounts says what a revocation leaves as it was, where it matters.
func accounts(b *bytes.Buffer, a batch.Accounts) {
	if a.Enabled > 0 {
		fmt.Fprintf(b, "%s still enabled when planned: anyone with the password can sign in again; disable the account first.\n", batch.Plural(a.Enabled, "account"))
	}
	if a.Synced > 0 {
		fmt.Fprintf(b, "%s synced from on premises: disable it and reset the password there, or the next sync undoes it.\n", batch.Plural(a.Synced, "account"))
	}
}

// meaning says what an outcome is worth, as the run stands.
func (e End) meaning(o batch.Outcome) string {
	switch {
	case o == batch.NotSent && e.Dry:
		return "a run would send these; a dry run sends nothing"
	case o == batch.NotSent && e.State == refused:
		return "the run was refused; nothing was sent"
	case o == batch.NotSent && e.Held != "":
		return "their turn has not come yet"
	case o == batch.Unsettled && e.Held != "":
		return "sent, and not answered yet"
	case o == batch.Unverified && e.Held != "":
		return "Graph accepted, and the directory has not shown it yet"
	case o == batch.Unverified && e.Resume != "":
		return "Graph accepted, and the directory had not shown it when the run stopped: not proven yet; a resumed run reads it back"
	case o == batch.NotSent && e.Summary.Refused > 0:
		return fmt.Sprintf("%s: %d were sent, and refused or told to wait; the others were never sent", meaning(o), e.Summary.Refused)
	}
	return meaning(o)
}

// meaning says what an outcome is worth, to somebody who has not read any
// documentation.
func meaning(o batch.Outcome) string {
	switch o {
	case batch.Verified:
		return "Graph accepted, and the directory shows it"
	case batch.Revoked:
		return "Graph accepted; the directory was not asked, as verification was off"
	case batch.Already:
		return "the directory showed it before the run; nothing was sent"
	case batch.Skipped:
		return "held back by a date or a filter; nothing was sent"
	case batch.Protected:
		return "on a protect list; nothing was sent"
	case batch.Unverified:
		return "Graph accepted, but the directory did not show it in time: not proven, check again"
	case batch.Ineffective:
		return "guests: Graph accepted, but their sessions are their home tenant's and go on"
	case batch.Invalid:
		return "the row cannot name a user; the report has the reason"
	case batch.NotFound:
		return "no such user in this tenant"
	case batch.Ambiguous:
		return "more than one user has this name, or rows contradict each other; none of them was touched"
	case batch.Denied:
		return "Graph refused for lack of rights (403); administrators need higher ones"
	case batch.Failed:
		return "Graph refused for good; the report has its code"
	case batch.GaveUp:
		return "temporary trouble outlasted the retries; run these again"
	case batch.Unsettled:
		return "sent, but no answer was seen: Graph may have acted or not"
	case batch.NotSent:
		return "the run ended before their turn; nothing was done"
	}
	return "unknown to this version; counted as not done"
}

// verdict is the last word. It says "done" only of rows that ended in success,
// and of a run of which everything is there.
func verdict(e End) string {
	var b strings.Builder
	s := e.Summary
	failure, success, neutral := e.count(batch.Failure), s.CountOf(batch.Success), s.CountOf(batch.Neutral)
	switch {
	case e.Dry:
		fmt.Fprintf(&b, "Dry run: nothing was written. A run would send %d of %s", s.Counts[batch.NotSent], batch.Plural(s.Lines, "row"))
		if n := e.Plan.Accounts.External; n > 0 {
			fmt.Fprintf(&b, ", %s among them, for whom Graph revokes nothing", batch.Plural(n, "guest"))
		}
		if failure > 0 {
			fmt.Fprintf(&b, "; %d would NOT BE DONE", failure)
		}
		b.WriteByte('.')
	case e.State == refused:
		b.WriteString("REFUSED: nothing was written.")
	case e.State == planning && e.Held != "":
		fmt.Fprintf(&b, "Being planned now: %s. Nothing is written yet.", clean(e.Held))
	case e.State == planning:
		b.WriteString("NOT PLANNED: planning did not come to its end, and nothing was written. Run the input again.")
	case e.Held != "":
		fmt.Fprintf(&b, "UNDER WAY: %s. %d of %s are settled so far.", clean(e.Held), s.Lines-s.Open(), batch.Plural(s.Lines, "row"))
	case e.missing() > 0:
		fmt.Fprintf(&b, "NOT DONE: the plan has %s, and only %d of them can be told of.", batch.Plural(e.Plan.Rows, "row"), s.Lines)
	case s.Lines == 0:
		b.WriteString("Nothing to do: the input has no rows.")
	case s.Open() > 0:
		fmt.Fprintf(&b, "NOT DONE: %d of %s did not end in success, %d of them still open.", failure, batch.Plural(s.Lines, "row"), s.Open())
	case failure > 0:
		fmt.Fprintf(&b, "NOT DONE for %d of %s.", failure, batch.Plural(s.Lines, "row"))
	case success == 0:
		fmt.Fprintf(&b, "Nothing done: all of %s left alone on purpose.", batch.Plural(s.Lines, "row"))
	case neutral > 0:
		fmt.Fprintf(&b, "Done for %d of %s; the other %d left alone on purpose.", success, batch.Plural(s.Lines, "row"), neutral)
	default:
		fmt.Fprintf(&b, "Done: all of %s ended in success.", batch.Plural(s.Lines, "row"))
	}
	b.WriteByte('\n')
	if failure > 0 && len(e.Files) > 0 && !e.Dry {
		fmt.Fprintf(&b, "%s holds them, each person once, to run again", clean(retryFile(e.Files)))
		if e.Retry != "" {
			fmt.Fprintf(&b, ": %s", clean(e.Retry))
		} else {
			b.WriteByte('.')
		}
		b.WriteByte('\n')
	}
	if e.Resume != "" {
		fmt.Fprintf(&b, "Resume with: %s\n", clean(e.Resume))
	}
	return b.String()
}

// retryFile is the name under which retry.csv could be written.
func retryFile(paths []string) string {
	for _, p := range paths {
		if usual(p) == retryName {
			return filepath.Base(p)
		}
	}
	return retryName
}
