package journal

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"offboard/batch"
)

// model is a run as plain maps: what the journal must say.
type model struct {
	rows    map[int]batch.Planned
	skips   map[int]batch.Skip
	calls   map[int]batch.Call
	open    map[int]bool
	trials  map[batch.Mark]batch.Trial
	records map[batch.Mark]batch.Record
	plan    batch.Plan // its steps, and whether it is in order

	state   int                // number of the run's state, 0 while it is planned
	written map[batch.Mark]int // in which state the record was
}

func newModel(steps ...batch.Step) *model {
	return &model{map[int]batch.Planned{}, map[int]batch.Skip{}, map[int]batch.Call{},
		map[int]bool{}, map[batch.Mark]batch.Trial{}, map[batch.Mark]batch.Record{}, batch.Plan{Steps: steps}, 0, map[batch.Mark]int{}}
}

// step is that under which the journal keeps what is said of a user as a whole.
func (m *model) step() batch.Step { return stepOf(m.plan, batch.Whole) }

// whole is the mark of a user as a whole, who ended before any step if it has a record.
func (m *model) whole(seq int) batch.Mark { return batch.Mark{Seq: seq, Step: m.step()} }

// marks are all writes of a user in the order of the plan's steps, with their targets.
func (m *model) marks(seq int) (marks []batch.Mark, targets []batch.Target) {
	if !batch.Several(m.plan.Steps) {
		return []batch.Mark{m.whole(seq)}, []batch.Target{{}}
	}
	for _, s := range m.plan.Steps {
		of := []batch.Target{{Step: s}}
		if s.Listed() {
			of = slices.DeleteFunc(slices.Clone(m.rows[seq].Targets), func(g batch.Target) bool { return g.Step != s })
		}
		for _, g := range of {
			marks, targets = append(marks, batch.Mark{Seq: seq, Step: s, Target: g.ID}), append(targets, g)
		}
	}
	return marks, targets
}

func (m *model) addRows(rows []batch.Planned) {
	for _, p := range rows {
		if p.DuplicateOf != 0 {
			p.User = batch.User{Seq: p.User.Seq}
		}
		if p.Record != nil {
			m.record(*p.Record)
		}
		for _, rec := range p.Records {
			m.record(rec)
		}
		p.Record, p.Records = nil, nil
		p.User.Stamp = stored(p.User.Stamp)
		m.rows[p.User.Seq] = p
	}
}

// record keeps a record with the precision of the journal.
func (m *model) record(c batch.Record) {
	for _, t := range []*time.Time{&c.SentAt, &c.SettledAt, &c.Accepted, &c.After} {
		*t = stored(*t)
	}
	c.Step = stepOf(m.plan, c.Step)
	m.records[c.Mark()], m.written[c.Mark()] = c, m.state
	delete(m.trials, c.Mark())
}

func (m *model) write(e batch.Entry) {
	for _, c := range e.Calls {
		c.Step = stepOf(m.plan, c.Step)
		m.calls[c.No], m.open[c.No] = c, true
	}
	for _, no := range e.Over {
		delete(m.open, no)
	}
	for _, tr := range e.Trials {
		tr.SentAt = stored(tr.SentAt)
		tr.Step = stepOf(m.plan, tr.Step)
		m.trials[tr.Mark()] = tr
	}
	for _, c := range e.Records {
		m.record(c)
	}
}

func (m *model) recover() int {
	doubted := map[batch.Mark]bool{}
	for _, no := range slices.Sorted(maps.Keys(m.open)) {
		for _, k := range m.calls[no].Marks() {
			if _, ok := m.records[k]; ok {
				continue
			}
			tr := m.trials[k]
			tr.Seq, tr.Step, tr.Target, tr.Doubt = k.Seq, k.Step, k.Target, true
			if sent := stored(m.calls[no].SentAt); !doubted[k] || sent.After(tr.SentAt) {
				tr.SentAt = sent
			}
			m.trials[k] = tr
			doubted[k] = true
		}
	}
	clear(m.open)
	return len(doubted)
}

// openCall is the latest open call with the write, or a zero one.
func (m *model) openCall(k batch.Mark) (last batch.Call) {
	for no := range m.open {
		if c := m.calls[no]; no > last.No && slices.Contains(c.Marks(), k) {
			last = c
		}
	}
	return last
}

