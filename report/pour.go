package report

import (
	"bufio"
	"context"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"

	"offboard/batch"
)

// sink writes one line to a file. The line is the reader's: it is not changed, and
// not kept.
type sink func(*batch.Line) error

// sinks makes the sink of each file that has lines.
var sinks = map[string]func(w *bufio.Writer, p batch.Plan) sink{
	csvName:   csvSink,
	jsonlName: jsonlSink,
	retryName: retrySink,
}

// pour hands every line to every sink, in one pass. The sinks write in a goroutine
// of their own, since reading takes as long as writing does.
func pour(lines iter.Seq2[batch.Line, error], to ...sink) error {
	writer, failed := errgroup.WithContext(context.Background())
	queue := make(chan batch.Line, 1000)
	writer.Go(func() error {
		var l batch.Line
		for l = range queue {
			for _, add := range to {
				if err := add(&l); err != nil {
					return err
				}
			}
		}
		return nil
	})
	unread := func() error {
		defer close(queue) // also when the iterator panics
		for l, err := range lines {
			if err != nil {
				return fmt.Errorf("read record: %w", err)
			}
			select {
			case queue <- l:
			case <-failed.Done():
				return nil // the writer's error counts
			}
		}
		return nil
	}()
	if err := writer.Wait(); err != nil {
		return err
	}
	return unread
}
