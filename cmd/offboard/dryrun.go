package main

import (
	"fmt"
	"iter"

	"offboard/batch"
	"offboard/report"
)

// mostNamed is how many rows a dry run names on the screen.
const mostNamed = 20

// unrevoked reports whether a run would not revoke the line's user.
func unrevoked(l *batch.Line) bool {
	return l.Record.Outcome != batch.NotSent || l.User.External()
}

// Rehearsed implements [job.Console]. It names the rows that would not be revoked: as
// JSON all of them, on the screen the first few, those that would not end in success
// before the others.
func (c *command) Rehearsed(end report.End, lines iter.Seq2[batch.Line, error]) error {
	c.Say("dry run: nothing was written")
	if c.cli.Output == "json" {
		return report.Selected(c.stdout, end, func(yield func(batch.Line, error) bool) {
			for l, err := range lines {
				if (err != nil || unrevoked(&l)) && !yield(l, err) {
					return
				}
			}
		})
	}
	var failing, others []batch.Line
	more := 0
	for l, err := range lines {
		switch {
		case err != nil:
			return err
		case !unrevoked(&l):
			continue
		case l.Record.Outcome.Kind() == batch.Failure && len(failing) < mostNamed:
			failing = append(failing, l)
		case l.Record.Outcome.Kind() != batch.Failure && len(others) < mostNamed:
			others = append(others, l)
		default:
			more++
		}
	}
	named := append(failing, others...)
	if n := len(named) - mostNamed; n > 0 {
		named, more = named[:mostNamed], more+n
	}
	if len(named) > 0 {
		fmt.Fprintln(c.stdout, "A run would not revoke:")
		if err := showLines(c, func(yield func(batch.Line, error) bool) {
			for _, l := range named {
				if !yield(l, nil) {
					return
				}
			}
		}); err != nil {
			return err
		}
		if more > 0 {
			fmt.Fprintf(c.stdout, "and %s more; report.csv has all of them\n", batch.Thousands(more))
		}
		fmt.Fprintln(c.stdout)
	}
	return report.Text(c.stdout, end)
}
