package journal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

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
const selectMentions = selectLines + `AND ? IN (
		lower(r.input), lower(r.given_id), lower(r.given_upn), lower(r.id), lower(r.upn),
		lower(u.id), lower(u.upn), lower(u.input))
	ORDER BY r.seq LIMIT ?`

// History reads every line of every run that named a user: by object id, by
// user principal name, or by the cell of the input, as the file or the directory
// had it, but for the case of ASCII letters. The newest run comes first, and
// its lines in the order of the file. It reads the rows of all runs.
//
// A run that is pruned meanwhile is left out from then on.
func (s *Store) History(ctx context.Context, key string) iter.Seq2[Mention, error] {
	return func(yield func(Mention, error) bool) {
		cond, args := where(nil)
		runs, err := s.find(ctx, selectRuns+cond+"ORDER BY id DESC", args...)
		if err != nil {
			yield(Mention{}, fmt.Errorf("list runs in %s: %w", s.path, err))
			return
		}
		for _, r := range runs {
			m := Mention{Plan: r.Plan(), State: r.State()}
			for m.Line, err = range scroll(ctx, r, "lines", selectMentions, readLine, lowerASCII(key)) {
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

func lowerASCII(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}, s)
}
