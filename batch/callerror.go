package batch

import (
	"errors"
	"fmt"
	"time"
)

// CallError is a call that brought no replies. Whether Graph acted is unknown, unless
// fateOf says otherwise: the call never left, or the Status is 401, 403, 429 or one of
// refusedForGood.
type CallError struct {
	Status     int // HTTP status of the call as a whole; 0 when none arrived or the body could not be read
	Code       string
	Message    string
	RequestID  string
	RetryAfter time.Duration
	Date       time.Time
	Scope      string
	Info       string
	Percent    float64
	Err        error
}

// Error says what is known, the cause last.
func (e *CallError) Error() string {
	switch {
	case errors.Is(e.Err, ErrNotGraph):
		return e.Err.Error()
	case e.Status != 0 && e.Code+e.Message == "" && e.Err != nil:
		return fmt.Sprintf("call refused with %v", e.Err)
	case e.Status != 0:
		return "call refused with " + Refusal(e.Status, e.Code, e.Message)
	case errors.Is(e.Err, ErrNotSent), errors.Is(e.Err, ErrUnsendable), errors.Is(e.Err, ErrUnreadable):
		return e.Err.Error()
	}
	return fmt.Sprintf("no answer to the call: %v", e.Err)
}

// Unwrap gives the cause.
func (e *CallError) Unwrap() error { return e.Err }

// ProxyError is trouble with the proxy that the environment names, on the way to a service.
type ProxyError struct {
	Proxy  string // its host and port, without user and password
	Status int    // with which it answered; 0 when it gave no connection
	Err    error  // what happened, and what to do
	First  bool   // nothing has come through in this process: waiting does not mend it
}

// Is takes what a proxy refuses from the first for ErrBarred, and ends what ErrNotGraph ends.
func (e *ProxyError) Is(target error) bool {
	return e.First && (target == ErrBarred || target == ErrNotGraph || target == ErrNotSent)
}

// Error says what happened.
func (e *ProxyError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *ProxyError) Unwrap() error { return e.Err }

// reply is what a failed call says of each of its users. It is never a 2xx:
// only a user's own reply makes a success. A status that would settle the user, such
// as 403 or 404, counts as no answer, since it was said of the call.
func (e *CallError) reply() Reply {
	r := Reply{
		Status: e.Status, Code: e.Code, Message: e.Message, RequestID: e.RequestID,
		RetryAfter: e.RetryAfter, Date: e.Date, Scope: e.Scope,
	}
	if s := e.Status; s != 401 && s != 429 && (s < 500 || e.refusedForGood()) {
		r.Status, r.Code, r.Message = 0, "", e.Error()
	}
	return r
}

// refusedForGood reports whether the same call would be refused again. One user in it
// may be the reason, so such a call is halved.
func (e *CallError) refusedForGood() bool {
	s := e.Status
	return s >= 300 && s < 500 && s != 401 && s != 403 && s != 408 && s != 429 || s == 501 || s == 505
}

// fate is how far a call got that brought no replies.
type fate int

const (
	lost    fate = iota // sent, and whether Graph acted is unknown
	unsent              // it never left
	refused             // answered, and refused as a whole: Graph did nothing
)

// fateOf sorts the errors of a call. What is not known to be otherwise is lost.
func fateOf(err error) fate {
	if errors.Is(err, ErrNotSent) || errors.Is(err, ErrUnsendable) || errors.Is(err, ErrSignIn) {
		return unsent
	}
	e, ok := errors.AsType[*CallError](err)
	if ok && (e.refusedForGood() || e.Status == 401 || e.Status == 403 || e.Status == 429) {
		return refused
	}
	return lost
}
