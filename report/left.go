package report

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"offboard/batch"
)

// What is told of the steps of a run whose users may have several writes.

// stepMembers are the keys of the document that other runs do not have.
func stepMembers(e End) (o object) {
	if batch.Contains(e.Plan.Steps) {
		o = object{{"contained", object{{"users", e.Summary.Contained}, {"of", e.Summary.Users}}}}
	}
	if !batch.Several(e.Plan.Steps) {
		return o
	}
	counts := func(of map[batch.Outcome]int) object {
		o := object{}
		for _, outcome := range batch.Outcomes {
			if of[outcome] > 0 {
				o = append(o, member{string(outcome), of[outcome]})
			}
		}
		return o
	}
	steps, others := []object{}, []object{}
	for _, s := range e.Summary.Steps {
		steps = append(steps, object{{"step", s.Step}, {"users", counts(s.Users)}, {"targets", counts(s.Targets)}})
	}
	for _, l := range left(e.Summary) {
		others = append(others, object{{"step", l.Step}, {"outcome", l.Outcome}, {"reason", orNull(l.Reason)}, {"targets", e.Summary.Left[l]}})
	}
	return append(append(object{{"step_counts", steps}}, o...), member{"left_for_others", others})
}

// left are the reasons for which writes are left for others, the most frequent first.
func left(s batch.Summary) []batch.Left {
	return slices.SortedFunc(maps.Keys(s.Left), func(a, b batch.Left) int {
		return cmp.Or(s.Left[b]-s.Left[a], strings.Compare(string(a.Step), string(b.Step)), strings.Compare(a.Reason, b.Reason), strings.Compare(string(a.Outcome), string(b.Outcome)))
	})
}

// mostReasons is how many reasons are told on the screen.
const mostReasons = 8

// bySteps tells what became of each step.
func bySteps(b *bytes.Buffer, e End) {
	contains := batch.Contains(e.Plan.Steps) && !e.Dry && e.State != refused && e.Summary.Users > 0
	if len(e.Summary.Steps) == 0 && !contains {
		return
	}
	n := batch.Thousands
	if len(e.Summary.Steps) > 0 {
		b.WriteString("By step:\n")
	}
	names, counts := widths(e.Summary)
	for _, s := range e.Summary.Steps {
		columnsOfStep(b, names, counts, string(s.Step), s.Users, "user")
		if s.Step.Listed() && !maps.Equal(s.Users, s.Targets) {
			columnsOfStep(b, names, counts, "", s.Targets, "target")
		}
		if said, part := s.Refusal(); s.AllDenied() {
			fmt.Fprintf(b, "  Everybody to whom %s was sent was denied: unless all of them hold roles or are in restricted administrative units, %s.\n", s.Step, s.Step.Missing(e.Plan.Terms.User != ""))
		} else if said != "" && part {
			fmt.Fprintf(b, "  Graph refused a part of %s to everybody to whom it was sent, alike: %s\n", s.Step, clean(said))
		} else if said != "" {
			fmt.Fprintf(b, "  Graph refused %s to everybody to whom it was sent, alike: %s\n", s.Step, clean(said))
		}
	}
	if contains {
		fmt.Fprintf(b, "Contained: %s of %s: for them the directory shows %s done, as planned%s.\n", n(e.Summary.Contained), people(e.Summary.Users), urgent(e.Plan.Steps), since(e))
		if len(e.Sessions) > 1 { // a resume reads back what it sends, and lists nothing
			how := "running"
			if e.Plan.Terms.Source != "" {
				how = "planning"
			}
			fmt.Fprintf(b, "The run was resumed: what was shown done before, and devices that came after %s, were not looked at again; %s does, and %s the input again finds such devices.\n",
				e.Plan.Created.UTC().Format(time.RFC3339), clean(cmp.Or(e.Verify, "offboard verify "+e.Plan.Run)), how)
		}
	}
	b.WriteByte('\n')
	reasons := left(e.Summary)
	if len(reasons) == 0 {
		return
	}
	b.WriteString("Left for others to do:\n")
	for _, l := range reasons[:min(mostReasons, len(reasons))] {
		fmt.Fprintf(b, "%*s  %-*s  %s\n", max(8, counts), n(e.Summary.Left[l]), names, l.Step, clean(l.Reason))
	}
	if more := len(reasons) - mostReasons; more > 0 {
		fmt.Fprintf(b, "%*s  and for %s; the report has all of them\n", max(8, counts), "", batch.Plural(more, "other reason"))
	}
	b.WriteByte('\n')
}

// since says that what was so may not be so any more.
func since(e End) string {
	if len(e.TakenBack) == 0 {
		return ""
	}
	return ", before the run was taken back"
}

// widths are those of the longest name of a step and of the largest count.
func widths(s batch.Summary) (names, counts int) {
	for _, c := range s.Steps {
		names = max(names, len(c.Step))
		for _, of := range []map[batch.Outcome]int{c.Users, c.Targets} {
			counts = max(counts, len(batch.Thousands(total(of))))
		}
	}
	for _, count := range s.Left {
		counts = max(counts, len(batch.Thousands(count)))
	}
	return names, counts
}

func total(of map[batch.Outcome]int) (n int) {
	for _, count := range of {
		n += count
	}
	return n
}

// columnsOfStep writes in columns how many there are, and how they ended: "disable  40 users  38
// verified, 2 denied".
func columnsOfStep(b *bytes.Buffer, names, counts int, name string, of map[batch.Outcome]int, noun string) {
	all, ended := total(of), batch.Tally(of)
	if all == 0 {
		ended = "nothing to do"
	}
	fmt.Fprintf(b, "  %-*s  %*s %-7s  %s\n", names, name, counts, batch.Thousands(all), batch.Agree(all, noun, noun+"s"), ended)
}

// urgent names the urgent ones of the steps: "disable, revoke and devices".
func urgent(steps []batch.Step) string {
	var words []string
	for _, s := range steps {
		if s.Urgent() {
			words = append(words, string(s))
		}
	}
	return listed(words)
}

// listed joins words: "disable, revoke and devices".
func listed(words []string) string {
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " and " + words[last]
	}
	return words[0]
}