// latest is the record of a write, or what can be said without one.
func (m *model) latest(k batch.Mark) batch.Record {
	if c, ok := m.records[k]; ok {
		return c
	}
	tr, call := m.trials[k], m.openCall(k)
	c := batch.Record{Seq: k.Seq, Step: k.Step, Target: k.Target, Outcome: batch.NotSent, Status: tr.Status, Code: tr.Code, Message: tr.Message,
		Attempts: tr.Attempts, Throttles: tr.Throttles, SentAt: tr.SentAt, RequestID: tr.RequestID}
	if call.No != 0 {
		c.SentAt = stored(call.SentAt)
	}
	if call.No != 0 || tr.Doubt {
		c.Outcome, c.Doubt = batch.Unsettled, true
	}
	_, c.Reason = soFar(c, call.No, tr.Doubt)
	return c
}

// line says what became of a user.
func (m *model) line(seq int) (l batch.Line) {
	whole, ended := m.records[m.whole(seq)]
	if !batch.Several(m.plan.Steps) {
		return batch.Line{Record: m.latest(m.whole(seq)), Whole: ended && (m.step() == batch.Whole || whole.SentAt.IsZero())}
	}
	marks, targets := m.marks(seq)
	for i, k := range marks {
		rec := m.latest(k)
		if ended {
			rec = batch.Record{Seq: seq, Step: k.Step, Target: k.Target, Outcome: whole.Outcome, Reason: whole.Reason, SettledAt: whole.SettledAt}
		}
		l.Writes = append(l.Writes, batch.Write{Target: targets[i], Record: rec})
	}
	if l.Record, l.Whole = whole, ended; !ended {
		l.Record = batch.Worst(l.Writes)
		l.Record.Seq = seq
	}
	return l
}

func (m *model) lines() []batch.Line {
	first := map[int]int{} // the first row, by seq of the user
	owner := func(p batch.Planned) int { return cmp.Or(p.DuplicateOf, p.User.Seq) }
	for _, p := range m.rows {
		if l, ok := first[owner(p)]; !ok || p.User.Seq < l {
			first[owner(p)] = p.User.Seq
		}
	}
	var lines []batch.Line
	for _, seq := range slices.Sorted(maps.Keys(m.rows)) {
		p := m.rows[seq]
		l := m.line(owner(p))
		l.Row, l.User = p.Row, m.rows[owner(p)].User
		if f := first[owner(p)]; f != seq {
			l.First = m.rows[f].Row.Place()
		}
		lines = append(lines, l)
	}
	return lines
}

// items are all writes of the plan in the order of sending: of holders of privileged
// roles those of urgent steps, then those of all others, then the other steps; of each
// part a step at a time, and of each step the first thing of every user.
func (m *model) items() (list []batch.Item) {
	type key struct{ part, step, place, seq int }
	keys := map[batch.Mark]key{}
	for seq, p := range m.rows {
		if _, ended := m.records[m.whole(seq)]; p.DuplicateOf != 0 || ended && batch.Several(m.plan.Steps) {
			continue
		}
		marks, targets := m.marks(seq)
		places := map[batch.Step]int{}
		for i, k := range marks {
			part := 1
			switch {
			case batch.Several(m.plan.Steps) && !k.Step.Urgent():
				part = 2
			case p.User.Privileged && !m.plan.InOrder:
				part = 0
			}
			if targets[i].Step = k.Step; !batch.Several(m.plan.Steps) {
				targets[i] = batch.Target{}
			}
			keys[k] = key{part, slices.Index(m.plan.Steps, k.Step), places[k.Step], seq}
			places[k.Step]++
			list = append(list, batch.Item{User: p.User, Step: k.Step, Target: targets[i]})
		}
	}
	slices.SortFunc(list, func(a, b batch.Item) int {
		x, y := keys[a.Mark()], keys[b.Mark()]
		return cmp.Or(x.part-y.part, x.step-y.step, x.place-y.place, x.seq-y.seq)
	})
	return list
}

func (m *model) pending() (list []batch.Pending) {
	for _, it := range m.items() {
		if _, ok := m.records[it.Mark()]; !ok {
			list = append(list, batch.Pending{Item: it, Trial: m.trials[it.Mark()]})
		}
	}
	return list
}

func (m *model) unproven() (list []batch.Unproven) {
	for _, it := range m.items() {
		if rec := m.records[it.Mark()]; rec.Outcome == batch.Unverified && m.written[it.Mark()] < m.state {
			list = append(list, batch.Unproven{Item: it, Record: rec})
		}
	}
	if !batch.Several(m.plan.Steps) { // whom only to verify, has no order
		slices.SortFunc(list, func(a, b batch.Unproven) int { return a.Record.Seq - b.Record.Seq })
	}
	return list
}

