package report

import (
	"fmt"
	"slices"
	"time"

	"offboard/batch"
)

// The columns that only some plans have: of what the input says, and of what became of
// the account.

// keptPrefix keeps the names of the input's columns apart from ours.
const keptPrefix = "input."

// keptColumn has the cells of a column of the input.
func keptColumn(p batch.Plan, name string) column[batch.Line] {
	place := slices.Index(p.Columns, name)
	return column[batch.Line]{keptPrefix + name, kept, "cell of the input's column of that name: one that a gate looks at, or of --keep", "the cell is, or the line could not be read",
		func(l *batch.Line) string {
			if place < 0 || place >= len(l.Row.Cells) {
				return ""
			}
			return l.Row.Cells[place]
		}}
}

// changesAccounts reports whether a step enables or disables accounts.
func changesAccounts(p batch.Plan) bool {
	return slices.Contains(p.Steps, batch.Disable) || slices.Contains(p.Steps, batch.Enable)
}

// enabledAfterColumn has the account as it was read back.
func enabledAfterColumn(p batch.Plan) column[batch.Line] {
	states := map[string]string{batch.StateEnabled: "yes", batch.StateDisabled: "no"}
	return column[batch.Line]{"account_enabled_after", yesNo, "accountEnabled as read back after the step disable, or enable of an undo", "it was not read back, or nothing was sent", func(l *batch.Line) string {
		for _, w := range l.AllWrites(p.Steps) {
			if w.Target.Step == batch.Disable || w.Target.Step == batch.Enable {
				return states[w.Record.Shown]
			}
		}
		return ""
	}}
}

// afterColumn has hours with one decimal, rounded up, so that no later moment looks like
// an earlier one.
func afterColumn(p batch.Plan) column[batch.Line] {
	return column[batch.Line]{"contained_after", number, "hours from the date of the row (with a day its end, or with --start-of-day its beginning) to the moment at which the directory had shown all urgent steps done; 0.0 is before that date",
		"without --date-column, of users who are not contained, and of those who were so before the run",
		func(l *batch.Line) string {
			after, known := l.ContainedAfter(p)
			if !known {
				return ""
			}
			const tenth = time.Hour / 10
			tenths := (after + tenth - 1) / tenth
			return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
		}}
}

func lateColumn(p batch.Plan) column[batch.Line] {
	words := map[batch.InTime]string{batch.Late: "yes", batch.Timely: "no"}
	return column[batch.Line]{"late", yesNo, "whether the user was contained later than --sla allows, or was not contained when that time was over",
		"without --sla, of rows left alone on purpose, of users who may still be in time, and of those contained at an unknown time before the run",
		func(l *batch.Line) string { return words[l.InTime(p)] }}
}

// lateWords say how many users were contained too late. A dry run contains nobody.
func lateWords(e End) string {
	n := e.Summary.InTime
	if e.Plan.SLA == 0 || e.Dry || e.State == refused {
		return ""
	}
	text := fmt.Sprintf("Late: %s not contained within %s of their date (--sla); %s in time", batch.Plural(n[batch.Late], "user"), batch.Span(e.Plan.SLA), batch.Thousands(n[batch.Timely]))
	if unknown := n[batch.TimeUnknown]; unknown > 0 {
		text += fmt.Sprintf("; of %s nothing can be said (left alone, still in time, or contained before the run)", batch.Thousands(unknown))
	}
	return text + "."
}

// slaMembers is the key of the document that runs with --sla have.
func slaMembers(e End) object {
	n := e.Summary.InTime
	if e.Plan.SLA == 0 {
		return nil
	}
	return object{{"sla", object{{"hours", e.Plan.SLA.Hours()}, {"late", n[batch.Late]}, {"in_time", n[batch.Timely]}, {"unknown", n[batch.TimeUnknown]}}}}
}
