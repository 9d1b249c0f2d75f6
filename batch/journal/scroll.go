package journal

import (
	"context"
	"iter"
	"slices"
)

// pageRows is how many rows a reader holds at a time.
const pageRows = 1000

// scroll reads the answers to a query page by page, each from behind the last
// key of the page before. The query takes the run, that key and a limit; read
// tells the key of its row. More arguments stand between the key and the limit.
//
// Between two pages nothing is open: a read transaction held over a whole run
// would keep the write-ahead log from being moved into the file, and let it
// grow without end. The body of the loop may write to the run.
func scroll[T any](ctx context.Context, r *Run, what, query string, read func(*cells) (int, T, error), args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		page := make([]T, 0, pageRows)
		for last := 0; ; {
			page = page[:0]
			err := r.each(ctx, func(c *cells) error {
				key, v, err := read(c)
				page, last = append(page, v), key
				return err
			}, query, slices.Concat([]any{r.id, int64(last)}, args, []any{int64(pageRows)})...)
			if err != nil {
				var none T
				yield(none, r.wrap("read "+what+" of", err))
				return
			}
			for _, v := range page {
				if !yield(v, nil) {
					return
				}
			}
			if len(page) < pageRows {
				return
			}
		}
	}
}
