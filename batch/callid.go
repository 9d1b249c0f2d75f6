package batch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
)

// A call carries an id that is made here, as its client-request-id. Microsoft's support finds
// a call by it that brought no answer, and so no request-id.

// NewCallID makes one: a random GUID.
func NewCallID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

type callIDKey struct{}

// WithCallID gives the call that is made with the context its id.
func WithCallID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, callIDKey{}, id)
}

// CallID is the id of the call that is made with the context; "" is none.
func CallID(ctx context.Context) string {
	id, _ := ctx.Value(callIDKey{}).(string)
	return id
}

// unheard names the call in an error that ends a run, where no answer told what became of it.
func unheard(err error, id string) error {
	if e, ok := errors.AsType[*CallError](err); !ok || e.Status != 0 || fateOf(err) != lost {
		return err
	}
	return fmt.Errorf("%w (%s)", err, ClientRequestID(id))
}

// ClientRequestID is what stands in the place of Graph's request-id for a call that brought
// none; "" without an id.
func ClientRequestID(id string) string {
	if id == "" {
		return ""
	}
	return "client-request-id " + id
}
