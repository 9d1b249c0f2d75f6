package report

import (
	"io"
	"iter"
	"time"

	"offboard/batch"
)

// Meta is what a report says of the run as a whole.
type Meta struct {
	Plan    batch.Plan
	State   string    // how the run stands, in a word: "finished", "stopped"
	Reason  string    // why it stands so, in words; may be empty
	Written time.Time // when the report was made; zero leaves it out
	Skips   int       // lines of the input that are no rows
	Dry     bool      // a dry run: whoever is not_sent would be sent by a run
}

// Format writes the lines of a run to w. It ends at the first error that the
// lines or w give, and returns it wrapped; what was written until then is no
// report. [Write] keeps such a half from ever standing under its name.
type Format func(w io.Writer, meta Meta, lines iter.Seq2[batch.Line, error]) error

var _, _, _ Format = CSV, JSONL, Retry
