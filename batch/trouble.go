package batch

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Trouble is a wait for a service that does not answer, so that no wait is
// silent. The zero Trouble is none.
type Trouble struct {
	What  string    // what is waited for: "answers to revoke calls", or what an Asker asks for
	Since time.Time // when the first call left that got no good answer, or was held back by the gate
	Tries int       // calls that failed since
	Err   error     // of the last of them, or why none has left yet; nil while the first is under way
	Next  time.Time // when the next call tries whether it answers; zero while calls are under way
	Until time.Time // when the run gives up; zero when it waits for ever
	Said  string    // of users who wait to go again, the kind of call and what the last of them got; "" when none waits
}

// Any reports whether a service does not answer. Users may wait all the same: see Said.
func (t Trouble) Any() bool { return !t.Since.IsZero() }

// Cause is what the last call that failed got, on one line: of an error of the system its
// own words, such as "connection refused"; "no answer yet" before the first failed.
func (t Trouble) Cause() string {
	if t.Err == nil {
		return "no answer yet"
	}
	if no, ok := errors.AsType[syscall.Errno](t.Err); ok {
		return no.Error()
	}
	if call, ok := errors.AsType[*url.Error](t.Err); ok { // its address is that of every call
		if errors.Is(call, io.EOF) {
			return "the connection was closed"
		}
		return Bare(call.Err.Error())
	}
	return Bare(t.Err.Error())
}

// Bare is what an error of a call says on one line, without the words around it.
func Bare(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	for _, around := range []string{"no answer to the call: ", ErrNotSent.Error() + ": "} {
		s = strings.TrimPrefix(s, around)
	}
	return s
}

// slow is how long calls may be under way without any answer before that is told.
const slow = 3 * time.Second

// trouble says what the lane waits for.
func (l *lane) trouble(now time.Time) Trouble {
	if !l.busy() {
		return Trouble{}
	}
	t := Trouble{What: "answers to " + l.name + " calls", Since: l.outage.since, Tries: l.outage.calls, Err: l.outage.err}
	if l.outage.calls >= downAfter && l.under == 0 {
		t.Next = l.outage.probeAt
	}
	if l.outage.calls == 0 && l.under > 0 && now.Sub(l.quiet) >= slow {
		t.Since = l.quiet
	}
	return t
}

// waits reports whether users wait for another call, or for a verdict on all.
func (l *lane) waits() bool {
	return l.queue.waitingCount()+l.handed.waitingCount()+len(l.probation.held) > 0
}

// trouble is the longest one of all lanes.
func (l *loop) trouble(now time.Time) Trouble {
	var worst Trouble
	for _, ln := range l.lanes {
		if t := ln.trouble(now); t.Any() && (!worst.Any() || t.Since.Before(worst.Since)) {
			worst = t
		}
	}
	if worst.Any() && l.outage > 0 {
		worst.Until = worst.Since.Add(l.outage)
	}
	for _, ln := range l.lanes {
		if ln.said != "" && ln.waits() {
			worst.Said = ln.name + ": " + ln.said
			break
		}
	}
	return worst
}
