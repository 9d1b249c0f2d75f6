package report

import (
	"fmt"
	"io"
	"iter"
	"time"

	"offboard/batch"
)

// Meta is what a report says of the run as a whole.
type Meta struct {
	Plan    batch.Plan
	State   string    // how the run stands, in a word: "finished", "stopped"
	Written time.Time // when the report was made; zero leaves it out
	Skips   int       // lines of the input that are no rows
}

// Format writes the lines of a run to w. It ends at the first error that the
// lines or w give, and returns it wrapped; what was written until then is no
// report. [Write] keeps such a half from ever standing under its name.
type Format func(w io.Writer, meta Meta, lines iter.Seq2[batch.Line, error]) error

var _, _, _ Format = CSV, JSONL, Retry

// sink is a file in the making. The line that add is given is good only until
// add returns.
type sink interface {
	add(*batch.Line) error
	end() error
}

// pour hands every line to every sink, in one pass. A sink's error is returned
// as it is, since the sink knows its own name.
func pour(lines iter.Seq2[batch.Line, error], sinks ...sink) error {
	var line batch.Line // one for all lines: its address goes to the sinks
	for l, err := range lines {
		if err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		line = l
		for _, s := range sinks {
			if err := s.add(&line); err != nil {
				return err
			}
		}
	}
	for _, s := range sinks {
		if err := s.end(); err != nil {
			return err
		}
	}
	return nil
}
