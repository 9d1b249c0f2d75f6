package batch

import (
	"errors"
	"fmt"
)

// These errors end a run. A user's failure is a record and never one of them.
var (
	// ErrStopped: asked to stop; what is left can be resumed.
	ErrStopped = errors.New("stopped before the end")
	// ErrDeadline is ErrStopped, for the reason that the run's time was up.
	ErrDeadline = fmt.Errorf("%w: the deadline has passed", ErrStopped)
	// ErrOutage: no user got an answer for as long as the run was willing to wait.
	ErrOutage = errors.New("no answer from Microsoft Graph")
	// ErrSignIn: no token, or tokens that are refused. Wrapped by a Sender's error
	// it is the first, and the call did not leave.
	ErrSignIn = errors.New("sign-in failed")
	// ErrNotGraph: what answers is not Microsoft Graph, and never was in this process.
	ErrNotGraph = errors.New("what answers is not Microsoft Graph")
	// ErrBarred: the proxy of the environment refuses the way to a service.
	ErrBarred = errors.New("the proxy bars the way")
	// ErrPermission: every one of the first calls was refused with 403, or a read
	// that the run cannot do without was, or the token does not name the permission.
	ErrPermission = errors.New("permission missing")
	// ErrNotOffered: every one of the first calls of a run with one write a user was refused
	// alike, and not for a permission.
	ErrNotOffered = errors.New("the action is refused")
)

// These errors, wrapped by a Sender's error, say how far the call got.
var (
	// ErrNotSent: the call did not leave, as when there was no connection. Nothing
	// was done, and another try may go well.
	ErrNotSent = errors.New("call not sent")
	// ErrNoToken is ErrNotSent, for the reason that the sign-in service gave no token, and may later.
	ErrNoToken = fmt.Errorf("%w: sign in", ErrNotSent)
	// ErrUnsendable: the call must never leave, since a user in it cannot be named
	// in a request, or it would go where no token may. Nothing was done.
	ErrUnsendable = errors.New("call must not be sent")
	// ErrUnreadable: the call was answered with a 2xx, and the answer cannot be
	// read. Whether Graph acted is unknown.
	ErrUnreadable = errors.New("the answer cannot be read")
)
