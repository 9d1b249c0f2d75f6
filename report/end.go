package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"offboard/batch"
)

// End is what is said of a run when it ends, and whenever it is looked at again: by
// [Text] to people, by [JSON] to programs, and by [Write] in files.
type End struct {
	Plan       batch.Plan
	PlanSHA256 string    // of the sealed plan, as the journal has it; "" before
	State      string    // how the run stands: "planning", "running", "stopped", "finished", "refused", or "dry run" of a rehearsal
	Reason     string    // why it stands so, in words; may be empty
	Ended      time.Time // when it came to its end, or stopped before it; zero leaves it out
	Written    time.Time // when the report's files were made; zero leaves it out
	Campaign   string    // that the run is of; "" for a run of its own
	TakenBack  []Undo    // that took the run back, the oldest first
	Sessions   []Session // in which the run was carried out, in order of time
	Skips      int       // lines of the input that are no rows
	Dry        bool      // a dry run: a user who is not_sent would be sent by a run
	Summary    batch.Summary
	Vain       batch.Summary // of a dry run: of the lines that would be sent those for which a run would not do everything
	Timing     batch.Timing
	Ceiling    Ceiling  // the quota that the run was paced by, as far as it is known afterwards
	Dir        string   // where the files are; "" when none were written
	Files      []string // their paths
	Told       bool     // what the plan is of was told before: the block on the screen does not repeat it
	Retry      string   // the command that runs the rows of retry.csv, told if there is such a file; of an undo the one that undoes once more
	Report     string   // the command that writes the files, told where there are none of a run that left rows
	Resume     string   // the command that goes on with the run; "" when there is nothing to go on with
	Verify     string   // the command that asks the directory again what came of the run; "" where there is none
	census     *census  // what is known of causes once the files are written; nil before
	Held       string   // who works on the run now, in words; "" when nobody does
}

// Session is one command that carried the run out, or went on with it.
type Session struct {
	Began time.Time
	By    string // who signed in, and who ran the command where, in words
}

// Ceiling is the most that a quota lets through. A zero one is not known.
type Ceiling struct {
	Writes int           // in any window
	Window time.Duration // how long one is
	Origin string        // where it is stated, in words: "documented quota"
}

// Undo is a run that took the one of which an [End] tells back, or a part of it.
type Undo struct {
	Run    string
	Part   string    // of that run, in words; "" is all of it
	Began  time.Time // to write
	State  string    // as [End.State]
	Rows   int       // of the undo
	Failed int       // of them, those that did not end in success and were not left alone on purpose
}

// Words say of a run that it was taken back: "taken back by undo NAME (all of it) on DATE".
func (u Undo) Words() string {
	part := "all of it"
	if u.Part != "" {
		part = "part: " + u.Part
	}
	words := fmt.Sprintf("taken back by undo %s (%s) on %s", u.Run, part, u.Began.UTC().Format(time.RFC3339))
	if u.State != finished {
		words += ", which is " + u.State
	}
	if u.Failed > 0 {
		words += fmt.Sprintf("; NOT DONE for %s of %s", batch.Thousands(u.Failed), batch.Plural(u.Rows, "row"))
	}
	return words
}

// States of a run that the words here depend on.
const (
	planning = "planning" // it has no plan; when nobody works on it any more it never will
	refused  = "refused"  // nobody will go on with it
	finished = "finished" // nobody goes on with it any more
)

// retry is the command that runs the rows of retry.csv, or undoes once more; "" when there is
// no such file, or nothing that an undo may change, and while the run itself goes on, or can be gone on with.
func (e End) retry() string {
	again := e.has(RetryName)
	if e.Plan.Undoes != "" {
		again = !e.Dry && e.count(batch.Failure) > e.Summary.Counts[batch.NotPossible]+e.Summary.Counts[batch.Ineffective]
	}
	if e.Resume != "" || e.Held != "" || !again {
		return ""
	}
	return e.Retry
}

// Next is the command that goes on from the end of a run, or runs again what it left; ""
// when there is none.
func Next(e End) string {
	if e.Resume == "" && e.count(batch.Failure) > 0 {
		return e.retry()
	}
	return e.Resume
}

// has reports whether the report has a file of that name.
func (e End) has(name string) bool {
	return slices.ContainsFunc(e.Files, func(path string) bool { return filepath.Base(path) == name })
}

// count counts the lines of a kind. In a dry run not_sent is neutral, unless a run is known
// not to do everything: then it is the failure that the run would end in.
func (e End) count(k batch.Kind) int {
	n, well := e.Summary.CountOf(k), e.Summary.Counts[batch.NotSent]-e.Vain.Lines
	switch {
	case e.Dry && k == batch.Failure:
		n -= well
	case e.Dry && k == batch.Neutral:
		n += well
	}
	return n
}

// people is the end with every person counted once.
func (e End) people() End {
	e.Summary, e.Vain = e.Summary.People(), e.Vain.People()
	return e
}

// open counts the lines that somebody may still work on.
func (e End) open() int {
	if e.Dry || e.State == refused || e.State == planning || e.over() {
		return 0
	}
	return e.Summary.Open()
}

// over reports whether the run was ended before its end, which has a reason: it was taken
// back, or given up. Nobody goes on with it.
func (e End) over() bool { return e.State == finished && e.Reason != "" }

// cutOff reports whether it was, with rows still open.
func (e End) cutOff() bool { return e.over() && e.Summary.Open() > 0 }

// anew says what to do in the place of a run that never had a plan.
func (e End) anew() string {
	if e.Plan.Terms.Source != "" {
		return "Apply the plan again."
	}
	return "Run the input again."
}

// missing is how many rows of the plan the summary does not tell of. It is
// zero unless rows were lost in counting.
func (e End) missing() int { return max(0, e.Plan.Rows-e.Summary.Lines) }
