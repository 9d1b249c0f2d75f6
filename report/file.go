package report

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"iter"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"offboard/batch"
	"offboard/batch/durable"
)

// file is a file with lines in the making.
type file struct {
	format
	draft *durable.Draft
	sum   hash.Hash
	out   *bufio.Writer // to the draft and the sum
}

func begin(dir string, what format) (*file, error) {
	draft, err := durable.Begin(filepath.Join(dir, what.name))
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	return &file{what, draft, sum, bufio.NewWriterSize(io.MultiWriter(draft, sum), 64<<10)}, nil
}

// finish makes the whole content durable.
func (f *file) finish() error {
	if err := f.out.Flush(); err != nil {
		return err
	}
	return f.draft.Finish()
}

// publish gives the file its name, and gives its line in report.sha256; "" of a file that
// is left out, as it has none of the lines.
func (f *file) publish() (listed string, err error) {
	listed = fmt.Sprintf("%x  %s\n", f.sum.Sum(nil), f.name)
	if f.some && listed == fmt.Sprintf("%x  %s\n", sha256.Sum256(nil), f.name) {
		return "", nil
	}
	return listed, f.draft.Publish(true)
}

// pageLines is how many lines are handed over together.
const pageLines = 500

// pour hands every line to every sink, in one pass. The sinks write in a goroutine of
// their own, since reading takes as long as writing does; no page is read before the one
// before is taken.
func pour(p batch.Plan, lines iter.Seq2[batch.Line, error], to ...sink) error {
	columns := columnsOf(p)
	writer, stop := errgroup.WithContext(context.Background())
	pages := make(chan []batch.Line)
	writer.Go(func() error {
		var known []string
		for page := range pages {
			for i := range page {
				known = cells(known, columns, &page[i])
				for _, add := range to {
					if err := add(&page[i], known); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	unread := feed(stop, lines, pages)
	if err := writer.Wait(); err != nil {
		return err
	}
	return unread
}

// feed sends the lines in pages, and closes pages also when the iterator panics. It ends
// early when stop is done: the writer has failed then, and pour returns its error.
func feed(stop context.Context, lines iter.Seq2[batch.Line, error], pages chan<- []batch.Line) error {
	defer close(pages)
	page := make([]batch.Line, 0, pageLines)
	send := func() bool {
		select {
		case pages <- page:
			page = make([]batch.Line, 0, pageLines) // the writer has the other one
			return true
		case <-stop.Done():
			return false
		}
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
