package batch

import (
	"errors"
	"fmt"
	"time"
)

// These errors end a run. A user's failure is a record and never one of them.
var (
	// ErrStopped: asked to stop; what is left can be resumed.
	ErrStopped = errors.New("stopped before the end")
	// ErrDeadline is ErrStopped, for the reason that the run's time was up.
	ErrDeadline = fmt.Errorf("%w: the deadline has passed", ErrStopped)
	// ErrOutage: no call got an answer for as long as the run was willing to wait.
	ErrOutage = errors.New("no answer from Microsoft Graph")
	// ErrSignIn: no token, or tokens that are refused.
	ErrSignIn = errors.New("sign-in failed")
	// ErrNotGraph: what answers is not Microsoft Graph, and never was in this process.
	ErrNotGraph = errors.New("what answers is not Microsoft Graph")
	// ErrPermission: every one of the first calls was refused with 403.
	ErrPermission = errors.New("permission missing")
	// ErrNotSent, wrapped by a Sender's error: the call did not leave, nothing was done.
	ErrNotSent = errors.New("call not sent")
)

// CallError is a call that brought no replies. Whether Graph acted is unknown,
// unless the error is ErrNotSent or the Status is a refusal (4xx).
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
	case e.Status == 0:
		return fmt.Sprintf("no answer to the call: %v", e.Err)
	case e.Code != "":
		return fmt.Sprintf("call refused with HTTP %d %s: %s", e.Status, e.Code, e.Message)
	case e.Err != nil:
		return fmt.Sprintf("call refused with %v", e.Err)
	}
	return fmt.Sprintf("call refused with HTTP %d", e.Status)
}

// Unwrap gives the cause.
func (e *CallError) Unwrap() error { return e.Err }

// reply is what a failed call says of each of its users. It is never a 2xx:
// only a user's own reply makes a success. Nor is it a status that would settle
// the user, such as 403 or 404, since it was said of the call: those end the
// run or count as no answer.
func (e *CallError) reply() Reply {
	r := Reply{
		Status: e.Status, Code: e.Code, Message: e.Message, RequestID: e.RequestID,
		RetryAfter: e.RetryAfter, Date: e.Date, Scope: e.Scope,
	}
	if s := e.Status; s != 401 && s != 429 && (s < 500 || e.fatal()) {
		r.Status, r.Code, r.Message = 0, "", e.Error()
	}
	return r
}

// fatal reports whether the refusal speaks of the way we call and not of the
// moment: asking again cannot help.
func (e *CallError) fatal() bool {
	s := e.Status
	return s >= 300 && s < 500 && s != 401 && s != 403 && s != 408 && s != 429 || s == 501 || s == 505
}
