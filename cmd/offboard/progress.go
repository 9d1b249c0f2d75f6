package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/job"
)

// progress tells where a run stands: one line that redraws itself on a
// terminal, a line every ten seconds elsewhere. It is called from one goroutine.
type progress struct {
	w      io.Writer
	draws  bool
	width  func() int              // of the terminal, in columns
	stage  string                  // what planning is called; "" is planning; of a run what is counted
	total  int                     // writes to send or to verify; planning has none
	left   func(int) time.Duration // the gate's estimate for so many writes
	start  time.Time
	last   time.Time     // when a line was shown
	latest func() string // the line that was not shown yet
	drawn  bool          // a line stands on the terminal, and none below it
	told   batch.Trouble // the wait that people know of; see tellTrouble
	toldAt time.Time     // when they were told
}

// Progress implements [job.Console].
func (c *command) Progress(stage string, total int, left func(int) time.Duration) job.Progress {
	p := &progress{w: c.stderr, draws: c.draws, width: c.width, stage: stage, total: total, left: left}
	if p.draws {
		p.w = c.screen
	}
	return p
}

// How often to tell: often enough to be believed, rarely enough to be read.
const (
	drawEvery  = 200 * time.Millisecond
	printEvery = 10 * time.Second
)

// showWhenDue shows a line when it is time to, and keeps it for the end otherwise.
func (p *progress) showWhenDue(now time.Time, line func() string) {
	every := printEvery
	if p.draws {
		every = drawEvery
	}
	if p.start.IsZero() {
		p.start, p.last = now, now
	}
	p.latest = line
	if now.Sub(p.last) >= every {
		p.last = now
		p.showLatest()
	}
}

// showLatest tells the latest line.
func (p *progress) showLatest() {
	line := p.latest()
	p.latest = nil
	p.write(line, false)
}

// write writes a line, which has a service's words in it. One that stays is not drawn
// over by the next.
func (p *progress) write(line string, stays bool) {
	line = printable(line)
	switch {
	case p.draws && stays:
		fmt.Fprintf(p.w, "\r\x1b[K%s\n", line)
	case p.draws: // cut, since a line that wraps cannot be drawn over
		fmt.Fprintf(p.w, "\r\x1b[K%s", cut(line, p.width()-1))
	default:
		fmt.Fprintln(p.w, line)
	}
	p.drawn = p.draws && !stays
}

// End shows how it ended.
func (p *progress) End() {
	if p.latest != nil {
		p.showLatest()
	}
	if p.drawn {
		fmt.Fprintln(p.w)
		p.drawn = false
	}
}

// Planning tells how far the reading and looking up is.
func (p *progress) Planning(c batch.Count) {
	now := time.Now()
	p.tellTrouble(now, c.Trouble)
	p.showWhenDue(now, func() string {
		s := fmt.Sprintf("%s: %s, %s", cmp.Or(p.stage, "planning"), batch.Plural(c.Rows, "row"), batch.Plural(c.Users, "user"))
		if c.Writes > 0 && c.Writes != c.Users {
			s += counted(c.Writes, "writes")
		}
		s += tally(c.Ended) + counted(c.Waiting, "waiting to be asked again")
		return s + reason(c.Pace) + p.waiting(now, c.Trouble)
	})
}

// Running tells how far the run is: in users, or where these have several writes in writes.
func (p *progress) Running(s batch.Progress) {
	p.tellTrouble(s.Now, s.Trouble)
	p.showWhenDue(s.Now, func() string {
		settled := 0
		for _, n := range s.Counts {
			settled += n
		}
		line := fmt.Sprintf("%s of %s settled", batch.Thousands(settled), strings.TrimSpace(batch.Thousands(p.total)+" "+p.stage))
		line += tally(s.Counts) + counted(s.Proving, "awaiting proof") + counted(s.Waiting, "to be sent again")
		if took := s.Now.Sub(p.start).Seconds(); took >= 1 {
			line += fmt.Sprintf(", %.1f %s/s", float64(s.Accepted)/took, cmp.Or(p.stage, "users"))
		}
		line += reason(s.Pace) + p.waiting(s.Now, s.Trouble)
		if toGo := p.total - settled - s.Proving; toGo > 0 {
			if d := p.left(toGo); d >= time.Second {
				line += ", about " + batch.Span(d) + " left"
			}
		}
		return line
	})
}

// tally lists counts by outcome.
func tally(counts map[batch.Outcome]int) string {
	s := ""
	for _, o := range batch.Outcomes {
		s += counted(counts[o], string(o))
	}
	return s
}

// counted is a count as a part of a line; "" for none.
func counted(n int, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %s %s", batch.Thousands(n), what)
}

// reason is the pace with its reason, as the end of a line.
func reason(p batch.Pace) string {
	switch {
	case p.Reason == "":
		return ""
	case p.PerSecond > 0:
		return fmt.Sprintf(", pace %.4g/s: %s", p.PerSecond, p.Reason)
	}
	return ", " + p.Reason
}

// cut shortens a line to so many runes.
func cut(s string, most int) string {
	r := []rune(s)
	if len(r) <= most || most < 1 {
		return s
	}
	return string(r[:most-1]) + "…"
}
