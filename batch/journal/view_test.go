package journal

import (
	"context"
	"fmt"
	"testing"

	"offboard/batch"
)

// TestViewOfLines holds that the view "lines" tells of the runs that it can tell of, and of
// no other: of a run with several writes a user it would say not_sent of everybody.
func TestViewOfLines(t *testing.T) {
	s := openNew(t)
	n := 0
	for _, step := range append(batch.InOrder(batch.Leaver), batch.Invalidate, batch.Enable, batch.EnableDevices, batch.JoinGroups, batch.AddLicences) {
		for _, steps := range [][]batch.Step{{step}, {step, batch.Licences}} {
			steps = batch.InOrder(steps)
			n++
			r := create(t, s, batch.Plan{Run: fmt.Sprint("run-", n), Steps: steps})
			fill(t, r, 3)
			want := 3
			if batch.Several(steps) {
				want = 0
			}
			var lines int
			must(t, s.read(context.Background(), func(x *tx) (err error) {
				lines, err = number(x, "SELECT count(*) FROM lines WHERE run = $1", r.Plan().Run)
				return err
			}))
			if lines != want {
				t.Errorf("steps %v: the view has %d lines, want %d", steps, lines, want)
			}
		}
	}
}
