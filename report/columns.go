package report

import (
	"strconv"
	"time"

	"offboard/batch"
)

// column is one column of the report, whatever the format.
type column struct {
	name  string
	value func(*batch.Line) value
}

// columns is the report. Readers go by name and by place: add at the end.
var columns = [...]column{
	{"line", func(l *batch.Line) value { return number(l.Row.Line) }},
	{"input", func(l *batch.Line) value { return always(l.Row.Input) }},
	{"user_id", func(l *batch.Line) value { return text(l.User.ID) }},
	{"user_principal_name", func(l *batch.Line) value { return text(l.User.UPN) }},
	{"user_type", func(l *batch.Line) value { return text(l.User.Type) }},
	{"outcome", func(l *batch.Line) value { return always(string(l.Record.Outcome)) }},
	{"http_status", func(l *batch.Line) value { return status(l.Record.Status) }},
	{"error_code", func(l *batch.Line) value { return text(l.Record.Code) }},
	{"error_message", func(l *batch.Line) value { return text(l.Record.Message) }},
	{"attempts", func(l *batch.Line) value { return number(l.Record.Attempts) }},
	{"throttles", func(l *batch.Line) value { return number(l.Record.Throttles) }},
	{"sent_at", func(l *batch.Line) value { return moment(l.Record.SentAt, millis) }},
	{"settled_at", func(l *batch.Line) value { return moment(l.Record.SettledAt, millis) }},
	{"valid_from_before", func(l *batch.Line) value { return moment(l.User.Stamp, seconds) }},
	{"valid_from_after", func(l *batch.Line) value { return moment(l.Record.After, seconds) }},
	{"request_id", func(l *batch.Line) value { return text(l.Record.RequestID) }},
	{"reason", func(l *batch.Line) value { return text(reason(l)) }},
}

// Layouts of times that are in UTC already.
const (
	seconds = "2006-01-02T15:04:05Z"
	millis  = "2006-01-02T15:04:05.000Z"
)

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

// value is a cell before a format has written it.
type value struct {
	kind kind
	text string
}

type kind int

const (
	unknown kind = iota
	plain        // text of ours, without quotes or escapes in it: a time
	numeral      // digits
	foreign      // text of anybody's
)

// text is unknown when it is empty.
func text(s string) value {
	if s == "" {
		return value{}
	}
	return value{foreign, s}
}

// always is text that is known even when it is empty.
func always(s string) value { return value{foreign, s} }

// number is known even when it is zero.
func number(n int) value { return value{numeral, strconv.Itoa(n)} }

// status is unknown when it is zero.
func status(n int) value {
	if n == 0 {
		return value{}
	}
	return number(n)
}

// moment is unknown when it is the zero time.
func moment(t time.Time, layout string) value {
	if t.IsZero() {
		return value{}
	}
	return value{plain, t.UTC().Format(layout)}
}
