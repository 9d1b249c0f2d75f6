package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/report"
)

// The commands that look back read the journal alone.

// RunsOptions are those of runs list: a filter for what is known of a run before its
// users are counted.
type RunsOptions struct {
	InState   []string `help:"Only runs in this state. Repeatable." placeholder:"NAME"`
	Tenant    string   `env:"OFFBOARD_RUNS_LIST_TENANT" help:"Only runs for this tenant." placeholder:"ID"`
	NewerThan Age      `help:"Only runs created within this time, such as 36h, 365d or 2w." placeholder:"AGE"`
	OlderThan Age      `env:"OFFBOARD_RUNS_LIST_OLDER_THAN" help:"Only runs created before it." placeholder:"AGE"`
}

// States are those of a run in the order in which it comes to them.
var States = []journal.State{journal.Planning, journal.Planned, journal.Running, journal.Stopped, journal.Finished, journal.Refused}

// RunInfo is a run at a glance.
type RunInfo struct {
	Plan    batch.Plan
	State   journal.State
	Summary batch.Summary

	Campaign  string        // that it is of, or ""
	TakenBack []report.Undo // see [report.End]
}

// Runs lists runs, the newest first. The user's own journal has none until it is made.
func Runs(ctx context.Context, h *Host, o *RunsOptions) (runs []RunInfo, err error) {
	now := time.Now()
	filter := journal.Filter{Tenant: o.Tenant, NewerThan: o.NewerThan.Before(now), OlderThan: o.OlderThan.Before(now)}
	for _, name := range o.InState {
		if !slices.Contains(States, journal.State(name)) {
			return nil, fmt.Errorf("%w: --in-state: no run is ever %q; the states are %s", ErrUsage, name, Listed(States))
		}
		filter.States = append(filter.States, journal.State(name))
	}
	store, err := h.openJournal(ctx, journal.OpenToRead, true)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	found, err := store.Runs(ctx, filter)
	if err != nil {
		return nil, err
	}
	if len(o.InState) == 0 && o.Tenant == "" {
		waits, err := waitingIn(ctx, store)
		if err != nil {
			return nil, err
		}
		for _, w := range waits {
			h.Say("note     %v; see %s", &notPlanned{w}, h.byEngine("status", w.name))
		}
	}
	every, err := store.Runs(ctx, journal.Filter{})
	if err != nil {
		return nil, err
	}
	undone := map[string]bool{}
	for _, run := range every {
		undone[run.Plan().Undoes] = true
	}
	for _, run := range found {
		sum, err := run.Summary(ctx)
		if errors.Is(err, journal.ErrNoRun) {
			continue // discarded or pruned since
		}
		if err != nil {
			return nil, err
		}
		info := RunInfo{Plan: run.Plan(), State: run.State(), Summary: sum, Campaign: run.Membership().Campaign}
		if undone[info.Plan.Run] {
			if info.TakenBack, err = takenBackFrom(ctx, run); err != nil {
				return nil, err
			}
		}
		runs = append(runs, info)
	}
	return runs, nil
}

// HistoryOptions are those of history.
type HistoryOptions struct {
	User string `arg:"" help:"An object id, a user principal name, or a cell of an input, in capitals or not."`
}

// History gives every line of every run that named the user, those of the newest run
// first.
func History(ctx context.Context, h *Host, o *HistoryOptions) iter.Seq2[*journal.Mention, error] {
	return func(yield func(*journal.Mention, error) bool) {
		if o.User == "" {
			yield(nil, fmt.Errorf("%w: name a user: an object id, a user principal name, or a cell of an input", ErrUsage))
			return
		}
		store, err := h.openJournal(ctx, journal.OpenToRead, true)
		if err != nil {
			yield(nil, err)
			return
		}
		defer store.Close()
		for m, err := range store.Mentions(ctx, o.User) {
			if !yield(&m, err) {
				return
			}
		}
	}
}

// ShowOptions are those of show.
type ShowOptions struct {
	RunName string   `arg:"" optional:"" name:"run|plan" help:"The name of the run or campaign, or an unmistakable beginning of it; or a plan file, of which everybody is shown with what would be written. Default: the latest run."`
	Outcome []string `help:"Show the lines with this outcome, or of a kind: success, neutral, failure, open. Repeatable." placeholder:"NAME"`
	Trusted string   `env:"OFFBOARD_SHOW_TRUSTED" help:"Of a plan file: say which approvals count, by this allowed_signers file." placeholder:"FILE" type:"path"`
}

