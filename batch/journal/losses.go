package journal

import (
	"context"
	"fmt"
	"strings"
)

// countParts counts the rows of a run, by table.
func countParts(ctx context.Context, t *tx, run int64) (map[string]int, error) {
	have := map[string]int{}
	for _, part := range parts {
		var n int
		if err := t.row(ctx, "SELECT count(*) FROM "+part.name+" WHERE run = ?", run).Scan(&n); err != nil {
			return nil, err
		}
		have[part.name] = n
	}
	return have, nil
}

// addLost adds a row for each that is missing below the highest number that
// anything tells of, and gives that number.
func addLost(ctx context.Context, t *tx, run int64, known int) (rows int, err error) {
	rows = known
	for _, last := range []string{"max(seq), 0) FROM rows", "max(same), 0) FROM rows", "max(seq), 0) FROM records", "max(seq), 0) FROM trials"} {
		var seq int
		if err := t.row(ctx, "SELECT coalesce("+last+" WHERE run = ?", run).Scan(&seq); err != nil {
			return 0, err
		}
		rows = max(rows, seq)
	}
	there := make([]bool, rows+1)
	if err := each(ctx, t, func(c *cells) error {
		there[c.num()] = true
		return nil
	}, "SELECT seq FROM rows WHERE run = ?", run); err != nil {
		return 0, err
	}
	in := t.into(rowsTable.insert)
	for seq := 1; seq <= rows; seq++ {
		if there[seq] {
			continue
		}
		if err := in.add(ctx, run, int64(seq), int64(0), lostRow, "[]", "", "", nil,
			"", "", "", int64(0), int64(0), int64(0), int64(0)); err != nil {
			return 0, err
		}
	}
	return rows, in.flush(ctx)
}

// lostRow stands where the input's cell was.
const lostRow = "(this row is lost)"

// lost tells in words what is not there any more.
func (b *rebuilder) lost(id int64, have map[string]int, want *tally) string {
	var words []string
	if b.runs[id] == nil {
		words = append(words, "its plan is lost")
	}
	if want == nil {
		words = append(words, "its count of rows is lost, so nobody knows what else")
	}
	for _, part := range parts {
		if n := want.rowsOf(part) - have[part.name]; n > 0 {
			words = append(words, fmt.Sprintf("%d of its %s are lost", n, part.name))
		}
	}
	if len(words) == 0 {
		words = append(words, "its parts contradict each other")
	}
	return strings.Join(words, "; ")
}

// losses counts the rows that are not there any more.
func losses(have map[string]int, want *tally) (n int) {
	for _, part := range parts {
		n += max(0, want.rowsOf(part)-have[part.name])
	}
	return n
}

// rowsOf is how many rows of a table are counted; a lost tally counts none.
func (t *tally) rowsOf(of *table) int {
	switch {
	case t == nil:
		return 0
	case of == recordsTable:
		return t.records()
	}
	return t.of[of.name][0]
}
