package journal

import (
	"context"
	"database/sql"
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

// selectMentions holds a key against every name that a row has: its own cells,
// and those of the row that holds its user. lower knows ASCII alone.
const selectMentions = `WITH named AS (SELECT seq FROM rows WHERE run = ?1 AND ?2 IN (
		lower(input), lower(given_id), lower(given_upn), lower(id), lower(upn)))
	SELECT seq FROM named UNION SELECT seq FROM rows WHERE run = ?1 AND same IN (SELECT seq FROM named)
	ORDER BY seq`

// History reads every line of every run that named a user: by object id, by
// user principal name, or by the cell of the input, as the file or the directory
// had it, but for the case of ASCII letters. The newest run comes first, and
// its lines in the order of the file. It reads the rows of all runs.
//
// A run that is pruned meanwhile is left out from then on.
func (s *Store) History(ctx context.Context, key string) iter.Seq2[Mention, error] {
	return func(yield func(Mention, error) bool) {
		cond, args := where(nil)
		runs, err := s.find(ctx, cond+"ORDER BY id DESC", args...)
		if key == same {
			return // nobody is called what stands for a name
		}
		if err != nil {
			yield(Mention{}, fmt.Errorf("list runs in %s: %w", s.path, err))
			return
		}
		for _, r := range runs {
			m := Mention{Plan: r.Plan(), State: r.State()}
			for m.Line, err = range r.mentions(ctx, batch.LowerASCII(key)) {
				if errors.Is(err, ErrNoRun) {
					break
				}
				if !yield(m, err) || err != nil {
					return
				}
			}
		}
	}
}

// mentions reads the lines of one run that named the user. A run that did not is
// not looked into any further.
func (r *Run) mentions(ctx context.Context, key string) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		var seqs []int
		err := r.s.view(ctx, func(t *sql.Tx) error {
			return each(ctx, t, func(c *cells) error {
				seqs = append(seqs, c.num())
				return nil
			}, selectMentions, r.id, key)
		})
		if err != nil {
			yield(batch.Line{}, r.wrap("look for a user in", err))
			return
		}
		if len(seqs) == 0 {
			return
		}
		r.lines(ctx, "lines", func(*census) []int { return seqs }, nil)(yield)
	}
}
