package batch

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// flakyProver fails the first reads in front of a repeat.
type flakyProver struct {
	*world
	err error
	n   int // how many
}

func (p *flakyProver) Show(ctx context.Context, items []Item) ([]Reply, error) {
	for _, it := range items {
		if l := p.log[it.Mark()]; it.Step == Groups && p.n > 0 && l.unread {
			p.n--
			return nil, &CallError{Err: p.err}
		}
	}
	return p.world.Show(ctx, items)
}

// A read in front of a repeat that fails is read again, and never sent as the write, also
// where the write waits for the second app.
func TestHomeOfReread(t *testing.T) {
	for name, e := range map[string]error{"unsent": ErrNotSent, "unreadable": ErrUnreadable} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 5, faults{}, Disable, Groups)
				w.populate(members(600, 0, 2))
				lose := 20
				one := &worldApp{world: w, name: "one", denies: func(it Item) bool { return it.Step == Groups && it.User.Seq%3 == 0 }}
				two := &worldApp{world: w, name: "two", fails: func(_ time.Time, items []Item) error {
					all := items[0].Step == Groups && lose > 0
					for _, it := range items {
						all = all && it.User.Seq%3 == 0
					}
					if all {
						lose--
						return &CallError{Err: io.EOF}
					}
					return nil
				}}
				r := w.runner(one, two)
				r.Prover, r.Reads = &flakyProver{w, e, 30}, openGate{1}
				if err := r.Run(t.Context()); err != nil {
					t.Error(err)
				}
				w.judge()
				if got := w.outcomes(Groups); got != "1200 verified " {
					t.Error("groups:", got)
				}
			})
		})
	}
}
