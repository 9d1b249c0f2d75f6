package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/cmd/flagfile"
)

// lifted is the command as it was typed, with every flag that lifts a reason of
// the refusal; "" when none does.
func (c *command) lifted(err error) string {
	lifts, when := job.Lifts(err)
	if len(lifts) == 0 {
		return ""
	}
	if m := c.member; m != nil {
		return when + ": " + m.all.lifted(m.of.Name, lifts)
	}
	line := c.again()
	for _, lift := range lifts {
		flag, value, valued := strings.Cut(lift, " ")
		repeatable := func(f *kong.Flag) bool { return "--"+f.Name == flag && f.IsCumulative() }
		if !slices.ContainsFunc(c.flags(), repeatable) {
			line = without(line, flag, valued)
		}
		if line = append(line, flag); valued {
			line = append(line, value)
		}
	}
	return when + ": " + c.shell(line...)
}

// onceMore is the command that does the same again. That of a tenant of a campaign is the campaign's.
func (c *command) onceMore() string {
	switch m := c.member; {
	case m == nil:
		return c.shell(c.again()...)
	case m.all.dry:
		return m.all.command.onceMore()
	default:
		return m.all.Typed(m.all.sameWay(m.all.GoOn())...)
	}
}

// lifted is what lifts reasons to refuse a tenant: flags of the command that goes on with the
// campaign, or else of its file, on which it is begun anew.
func (c *campaign) lifted(tenant string, lifts []string) string {
	var below []string
	line := c.sameWay(c.GoOn())
	for _, lift := range lifts {
		flag, value, valued := strings.Cut(strings.TrimPrefix(lift, "--"), " ")
		if !valued {
			value = "true"
		}
		if slices.Contains(ofResume, flag) {
			line = append(line, strings.Fields(lift)...)
		} else {
			below = append(below, flag+": "+value)
		}
	}
	if len(below) == 0 {
		return c.Typed(line...)
	}
	return fmt.Sprintf("put %s below %s in %s, then: %s", strings.Join(below, " and "), tenant, c.Input, c.Typed(c.sameWay(c.Anew(tenant))...))
}

// again is the command line as it was typed, with the flags that were given by
// variables: it may be pasted where these are not set.
func (c *command) again() []string {
	line := slices.Clone(c.args)
	for _, f := range c.flags() {
		if !c.byVariable(f) {
			continue
		}
		for _, v := range flagfile.ValuesOf(f) {
			line = append(line, "--"+f.Name+"="+v)
		}
	}
	line = without(line, "--debug-http", true) // its file is there by now, and takes no second command
	if path := c.otherJournal(); path != c.cli.Journal {
		line = append(line, "--journal="+path)
	}
	return line
}

// partLine is the command as it was typed, with the steps that were meant. Where that is not
// known it names all that can be taken back, and takes back nothing.
func (c *command) partLine(p *job.WrongPart) string {
	line, steps := without(c.again(), "--steps", true), p.Steps
	if len(steps) == 0 {
		line, steps = append(without(line, "--dry-run", false), "--dry-run"), p.Can
	}
	return c.shell(append(line, "--steps", batch.StepList(steps))...)
}

// without is a command line without a flag, and without its value if it takes one.
func without(line []string, flag string, valued bool) []string {
	isValue := false
	return slices.DeleteFunc(slices.Clone(line), func(word string) bool {
		drop := isValue || word == flag || strings.HasPrefix(word, flag+"=")
		isValue = valued && !isValue && word == flag
		return drop
	})
}
