package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/job"
)

// progress tells where a run stands: a block that redraws itself on a terminal, and
// elsewhere a line now and then. It is called from one goroutine.
type progress struct {
	w       io.Writer
	screen  *screen                 // where it draws; nil where lines are printed
	colours bool                    // the screen may show some
	stop    <-chan struct{}         // closed when no new call may be made
	stage   string                  // what planning is called; "" is planning; of a run what is counted
	total   int                     // writes to send or to verify; planning has none
	left    func(int) time.Duration // the gate's estimate for so many writes
	start   time.Time
	last    time.Time     // when a line was shown
	latest  func() view   // what was not shown yet
	shown   bool          // some line was
	told    batch.Trouble // the wait that people know of; see tellTrouble
	toldAt  time.Time     // when they were told
}

// Progress implements [job.Console].
func (c *command) Progress(stage string, total int, left func(int) time.Duration) job.Progress {
	if c.cli.Quiet {
		return silent{}
	}
	p := &progress{w: c.stderr, stop: c.stop, stage: stage, total: total, left: left}
	if c.moves {
		p.screen, p.colours = c.screen, c.getenv("NO_COLOR") == ""
	}
	return p
}

// silent tells nothing.
type silent struct{}

func (silent) Planning(batch.Count)   {}
func (silent) Running(batch.Progress) {}
func (silent) Waits(batch.Trouble)    {}
func (silent) End()                   {}

// How often to tell: often enough to be believed, rarely enough to be read. Lines come
// at longer intervals the longer it takes: a night fits a page.
const (
	drawEvery  = 200 * time.Millisecond
	printEvery = 10 * time.Second
	printMost  = 10 * time.Minute
)

// every is how long after the last line the next is due.
func (p *progress) every() time.Duration {
	if p.screen != nil {
		return drawEvery
	}
	return min(max(printEvery, p.last.Sub(p.start)/10), printMost)
}

// showWhenDue shows where it stands when it is time to, and keeps it for the end otherwise.
func (p *progress) showWhenDue(now time.Time, latest func() view) {
	if p.start.IsZero() {
		p.start, p.last = now, now
	}
	p.latest = latest
	if now.Sub(p.last) < p.every() {
		return
	}
	p.last = now
	if v := latest(); p.screen != nil {
		p.screen.draw(v.block(min(p.screen.width()-1, widest), p.colours))
	} else {
		p.latest = nil
		p.write(v.line())
	}
}

// write writes a line of its own, which has a service's words in it. The block of a
// screen goes out of its way.
func (p *progress) write(line string) {
	p.shown = true
	if p.screen != nil {
		fmt.Fprintln(p.w, strings.Join(flowed(printable(line), p.screen.width()-1), "\n"))
		return
	}
	fmt.Fprintln(p.w, printable(line))
}

// End shows how it ended, in one line: what held it up is over. Where no line was shown
// before, what comes next says it all.
func (p *progress) End() {
	if p.latest != nil && (p.shown || p.screen != nil) {
		v := p.latest()
		v.left, v.pace, v.wait, v.said = "", "", "", ""
		p.write(v.line())
	}
	p.latest = nil
}

// Planning tells how far the reading and looking up is.
func (p *progress) Planning(c batch.Count) {
	now := time.Now()
	p.tellTrouble(now, c.Trouble)
	p.showWhenDue(now, func() view {
		v := view{share: -1, state: fmt.Sprintf("%s: %s, %s", cmp.Or(p.stage, "planning"), batch.Plural(c.Rows, "row"), batch.Plural(c.Users, "user"))}
		if c.Writes > 0 && c.Writes != c.Users {
			v.state += counted(c.Writes, "writes")
		}
		v.state += tally(c.Ended) + counted(c.Waiting, "waiting to be asked again")
		p.held(&v, now, c.Pace, c.Trouble)
		return v
	})
}

