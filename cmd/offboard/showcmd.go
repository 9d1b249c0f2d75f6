package main

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"offboard/batch/job"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/report"
)

type showCmd struct {
	RunName string   `arg:"" optional:"" name:"run" help:"The run's name, or an unmistakable beginning of it. Default: the latest run."`
	Outcome []string `help:"Show the lines with this outcome, or of a kind: success, neutral, failure, open. Repeatable." placeholder:"NAME"`
}

// Help ends the command's help.
func (showCmd) Help() string {
	return "The outcomes are " + outcomeNames() + ".\n\n" + noGraph
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
		lines := only(run.Lines(ctx), wanted)
		if c.cli.Output == "json" {
			return report.Selected(c.stdout, end, lines)
		}
		if err := c.Ended(end); err != nil {
			return err
		}
		return showLines(c, lines)
	})
}

// kinds are the words for several outcomes at once. As in every count, what is
// open is a failure, too.
var kinds = map[string]func(batch.Outcome) bool{
	"success": func(o batch.Outcome) bool { return o.Kind() == batch.Success },
	"neutral": func(o batch.Outcome) bool { return o.Kind() == batch.Neutral },
	"failure": func(o batch.Outcome) bool { return o.Kind() == batch.Failure },
	"open":    batch.Outcome.Open,
}

// outcomesOf reads the names of outcomes and kinds.
func outcomesOf(names []string) (map[batch.Outcome]bool, error) {
	wanted := map[batch.Outcome]bool{}
	for _, name := range names {
		of, ok := kinds[name]
		if !ok && !slices.Contains(batch.Outcomes[:], batch.Outcome(name)) {
			return nil, fmt.Errorf("%w: --outcome: no user ends %q; the outcomes are %s; success, neutral, failure and open are several at once",
				job.ErrUsage, name, outcomeNames())
		}
		for _, o := range batch.Outcomes {
			if ok && of(o) || string(o) == name {
				wanted[o] = true
			}
		}
	}
	return wanted, nil
}

func outcomeNames() string {
	var names []string
	for _, o := range batch.Outcomes {
		names = append(names, string(o))
	}
	return strings.Join(names, ", ")
}

// only is the lines with one of the outcomes, and any error.
func only(lines iter.Seq2[batch.Line, error], wanted map[batch.Outcome]bool) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		for l, err := range lines {
			if (err != nil || wanted[l.Record.Outcome]) && !yield(l, err) {
				return
			}
		}
	}
}

// showLines is a table of lines, made as they come.
func showLines(c *command, lines iter.Seq2[batch.Line, error]) error {
	if _, err := fmt.Fprintln(c.stdout); err != nil {
		return err
	}
	t, err := newTable(c.stdout, "LINE", "INPUT", "USER", "OUTCOME", "HTTP STATUS", "ERROR CODE", "REASON")
	if err != nil {
		return err
	}
	for l, err := range lines {
		if err != nil {
			return err
		}
		cells := report.Cells(&l, "line", "input", "user_principal_name", "outcome", "http_status", "error_code", "reason")
		if cells[2] == "" {
			cells[2] = l.User.ID
		}
		if err := t.add(cells...); err != nil {
			return err
		}
	}
	return t.end()
}
