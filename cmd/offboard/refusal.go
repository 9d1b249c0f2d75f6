package main

import (
	"errors"
	"slices"
	"strings"

	"offboard/batch"
)

// What a refused plan has done, and a refused run that was to go on.
const (
	nothingWritten = "nothing was written"
	nothingMore    = "nothing more was written"
)

// unwritten is the one of both that is true now.
func (c *command) unwritten() string {
	if c.earlier {
		return nothingMore
	}
	return nothingWritten
}

// refusedError is a command that was refused whole, with every reason that could be
// found so far.
type refusedError struct {
	undone string   // what was not done, in words
	why    []string // reasons of guards
	lifts  []string // the flags that lift them, as they are typed
	others []error  // what no flag lifts, such as a sign-in that is half set
}

// Error gives all reasons.
func (r *refusedError) Error() string {
	return r.head() + ": " + strings.Join(r.reasons(), "; ")
}

func (r *refusedError) head() string { return errRefused.Error() + "; " + r.undone }

func (r *refusedError) reasons() []string {
	why := slices.Clone(r.why)
	for _, err := range r.others {
		why = append(why, err.Error())
	}
	return why
}

// Unwrap gives what the exit code goes by.
func (r *refusedError) Unwrap() []error {
	if len(r.why) == 0 {
		return r.others
	}
	return append([]error{errRefused}, r.others...)
}

// refused refuses a plan whole, with every reason, and says what was not done.
func refused(undone string, checks []batch.Finding) error {
	r := &refusedError{undone: undone}
	for _, k := range checks {
		if k.Refusal == "" {
			continue
		}
		r.why = append(r.why, k.Refusal)
		if k.Lift != "" {
			r.lifts = append(r.lifts, k.Lift)
		}
	}
	if len(r.why) == 0 {
		return nil
	}
	return r
}

// refuseAll makes one refusal of several errors, or nil when there is none, so that
// they are told together.
func refuseAll(errs ...error) error {
	all := &refusedError{undone: "nothing was planned"}
	for _, err := range errs {
		if r, ok := errors.AsType[*refusedError](err); ok {
			all.why, all.lifts, all.others = append(all.why, r.why...), append(all.lifts, r.lifts...), append(all.others, r.others...)
		} else if err != nil {
			all.others = append(all.others, err)
		}
	}
	switch {
	case len(all.why) == 0 && len(all.others) == 0:
		return nil
	case len(all.why) == 0 && len(all.others) == 1:
		return all.others[0]
	}
	return all
}

// liftTenant lifts the refusal of a tenant that was not named. Only people know which
// one is meant.
const liftTenant = "--tenant ID"

// lifted is the command as it was typed, with every flag that lifts a reason of
// the refusal; "" when none does.
func (c *command) lifted(err error) string {
	r, ok := errors.AsType[*refusedError](err)
	if !ok || len(r.lifts) == 0 {
		return ""
	}
	line := slices.Clone(c.args)
	var more []string
	for _, lift := range r.lifts {
		flag, value, valued := strings.Cut(lift, " ")
		repeatable := flag == "--protect"
		if !repeatable {
			if slices.Contains(more, flag) {
				continue
			}
			line = without(line, flag, valued)
		}
		if more = append(more, flag); valued {
			more = append(more, value)
		}
	}
	said := "if all of this is meant"
	if len(r.lifts) < len(r.why) || len(r.others) > 0 {
		said = "mend what no flag lifts; then, if the rest is meant"
	}
	if slices.Contains(r.lifts, liftTenant) {
		said += ", with the tenant that is meant in place of ID"
	}
	return said + ": " + c.shell(append(line, more...)...)
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
