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
// step had nothing to do.
func columnsOf(p batch.Plan) []column[batch.Line] {
	if !batch.Several(p.Steps) {
		return columns
	}
	all := slices.Clone(columns)
	if batch.Contains(p.Steps) {
		all = append(all, column[batch.Line]{"contained", text, contained})
	}
	for _, s := range p.Steps {
		all = append(all, column[batch.Line]{string(s), nested, func(l *batch.Line) string { return stepOutcome(l.Of(s)) }})
	}
	return all
}

func contained(l *batch.Line) string {
	if l.Contained() {
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
	{"target", text, func(w *batch.Write) string { return w.Target.ID }}, // object id, or SKU of a licence; the user itself has none
	{"name", text, func(w *batch.Write) string { return w.Target.Name }},
	{"kind", text, func(w *batch.Write) string { return w.Target.Kind }},
	{"before", text, func(w *batch.Write) string { return w.Target.Before }},
	{"after", text, func(w *batch.Write) string { return cmp.Or(w.Record.Shown, utc(w.Record.After)) }},
	{"outcome", knownText, func(w *batch.Write) string { return string(w.Record.Outcome) }},
	{"http_status", number, func(w *batch.Write) string { return strings.TrimPrefix(strconv.Itoa(w.Record.Status), "0") }},
	{"error_code", text, func(w *batch.Write) string { return w.Record.Code }},
	{"error_message", text, func(w *batch.Write) string { return w.Record.Message }},
	{"attempts", number, func(w *batch.Write) string { return strconv.Itoa(w.Record.Attempts) }},
	{"sent_at", text, func(w *batch.Write) string { return millis(w.Record.SentAt) }},
	{"settled_at", text, func(w *batch.Write) string { return millis(w.Record.SettledAt) }},
	{"request_id", text, func(w *batch.Write) string { return w.Record.RequestID }},
	{"reason", text, func(w *batch.Write) string { return w.Record.Reason }},
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