// count counts the writes whose record has the outcome.
func (m *model) count(o batch.Outcome) (n int) {
	for _, it := range m.items() {
		if m.records[it.Mark()].Outcome == o {
			n++
		}
	}
	return n
}

// unsuccessful are the records that keep later steps from being sent.
func (m *model) unsuccessful() (list []batch.Record) {
	for k, rec := range m.records {
		if slices.ContainsFunc(m.plan.Steps, func(s batch.Step) bool { return slices.Contains(s.StoppedBy(), k.Step) }) && rec.Outcome.Kind() != batch.Success {
			list = append(list, batch.Record{Seq: k.Seq, Step: k.Step, Target: k.Target, Outcome: rec.Outcome})
		}
	}
	slices.SortFunc(list, func(a, b batch.Record) int { return a.Seq - b.Seq })
	return list
}

// compare holds the run against the model, by every way of reading.
func (m *model) compare(t *testing.T, r *Run) {
	t.Helper()
	lines := check(t, r)
	diff(t, "lines", lines, m.lines())
	pending, unproven := m.pending(), m.unproven()
	diff(t, "pending", all(t, r.Pending(t.Context())), pending)
	diff(t, "unproven", all(t, r.Unproven(t.Context())), unproven)
	diff(t, "unsuccessful", all(t, r.Unsuccessful(t.Context())), m.unsuccessful())
	if r.State().sealed() {
		send, verify, err := r.Remaining(t.Context())
		must(t, err)
		if want := m.count(batch.Unverified); send != len(pending) || verify != want {
			t.Errorf("%d writes remain to be sent and %d to be verified, want %d and %d", send, verify, len(pending), want)
		}
	}
	var skips []batch.Skip
	for _, line := range slices.Sorted(maps.Keys(m.skips)) {
		skips = append(skips, m.skips[line])
	}
	diff(t, "skips", all(t, r.Skips(t.Context())), skips)
	last, err := r.LastCall(t.Context())
	must(t, err)
	want := 0
	for no := range m.calls {
		want = max(want, no)
	}
	if last != want {
		t.Errorf("last call %d, want %d", last, want)
	}
}

// player plays a run at random, in the journal and in the model.
type player struct {
	*rand.Rand
	name string
	run  *Run
	m    *model
	call int
}

func (p *player) pick(words ...string) string { return words[p.IntN(len(words))] }

// plan adds up to 30 rows in odd groups and no order.
func (p *player) plan(t *testing.T) {
	n := p.IntN(30)
	rows := make([]batch.Planned, 0, n)
	var holders []int
	for seq := 1; seq <= n; seq++ {
		pl := p.planned(seq)
		if p.IntN(4) > 0 || seq == 1 {
			holders = append(holders, seq)
		} else {
			pl.DuplicateOf = -1
		}
		rows = append(rows, pl)
	}
	for i := range rows {
		if rows[i].DuplicateOf != 0 {
			rows[i].DuplicateOf = holders[p.IntN(len(holders))]
		} else if p.IntN(5) == 0 {
			rec := p.record(p.m.whole(rows[i].User.Seq))
			rows[i].Record = &rec
		} else {
			p.targets(&rows[i])
		}
	}
	p.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	for len(rows) > 0 {
		k := 1 + p.IntN(len(rows))
		must(t, p.run.AddRows(t.Context(), rows[:k]))
		p.m.addRows(rows[:k])
		rows = rows[k:]
	}
	for line := 100; line < 100+p.IntN(10); line++ {
		s := batch.Skip{Line: line, Reason: p.pick("blank", "footer", "")}
		must(t, p.run.AddSkips(t.Context(), []batch.Skip{s}))
		p.m.skips[line] = s
	}
	p.m.compare(t, p.run)
	plan := p.run.Plan()
	plan.Rows, plan.Users, plan.Writes = n, len(p.m.pending()), len(p.m.pending())
	if batch.Several(plan.Steps) {
		plan.Users = len(slices.DeleteFunc(p.holders(), func(seq int) bool { return p.m.ended(seq) }))
	}
	must(t, p.run.Seal(t.Context(), plan))
	must(t, p.run.SetState(t.Context(), Running, ""))
	p.m.state++
}