// Running tells how far the run is: in users, or where these have several writes in writes.
func (p *progress) Running(s batch.Progress) {
	p.tellTrouble(s.Now, s.Trouble)
	p.showWhenDue(s.Now, func() view {
		settled := 0
		for _, n := range s.Counts {
			settled += n
		}
		v := view{state: fmt.Sprintf("%s of %s settled", batch.Thousands(settled), strings.TrimSpace(batch.Thousands(p.total)+" "+p.stage))}
		failed := maps.Clone(s.Counts)
		maps.DeleteFunc(failed, func(o batch.Outcome, _ int) bool { return o.Kind() != batch.Failure })
		others := maps.Clone(s.Counts)
		maps.DeleteFunc(others, func(o batch.Outcome, _ int) bool { return o.Kind() == batch.Failure })
		if v.bad = strings.TrimPrefix(tally(failed), ", "); v.bad != "" {
			v.bad = "not done: " + v.bad
		}
		v.state += tally(others) + counted(s.Proving, "awaiting proof") + counted(s.Waiting, "to be sent again")
		if took := s.Now.Sub(p.start).Seconds(); took >= 1 && s.Accepted > 0 {
			v.state += fmt.Sprintf(", %.1f %s/s", float64(s.Accepted)/took, unitOf(p.stage))
		}
		if p.total > 0 {
			v.share = float64(settled) / float64(p.total)
		}
		if toGo := p.total - settled - s.Proving; toGo > 0 {
			if d := p.left(toGo); d >= time.Second {
				v.left = "about " + batch.Span(d) + " left"
			} else if s.Waiting == 0 && s.Accepted > 0 {
				v.left = "seconds left"
			}
		} else if s.Proving > 0 {
			v.left = "all sent"
		}
		p.held(&v, s.Now, s.Pace, s.Trouble)
		return v
	})
}

// unitOf is what a stage of a run counts: users, or of "writes for 300 people" writes.
func unitOf(stage string) string {
	unit, _, _ := strings.Cut(cmp.Or(stage, "users"), " ")
	return unit
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

// reason is the pace with its reason.
func reason(p batch.Pace) string {
	if p.PerSecond > 0 && p.Reason != "" {
		return fmt.Sprintf("pace %.4g/s: %s", p.PerSecond, p.Reason)
	}
	return p.Reason
}

// view is what is told of where a run stands.
type view struct {
	left  string  // the time left; "" is not known
	share float64 // of the whole that is settled; negative where the whole is not known
	state string  // the counts
	bad   string  // the counts of those that did not end in success
	pace  string  // how fast it goes, and why
	wait  string  // what holds it up now, in a few words; "" when nothing does
	said  string  // the same with all that is known
}

// line is all of it in one line.
func (v view) line() string {
	s := v.state
	if v.left != "" {
		s = v.left + ": " + s
	}
	for _, more := range []string{v.bad, v.pace, v.said} {
		if more != "" {
			s += ", " + more
		}
	}
	return s
}

// widest is how wide a block is at the most. It fits terminals of 60 columns, and is not
// wrapped when a wider one becomes narrower.
const widest = 59

// block is it in lines of so many columns: the time left first, then the counts, and then
// what it waits for.
func (v view) block(wide int, colours bool) (lines []painted) {
	add := func(text string, most int, c colour) {
		if !colours {
			c = plain
		}
		for _, line := range wrapped(printable(text), wide, most) {
			lines = append(lines, painted{strings.ReplaceAll(line, together, " "), c})
		}
	}
	if v.share >= 0 {
		percent := fmt.Sprintf(" %3d %%", int(100*v.share))
		left := fmt.Sprintf("%-22s ", cmp.Or(v.left, "time left not known"))
		room := max(0, wide-columns(left+percent))
		full := int(float64(room) * v.share)
		lines = append(lines, painted{cut(left+strings.Repeat("█", full)+strings.Repeat("░", room-full)+percent, wide), plain})
	}
	add(whole(v.state), 4, plain)
	add(whole(v.bad), 3, red)
	if v.wait != "" {
		add(v.wait, 3, yellow)
	} else {
		add(v.pace, 3, plain)
	}
	return lines
}

// together is a space at which no line ends.
const together = "\u00a0"

// whole keeps each count with what it counts.
func whole(counts string) string {
	return strings.ReplaceAll(strings.ReplaceAll(counts, " ", together), ","+together, ", ")
}