// Show tells how a run stands now and who works on it, and the lines with an outcome
// that was asked for, of every one; lines is nil when none was. Of a plan file it tells as [ShowPlan].
func Show(ctx context.Context, h *Host, o *ShowOptions, tell func(end report.End, every, lines iter.Seq2[batch.Line, error]) error, plan func(PlanShown, iter.Seq2[batch.Planned, error]) error) error {
	if o.isPlan() {
		return ShowPlan(h, o, plan)
	}
	wanted, err := outcomesOf(o.Outcome)
	if err != nil {
		return err
	}
	if o.Trusted != "" {
		return fmt.Errorf("%w: --trusted is about the approvals of a plan file, and %q is none", ErrUsage, o.RunName)
	}
	return h.oneRun(ctx, journal.OpenToRead, o.RunName, func(run *journal.Run) error {
		end, err := h.endOf(ctx, run)
		if err := errors.Join(err, held(&end, run)); err != nil {
			return err
		}
		end.Report = h.Typed("report", end.Plan.Run)
		if len(wanted) == 0 {
			return tell(end, run.Lines(ctx), nil)
		}
		return tell(end, run.Lines(ctx), only(run.Lines(ctx), func(l *batch.Line) bool { return wanted[l.Record.Outcome] }))
	})
}

// ReportOptions are those of report.
type ReportOptions struct {
	RunName string `arg:"" optional:"" name:"run" help:"The name of the run or campaign, or an unmistakable beginning of it. Default: the latest run."`
	Reporting
}

// Report writes the files of a run again, from the journal alone, signs them if there
// is a key, notes their digest in the journal, and says who works on the run.
func Report(ctx context.Context, h *Host, o *ReportOptions) (end report.End, err error) {
	err = h.oneRun(ctx, journal.Open, o.RunName, func(run *journal.Run) error {
		if h.sign, err = h.openSignKey(o.SignKey); errors.Is(err, batch.ErrStopped) {
			return err
		} else if err != nil {
			return fmt.Errorf("%w: %w", ErrUsage, err)
		}
		if end, err = h.endOf(ctx, run); err == nil {
			err = held(&end, run)
		}
		if err != nil {
			return err
		}
		return h.incomplete(end, h.publish(ctx, &end, run, run.Lines(ctx), o.ReportDir))
	})
	return end, err
}

// oneRun opens the journal for one look at one run.
func (h *Host) oneRun(ctx context.Context, open opener, name string, look func(*journal.Run) error) error {
	store, err := h.openJournal(ctx, open, true)
	if err != nil {
		return err
	}
	defer store.Close()
	run, err := h.findRun(ctx, store, name)
	if err != nil {
		return err
	}
	return look(run)
}

// only are the lines that are wanted, and any error.
func only(lines iter.Seq2[batch.Line, error], wanted func(*batch.Line) bool) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		for l, err := range lines {
			if (err != nil || wanted(&l)) && !yield(l, err) {
				return
			}
		}
	}
}

// kinds are words for several outcomes at once, beside "open". As in every count, what
// is open is a failure, too.
var kinds = map[batch.Kind]string{batch.Success: "success", batch.Neutral: "neutral", batch.Failure: "failure"}

// outcomesOf reads the names of outcomes and kinds.
func outcomesOf(names []string) (map[batch.Outcome]bool, error) {
	wanted := map[batch.Outcome]bool{}
	for _, name := range names {
		known := false
		for _, o := range batch.Outcomes {
			if name == string(o) || name == kinds[o.Kind()] || name == "open" && o.Open() {
				wanted[o], known = true, true
			}
		}
		if !known {
			return nil, fmt.Errorf("%w: --outcome: no user ends %q; the outcomes are %s; success, neutral, failure and open are several at once",
				ErrUsage, name, Listed(batch.Outcomes[:]))
		}
	}
	return wanted, nil
}

// Listed are words, as a sentence lists them.
func Listed[S ~string](names []S) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = string(name)
	}
	return strings.Join(words, ", ")
}