func (p *player) planned(seq int) batch.Planned {
	pl := member(seq)
	pl.Row.File, pl.Row.Line = []string{"berlin.csv", "paris|2.csv", "rome.csv"}[seq/12], 3*(seq%12) // two rows of one number
	pl.User.Synced, pl.User.Stamp, pl.User.Privileged = p.IntN(2) == 0, p.time(), p.IntN(4) == 0
	switch p.IntN(4) {
	case 0:
		pl.Row.Input = " " + pl.Row.Input + "\n"
		pl.Row.Cells = []string{pl.Row.Input, `a;"b"`, "<é\x00>"}
	case 1:
		pl.Row.Input, pl.Row.Cells = pl.User.ID, nil
	case 2:
		pl.Row.Input, pl.Row.Cells, pl.User = "", []string{""}, batch.User{Seq: seq}
	}
	return pl
}

func (p *player) time() time.Time {
	if p.IntN(4) == 0 {
		return time.Time{}
	}
	return at(p.IntN(60)).Add(time.Duration(p.IntN(1e6)))
}

func (p *player) record(k batch.Mark) batch.Record {
	outcomes := batch.Outcomes[:len(batch.Outcomes)-2] // without the open ones
	return batch.Record{Seq: k.Seq, Step: k.Step, Target: k.Target, Outcome: outcomes[p.IntN(len(outcomes))], Status: p.IntN(600), Doubt: p.IntN(4) == 0,
		Code: p.pick("", "Request_X"), Message: p.pick("", "it is so\nand so"), Attempts: p.IntN(3), Throttles: p.IntN(3),
		SentAt: p.time(), SettledAt: p.time(), Accepted: p.time(), After: p.time(), Shown: p.pick("", batch.StateGone),
		RequestID: p.pick("", guid(k.Seq)+"/3"), Reason: p.pick("", "a reason")}
}

// targets gives a row things of its user, and ends some of its writes.
func (p *player) targets(row *batch.Planned) {
	if !batch.Several(p.run.Plan().Steps) {
		return
	}
	seq := row.User.Seq
	for _, s := range p.run.Plan().Steps {
		if !s.Listed() {
			if p.IntN(6) == 0 {
				row.Records = append(row.Records, p.record(batch.Mark{Seq: seq, Step: s}))
			}
			continue
		}
		for i := range p.IntN(4) {
			g := batch.Target{Step: s, Name: p.pick("", "laptop\n|x"), Kind: p.pick("", "Windows"), Before: p.pick("", "enabled"), OnPremises: p.IntN(4) == 0}
			if i > 0 {
				g.ID = guid(9*seq - i) // in no order
			}
			row.Targets = append(row.Targets, g)
			if p.IntN(6) == 0 {
				row.Records = append(row.Records, p.record(batch.Mark{Seq: seq, Step: s, Target: g.ID}))
			}
		}
	}
}

// holders are the rows that hold a user.
func (p *player) holders() (seqs []int) {
	for seq, row := range p.m.rows {
		if row.DuplicateOf == 0 {
			seqs = append(seqs, seq)
		}
	}
	slices.Sort(seqs)
	return seqs
}

// ended reports whether the user of a run with several steps ended before any.
func (m *model) ended(seq int) bool {
	_, ended := m.records[m.whole(seq)]
	return ended && batch.Several(m.plan.Steps)
}

// final reports whether the write ended when it was planned.
func (m *model) final(k batch.Mark) bool {
	state, ended := m.written[k]
	return ended && state == 0 && m.records[k].Outcome != batch.Already
}

// writes are some writes of the plan, at most one of each user; few runs have none. With a
// step they are of that one.
func (p *player) writes(step batch.Step) (marks []batch.Mark) {
	for _, seq := range p.holders() {
		of, _ := p.m.marks(seq)
		if step != batch.Whole {
			of = slices.DeleteFunc(of, func(k batch.Mark) bool { return k.Step != step })
		}
		of = slices.DeleteFunc(of, func(k batch.Mark) bool { return p.m.final(k) })
		if len(of) > 0 && !p.m.ended(seq) && p.IntN(4) == 0 {
			marks = append(marks, of[p.IntN(len(of))])
		}
	}
	return marks
}

