package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"offboard/batch"
)

// census is what report.html tells of all people together. Its size does not depend on how
// many they are.
type census struct {
	end    *End
	states [4]int                 // people, each once
	before int                    // those reached before the first call
	alone  map[batch.Obstacle]int // of a dry run: why a run alone would not reach people
	some   int                    // people of whom that is so
	urgent int                    // writes that were sent to reach them
	sent   int                    // people whom an urgent write was sent to
	first  map[batch.Outcome]int
	causes causes
	ends   causes // of rows: by the first of the worst writes alone, so that each person is under one
	progress

	retry, followup, targets bool // which files there are besides
}

// causeKey is what causes are told apart by.
type causeKey struct {
	urgent  bool // what the run is for was not reached because of it
	step    batch.Step
	outcome batch.Outcome
}

type causes map[causeKey]*cause

// cause is one of the reasons for which people were not reached, or something else was not done.
type cause struct {
	causeKey
	people  int
	things  int
	names   []string       // the first of them
	reasons map[string]int // in words, with how many things
	others  int            // things with reasons that are not in reasons
	where   []string       // where others do some of it, as followup.csv calls the places
}

// What is kept of a cause.
const (
	namesOfCause   = 5
	reasonsOfCause = 50
)

func newCensus(e *End) census {
	return census{end: e, first: map[batch.Outcome]int{}, alone: map[batch.Obstacle]int{}, causes: causes{}, ends: causes{}, progress: progress{start: e.Timing.Started, width: time.Millisecond}}
}

// add counts a person, and gives when the person was reached, or else settled.
func (t *census) add(l *batch.Line, s state, cells []string) (at time.Time) {
	t.states[s]++
	p := t.end.Plan
	several := batch.Several(p.Steps)
	if at = l.Record.SettledAt; s == met {
		at = reachedAt(p, l)
		if !t.reach(at) {
			t.before++
		}
	}
	if s == wouldBe {
		obstacles := l.Obstacles(p.Steps)
		t.some += min(len(obstacles), 1)
		for _, o := range obstacles {
			t.alone[o]++
		}
	}
	if !several {
		t.first[l.Record.Outcome]++
		if !l.Record.SentAt.IsZero() {
			t.settle(l.Record.SettledAt)
			t.sent, t.urgent = t.sent+1, t.urgent+1
		}
	}
	sent := false
	for i := range l.Writes {
		w := &l.Writes[i]
		t.targets = t.targets || w.Target.Step.Listed()
		if w.Record.SentAt.IsZero() {
			continue
		}
		t.settle(w.Record.SettledAt)
		if w.Target.Step.Urgent() || !batch.Contains(p.Steps) {
			t.urgent++
			sent = true
		}
	}
	if sent {
		t.sent++
	}
	if s == met && l.Record.Outcome.Kind() == batch.Success {
		return at
	}
	t.retry = t.retry || mayChange(p, l)
	worst := l.Record
	for i := range l.Writes {
		if r := &l.Writes[i].Record; r.Step == worst.Step && r.Target == worst.Target { // whose reason does not name the step
			worst = *r
			break
		}
	}
	t.ends.add(causeKey{false, worst.Step, worst.Outcome}, l, 1, why(&worst), true)
	followups := l.Followups(p.Steps)
	t.followup = t.followup || len(followups) > 0
	if l.Whole || !several {
		if s == missed || s == spared {
			key := causeKey{s == missed, batch.Whole, l.Record.Outcome}
			t.causes.add(key, l, 1, why(&l.Record), true)
			t.leave(key, followups)
		}
		return at
	}
	seen := make([]causeKey, 0, 8)
	for i := range l.Writes {
		w := &l.Writes[i]
		o, step := w.Record.Outcome, w.Target.Step
		key := causeKey{(s == missed || s == wouldBe) && (step.Urgent() || !batch.Contains(p.Steps) && o.Kind() == batch.Failure), step, o}
		switch {
		case o == batch.Verified, o == batch.Already && !w.MayReturn(l.User), s == wouldBe && o == batch.NotSent:
			continue
		case o.Kind() == batch.Success && !(key.urgent && batch.Contains(p.Steps)): // and not shown
			continue
		}
		t.causes.add(key, l, len(w.Things()), why(&w.Record), !slices.Contains(seen, key))
		seen = append(seen, key)
		t.leave(key, slices.DeleteFunc(slices.Clone(followups), func(f batch.Followup) bool { return f.Target != w.Target }))
	}
	return at
}

