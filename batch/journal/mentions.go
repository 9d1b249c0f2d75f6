package journal

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"offboard/batch"
)

// Mention is a line of a run's input that named a user, and what became of it.
type Mention struct {
	Plan  batch.Plan
	State State
	Line  batch.Line
}

// sqlMentions holds a key against every name that a row has: its own cells, and
// those of the row that holds its user. lower knows ASCII alone.
const sqlMentions = `AND $5 IN (lower(r.input), lower(r.given_id), lower(r.given_upn), lower(r.id), lower(r.upn),
	lower(u.input), lower(u.given_id), lower(u.given_upn), lower(u.id), lower(u.upn))`

// Mentions reads every line of every run that named a user: by object id, by
// user principal name, or by the cell of the input, as the file or the directory
// had it, but for the case of ASCII letters. The newest run comes first, and
// its lines in the order of the file. It reads the rows of all runs.
//
// A run that is pruned meanwhile is left out from then on.
func (s *Store) Mentions(ctx context.Context, key string) iter.Seq2[Mention, error] {
	return func(yield func(Mention, error) bool) {
		runs, err := s.find(ctx, sqlNewestFirst)
		if err != nil {
			yield(Mention{}, fmt.Errorf("list runs in %s: %w", s.path, err))
			return
		}
		for _, r := range runs {
			r.checked = true // what is asked here is who it was, and not whether all is there
			for l, err := range r.lines(ctx, "lines", sqlMentions, batch.LowerASCII(key)) {
				if errors.Is(err, ErrNoRun) {
					break
				}
				if !yield(Mention{Plan: r.Plan(), State: r.State(), Line: l.Line}, err) || err != nil {
					return
				}
			}
		}
	}
}
