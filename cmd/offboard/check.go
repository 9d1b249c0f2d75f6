package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"offboard/batch"
	"offboard/batch/job"
)

// check tells what would be read of files.
func (c *command) check(o *job.CheckOptions) error {
	found, err := job.Check(c.host, o)
	if found == nil {
		return err
	}
	would := wouldDo(found)
	if c.wantsJSON() {
		return c.checkDocument(found, would, err)
	}
	w := c.page()
	if !c.cli.Quiet {
		var b strings.Builder
		checkText(&b, found)
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	if would != "" {
		if line := c.runLine(found); line != "" {
			would += ":\n" + line
		}
		if _, lost := fmt.Fprintln(w, would); lost != nil {
			return lost
		}
	}
	return err
}

// runLine is a run of the files that are checked, with the flags that they ask for; "" if a run is
// refused until somebody has done more.
func (c *command) runLine(found *job.Checked, more ...string) string {
	if found.Stay && found.Lift == nil {
		return ""
	}
	for _, flag := range found.Lift {
		name, value, _ := strings.Cut(flag, " ")
		more = append(more, name, value)
	}
	return c.line("run", c.cli.Check.File, more...)
}

// wouldDo says what a run would do, in a sentence; "" when the files cannot be read.
func wouldDo(found *job.Checked) string {
	n := found.Rows
	if found.Unread {
		return ""
	}
	people := n.LookUp - n.Again
	s := "A run would look up " + batch.Agree(people, "1 person", batch.Thousands(people)+" people")
	if people == 0 {
		s = "A run would look up nobody"
	}
	if found.Stay {
		s = "A run would first ask about people who stay, and without a terminal refuse"
		if found.Lift != nil {
			s += "; the one below takes only those who leave"
		}
	}
	if n.Unreadable > 0 {
		s += fmt.Sprintf("; %s cannot be read", batch.Plural(n.Unreadable, "row"))
	}
	if n.Contradicting > 0 {
		s += fmt.Sprintf("; %s and nobody is touched by %s", batch.Agree(n.Contradicting, "1 row contradicts others or itself,", batch.Thousands(n.Contradicting)+" rows contradict others or themselves,"), batch.Agree(n.Contradicting, "it", "them"))
	}
	return s
}

// checkDocument is what -o json prints, with how the command ends.
func (c *command) checkDocument(found *job.Checked, would string, err error) error {
	code, next := codeOf(err)
	failed := ""
	switch {
	case err == nil || code == exitPartial:
		next = c.runLine(found, "--dry-run")
	default:
		failed, next = err.Error(), c.nextStep(err, code, next)
	}
	lost := c.encode(struct {
		*job.Checked
		Would   any      `json:"would"`
		Error   any      `json:"error"`
		Reasons []string `json:"reasons"`
		Next    any      `json:"next"`
		Exit    exitCode `json:"exit"`
	}{found, orNull(would), orNull(failed), reasonsOf(err), orNull(next), code})
	if lost != nil {
		return lost
	}
	return err
}

// uses says what a column is read for.
var uses = map[string]string{
	"id":              "names the users by object id",
	"upn":             "names the users by user principal name",
	"id or upn":       "names the users by object id or user principal name",
	"mail":            "names the users by mail address, which is searched for",
	"employee-id":     "names the users by employee id, which is searched for",
	"on-premises-upn": "names the users by on-premises name, which is searched for",
	"checked":         "is held against the user found",
	"for a gate":      "chooses rows",
	"kept":            "is taken into the report",
}

// keyWords are what a row names its user by.
var keyWords = map[batch.Key]string{
	batch.ByID: "object id", batch.ByUPN: "user principal name", batch.ByMail: "mail address",
	batch.ByEmployeeID: "employee id", batch.ByOnPremisesUPN: "on-premises user principal name",
}

const (
	mostUnread = 12 // columns that are not read, by name
	mostGroups = 8  // reasons of a kind
)

// checkText tells people what would be read.
func checkText(b *strings.Builder, found *job.Checked) {
	if len(found.Files) == 1 && len(found.Files[0].Settings) == 0 {
		return // the error tells all that is known
	}
	for _, f := range found.Files {
		fileText(b, f, len(found.Files) > 1)
	}
	if found.Rows.All > 0 || !found.Unread {
		rowsText(b, found)
	}
	if len(found.First) > 0 {
		fmt.Fprintln(b, "\nThe first rows, as they are read:")
		for _, r := range found.First {
			fmt.Fprintf(b, "  %s  %s\n", printable(placeOf(r.Problem)), printable(rowText(r)))
		}
	}
	var whole []string
	for _, p := range found.Problems {
		if p.Line == 0 {
			whole = append(whole, p.Reason)
		}
	}
	if len(found.Wrong)+len(whole) > 0 {
		fmt.Fprintln(b, "\nProblems:")
		for _, reason := range whole {
			fmt.Fprintf(b, "       -  %s\n", printable(reason))
		}
		groupsText(b, found.Wrong, true)
	}
	b.WriteString("\n")
}

// fileText tells of one file, or of one of several.
func fileText(b *strings.Builder, f job.CheckedFile, several bool) {
	fmt.Fprintf(b, "%s\n", printable(f.Name))
	line := func(label, format string, args ...any) {
		fmt.Fprintf(b, "  %-11s  %s\n", label, printable(fmt.Sprintf(format, args...)))
	}
	if f.Error != "" && several { // else it is told at the end
		line("error", "%s", f.Error)
	}
	line("sha-256", "%s", f.SHA256)
	for _, s := range f.Settings {
		if s.Name != "where" { // a gate tells it
			line(s.Name, "%s (%s)", s.Value, s.Why)
		}
	}
	for i, col := range f.Columns {
		label := ""
		if i == 0 {
			label = "read"
		}
		why, _, _ := strings.Cut(col.Why, ": ") // the rest says what it is read for
		line(label, "%s: %s (%s)", col.Name, cmp.Or(uses[col.Use], col.Use), why)
	}
	if len(f.Unread) > 0 {
		shown := f.Unread[:min(mostUnread, len(f.Unread))]
		line("not read", "%s", batch.SomeOf(shown, len(f.Unread)))
	}
	for i, g := range f.Gates {
		label := ""
		if i == 0 {
			label = "gates"
		}
		line(label, "%s: lets %s through, holds back %s%s", g.Name, batch.Plural(g.Passes, "row"), batch.Thousands(g.Holds), noneThrough(g))
	}
	b.WriteString("\n")
}

func noneThrough(g job.CheckedGate) string {
	if g.Passes == 0 && g.Holds > 0 {
		return ": see the problems below"
	}
	return ""
}

// rowsText counts the rows.
func rowsText(b *strings.Builder, found *job.Checked) {
	n := found.Rows
	count := func(n int, format string, args ...any) {
		if n > 0 {
			fmt.Fprintf(b, "%8s  %s\n", batch.Thousands(n), fmt.Sprintf(format, args...))
		}
	}
	far := ""
	if found.Unread {
		far = ", as far as they could be read"
	}
	fmt.Fprintf(b, "%s%s\n", batch.Plural(n.All, "row"), far)
	var by []string
	for _, k := range []batch.Key{batch.ByID, batch.ByUPN, batch.ByMail, batch.ByEmployeeID, batch.ByOnPremisesUPN} {
		switch {
		case n.By[k] == 0:
		case n.By[k] == n.LookUp:
			by = append(by, "by "+keyWords[k])
		default:
			by = append(by, batch.Thousands(n.By[k])+" by "+keyWords[k])
		}
	}
	count(n.LookUp, "%s somebody to look up: %s", batch.Agree(n.LookUp, "names", "name"), strings.Join(by, ", "))
	count(n.Again, "of them %s a person whom an earlier row names", batch.Agree(n.Again, "names", "name"))
	count(n.HeldBack, "held back by a gate:")
	groupsText(b, found.HeldBack, false)
	count(n.Unreadable, "cannot be read")
	count(n.Contradicting, "%s", batch.Agree(n.Contradicting, "contradicts another row, or itself", "contradict other rows, or themselves"))
	if len(found.Passed) > 0 {
		lines := 0
		for _, r := range found.Passed {
			lines += r.Count
		}
		fmt.Fprintf(b, "%s passed over:\n", batch.Plural(lines, "line"))
		groupsText(b, found.Passed, false)
	}
}

// groupsText lists reasons, each with its number and the first places; of problems with
// what stands there.
func groupsText(b *strings.Builder, all job.Reasons, problems bool) {
	for _, r := range all[:min(mostGroups, len(all))] {
		reason := r.Reason
		if r.Like {
			reason += " (and the like)"
		}
		var places []string
		for _, p := range r.First {
			place := strings.TrimSpace(placeOf(p))
			if problems && p.Input != "" {
				place += ": " + p.Input
			}
			places = append(places, place)
		}
		at := batch.SomeOf(places, r.Count)
		if problems {
			fmt.Fprintf(b, "%8s  %s\n          at %s\n", batch.Thousands(r.Count), printable(reason), printable(at))
		} else {
			fmt.Fprintf(b, "%12s  %s (%s)\n", batch.Thousands(r.Count), printable(reason), printable(at))
		}
	}
	if more := len(all) - mostGroups; more > 0 {
		fmt.Fprintf(b, "          and %s; -o json has all of them\n", batch.Plural(more, "other reason"))
	}
}

// placeOf is where a row stands.
func placeOf(p job.Problem) string {
	if p.File == "" {
		return fmt.Sprintf("line %-4d", p.Line)
	}
	return fmt.Sprintf("line %d of %s", p.Line, p.File)
}

// rowText tells how one row is read.
func rowText(r job.CheckedRow) string {
	s := cmp.Or(r.Input, "(no cell that could be shown)") + "  "
	switch {
	case r.Outcome == batch.Skipped:
		return s + "held back: " + r.Reason
	case r.Outcome == batch.Ambiguous:
		return s + "contradicts: " + r.Reason
	case r.Outcome != "":
		return s + "cannot be read: " + r.Reason
	case r.Value != r.Input:
		s += "the " + keyWords[r.Key] + " " + r.Value
	default:
		s += "as the " + keyWords[r.Key]
	}
	if !r.From.IsZero() {
		s += ", let through from " + r.From.Format("2006-01-02 15:04 -07:00")
	}
	return s
}
