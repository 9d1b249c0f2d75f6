package throttle

// riskShare is the part of a run's users that probes may have refused; one
// chunk is allowed in any case. Some probes have more than a chunk under way
// when they fail, and some come when nothing is left; with both it stays about 1 %.
const riskShare = 0.006

// budget is what a run, with all of its apps, may pay for probes.
type budget struct {
	users    int // expected to pass
	accepted int // that have passed, with a 2xx
	spent    int // that probes had refused
}

// remaining is how many users a probe may risk now.
func (b *budget) remaining() int {
	earned := riskShare * float64(max(b.users, b.accepted))
	return max(chunk, int(earned)) - b.spent
}

// billChunks is how many chunks the budget pays at the most for all that were refused
// together, so that one noisy moment does not end all probing.
const billChunks = 3

// charge is what the budget pays of a refusal.
func (l *limit) charge(refused int, newRefusal bool) int {
	if newRefusal {
		l.met.bill = billChunks * chunk
	}
	part := min(l.met.bill, refused)
	l.met.bill -= part
	return part
}
