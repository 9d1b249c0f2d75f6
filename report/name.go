package report

import (
	"fmt"
	"iter"

	"offboard/batch"
)

// Name counts causes and their people over the lines of a run, for [Text], as [Write] does on its
// way. Of more than 200,000 lines, or without a failure, it does nothing: Text then names nobody.
func Name(e *End, lines iter.Seq2[batch.Line, error]) error {
	if e.Summary.Lines > mostPeople || e.count(batch.Failure) == 0 {
		return nil
	}
	c := newCensus(e)
	for l, err := range lines {
		if err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		if l.First.Line == 0 {
			c.add(&l, stateOf(e, &l), nil)
		}
	}
	e.census = &c
	return nil
}
