// Package sendertest is the suite that every batch.Sender must pass: the one that
// speaks to Graph, and those that stand in for it in tests. It holds what the runner
// may rely on, once.
package sendertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"offboard/batch"
)

// Tenant is what a test puts behind its Sender.
type Tenant struct {
	Sender  batch.Sender
	Members []batch.User               // at least batch.ChunkSize users who can be revoked
	Missing batch.User                 // 404
	Denied  batch.User                 // 403
	Writes  func(u batch.User) (n int) // revocations executed
}

// Test runs the suite; tenant gives a new tenant for each part of it.
func Test(t *testing.T, tenant func(t *testing.T) Tenant) {
	t.Run("one reply per user, in order", func(t *testing.T) {
		tn := tenant(t)
		chunk := append([]batch.User{tn.Missing}, tn.Members[:batch.ChunkSize-2]...)
		chunk = append(chunk, tn.Denied)
		replies, err := tn.Sender.Send(t.Context(), batch.Items(batch.Revoke, chunk...))
		if err != nil || len(replies) != len(chunk) {
			t.Fatalf("got %d replies and error %v, want %d", len(replies), err, len(chunk))
		}
		for i, r := range replies {
			want := 200
			switch i {
			case 0:
				want = 404
			case len(chunk) - 1:
				want = 403
			}
			if r.Status != want {
				t.Errorf("user %d: got %d, want %d", i, r.Status, want)
			}
			if r.Date.IsZero() {
				t.Errorf("user %d: no Date, so that nothing can be proved", i)
			}
		}
	})
	t.Run("one call is one write each", func(t *testing.T) {
		tn := tenant(t)
		for round := 1; round <= 3; round++ {
			if _, err := tn.Sender.Send(t.Context(), batch.Items(batch.Revoke, tn.Members[:2]...)); err != nil {
				t.Fatal(err)
			}
			for _, u := range tn.Members[:2] {
				if n := tn.Writes(u); n != round {
					t.Errorf("after %d calls: %d writes", round, n)
				}
			}
		}
		if n := tn.Writes(tn.Members[2]); n != 0 {
			t.Errorf("a user who was not sent was written %d times", n)
		}
	})
	t.Run("a context that has ended", func(t *testing.T) {
		tn := tenant(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("over"))
		replies, err := tn.Sender.Send(ctx, batch.Items(batch.Revoke, tn.Members[:1]...))
		if err == nil || replies != nil {
			t.Errorf("got %v and error %v, want no replies and an error", replies, err)
		}
		if e, ok := errors.AsType[*batch.CallError](err); ok && e.Status != 0 {
			t.Errorf("the error claims an answer with HTTP %d", e.Status)
		}
	})
	t.Run("from several goroutines", func(t *testing.T) {
		tn := tenant(t)
		var wg sync.WaitGroup
		errs := make([]error, batch.ChunkSize)
		for i, u := range tn.Members[:batch.ChunkSize] {
			wg.Go(func() {
				replies, err := tn.Sender.Send(t.Context(), batch.Items(batch.Revoke, u))
				if err == nil && replies[0].Status != 200 {
					err = fmt.Errorf("HTTP %d", replies[0].Status)
				}
				errs[i] = err
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
	})
}
