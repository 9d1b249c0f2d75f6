package journal

import (
	"context"
	"database/sql"
	"iter"
	"slices"
)

// pageRows is how many rows a reader holds at a time.
const pageRows = 1000

// scroll tells what there is on the rows that pick names, in their order, page
// by page; what tell does not vouch for is left out.
//
// Between two pages nothing is open: a read transaction held over a whole run
// would keep the write-ahead log from being moved into the file, and let it
// grow without end. The body of the loop may write to the run.
func scroll[T any](ctx context.Context, r *Run, what string, pick func(*census) []int, tell func(*page, int) (T, bool)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var pg page
		var seqs []int
		err := r.survey(ctx, func(c *census) {
			seqs, pg.settled, pg.orphans = pick(c), slices.Clone(c.outcome), c.orphans
		})
		for len(seqs) > 0 && err == nil {
			part := seqs[:ascending(seqs)]
			if err = r.s.view(ctx, func(t *sql.Tx) error {
				if _, _, err := r.tally(ctx, t, nil); err != nil {
					return err // pruned meanwhile: what is left may be less
				}
				return pg.read(ctx, t, r.id, part)
			}); err != nil {
				break
			}
			for _, seq := range part {
				if v, ok := tell(&pg, seq); ok && !yield(v, nil) {
					return
				}
			}
			seqs = seqs[len(part):]
		}
		if err != nil {
			var none T
			yield(none, r.wrap("read "+what+" of", err))
		}
	}
}

// ascending is how many of the seqs, one at least, fill a page in order.
func ascending(seqs []int) int {
	for n := 1; n < min(len(seqs), pageRows); n++ {
		if seqs[n] < seqs[n-1] {
			return n
		}
	}
	return min(len(seqs), pageRows)
}
