package journal

import (
	"context"
	"fmt"

	"offboard/batch"
)

// Known reads the user of that Seq, with all writes. It is read without the check of the
// file.
func (r *Run) Known(ctx context.Context, seq int) (batch.Line, error) {
	var page []line
	err := r.read(ctx, func(t *tx) (err error) {
		page, err = r.page(t, nil, nil, "AND r.same = 0 AND r.seq = $5", r.step(), r.id, seq-1, 1, seq)
		return err
	})
	if err == nil && len(page) == 0 {
		err = fmt.Errorf("%w: it has no user %d", ErrPlan, seq)
	}
	if err != nil {
		return batch.Line{}, r.wrap("read a user of", err)
	}
	return page[0].Line, nil
}

// Shared reads the targets of a step that several users have, each with the Seqs of these.
func (r *Run) Shared(ctx context.Context, s batch.Step) (map[string][]int, error) {
	type has struct {
		target string
		seq    int
	}
	all, err := ask(ctx, r, "read targets of", func(h *has) []any { return []any{&h.target, &h.seq} },
		`SELECT target, seq FROM targets WHERE run = $1 AND step = $2 AND target IN
		(SELECT target FROM targets WHERE run = $1 AND step = $2 AND target <> '' GROUP BY target HAVING count(*) > 1) ORDER BY target, seq`, s)
	if err != nil {
		return nil, err
	}
	shared := map[string][]int{}
	for _, h := range all {
		shared[h.target] = append(shared[h.target], h.seq)
	}
	return shared, nil
}
