package job

import (
	"fmt"
	"os"
	"slices"
	"strconv"

	"offboard/batch"
	"offboard/batch/journal"
)

// HalfPlanned says that the planning of a run did not come to its end, as after a full disk:
// nothing was written, and its users are not known whole.
type HalfPlanned struct {
	Run, Input string
	Next       string // the command that begins anew, or, where the plan does not have all of its words, that shows the run
}

// Error says what to do.
func (e *HalfPlanned) Error() string {
	return fmt.Sprintf("run %s (%s) was never planned to its end, and nothing was written; begin it anew", e.Run, e.Input)
}

// Is makes it one of usage.
func (*HalfPlanned) Is(target error) bool { return target == ErrUsage }

// wholly refuses a run whose planning did not come to its end. While it is planned it is locked.
func (h *Host) wholly(run *journal.Run) error {
	if run.State() != journal.Planning {
		return nil
	}
	held, err := run.Held()
	if err != nil {
		return err
	}
	if held != nil {
		return held
	}
	p := run.Plan()
	return &HalfPlanned{p.Run, p.Input, h.anewLine(p)}
}

// anewLine is the command that begins a run of this plan anew, or the one that shows it
// where its input is not there any more.
func (h *Host) anewLine(p batch.Plan) string {
	switch {
	case p.Undoes != "":
		return h.undoLine(p)
	case !there(p): // standard input and --user are none
		return h.Typed("show", p.Run)
	case p.Terms.Source != "":
		return h.Typed(slices.Concat([]string{"apply", p.Input}, approvalFlags(p), rootFlag(p))...)
	}
	return h.anewBy(p, "run", p.Files(), limitFlags(p)...)
}

// there reports whether all files of a plan are there: its input, where that is one.
func there(p batch.Plan) bool {
	files := p.Files()
	if p.Terms.Source != "" {
		files = []string{p.Input} // the plan file that was applied
	}
	return !slices.ContainsFunc(files, func(name string) bool { _, missing := os.Stat(name); return missing != nil })
}

// approvalFlags ask for the approvals that were asked for when the plan file was applied.
func approvalFlags(p batch.Plan) (words []string) {
	for _, f := range p.Terms.Flags {
		if f.Name == "approvals" || f.Name == "trusted" {
			words = append(words, typedFlag(f)...)
		}
	}
	return words
}

// limitFlags are the limits that the plan was made with, where they are not the usual ones.
func limitFlags(p batch.Plan) (limits []string) {
	for _, l := range []struct {
		flag       string
		was, usual int
	}{
		{"--max-users", p.Terms.Guards.Limits.MaxUsers, defaults.MaxUsers},
		{"--max-percent", p.Terms.Guards.Limits.MaxPercent, defaults.MaxPercent},
		{"--max-privileged", p.Terms.Guards.Limits.MaxPrivileged, defaults.MaxPrivileged},
	} {
		if l.was != l.usual {
			limits = append(limits, l.flag, strconv.Itoa(l.was))
		}
	}
	return limits
}
