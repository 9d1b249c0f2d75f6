package throttle

// riskShare is the part of a run's users that probes may have refused; one
// chunk is allowed in any case. Some probes have more than a chunk under way
// when they fail, and some come when nothing is left; with both it stays about 1 %.
const riskShare = 0.006

// budget is what a run, with all of its apps, may pay for probes.
type budget struct {
	users    int // expected to pass
	accepted int // that have passed
	spent    int // that probes had refused
}

// remaining is how many users a probe may risk now.
func (b *budget) remaining() int {
	earned := riskShare * float64(max(b.users, b.accepted))
	return max(Chunk, int(earned)) - b.spent
}

// charge is what the budget pays of a refusal: three chunks for all that were
// under way together, so that one noisy moment does not end all probing.
func (l *limit) charge(refused int, again bool) int {
	if again {
		l.bill = 3 * Chunk
	}
	part := min(l.bill, refused)
	l.bill -= part
	return part
}
