package report

import (
	"strconv"
	"time"

	"offboard/batch"
)

// column is one column of the report, whatever the format. A value that is empty is
// not known, unless the column is always known.
type column struct {
	name  string
	kind  kind
	value func(b []byte, l *batch.Line) []byte // appends the value to b
}

type kind int

const (
	number    kind = iota // decimal digits
	timestamp             // RFC 3339
	freeText              // from the directory, the input or Graph: it may hold anything
	knownText             // free text that is known even when it is empty
)

// columns is the report. Readers go by name and by place: add at the end.
var columns = [...]column{
	{"line", number, func(b []byte, l *batch.Line) []byte { return strconv.AppendInt(b, int64(l.Row.Line), 10) }},
	{"input", knownText, func(b []byte, l *batch.Line) []byte { return append(b, l.Row.Input...) }},
	{"user_id", freeText, func(b []byte, l *batch.Line) []byte { return append(b, l.User.ID...) }},
	{"user_principal_name", freeText, func(b []byte, l *batch.Line) []byte { return append(b, l.User.UPN...) }},
	{"user_type", freeText, func(b []byte, l *batch.Line) []byte { return append(b, l.User.Type...) }},
	{"outcome", knownText, func(b []byte, l *batch.Line) []byte { return append(b, l.Record.Outcome...) }},
	{"http_status", number, status},
	{"error_code", freeText, func(b []byte, l *batch.Line) []byte { return append(b, l.Record.Code...) }},
	{"error_message", freeText, func(b []byte, l *batch.Line) []byte { return append(b, l.Record.Message...) }},
	{"attempts", number, func(b []byte, l *batch.Line) []byte { return strconv.AppendInt(b, int64(l.Record.Attempts), 10) }},
	{"throttles", number, func(b []byte, l *batch.Line) []byte { return strconv.AppendInt(b, int64(l.Record.Throttles), 10) }},
	{"sent_at", timestamp, func(b []byte, l *batch.Line) []byte { return appendMillis(b, l.Record.SentAt) }},
	{"settled_at", timestamp, func(b []byte, l *batch.Line) []byte { return appendMillis(b, l.Record.SettledAt) }},
	{"valid_from_before", timestamp, func(b []byte, l *batch.Line) []byte { return appendSeconds(b, l.User.Stamp) }},
	{"valid_from_after", timestamp, func(b []byte, l *batch.Line) []byte { return appendSeconds(b, l.Record.After) }},
	{"request_id", freeText, func(b []byte, l *batch.Line) []byte { return append(b, l.Record.RequestID...) }},
	{"reason", freeText, reason},
}

// Cells are what a line has in the columns named, as text; "" is not known.
// Text is exact, control characters included. A column that the report does
// not have is not known either.
func Cells(l *batch.Line, names ...string) []string {
	cells := make([]string, len(names))
	for i, name := range names {
		for _, c := range columns {
			if c.name == name {
				cells[i] = string(c.value(nil, l))
			}
		}
	}
	return cells
}

// appendSeconds appends a time in UTC and whole seconds, and nothing for the zero time.
func appendSeconds(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return t.UTC().AppendFormat(b, time.RFC3339)
}

// appendMillis does so with milliseconds, always three digits, cut and not rounded.
func appendMillis(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b = appendSeconds(b, t) // time.RFC3339 is several times as fast as a layout with ".000"
	ms := t.Nanosecond() / 1e6
	return append(b[:len(b)-len("Z")], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
}

// utc is a time in whole seconds, as in the columns; "" for the zero time.
func utc(t time.Time) string { return string(appendSeconds(nil, t)) }

// status is not known when it is zero.
func status(b []byte, l *batch.Line) []byte {
	if l.Record.Status == 0 {
		return b
	}
	return strconv.AppendInt(b, int64(l.Record.Status), 10)
}

// reason is the record's reason, behind the line that named the user first.
func reason(b []byte, l *batch.Line) []byte {
	if l.First != 0 {
		b = append(b, "same user as line "...)
		b = strconv.AppendInt(b, int64(l.First), 10)
		if l.Record.Reason != "" {
			b = append(b, "; "...)
		}
	}
	return append(b, l.Record.Reason...)
}
