package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strings"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/report"
)

type showCmd struct {
	RunName string   `arg:"" optional:"" name:"run" help:"The run's name, or an unmistakable beginning of it. Default: the latest run."`
	Outcome []string `help:"Show the lines with this outcome, or of a kind: success, neutral, failure, open. Repeatable." placeholder:"NAME"`
}

// Run shows what the end block said, as it stands now, and the lines asked for.
func (s showCmd) Run(ctx context.Context, c *command) error {
	wanted, err := outcomesOf(s.Outcome)
	if err != nil {
		return err
	}
	return c.onRun(ctx, c.host.ReadJournal, s.RunName, func(run *journal.Run) error {
		end, err := c.host.Standing(ctx, run)
		if err != nil {
			return err
		}
		if len(wanted) == 0 {
			return c.Ended(end)
		}
		lines := func(yield func(batch.Line, error) bool) {
			for l, err := range run.Lines(ctx) {
				if (err != nil || wanted[l.Record.Outcome]) && !yield(l, err) {
					return
				}
			}
		}
		if c.cli.Output == "json" {
			return report.Selected(c.stdout, end, lines)
		}
		if err := c.Ended(end); err != nil {
			return err
		}
		return c.lines(lines)
	})
}

// onRun opens the journal for one look at one run.
func (c *command) onRun(ctx context.Context, open func(context.Context) (*journal.Store, error), name string, look func(*journal.Run) error) error {
	if err := c.host.FindJournal(); err != nil {
		return err
	}
	store, err := open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	run, err := store.Run(ctx, name)
	if err != nil {
		return err
	}
	return look(run)
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
				job.ErrUsage, name, joined(batch.Outcomes[:]))
		}
	}
	return wanted, nil
}

// joined are names, as a sentence lists them.
func joined[S ~string](names []S) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = string(name)
	}
	return strings.Join(all, ", ")
}

// lines is a table of a report's lines.
func (c *command) lines(rows iter.Seq2[batch.Line, error]) error {
	if _, err := fmt.Fprintln(c.stdout); err != nil {
		return err
	}
	type line = batch.Line
	whole := func(l line) *line { return &l }
	return table(c.stdout, rows, "no line ended so", []column[line]{
		reported("LINE", "line", whole),
		reported("INPUT", "input", whole),
		{"USER", "", func(l line) any { return cmp.Or(l.User.UPN, l.User.ID) }},
		reported("OUTCOME", "outcome", whole),
		reported("HTTP STATUS", "http_status", whole),
		reported("ERROR CODE", "error_code", whole),
		reported("REASON", "reason", whole),
	})
}
