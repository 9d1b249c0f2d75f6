package journal

import (
	"slices"

	"offboard/batch"
)

// numbers lists the rows.
func (c *census) numbers() []int {
	if c.seqs != nil {
		return c.seqs
	}
	seqs := make([]int, c.rows)
	for i := range seqs {
		seqs[i] = i + 1
	}
	return seqs
}

// with lists the users whose record has the outcome.
func (c *census) with(o batch.Outcome) (seqs []int) {
	want := uint8(slices.Index(batch.Outcomes[:], o)) + 1
	for seq, have := range c.outcome {
		if have == want {
			seqs = append(seqs, seq)
		}
	}
	return seqs
}

// pending lists the users without a record, the privileged ones first unless in
// order.
func (c *census) pending(inOrder bool) []int {
	all := c.numbers()
	first, rest := make([]int, 0, len(c.privileged)), make([]int, 0, len(all))
	for _, seq := range all {
		switch {
		case c.outcome[seq] != 0 || c.isDup(seq):
		case !inOrder && c.isPrivileged(seq):
			first = append(first, seq)
		default:
			rest = append(rest, seq)
		}
	}
	return append(first, rest...)
}

// firstLines tells of each user who is named by duplicates the first of their
// lines.
func (c *census) firstLines() map[int]int {
	first := make(map[int]int, len(c.dups))
	for _, d := range c.dups {
		if line, ok := first[d.same]; !ok || d.line < line {
			first[d.same] = d.line
		}
	}
	return first
}

// summary counts the rows by the outcome of the user whom they name.
func (c *census) summary(state State) batch.Summary {
	sent := map[int]bool{} // in a call that is not over
	for _, k := range c.open {
		for _, seq := range k.Seqs {
			sent[seq] = true
		}
	}
	var lines [len(batch.Outcomes)]int
	unsettled, notSent := slices.Index(batch.Outcomes[:], batch.Unsettled), slices.Index(batch.Outcomes[:], batch.NotSent)
	dups := c.dups
	for _, seq := range c.numbers() {
		if len(dups) > 0 && dups[0].seq == seq {
			if !c.orphans[seq] {
				seq = dups[0].same
			}
			dups = dups[1:]
		}
		switch o := c.outcome[seq]; {
		case o != 0:
			lines[o-1]++
		case state == Damaged || sent[seq] || c.tried[seq] == triedInDoubt:
			lines[unsettled]++
		default:
			lines[notSent]++
		}
	}
	sum := batch.Summary{Lines: c.rows, Counts: make(map[batch.Outcome]int, len(batch.Outcomes))}
	for o, n := range lines {
		if n > 0 {
			sum.Counts[batch.Outcomes[o]] = n
		}
	}
	return sum
}
