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

// pageLines is how many lines go to a sink together.
const pageLines = 500

// pour hands every line to every sink, in one pass. Each sink writes in a goroutine
// of its own, since reading takes as long as writing does; no page is read before
// every sink has the one before.
func pour(lines iter.Seq2[batch.Line, error], to ...sink) error {
	writers, stop := errgroup.WithContext(context.Background())
	var queues []chan []batch.Line
	for _, add := range to {
		queue := make(chan []batch.Line)
		queues = append(queues, queue)
		writers.Go(func() error {
			for page := range queue {
				for i := range page {
					if err := add(&page[i]); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	unread := feed(stop, lines, queues)
	if err := writers.Wait(); err != nil {
		return err
	}
	return unread
}

// feed sends the lines to the queues in pages, and closes the queues also when the
// iterator panics. It ends early when stop is done: a writer has failed then, and pour
// returns that writer's error.
func feed(stop context.Context, lines iter.Seq2[batch.Line, error], queues []chan []batch.Line) error {
	defer func() {
		for _, queue := range queues {
			close(queue)
		}
	}()
	page := make([]batch.Line, 0, pageLines)
	send := func() bool {
		for _, queue := range queues {
			select {
			case queue <- page:
			case <-stop.Done():
			}
		}
		page = make([]batch.Line, 0, pageLines) // the writers have the other one
		return stop.Err() == nil
	}
	for l, err := range lines {
		if err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		if page = append(page, l); len(page) == pageLines && !send() {
			return nil
		}
	}
	send()
	return nil
}
