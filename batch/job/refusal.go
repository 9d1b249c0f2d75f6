package job

import (
	"errors"
	"regexp"
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

// liftProtect spares the users for whom a plan is refused.
const liftProtect = "--protect FILE"

const allMeant = "if all of this is meant"

// leavesOut fits the flags that make a plan smaller.
var leavesOut = regexp.MustCompile(`^(--where .*|--date-column .*|--protect FILE)$`)

// places are what people put into such a flag, by how it ends.
var places = []struct{ end, meant string }{
	{LiftTenant, "the tenant that is meant in place of ID"},
	{liftProtect, "a list of these users, one a line, in place of FILE"},
}

// Refusal is a command that was refused whole, with every reason that could be found
// so far.
type Refusal struct {
	Undone string  // what was not done, in words
	Why    []error // the guards that refuse, each a batch.Finding; then what no flag lifts, such as a sign-in that is half set
	Beside string  // the flag that the same command needs besides those that lift; "" is none
}

// Error gives all reasons.
func (r *Refusal) Error() string { return r.Head() + ": " + strings.Join(r.Reasons(), "; ") }

// Head is the message without its reasons.
func (r *Refusal) Head() string { return ErrRefused.Error() + "; " + r.Undone }

// Reasons are those of the guards, and then the others.
func (r *Refusal) Reasons() (all []string) {
	for _, err := range r.Why {
		all = append(all, err.Error())
	}
	return all
}

// Unwrap gives what the exit code goes by. Where no sign-in can be made, too, that is what
// keeps the command from going on: guards come after it.
func (r *Refusal) Unwrap() []error {
	unsigned := slices.ContainsFunc(r.Why, func(err error) bool { return errors.Is(err, batch.ErrSignIn) })
	if _, guards := r.Why[0].(batch.Finding); guards && !unsigned {
		return append([]error{ErrRefused}, r.Why...)
	}
	return r.Why
}

// Advised is an error with the command that helps.
type Advised struct {
	error
	Next string
}

func (a *Advised) Unwrap() error { return a.error }

// Lifts are the flags that lift reasons of a refusal, with their values, and words that
// say when to give them; none when no flag lifts any.
func Lifts(err error) (flags []string, when string) {
	r, ok := errors.AsType[*Refusal](err)
	if !ok {
		return nil, ""
	}
	when = allMeant
	for _, err := range r.Why {
		switch k, _ := err.(batch.Finding); {
		case k.Lift == "":
			when = "mend what no flag lifts; then, if the rest is meant"
		default:
			for flag := range strings.SplitSeq(k.Lift, "\n") {
				if !slices.Contains(flags, flag) {
					flags = append(flags, flag)
				}
			}
		}
	}
	if when == allMeant && !slices.ContainsFunc(flags, func(flag string) bool { return !leavesOut.MatchString(flag) }) {
		when = "to leave them out"
	}
	if len(flags) > 0 && r.Beside != "" {
		flags = append(flags, r.Beside)
	}
	for _, p := range places {
		if slices.ContainsFunc(flags, func(flag string) bool { return strings.HasSuffix(flag, p.end) }) {
			when += ", with " + p.meant
		}
	}
	return flags, when
}

// refused makes one refusal of all reasons that there are, so that they are told
// together; nil when there is none. One reason that is no guard's speaks for itself.
func refused[E error](undone string, reasons ...E) error {
	var guards, others []error
	for _, reason := range reasons {
		why := []error{reason}
		if r, ok := errors.AsType[*Refusal](why[0]); ok {
			why = r.Why
		}
		for _, err := range why {
			switch k, guard := err.(batch.Finding); {
			case err == nil, guard && k.Refusal == "":
			case guard:
				guards = append(guards, err)
			default:
				others = append(others, err)
			}
		}
	}
	switch {
	case len(guards) == 0 && len(others) == 0:
		return nil
	case len(guards) == 0 && len(others) == 1:
		return others[0]
	}
	return &Refusal{Undone: undone, Why: append(guards, others...)}
}
