package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/job"
)

// lifted is the command as it was typed, with every flag that lifts a reason of
// the refusal; "" when none does.
func (c *command) lifted(err error) string {
	r, ok := errors.AsType[*job.Refusal](err)
	if !ok {
		return ""
	}
	line, said := slices.Clone(c.args), "if all of this is meant"
	var more []string
	named := false
	for _, k := range r.Checks {
		flag, value, valued := strings.Cut(k.Lift, " ")
		switch {
		case k.Lift == "", slices.Contains(more, flag) && !c.repeatable(flag):
			continue
		case !c.repeatable(flag):
			line = without(line, flag, valued)
		}
		if more = append(more, flag); valued {
			more = append(more, value)
		}
		named = named || k.Lift == job.LiftTenant
	}
	if len(more) == 0 {
		return ""
	}
	if slices.ContainsFunc(r.Checks, func(k batch.Finding) bool { return k.Lift == "" }) || len(r.Others) > 0 {
		said = "mend what no flag lifts; then, if the rest is meant"
	}
	if named {
		said += ", with the tenant that is meant in place of ID"
	}
	return said + ": " + c.shell(append(line, more...)...)
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
