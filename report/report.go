package report

import (
	"time"

	"offboard/batch"
)

// Meta is what a report says of the run as a whole.
type Meta struct {
	Plan    batch.Plan
	State   string    // how the run stands, in a word: "finished", "stopped"
	Reason  string    // why it stands so, in words; may be empty
	Ended   time.Time // when it came to its end, or stopped before it; zero leaves it out
	Written time.Time // when the report's files were made; zero leaves it out
	Skips   int       // lines of the input that are no rows
	Dry     bool      // a dry run: a user who is not_sent would be sent by a run
}
