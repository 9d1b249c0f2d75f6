package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/planfile"
	"offboard/report"
)

// Say implements [job.Console]: it tells people something on stderr, and log
// collectors in their own form.
func (c *command) Say(format string, args ...any) { c.says(slog.LevelInfo, format, args...) }

// Warn implements [job.Console]. It speaks with --quiet, too.
func (c *command) Warn(format string, args ...any) { c.says(slog.LevelWarn, format, args...) }

func (c *command) says(level slog.Level, format string, args ...any) {
	s := printable(fmt.Sprintf(format, args...))
	if c.cli.LogFormat == "json" {
		c.log.Log(context.Background(), level, strings.Join(strings.Fields(s), " "))
		return
	}
	if c.moves {
		s = strings.Join(hung(s, c.width()-1), "\n")
	}
	if c.cli.Quiet && level < slog.LevelWarn {
		c.unsaid = append(c.unsaid, s)
		return
	}
	fmt.Fprintln(c.stderr, s)
}

// labelWidth is how much of a line is its label.
const labelWidth = 9

// hung wraps a line with a label at words, so that what follows hangs beside the label. It
// leaves lines of any other form alone, and notes: they may have a command to be pasted.
func hung(s string, wide int) []string {
	if len(s) <= labelWidth || columns(s) <= wide || wide < 30 || s[labelWidth-1] != ' ' || strings.HasPrefix(s, "note ") || strings.Contains(strings.TrimSpace(s[:labelWidth]), " ") {
		return []string{s}
	}
	if slices.ContainsFunc(strings.Fields(s), func(word string) bool { return columns(word) > wide-labelWidth }) {
		return []string{s} // no word is cut
	}
	lines := wrapped(s[labelWidth:], wide-labelWidth, 100)
	for i, line := range lines {
		lines[i] = strings.Repeat(" ", labelWidth) + line
	}
	lines[0] = s[:labelWidth] + lines[0][labelWidth:]
	return lines
}

// page is stdout, for text that people read: at a terminal its lines are wrapped at words.
func (c *command) page() io.Writer {
	if !c.flows {
		return c.stdout
	}
	return flowing{c.stdout, c.width() - 1}
}

// flowing wraps lines, which are written whole.
type flowing struct {
	w    io.Writer
	wide int
}

func (f flowing) Write(p []byte) (int, error) {
	var b strings.Builder
	for line := range strings.Lines(string(p)) {
		b.WriteString(strings.Join(flowed(strings.TrimSuffix(line, "\n"), f.wide), "\n") + "\n")
	}
	_, err := io.WriteString(f.w, b.String())
	return len(p), err
}

// flowed wraps a line at words, so that what follows hangs below the last of its columns. It
// leaves a line alone that has a command to be pasted, or a word that would be cut.
func flowed(s string, wide int) []string {
	if columns(s) <= wide || wide < 30 || strings.Contains(s, "offboard ") || strings.HasPrefix(s, report.RetryName) || strings.HasPrefix(s, "Resume with: ") {
		return []string{s}
	}
	hang := len(s) - len(strings.TrimLeft(s, " "))
	if gap := strings.LastIndex(s[:min(len(s), wide/2)], "  "); gap > hang {
		hang = gap + len("  ")
	}
	room := wide - columns(s[:hang])
	if slices.ContainsFunc(strings.Fields(s[hang:]), func(word string) bool { return columns(word) > room }) {
		return []string{s}
	}
	lines := wrapped(s[hang:], room, len(s))
	for i, line := range lines[1:] {
		lines[i+1] = strings.Repeat(" ", columns(s[:hang])) + line
	}
	lines[0] = s[:hang] + lines[0]
	return lines
}

// answer writes what a command was asked for: a document with -o json, and otherwise text.
func (c *command) answer(document any, text string, args ...any) error {
	if c.cli.Output == "json" {
		return c.encode(document)
	}
	_, err := fmt.Fprintf(c.stdout, text, args...)
	return err
}

// encode writes a document as JSON, for programs and for people.
func (c *command) encode(document any) error { return encode(c.stdout, document) }

func encode(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(document)
}

// Planned implements [job.Console], line by line.
func (c *command) Planned(plan batch.Plan, n batch.Count) {
	c.told = true
	c.about(plan, "", n)
	switch {
	case n.Rows == 0:
		c.Say("note     the input has no rows (--min-users refuses that)")
	case n.Rows == n.Ended[batch.Skipped]:
		c.Say("note     no row passes the gates, so nobody is touched (--min-users refuses that)")
	}
}

// PlanFile implements [job.Console], before anybody signs or applies the plan.
func (c *command) PlanFile(name string, f planfile.File, n batch.Count) {
	p := f.Head.Plan
	c.Say("plan     %s, made %s by offboard %s", name, p.Created.Local().Format(time.DateTime), p.Version)
	c.Say("digest   %s (%s)", f.Digest.Short(), f.Digest)
	c.about(p, ", SHA-256 "+p.Digest, n)
	for _, o := range f.Head.Options {
		c.Say("option   --%s %s", o.Name, o.Value)
	}
	for _, g := range f.Head.Guards {
		c.Say("guard    %s: %s, counted %s", g.Name, g.Limit, g.Counted)
	}
}

