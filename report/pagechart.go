package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
)

// chart is people over time, in a box of 1,000 by 300 with its origin above.
type chart struct {
	Title, Label        string
	Top, Middle         string
	Times               []string
	Line, Area, Ceiling string // paths
	Bands, Resumed      []segment
	BandLegend          []label
	Text                []string // what the chart shows
}

// times say how long it took until most people were reached; none when nothing was sent.
func (p *page) times(a aim) (all []fact) {
	asked := p.states[met] + p.states[missed]
	if p.start.IsZero() || p.last == 0 || asked == 0 || p.end.Dry {
		return nil
	}
	all = []fact{{"Time from the first call", nil}}
	for _, percent := range []int{50, 95, 100} {
		took, ok := p.until((asked*percent+99)/100, p.before)
		if !ok {
			so := "no, %d %% at its end"
			if p.end.Held != "" || p.end.Resume != "" {
				so = "not yet, %d %% so far"
			}
			all[0].Values = append(all[0].Values, fmt.Sprintf("%d %% %s: "+so, percent, a.done, p.states[met]*100/asked))
			break
		}
		all[0].Values = append(all[0].Values, fmt.Sprintf("%d %% %s: %s", percent, a.done, batch.Span(took)))
	}
	return all
}

// soon is how long a run takes of which a curve would show nothing.
const soon = 5 * time.Second

// chart draws how people were reached over time; nil of fewer than two, and of a run
// that was over at once, unless Graph held it up.
func (p *page) chart(a aim) *chart {
	asked := p.states[met] + p.states[missed]
	waited := len(p.end.Timing.Waits.Interruptions) > 0 || p.end.Timing.Refused > 0
	if p.start.IsZero() || p.last == 0 || asked == 0 || p.end.Dry || (p.last < soon || asked < 2) && !waited {
		return nil
	}
	n := batch.Thousands
	c := &chart{Title: "People " + a.reach + " over time", Label: "people " + a.done, Top: n(asked), Middle: n(asked / 2)}
	for quarter := range 5 {
		c.Times = append(c.Times, batch.Span(p.last*time.Duration(quarter)/4))
	}
	c.Line = p.path(asked)
	c.Area = c.Line + "V300H0Z"
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
	p.bands(c)
	if text := p.ceiling(c, asked); text != "" {
		c.Text = append(c.Text, text)
	}
	return c
}

// x is where a time stands in the box.
func (p *progress) x(d time.Duration) int { return int(1000 * float64(d) / float64(p.last)) }

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
		return "" // it never held the run up
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

// bands marks in the chart when Graph did not answer or asked to wait, and when no answer came
// for another reason, and says how long.
func (p *page) bands(c *chart) {
	t := p.end.Timing
	has := map[string]bool{}
	mark := func(class, what string, from, to time.Duration) {
		if from, to = max(0, from), min(to, p.last); from < to {
			c.Bands = append(c.Bands, segment{class, p.x(from), max(2, p.x(to)-p.x(from))})
			if !has[class] {
				c.BandLegend = append(c.BandLegend, label{Class: class, Label: what})
			}
			has[class] = true
		}
	}
	for _, i := range t.Waits.Interruptions {
		class, what := "outage", "Graph did not answer"
		if i.Kind == batch.Pause {
			class, what = "pause", "Graph asked to wait"
		}
		mark(class, what, i.Began.Sub(p.start), i.Ended.Sub(p.start))
	}
	var told bytes.Buffer
	waited(&told, t)
	unexplained := slices.DeleteFunc(p.gaps(), func(g gap) bool {
		explained := time.Duration(0)
		for _, i := range t.Waits.Interruptions {
			explained += max(0, min(i.Ended.Sub(p.start), g.to)-max(i.Began.Sub(p.start), g.from))
		}
		return explained > (g.to-g.from)/2
	})
	for i, g := range unexplained {
		mark("gap", "no answer came: calls waited, or the run stood still", g.from, g.to)
		if i >= 3 {
			continue
		}
		fmt.Fprintf(&told, "No answer came for %s from %s", batch.Span(g.to-g.from), clock(p.start.Add(g.from)))
		if w := t.Waits; w.Quota+w.Learned+w.Rate > g.to-g.from {
			told.WriteString(", while calls waited for their turn")
		}
		for j, s := range p.end.Sessions {
			if at := s.Began.Sub(p.start); j > 0 && at >= g.from && at <= g.to {
				fmt.Fprintf(&told, ", when the run stood still; it was resumed at %s", clock(s.Began))
			}
		}
		told.WriteString(".\n")
	}
	if more := len(unexplained) - 3; more > 0 {
		fmt.Fprintf(&told, "So it was %s more.\n", batch.Plural(more, "time"))
	}
	for line := range strings.Lines(told.String()) {
		c.Text = append(c.Text, shown(strings.TrimSuffix(line, "\n"), 2*mostOfReason))
	}
}
