package batch

import (
	"context"
	"time"
)

// Sender writes. One call, at most ChunkSize items, of one step and of as many users.
type Sender interface {
	// Send makes one call. A nil error comes with one reply per item, in the
	// order of items; Status 0 marks an item that the answer left out. An error
	// comes without replies. Whether Graph acted is unknown, unless the call never
	// left (ErrNotSent, ErrUnsendable, ErrSignIn), or it is a *CallError whose
	// Status is 401, 403, 429, or a refusal for good such as 400: then it did not.
	// Send does not retry, and may be called from several goroutines.
	Send(ctx context.Context, items []Item) ([]Reply, error)
}

// Directory looks users up by Key, or those whose ByProperty is true by their
// property. The contract is Sender's; a reply with a 2xx carries the user found
// in Reply.User, its stamp in User.Stamp, or all users found in Reply.Hits.
type Directory interface {
	Lookup(ctx context.Context, users []User) ([]Reply, error)
}

// Prover reads back what the step of each item changes. The contract is Sender's; a reply
// with a 2xx carries Reply.User for steps that are proven by a time, and Reply.Shown for
// those that are proven by a state.
type Prover interface {
	Show(ctx context.Context, items []Item) ([]Reply, error)
}

// Lister lists what the users of a plan have. The contract is Sender's.
type Lister interface {
	// List reads one page of the devices of a user (items of the step Devices) or of the
	// groups that the user is in directly (Groups): the first page, or the one that
	// Item.Target.ID names, which is the Reply.More of the one before. The targets of
	// the replies are all there are; their Step is that of the item.
	List(ctx context.Context, items []Item) ([]Reply, error)
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
