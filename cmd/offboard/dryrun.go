package main

import (
	"context"
	"fmt"
	"iter"

	"offboard/batch"
	"offboard/report"
)

// mostNamed is how many rows a dry run names on the screen.
const mostNamed = 20

// rehearse tells what a run would not do, and why; refusal is why it would be
// refused as a whole, or nil. It reports from the journal as every run does; its
// caller takes the run out of it.
func (p *planned) rehearse(ctx context.Context, refusal error) error {
	end, err := p.endOf(ctx, p.run)
	if err != nil {
		return err
	}
	end.Plan, end.Dry, end.State, end.Resume = p.plan, true, "dry run", ""
	if refusal != nil {
		end.Reason = refusal.Error()
	}
	lines := rehearsed(p.run.Lines(ctx))
	if err := p.write(&end, lines, p.ReportDir); err != nil {
		return err
	}
	if err := report.Seal(&end, p.sign, nil); err != nil {
		return err
	}
	p.say("dry run: nothing was written")
	if err := tellRehearsal(p.command, end, lines); err != nil {
		return err
	}
	if refusal == nil && (end.Summary.CountOf(batch.Failure) > end.Summary.Counts[batch.NotSent] || p.count.External > 0) {
		refusal = errPartial
	}
	return refusal
}

// rehearsed are lines as a dry run tells them: of guests it is known that a run
// would not end in success.
func rehearsed(lines iter.Seq2[batch.Line, error]) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		for l, err := range lines {
			if l.Record.Outcome == batch.NotSent && l.User.External() {
				l.Record.Reason = "a guest: Graph would accept, and revoke nothing; a run ends ineffective here"
			}
			if !yield(l, err) {
				return
			}
		}
	}
}

// unrevoked reports whether a run would not revoke the line's user.
func unrevoked(l *batch.Line) bool {
	return l.Record.Outcome != batch.NotSent || l.User.External()
}

// tellRehearsal names the rows that would not be revoked: as JSON all of them, on
// the screen the first few, those that would not end in success before the others.
func tellRehearsal(c *command, end report.End, lines iter.Seq2[batch.Line, error]) error {
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
