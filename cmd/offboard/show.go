package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/report"
)

// showCmd shows one run.
type showCmd struct{ job.ShowOptions }

// Run shows what the end block said, as it stands now, and the lines asked for.
func (s *showCmd) Run(ctx context.Context, c *command) error {
	return job.Show(ctx, c.host, &s.ShowOptions, func(end report.End, lines iter.Seq2[batch.Line, error]) error {
		if lines != nil && c.cli.Output == "json" {
			return report.Selected(c.stdout, end, lines)
		}
		if err := c.Ended(end); err != nil || lines == nil {
			return err
		}
		return c.lines(lines)
	})
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
