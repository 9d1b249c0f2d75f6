package report

import (
	"maps"
	"slices"

	"offboard/batch"
)

// End is what is said of a run when it ends, and whenever it is looked at
// again: by [Text] to people, by [JSON] to programs.
type End struct {
	Meta
	Summary batch.Summary
	Timing  batch.Timing
	Dir     string   // where the files are; "" when none were written
	Files   []string // paths, as [Write] returns them
	Retry   string   // the command that runs the rows of retry.csv; "" when there is no such file
	Resume  string   // the command that goes on with the run; "" when there is nothing to go on with
	Held    string   // who works on the run now, in words; "" when nobody does
}

// States of a run that the words here depend on.
const (
	planning = "planning" // it has no plan; when nobody works on it any more it never will
	refused  = "refused"  // nobody will go on with it
)

// count counts the lines count a kind. In a dry run not_sent is neutral.
func (e End) count(k batch.Kind) int {
	n := e.Summary.CountOf(k)
	switch {
	case e.Dry && k == batch.Failure:
		n -= e.Summary.Counts[batch.NotSent]
	case e.Dry && k == batch.Neutral:
		n += e.Summary.Counts[batch.NotSent]
	}
	return n
}

// open counts the lines that somebody may still work on.
func (e End) open() int {
	if e.Dry || e.State == refused || e.State == planning {
		return 0
	}
	return e.Summary.Open()
}

// missing is how many rows of the plan the summary does not tell of. It is
// zero unless rows were lost in counting.
func (e End) missing() int { return max(0, e.Plan.Rows-e.Summary.Lines) }

// outcomes is batch.Outcomes, and behind it any other that was counted, so
// that counts always add up.
func (e End) outcomes() []batch.Outcome {
	known := batch.Outcomes[:]
	var other []batch.Outcome
	for _, o := range slices.Sorted(maps.Keys(e.Summary.Counts)) {
		if !slices.Contains(known, o) {
			other = append(other, o)
		}
	}
	return slices.Concat(known, other)
}
