package job

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"offboard/batch"
	"offboard/batch/journal"
)

// stream tells the lines of a run as they settle, from a goroutine of its own: a reader
// who is slow, or gone, holds up no write and no report. It keeps numbers of users alone,
// and reads the lines from the journal.
type stream struct {
	run  *journal.Run
	tell func(batch.Plan, *batch.Line) error
	wake chan struct{}
	done chan struct{}     // all is told, or no more can be
	told map[string][]byte // by file, and in it by line, the outcome that was told last: its place in batch.Outcomes, from 1
	gone error             // why no more is told: the reader is gone, or the journal cannot be read

	mu    sync.Mutex // guards what follows
	seqs  []int      // of users with a new record
	ended bool       // no more will come
}

// streaming begins to tell the lines of the run; nil when nobody asked for it.
func (j *job) streaming(ctx context.Context) *stream {
	if j.Stream == nil {
		return nil
	}
	s := &stream{run: j.run, tell: j.Stream, wake: make(chan struct{}, 1), done: make(chan struct{}), told: map[string][]byte{}}
	go s.serve(context.WithoutCancel(ctx))
	return s
}

// journal is where the records of the run go; the stream sees them pass.
func (s *stream) journal(to batch.Journal) batch.Journal {
	if s == nil {
		return to
	}
	return passing{to, s}
}

type passing struct {
	batch.Journal
	stream *stream
}

func (p passing) Write(ctx context.Context, e batch.Entry) error {
	if err := p.Journal.Write(ctx, e); err != nil {
		return err
	}
	seqs := make([]int, 0, len(e.Records))
	for _, r := range e.Records {
		seqs = append(seqs, r.Seq)
	}
	p.stream.add(seqs, false)
	return nil
}

func (s *stream) add(seqs []int, last bool) {
	s.mu.Lock()
	s.seqs, s.ended = append(s.seqs, seqs...), s.ended || last
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// serve tells users who are settled, and at the end every line that is not as it was told.
func (s *stream) serve(ctx context.Context) {
	defer close(s.done)
	for range s.wake {
		s.mu.Lock()
		seqs, last := s.seqs, s.ended
		s.seqs = nil
		s.mu.Unlock()
		slices.Sort(seqs)
		for _, seq := range slices.Compact(seqs) {
			if l, err := s.run.Known(ctx, seq); err == nil && settled(&l, s.run.Plan()) { // what cannot be read comes at the end
				s.line(&l)
			}
		}
		if !last {
			continue
		}
		for l, err := range s.run.Lines(ctx) {
			if err != nil {
				s.gone = fmt.Errorf("standard output has not all lines, since the journal could not be read again: %w; the run itself is not touched by that", err)
				return
			}
			s.line(&l)
		}
		return
	}
}

// settled reports whether nothing more will come of a line in this session.
func settled(l *batch.Line, p batch.Plan) bool {
	for _, w := range l.AllWrites(p.Steps) {
		if o := w.Record.Outcome; o.Open() || o == batch.Unverified {
			return false
		}
	}
	return !l.Record.Outcome.Open()
}

// line tells a line, unless it was told with this outcome.
func (s *stream) line(l *batch.Line) {
	told, at, is := s.told[l.Row.File], l.Row.Line, byte(slices.Index(batch.Outcomes[:], l.Record.Outcome)+1)
	if at >= len(told) {
		told = append(told, make([]byte, at+1000-len(told))...)
		s.told[l.Row.File] = told
	}
	if s.gone != nil || told[at] == is {
		return
	}
	if err := s.tell(s.run.Plan(), l); err != nil {
		s.gone = fmt.Errorf("standard output was not read to its end, and the run went on; the report has all lines: %w", err)
		return
	}
	told[at] = is
}

// end tells the rest, and waits for the reader to take it; the hard stop ends that.
func (s *stream) end(ctx context.Context, j *job) {
	if s == nil {
		return
	}
	s.add(nil, true)
	select {
	case <-s.done:
		if s.gone != nil {
			j.Unread = true // what is there must not look whole
			j.Warn("note     %v", s.gone)
		}
	case <-ctx.Done():
		j.Unread = true
		j.Warn("note     standard output was not read to its end; the report has all lines")
	}
}
