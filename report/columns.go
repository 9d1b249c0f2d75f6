package report

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
)

// column is one column of a file, whatever the format: of a line, or of a write.
type column[of any] struct {
	name  string
	kind  kind
	value func(*of) string // "" is not known, unless the kind says otherwise
}

type kind int

const (
	text      kind = iota // it may come from the directory, the input or Graph, and hold anything
	knownText             // text that is known even when it is empty
	number                // decimal digits
	nested                // JSON Lines has it in an object of its own
)

// columns is the report; steps.go adds those of a plan's steps. Readers go by name and by
// place: add at the end.
var columns = []column[batch.Line]{
	{"line", number, func(l *batch.Line) string { return strconv.Itoa(l.Row.Line) }},
	{"input", knownText, func(l *batch.Line) string { return l.Row.Input }},
	{"user_id", text, func(l *batch.Line) string { return l.User.ID }},
	{"user_principal_name", text, func(l *batch.Line) string { return l.User.UPN }},
	{"user_type", text, func(l *batch.Line) string { return l.User.Type }},
	{"outcome", knownText, func(l *batch.Line) string { return string(l.Record.Outcome) }},
	{"http_status", number, func(l *batch.Line) string { return strings.TrimPrefix(strconv.Itoa(l.Record.Status), "0") }},
	{"error_code", text, func(l *batch.Line) string { return l.Record.Code }},
	{"error_message", text, func(l *batch.Line) string { return l.Record.Message }},
	{"attempts", number, func(l *batch.Line) string { return strconv.Itoa(l.Record.Attempts) }},
	{"throttles", number, func(l *batch.Line) string { return strconv.Itoa(l.Record.Throttles) }},
	{"sent_at", text, func(l *batch.Line) string { return millis(l.Record.SentAt) }},
	{"settled_at", text, func(l *batch.Line) string { return millis(l.Record.SettledAt) }},
	{"valid_from_before", text, func(l *batch.Line) string { return utc(l.User.Stamp) }},
	{"valid_from_after", text, func(l *batch.Line) string { return utc(stampAfter(l)) }},
	{"request_id", text, func(l *batch.Line) string { return l.Record.RequestID }},
	{"reason", text, reason},
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
		b = append(append(append(b, sep, '"'), c.name...), `":`...)
		switch cell := cells[i]; {
		case cell == "" && c.kind != knownText:
			b = append(b, "null"...)
		case c.kind == number:
			b = append(b, cell...)
		case isBare(cell):
			b = append(append(append(b, '"'), cell...), '"')
		default:
			quoted, err := json.Marshal(cell)
			if err != nil {
				panic(err) // a string always has a JSON form
			}
			b = append(b, quoted...)
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
	if l.First == 0 {
		return l.Record.Reason
	}
	same := "same user as line " + strconv.Itoa(l.First)
	if l.Record.Reason == "" {
		return same
	}
	return same + "; " + l.Record.Reason
}
