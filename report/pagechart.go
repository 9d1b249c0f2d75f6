package report

import (
	"fmt"
	"strings"
	"time"

	"offboard/batch"
)

// chart is people over time, in a box of 1,000 by 300 with its origin above.
type chart struct {
	Title, Label        string
	Tiles               []fact
	Top, Middle         string
	Times               []string
	Line, Area, Ceiling string // paths
	Gaps, Resumed       []segment
	Text                []string // what the chart shows
}

// chart draws how people were reached; nil when nothing was sent, or nobody was reached.
func (p *page) chart(a aim) *chart {
	asked := p.states[met] + p.states[missed]
	if p.start.IsZero() || p.last == 0 || asked == 0 || p.end.Dry {
		return nil
	}
	n := batch.Thousands
	c := &chart{Title: "People " + a.reach + " over time", Label: "people " + a.done, Top: n(asked), Middle: n(asked / 2)}
	if asked < 2 {
		c.Middle = ""
	}
	for _, percent := range []int{50, 95, 100} {
		took := "not reached"
		if d, ok := p.until((asked*percent+99)/100, p.before); ok {
			took = batch.Span(d)
		}
		c.Tiles = append(c.Tiles, fact{fmt.Sprintf("%d %% %s", percent, a.done), []string{took}})
	}
	for quarter := range 5 {
		c.Times = append(c.Times, batch.Span(p.last*time.Duration(quarter)/4))
	}
	c.Line = p.path(asked)
	c.Area = c.Line + "V300H0Z"
	for _, g := range p.gaps() {
		c.Gaps = append(c.Gaps, segment{X: p.x(g.from), W: max(2, p.x(g.to)-p.x(g.from))})
	}
	c.Text = append(c.Text, fmt.Sprintf("%s of %s %s between the first call, %s, and the last answer, %s later.",
		n(p.states[met]), people(asked), a.done, clock(p.start), batch.Span(p.last)))
	if p.before > 0 {
		c.Text = append(c.Text, fmt.Sprintf("%s of them before the first call.", n(p.before)))
	}
	for i, s := range p.end.Sessions {
		if at := s.Began.Sub(p.start); i > 0 && at > 0 && at <= p.last {
			c.Resumed = append(c.Resumed, segment{X: p.x(at)})
		}
	}
	c.Text = append(c.Text, p.gapWords(c)...)
	if text := p.ceiling(c, asked); text != "" {
		c.Text = append(c.Text, text)
	}
	return c
}

// x is where a time stands in the box.
func (p *progress) x(d time.Duration) int { return int(d * 1000 / p.last) }

// path is the line of people reached, with at most 500 steps.
func (p *page) path(asked int) string {
	var b strings.Builder
	y := func(n int) int { return 300 - min(n, asked)*300/asked }
	sum := p.before
	fmt.Fprintf(&b, "M0 %d", y(sum))
	lastX := 0
	for i, of := range p.reaches {
		if sum += of; of == 0 {
			continue
		}
		x := min(1000, p.x(time.Duration(i+1)*p.width))
		if x-lastX > 2 {
			fmt.Fprintf(&b, "H%d", x)
			lastX = x
		}
		fmt.Fprintf(&b, "V%d", y(sum))
	}
	return b.String() + "H1000"
}

// ceiling draws the most that the quota lets through, and gives its words.
func (p *page) ceiling(c *chart, asked int) string {
	q := p.end.Ceiling
	if q.Writes == 0 || q.Window == 0 || p.sent == 0 || p.urgent == 0 {
		return ""
	}
	perPerson := float64(p.urgent) / float64(p.sent)
	each := float64(q.Writes) / perPerson // people in a window
	writesEach := "1 write"
	if perPerson != 1 {
		writesEach = fmt.Sprintf("%.3g writes", perPerson)
	}
	text := fmt.Sprintf("The %s, %s in any %s, lets through %s people in each such time at %s a person, of one app alone.",
		q.Origin, batch.Plural(q.Writes, "write"), batch.Span(q.Window), batch.Thousands(int(each)), writesEach)
	if float64(p.before)+each >= float64(asked) {
		return text + " That is more than this run had, so that it never held the run up."
	}
	var b strings.Builder
	level := float64(p.before) + each
	fmt.Fprintf(&b, "M0 %.0f", 300-level*300/float64(asked))
	for at := q.Window; at <= p.last && level < float64(asked); at += q.Window {
		if level += each; p.last/q.Window > 500 { // steps too narrow to be seen
			continue
		}
		fmt.Fprintf(&b, "H%dV%.0f", p.x(at), max(-5, 300-level*300/float64(asked)))
	}
	if level < float64(asked) {
		b.WriteString("H1000")
	}
	c.Ceiling = b.String()
	return text
}

// gapWords say what the bands in the chart are. The journal knows when the run was resumed, and
// how long calls waited in all; it does not keep when they did.
func (p *page) gapWords(c *chart) (text []string) {
	gaps := p.gaps()
	for i, g := range gaps {
		if i == 5 {
			text = append(text, fmt.Sprintf("So it was %s more.", batch.Plural(len(gaps)-i, "time")))
			break
		}
		said := fmt.Sprintf("No answer came for %s from %s", batch.Span(g.to-g.from), clock(p.start.Add(g.from)))
		for j, s := range p.end.Sessions {
			if at := s.Began.Sub(p.start); j > 0 && at >= g.from && at <= g.to {
				said += ", when the run stood still; it was resumed at " + clock(s.Began)
			}
		}
		text = append(text, said+".")
	}
	var waits []string
	p.end.Timing.Waits.Each(func(reason string, d time.Duration) { waits = append(waits, reason+": "+batch.Span(d)) })
	if len(waits) > 0 {
		text = append(text, "Calls waited for "+strings.Join(waits, "; ")+" in all. The journal does not keep when.")
	}
	if r := p.end.Timing.Refused; r > 0 {
		text = append(text, "Graph told users to wait "+batch.Plural(r, "time")+".")
	}
	return text
}
