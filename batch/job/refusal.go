package job

import (
	"errors"
	"slices"
	"strings"

	"offboard/batch"
)

// What a refused plan has done, and a refused run that was to go on.
const (
	nothingPlanned = "nothing was planned"
	nothingWritten = "nothing was written"
	nothingMore    = "nothing more was written"
)

// unwritten is the one of the last two that is true now.
func (h *Host) unwritten() string {
	if h.Earlier {
		return nothingMore
	}
	return nothingWritten
}

// LiftTenant lifts the refusal of a tenant that was not named. Only people know which
// one is meant.
const LiftTenant = "--tenant ID"

// Refusal is a command that was refused whole, with every reason that could be found
// so far.
type Refusal struct {
	Undone string          // what was not done, in words
	Checks []batch.Finding // the guards that refuse
	Others []error         // what no flag lifts, such as a sign-in that is half set
	Beside string          // the flag that the same command needs besides those that lift; "" is none
}

// Error gives all reasons.
func (r *Refusal) Error() string { return r.Head() + ": " + strings.Join(r.Reasons(), "; ") }

// Head is the message without its reasons.
func (r *Refusal) Head() string { return ErrRefused.Error() + "; " + r.Undone }

// Reasons are those of the guards, and then the others.
func (r *Refusal) Reasons() []string {
	var all []string
	for _, k := range r.Checks {
		all = append(all, k.Refusal)
	}
	for _, err := range r.Others {
		all = append(all, err.Error())
	}
	return all
}

// Unwrap gives what the exit code goes by.
func (r *Refusal) Unwrap() []error {
	if len(r.Checks) == 0 {
		return r.Others
	}
	return append([]error{ErrRefused}, r.Others...)
}

// Lifts are the flags that lift reasons of a refusal, with their values, and words that
// say when to give them; none when no flag lifts any.
func Lifts(err error) (flags []string, when string) {
	r, ok := errors.AsType[*Refusal](err)
	if !ok {
		return nil, ""
	}
	when = "if all of this is meant"
	if len(r.Others) > 0 || slices.ContainsFunc(r.Checks, func(k batch.Finding) bool { return k.Lift == "" }) {
		when = "mend what no flag lifts; then, if the rest is meant"
	}
	for _, k := range r.Checks {
		if k.Lift != "" && !slices.Contains(flags, k.Lift) {
			flags = append(flags, k.Lift)
		}
	}
	if len(flags) > 0 && r.Beside != "" {
		flags = append(flags, r.Beside)
	}
	if slices.Contains(flags, LiftTenant) {
		when += ", with the tenant that is meant in place of ID"
	}
	return flags, when
}

// refused makes one refusal of the checks that refuse, or nil when none does.
func refused(undone string, checks ...batch.Finding) error {
	r := &Refusal{Undone: undone}
	for _, k := range checks {
		if k.Refusal != "" {
			r.Checks = append(r.Checks, k)
		}
	}
	if len(r.Checks) == 0 {
		return nil
	}
	return r
}

// refuseAll makes one refusal of several errors, so that they are told together; nil
// when there is none.
func refuseAll(undone string, errs ...error) error {
	all := &Refusal{Undone: undone}
	for _, err := range errs {
		if r, ok := errors.AsType[*Refusal](err); ok {
			all.Checks, all.Others = append(all.Checks, r.Checks...), append(all.Others, r.Others...)
		} else if err != nil {
			all.Others = append(all.Others, err)
		}
	}
	switch {
	case len(all.Checks) == 0 && len(all.Others) == 0:
		return nil
	case len(all.Checks) == 0 && len(all.Others) == 1:
		return all.Others[0]
	}
	return all
}
