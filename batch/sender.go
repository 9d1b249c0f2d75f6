package batch

import (
	"context"
	"time"
)

// Sender revokes. One call, at most ChunkSize users.
type Sender interface {
	// Send makes one call. A nil error comes with one reply per user, in the
	// order of users; Status 0 marks a user whom the answer left out. An error
	// comes without replies. Whether Graph acted is unknown, unless the call never
	// left (ErrNotSent, ErrUnsendable, ErrSignIn), or it is a *CallError whose
	// Status is 401, 403, 429, or a refusal for good such as 400: then it did not.
	// Send does not retry, and may be called from several goroutines.
	Send(ctx context.Context, users []User) ([]Reply, error)
}

// Directory looks users up by Key, or those whose ByProperty is true by their
// property. The contract is Sender's; a reply with a 2xx carries the user found
// in Reply.User, its stamp in User.Stamp, or all users found in Reply.Hits.
type Directory interface {
	Lookup(ctx context.Context, users []User) ([]Reply, error)
}

// The least permissions that do the job (Microsoft Graph permissions reference).
const (
	NeedsWrite = "User.RevokeSessions.All"
	NeedsRead  = "User.Read.All"
)

// LongestCall is how long a call is waited for. It is far above what one takes: Graph
// streams batch answers, and one slow item stretches the whole call (20 s are on
// record).
const LongestCall = 150 * time.Second
