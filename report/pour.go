package report

import (
	"context"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"

	"offboard/batch"
)

// sink is a file in the making. The line that add is given is the reader's: it
// is not changed, and not kept.
type sink interface {
	add(*batch.Line) error
	end() error
}

// pageLines is how many lines go to the sinks together.
const pageLines = 500

// pour hands every line to every sink, in one pass. Each sink writes in a
// goroutine of its own, since reading takes as long as writing does; no page is
// read before every sink has the one before. A sink's error is returned as it
// is, since the sink knows its own name.
func pour(lines iter.Seq2[batch.Line, error], sinks ...sink) error {
	writers, ctx := errgroup.WithContext(context.Background())
	pages := make([]chan []batch.Line, len(sinks))
	for i, s := range sinks {
		pages[i] = make(chan []batch.Line)
		writers.Go(func() error { return fill(s, pages[i]) })
	}
	readErr := read(ctx, lines, pages)
	if err := writers.Wait(); err != nil {
		return err
	}
	if readErr != nil {
		return readErr
	}
	for _, s := range sinks {
		if err := s.end(); err != nil {
			return err
		}
	}
	return nil
}

// fill writes pages until there are no more, or one cannot be written.
func fill(s sink, pages <-chan []batch.Line) error {
	for page := range pages {
		for i := range page {
			if err := s.add(&page[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// read deals the lines out, and closes the channels also when the iterator
// panics. A context that is done is a writer that has failed, whose error counts.
func read(ctx context.Context, lines iter.Seq2[batch.Line, error], to []chan []batch.Line) error {
	defer func() {
		for _, ch := range to {
			close(ch)
		}
	}()
	page := make([]batch.Line, 0, pageLines)
	deal := func() bool {
		for _, ch := range to {
			select {
			case ch <- page:
			case <-ctx.Done():
				return false
			}
		}
		page = make([]batch.Line, 0, pageLines) // the writers have the other one
		return true
	}
	for l, err := range lines {
		if err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		if page = append(page, l); len(page) == pageLines && !deal() {
			return nil
		}
	}
	deal()
	return nil
}