// leave says where others do what is left of a cause.
func (t *census) leave(key causeKey, followups []batch.Followup) {
	for _, f := range followups {
		if c := t.causes[key]; !slices.Contains(c.where, f.Where) {
			c.where = append(c.where, f.Where)
		}
	}
}

// add counts a person and some things under a cause.
func (all causes) add(key causeKey, l *batch.Line, things int, reason string, person bool) {
	c := all[key]
	if c == nil {
		c = &cause{causeKey: key, reasons: map[string]int{}}
		all[key] = c
	}
	c.things += things
	if person {
		c.people++
		if len(c.names) < namesOfCause {
			c.names = append(c.names, shown(nameOf(l), mostOfName))
		}
	}
	if reason = shown(reason, mostOfReason); reason == "" {
		return
	}
	if _, known := c.reasons[reason]; known || len(c.reasons) < reasonsOfCause {
		c.reasons[reason] += things
	} else {
		c.others += things
	}
}

// sorted are the causes of a kind, the most frequent first.
func (t *census) sorted(of causes, keep func(*cause) bool) []*cause {
	all := slices.SortedFunc(maps.Values(of), func(a, b *cause) int {
		return cmp.Or(b.people-a.people, rank(a.outcome)-rank(b.outcome), slices.Index(t.end.Plan.Steps, a.step)-slices.Index(t.end.Plan.Steps, b.step))
	})
	return slices.DeleteFunc(all, func(c *cause) bool { return !keep(c) })
}

// top are the most frequent reasons of a cause.
func (c *cause) top(n int) []string {
	all := slices.SortedFunc(maps.Keys(c.reasons), func(a, b string) int {
		return cmp.Or(c.reasons[b]-c.reasons[a], strings.Compare(a, b))
	})
	return all[:min(n, len(all))]
}

// slots is how finely progress is kept: to less than a thousandth of the run.
const slots = 2048

// progress counts people by when they were reached, and writes by when they were settled, in
// equal slots of time from the start. A run that takes longer than they cover has
// slots twice as wide.
type progress struct {
	start   time.Time // zero when nothing was sent
	width   time.Duration
	reaches [slots]int
	settles [slots]int
	last    time.Duration // when the last of either was
	lastOne time.Duration // when the last person was reached
}

// slot is where a time stands; false for one that is before the start, or not known.
func (p *progress) slot(at time.Time) (i int, after time.Duration, ok bool) {
	if p.start.IsZero() || at.IsZero() || at.Before(p.start) {
		return 0, 0, false
	}
	after = at.Sub(p.start)
	for after/p.width >= slots {
		for i := range slots / 2 {
			p.reaches[i], p.settles[i] = p.reaches[2*i]+p.reaches[2*i+1], p.settles[2*i]+p.settles[2*i+1]
		}
		clear(p.reaches[slots/2:])
		clear(p.settles[slots/2:])
		p.width *= 2
	}
	p.last = max(p.last, after)
	return int(after / p.width), after, true
}

func (p *progress) reach(at time.Time) bool {
	i, after, ok := p.slot(at)
	if ok {
		p.reaches[i]++
		p.lastOne = max(p.lastOne, after)
	}
	return ok
}

func (p *progress) settle(at time.Time) {
	if i, _, ok := p.slot(at); ok {
		p.settles[i]++
	}
}

// until is how long it took until so many people had been reached, some of them before the start;
// false if they were not. It may be too long by the width of a slot.
func (p *progress) until(people, before int) (time.Duration, bool) {
	n := before
	if n >= people {
		return 0, true
	}
	for i, of := range p.reaches {
		if n += of; n >= people {
			return min(time.Duration(i+1)*p.width, p.lastOne), true
		}
	}
	return 0, false
}

// gap is a stretch of time in which no answer came.
type gap struct{ from, to time.Duration }

// gaps are those that a person sees in a chart: longer than 10 s, and than a 25th of the whole.
func (p *progress) gaps() (all []gap) {
	least := max(10*time.Second, p.last/25)
	from := time.Duration(0)
	for i := range slots {
		if p.reaches[i]+p.settles[i] == 0 {
			continue
		}
		if to := time.Duration(i) * p.width; to-from >= least {
			all = append(all, gap{from, to})
		}
		from = time.Duration(i+1) * p.width
	}
	return all
}
