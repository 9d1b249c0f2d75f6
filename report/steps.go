package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
)

// columnsOf are the columns of a plan's report. Where users may have several writes, they
// have one more for each step, with the worst outcome of the user in it; "" is that the
// step had nothing to do. The columns of the input that were kept come last.
func columnsOf(p batch.Plan) []column[batch.Line] {
	all := slices.Clone(columns)
	if several := batch.Several(p.Steps); several && batch.Contains(p.Steps) {
		all = append(all, containedColumn)
	}
	for _, s := range p.Steps {
		if batch.Several(p.Steps) {
			all = append(all, stepColumn(s))
		}
	}
	if changesAccounts(p) {
		all = append(all, enabledAfterColumn(p))
	}
	if p.Dated && batch.Contains(p.Steps) {
		if all = append(all, afterColumn(p)); p.SLA != 0 {
			all = append(all, lateColumn(p))
		}
	}
	for _, name := range p.Keep {
		all = append(all, keptColumn(p, name))
	}
	return all
}

// stepCells are, among the cells of a line, those of the plan's steps.
func stepCells(p batch.Plan, cells []string) []string {
	if !batch.Several(p.Steps) {
		return nil
	}
	first := len(columns)
	if batch.Contains(p.Steps) {
		first++
	}
	return cells[first : first+len(p.Steps)]
}

var containedColumn = column[batch.Line]{"contained", yesNo, "whether the directory showed all urgent steps done (disable, password, revoke, devices)", "", contained}

// stepColumn has the worst outcome of a step.
func stepColumn(s batch.Step) column[batch.Line] {
	return column[batch.Line]{string(s), nested, "outcome of the step " + string(s) + ", the worst where it writes to several things", "the step had nothing to do for the user",
		func(l *batch.Line) string { return stepOutcome(l.Of(s)) }}
}

// contained is a column of runs whose users may have several writes alone.
func contained(l *batch.Line) string {
	if l.Contained(batch.Leaver) {
		return "yes"
	}
	return "no"
}

func stepOutcome(writes []batch.Write) string {
	if len(writes) == 0 {
		return ""
	}
	return string(batch.Worst(writes).Outcome)
}

// stampAfter is the stamp as read back. Of several writes the worst may be of another step.
func stampAfter(l *batch.Line) time.Time {
	for i := range l.Writes {
		if s := l.Writes[i].Target.Step; s == batch.Revoke || s == batch.Invalidate {
			return l.Writes[i].Record.After
		}
	}
	if len(l.Writes) > 0 {
		return time.Time{}
	}
	return l.Record.After
}

// writeColumns are what is told of a write at one thing of a user.
var writeColumns = []column[batch.Write]{
	{"target", text, "object id of the device or group, or SKU of a licence", "it is the user", func(w *batch.Write) string { return w.Target.ID }}, // object id, or SKU of a licence; the user itself has none
	{"name", text, "displayName of the device or group", "it has none", func(w *batch.Write) string { return w.Target.Name }},
	{"kind", text, "what it is: Windows, security group, direct licence and the like", "it is the user", func(w *batch.Write) string { return w.Target.Kind }},
	{"before", text, "what the step was about to change, as planned: a state, or the time of the last password change", "it was not told", func(w *batch.Write) string { return w.Target.Before }},
	{"after", text, "the same, as read back", "it was not read back", func(w *batch.Write) string { return cmp.Or(w.Record.Shown, utc(w.Record.After)) }},
	{"outcome", knownText, "how the write ended", "", func(w *batch.Write) string { return string(w.Record.Outcome) }},
	{"http_status", number, "HTTP status of the reply that decided", "no reply decided", func(w *batch.Write) string { return strings.TrimPrefix(strconv.Itoa(w.Record.Status), "0") }},
	{"error_code", text, "Graph's code for the refusal", "Graph refused nothing", func(w *batch.Write) string { return w.Record.Code }},
	{"error_message", text, "Graph's words for the refusal", "Graph refused nothing", func(w *batch.Write) string { return w.Record.Message }},
	{"attempts", number, "calls that got a reply other than \"throttled\"", "", func(w *batch.Write) string { return strconv.Itoa(w.Record.Attempts) }},
	{"sent_at", moment, "when the last call that carried the write left, by this machine's clock", "nothing was sent", func(w *batch.Write) string { return millis(w.Record.SentAt) }},
	{"settled_at", moment, "when the outcome was known, by this machine's clock", "it is not known yet", func(w *batch.Write) string { return millis(w.Record.SettledAt) }},
	{"request_id", text, "Graph's id of the request that decided, for support; of a call that brought no answer the client-request-id that it carried", "no call decided", func(w *batch.Write) string { return w.Record.RequestID }},
	{"reason", text, "why the write ended so, in words", "there is nothing to say", func(w *batch.Write) string { return w.Record.Reason }},
}

// appendLine appends a line as an object. Where users may have several writes, its last
// key is steps: for each step of the plan its outcome, null where there was nothing to do,
// and its writes.
func appendLine(b []byte, p batch.Plan, columns []column[batch.Line], known []string, l *batch.Line) []byte {
	b = appendJSON(b, columns, known)
	if !batch.Several(p.Steps) {
		return append(b, '}')
	}
	b = append(b, `,"steps":`...)
	sep := byte('[')
	for _, s := range p.Steps {
		of := l.Of(s)
		b = append(append(append(b, sep), `{"step":"`...), s...)
		if b = append(b, `","outcome":`...); len(of) == 0 {
			b = append(b, `null,"targets":[`...)
		} else {
			b = append(append(append(b, '"'), stepOutcome(of)...), `","targets":[`...)
		}
		first := true
		for _, w := range of {
			for _, thing := range w.Things() {
				if !first {
					b = append(b, ',')
				}
				first = false
				b = append(appendJSON(b, writeColumns, cells(nil, writeColumns, &thing)), '}')
			}
		}
		b = append(b, "]}"...)
		sep = ','
	}
	return append(b, "]}"...)
}
