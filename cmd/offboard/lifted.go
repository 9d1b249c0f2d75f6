package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch/job"
)

// lifted is the command as it was typed, with every flag that lifts a reason of
// the refusal; "" when none does.
func (c *command) lifted(err error) string {
	lifts, when := job.Lifts(err)
	if len(lifts) == 0 {
		return ""
	}
	line := c.again()
	for _, lift := range lifts {
		flag, value, valued := strings.Cut(lift, " ")
		if !c.repeatable(flag) {
			line = without(line, flag, valued)
		}
		if line = append(line, flag); valued {
			line = append(line, value)
		}
	}
	return when + ": " + c.shell(line...)
}

// again is the command line as it was typed, with the flags that were given by
// variables: it may be pasted where these are not set.
func (c *command) again() []string {
	line := slices.Clone(c.args)
	if c.parsed == nil {
		return line
	}
	for _, f := range c.parsed.Flags() {
		if typed(c.parsed, f) || !byVariable(f) {
			continue
		}
		for _, v := range values(f) {
			line = append(line, "--"+f.Name+"="+v)
		}
	}
	return line
}

// repeatable reports whether a flag, with its dashes, may be given more than once.
func (c *command) repeatable(flag string) bool {
	return c.parsed != nil && slices.ContainsFunc(c.parsed.Flags(), func(f *kong.Flag) bool { return "--"+f.Name == flag && f.IsCumulative() })
}

// without is a command line without a flag, and without its value if it takes one.
func without(line []string, flag string, valued bool) []string {
	var kept []string
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == flag && valued:
			i++
		case line[i] == flag, strings.HasPrefix(line[i], flag+"="):
		default:
			kept = append(kept, line[i])
		}
	}
	return kept
}
