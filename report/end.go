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
	Resume  string   // the command that goes on with the run; "" when there is nothing to go on with
}

// missing is how many rows of the plan the summary does not tell of. It is
// zero unless whoever counted missed some.
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