// about tells what a plan is of: its input, with its digest where people need it, its
// tenant, who signed in, and what will be done to how many users.
func (c *command) about(p batch.Plan, digest string, n batch.Count) {
	c.Say("input    %s, %s%s", p.Input, batch.Plural(p.Rows, "row"), digest)
	for _, f := range p.Inputs {
		c.Say("file     %s, %s, SHA-256 %s", f.Name, batch.Plural(f.Lines, "line"), f.SHA256)
	}
	for _, s := range p.Settings {
		c.Say("         %s: %s (%s)", s.Name, s.Value, s.Why)
	}
	tenant := cmp.Or(p.Tenant, "unknown") + " at " + job.Where(p.Cloud)
	if p.Terms.TenantName != "" {
		c.Say("tenant   %s, %s", p.Terms.TenantName, tenant)
	} else {
		c.Say("tenant   %s", tenant)
		c.Say("         its name could not be read (Organization.Read.All)%s", ofDomains(n.Domains))
	}
	c.Say("as       %s", job.CallerOf(p))
	for _, line := range ofSteps(p, n) {
		c.Say("%s", line)
	}
	if p.Writes == p.Users {
		c.Say("users    %s to send", batch.Thousands(p.Users))
	} else {
		c.Say("users    %s to send, in %s", batch.Thousands(p.Users), batch.Plural(p.Writes, "write"))
	}
	for _, line := range ofAccounts(p, n) {
		c.Say("%s", line)
	}
	if line := ofContainment(p, n); line != "" {
		c.Say("%s", line)
	}
	if batch.Contains(p.Steps) && !p.Verify {
		c.Say("         nobody will count as contained, since nothing is read back (--no-verify); offboard verify RUN reads it back afterwards")
	}
	if c.names() {
		for _, line := range ofPeople(n) {
			c.Say("%s", line)
		}
	}
	if n.Duplicates > 0 {
		c.Say("         %s more %s one of them again", batch.Thousands(n.Duplicates), batch.Agree(n.Duplicates, "row names", "rows name"))
	}
	for _, o := range batch.Outcomes {
		if k := n.Ended[o]; k > 0 {
			who := ""
			switch {
			case o == batch.Protected:
				who = ": " + batch.SomeOf(n.Protected, k)
			case c.names():
				who = ": " + batch.SomeOf(n.People.Ended[o].Names, k)
			}
			c.Say("         %s %s %s and %s not sent%s", batch.Plural(k, "row"), batch.Agree(k, "ends", "end"), o, batch.Agree(k, "is", "are"), who)
		}
	}
}

// names reports whether people are told by name whom a plan is about: where somebody is asked
// or looks first, and not in the log of a job that runs unattended.
func (c *command) names() bool { return c.asks || c.cli.Run.DryRun || c.cli.Undo.DryRun }

// ofDomains tells of which domains users are, the most frequent first.
func ofDomains(domains map[string]int) string {
	if len(domains) == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(domains), func(a, b string) int {
		return cmp.Or(domains[b]-domains[a], strings.Compare(a, b))
	})
	for i, d := range names {
		names[i] = fmt.Sprintf("%s (%s)", d, batch.Thousands(domains[d]))
	}
	return "; the users found are of " + batch.SomeOf(names[:min(5, len(names))], len(names))
}

// Ended implements [job.Console]: the end block, or the JSON document.
func (c *command) Ended(e report.End) error {
	if c.cli.Output == "json" {
		return report.JSON(c.documented(), e)
	}
	if c.cli.Quiet {
		return report.Last(c.stdout, e)
	}
	e.Told = c.told
	return report.Text(c.page(), e)
}

// mostNamed is how many rows a dry run names on the screen.
const mostNamed = 20

// Rehearsed implements [job.Console]. It names the rows for which a run would not do everything: as
// JSON all of them, on the screen the first few, those that would not end in success
// before the others.
func (c *command) Rehearsed(end report.End, unrevoked iter.Seq2[batch.Line, error]) error {
	c.Say("dry run: nothing was written")
	if c.cli.Output == "json" {
		return report.Selected(c.documented(), end, unrevoked)
	}
	if c.cli.Quiet {
		return report.Last(c.stdout, end)
	}
	var failing, others []batch.Line
	more := 0
	for l, err := range unrevoked {
		if err != nil {
			return err
		}
		kind := &others
		if l.Record.Outcome.Kind() == batch.Failure {
			kind = &failing
		}
		if more++; len(*kind) < mostNamed {
			*kind = append(*kind, l)
		}
	}
	if more > 0 {
		named := append(failing, others...)
		named = named[:min(mostNamed, len(named))]
		if steps := end.Plan.Steps; len(steps) == 1 && steps[0] == batch.Revoke {
			fmt.Fprintln(c.stdout, "A run would not revoke:")
		} else {
			fmt.Fprintf(c.stdout, "A%s would not do everything for:\n", map[bool]string{true: "n undo", false: " run"}[end.Plan.Undoes != ""])
		}
		if err := c.lines(all(named)); err != nil {
			return err
		}
		if more -= len(named); more > 0 {
			fmt.Fprintf(c.stdout, "and %s more; report.csv has all of them\n", batch.Thousands(more))
		}
		fmt.Fprintln(c.stdout)
	}
	end.Told = c.told
	return report.Text(c.page(), end)
}