func (p *player) entry() (e batch.Entry) {
	for no := range p.m.open {
		if p.IntN(2) == 0 {
			e.Over = append(e.Over, no)
		}
	}
	for range p.IntN(4) {
		p.call += 1 + p.IntN(2)
		c := batch.Call{No: p.call, SentAt: p.time()}
		if steps := p.m.plan.Steps; len(steps) > 0 {
			c.Step = steps[p.IntN(len(steps))]
		}
		for _, k := range p.writes(c.Step) {
			if c.Seqs = append(c.Seqs, k.Seq); c.Step.Listed() {
				c.Targets = append(c.Targets, k.Target)
			}
		}
		e.Calls = append(e.Calls, c)
	}
	for _, k := range p.writes(batch.Whole) {
		e.Trials = append(e.Trials, batch.Trial{Seq: k.Seq, Step: k.Step, Target: k.Target, Attempts: p.IntN(3), Throttles: p.IntN(3), SentAt: p.time(),
			Doubt: p.IntN(3) == 0, Status: p.IntN(2) * 429, Code: p.pick("", "c"), Message: p.pick("", "m"), RequestID: p.pick("", "r/1")})
	}
	for _, k := range p.writes(batch.Whole) {
		if p.IntN(2) == 0 {
			e.Records = append(e.Records, p.record(k))
		}
	}
	return e
}

// spoil makes the entry one that must be refused as a whole.
func (p *player) spoil(e *batch.Entry) (ok bool) {
	nobody := 1000
	for seq, row := range p.m.rows {
		if row.DuplicateOf != 0 {
			nobody = seq
		}
	}
	switch p.IntN(6) {
	case 5:
		for k := range p.m.written {
			if p.m.final(k) {
				e.Records = append(e.Records, batch.Record{Seq: k.Seq, Step: k.Step, Target: k.Target, Outcome: batch.Verified})
				return true
			}
		}
		return false
	case 0:
		e.Records = append(e.Records, batch.Record{Seq: nobody, Outcome: batch.Verified})
	case 1:
		e.Trials = append(e.Trials, batch.Trial{Seq: nobody})
	case 2:
		e.Calls = append(e.Calls, batch.Call{No: p.call + 1, Seqs: []int{nobody}})
	case 3:
		e.Over = append(e.Over, p.call+7)
	case 4:
		for no := range p.m.calls {
			e.Calls = append(e.Calls, batch.Call{No: no})
			return true
		}
		return false
	}
	return true
}

func (p *player) play(t *testing.T) {
	switch p.IntN(10) {
	case 0:
		want := p.m.recover()
		users, err := p.run.Recover(t.Context())
		must(t, err)
		if users != want {
			t.Errorf("recovered %d users, want %d", users, want)
		}
	case 1:
		must(t, p.run.SetState(t.Context(), Stopped, "so"))
		wantErr(t, p.run.Write(t.Context(), batch.Entry{Calls: []batch.Call{{No: 999}}}), ErrState)
		must(t, p.run.SetState(t.Context(), Running, ""))
		p.m.state++
	case 2:
		if e := p.entry(); p.spoil(&e) {
			if err := p.run.Write(t.Context(), e); err == nil {
				t.Errorf("written: %+v", e)
			}
		}
	default:
		e := p.entry()
		must(t, p.run.Write(t.Context(), e))
		p.m.write(e)
	}
}

// TestModel holds the store on SQLite by the suite.
func TestModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			conform(t, seed, func(t *testing.T) *Store { return openAt(t, path) })
			sound(t, openAt(t, path))
		})
	}
}

// conform is the suite that every store has to pass, whatever database it is on.
// It plays two runs in one journal at random, opens it anew at random moments,
// and compares all that can be read with plain maps. open opens the same journal
// each time; the one before was closed.
func conform(t *testing.T, seed uint64, open func(*testing.T) *Store) {
	rnd := rand.New(rand.NewPCG(seed, 42))
	s := open(t)
	players := []*player{{Rand: rnd, name: "one", m: newModel()}, {Rand: rnd, name: "two", m: newModel(batch.Leaver...)}}
	for _, p := range players {
		p.m.plan.InOrder = seed%4 == 3
		p.run = create(t, s, batch.Plan{Run: p.name, Steps: p.m.plan.Steps, InOrder: p.m.plan.InOrder})
		p.plan(t)
	}
	for range 20 {
		p := players[rnd.IntN(2)]
		p.play(t)
		if rnd.IntN(6) == 0 {
			must(t, s.Close())
			s = open(t)
			for _, p := range players {
				var err error
				p.run, err = s.Run(t.Context(), p.name)
				must(t, err)
			}
		}
		p.m.compare(t, p.run)
		if t.Failed() {
			return
		}
	}
	for _, p := range players {
		p.m.compare(t, p.run)
	}
	must(t, s.Close())
}
