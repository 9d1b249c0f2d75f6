package report

import (
	"strconv"
	"strings"
	"time"

	"offboard/batch"
)

// column is one column of a file, whatever the format: of a line, or of a write.
type column[of any] struct {
	name    string
	kind    kind
	meaning string           // for people; see [Dictionary]
	empty   string           // when the cell is empty, for people; "" is never
	value   func(*of) string // "" is not known, unless the kind says otherwise
}

type kind int

const (
	text      kind = iota // it may come from the directory, the input or Graph, and hold anything
	knownText             // text that is known even when it is empty
	number                // decimal digits
	moment                // a time in UTC
	yesNo                 // yes or no
	nested                // JSON Lines has it in an object of its own
	kept                  // text of the input, whose header is the name
)

// columns is the report; steps.go adds those of a plan's steps behind them, and kept.go the
// kept cells. Readers go by name, and of a run with one step also by place: add at the end.
var columns = []column[batch.Line]{
	{"line", number, "line of the file on which the row starts; the first line of the file is 1", "", func(l *batch.Line) string { return strconv.Itoa(l.Row.Line) }},
	{"input", knownText, "the cell that names the user, as written", "the row has no such cell", func(l *batch.Line) string { return l.Row.Input }},
	{"user_id", text, "object id of the user found", "no user was found, or none was looked up and the row has no id", func(l *batch.Line) string { return l.User.ID }},
	{"user_principal_name", text, "user principal name of the user found", "no user was found, or none was looked up and the row has no name", func(l *batch.Line) string { return l.User.UPN }},
	{"user_type", text, "Member, Guest, Internal guest or External member", "no user was found, or none was looked up", func(l *batch.Line) string { return l.User.Type }},
	{"outcome", knownText, "how the row ended, one of the outcomes of `offboard help outcomes`; with several steps the worst of the user", "", func(l *batch.Line) string { return string(l.Record.Outcome) }},
	{"http_status", number, "HTTP status of the reply that decided", "no reply decided", func(l *batch.Line) string { return strings.TrimPrefix(strconv.Itoa(l.Record.Status), "0") }},
	{"error_code", text, "Graph's code for the refusal", "Graph refused nothing", func(l *batch.Line) string { return l.Record.Code }},
	{"error_message", text, "Graph's words for the refusal", "Graph refused nothing", func(l *batch.Line) string { return l.Record.Message }},
	{"attempts", number, "calls that got a reply other than \"throttled\"", "", func(l *batch.Line) string { return strconv.Itoa(l.Record.Attempts) }},
	{"throttles", number, "replies that told to wait", "", func(l *batch.Line) string { return strconv.Itoa(l.Record.Throttles) }},
	{"sent_at", moment, "when the last call that carried the write left, by this machine's clock", "nothing was sent", func(l *batch.Line) string { return millis(l.Record.SentAt) }},
	{"settled_at", moment, "when the outcome was known, by this machine's clock", "it is not known yet", func(l *batch.Line) string { return millis(l.Record.SettledAt) }},
	{"valid_from_before", moment, "signInSessionsValidFromDateTime when planned: older sessions ended before", "it is unset, or was not read", func(l *batch.Line) string { return utc(l.User.Stamp) }},
	{"valid_from_after", moment, "the same property, as read back", "it was not read back", func(l *batch.Line) string { return utc(stampAfter(l)) }},
	{"request_id", text, "Graph's id of the request that decided, for support; of a call that brought no answer the client-request-id that it carried", "no call decided", func(l *batch.Line) string { return l.Record.RequestID }},
	{"reason", text, "why the row ended so, in words", "there is nothing to say", reason},
	{"account_enabled", yesNo, "accountEnabled when planned", "it was not read", accountEnabled},
	{"role", text, "privileged: the user holds a privileged directory role", "the user holds none, or roles were not read", role},
	{"same_as_line", number, "the line that names the same user first", "no line before does", sameAsLine},
	{"file", text, "the file of the line, by its name in the inputs of run.json", "the run has one file alone", func(l *batch.Line) string { return l.Row.File }},
	{"same_as_file", text, "the file of same_as_line", "the run has one file alone, or no line before names the same user", func(l *batch.Line) string { return l.First.File }},
}

func accountEnabled(l *batch.Line) string {
	switch {
	case l.User.Enabled:
		return "yes"
	case l.User.Disabled:
		return "no"
	}
	return ""
}

func role(l *batch.Line) string {
	if l.User.Privileged {
		return "privileged"
	}
	return ""
}

func sameAsLine(l *batch.Line) string {
	if l.First.Line == 0 {
		return ""
	}
	return strconv.Itoa(l.First.Line)
}

// Cell is what a line has in a column, as text; "" is not known, and so is a column that
// the report does not have. Text is exact, control characters included.
func Cell(l *batch.Line, name string) string {
	for _, c := range columns {
		if c.name == name {
			return c.value(l)
		}
	}
	return ""
}

// cells are what a line, or a write, has in every column. They stay in the slice given, if
// it is not nil.
func cells[of any](to []string, columns []column[of], v *of) []string {
	to = to[:0]
	for _, c := range columns {
		to = append(to, c.value(v))
	}
	return to
}

// appendJSON appends cells as an object that is not closed, with the columns as its keys.
// What is not known is null. Text is exact, but for bytes that are no UTF-8, which become
// U+FFFD.
func appendJSON[of any](b []byte, columns []column[of], cells []string) []byte {
	sep := byte('{')
	for i, c := range columns {
		if c.kind == nested {
			continue
		}
		if b = append(b, sep); c.kind == kept {
			b = append(appendQuoted(b, c.name), ':')
		} else {
			b = append(append(append(b, '"'), c.name...), `":`...)
		}
		switch cell := cells[i]; {
		case cell == "" && c.kind != knownText:
			b = append(b, "null"...)
		case c.kind == number:
			b = append(b, cell...)
		case isBare(cell):
			b = append(append(append(b, '"'), cell...), '"')
		default:
			b = appendQuoted(b, cell)
		}
		sep = ','
	}
	return b
}

// utc is a time in UTC and whole seconds; "" for the zero time.
func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// millis is a time in UTC with milliseconds, always three digits, cut and not rounded;
// "" for the zero time.
func millis(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	var buffer [24]byte
	b := t.UTC().AppendFormat(buffer[:0], time.RFC3339) // it is several times as fast as a layout with ".000"
	ms := t.Nanosecond() / 1e6
	return string(append(b[:len(b)-len("Z")], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z'))
}

// reason is the record's reason, behind the line that named the user first.
func reason(l *batch.Line) string {
	if l.First.Line == 0 {
		return l.Record.Reason
	}
	same := "same user as " + l.First.String()
	if l.Record.Reason == "" {
		return same
	}
	return same + "; " + l.Record.Reason
}
