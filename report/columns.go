package report

import (
	"strconv"
	"time"

	"offboard/batch"
)

// column is one column of the report, whatever the format. A value that is "" is
// not known, unless the column is always known.
type column struct {
	name  string
	kind  kind
	value func(*batch.Line) string
}

type kind int

const (
	text   kind = iota // of anybody's
	always             // text that is known even when it is empty
	digits
)

// columns is the report. Readers go by name and by place: add at the end.
var columns = [...]column{
	{"line", digits, func(l *batch.Line) string { return strconv.Itoa(l.Row.Line) }},
	{"input", always, func(l *batch.Line) string { return l.Row.Input }},
	{"user_id", text, func(l *batch.Line) string { return l.User.ID }},
	{"user_principal_name", text, func(l *batch.Line) string { return l.User.UPN }},
	{"user_type", text, func(l *batch.Line) string { return l.User.Type }},
	{"outcome", always, func(l *batch.Line) string { return string(l.Record.Outcome) }},
	{"http_status", digits, status},
	{"error_code", text, func(l *batch.Line) string { return l.Record.Code }},
	{"error_message", text, func(l *batch.Line) string { return l.Record.Message }},
	{"attempts", digits, func(l *batch.Line) string { return strconv.Itoa(l.Record.Attempts) }},
	{"throttles", digits, func(l *batch.Line) string { return strconv.Itoa(l.Record.Throttles) }},
	{"sent_at", text, func(l *batch.Line) string { return utc(l.Record.SentAt, millis) }},
	{"settled_at", text, func(l *batch.Line) string { return utc(l.Record.SettledAt, millis) }},
	{"valid_from_before", text, func(l *batch.Line) string { return utc(l.User.Stamp, seconds) }},
	{"valid_from_after", text, func(l *batch.Line) string { return utc(l.Record.After, seconds) }},
	{"request_id", text, func(l *batch.Line) string { return l.Record.RequestID }},
	{"reason", text, reason},
}

// Layouts of times that are in UTC already.
const (
	seconds = "2006-01-02T15:04:05Z"
	millis  = "2006-01-02T15:04:05.000Z"
)

// utc is "" for the zero time.
func utc(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

// status is not known when it is zero.
func status(l *batch.Line) string {
	if l.Record.Status == 0 {
		return ""
	}
	return strconv.Itoa(l.Record.Status)
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
