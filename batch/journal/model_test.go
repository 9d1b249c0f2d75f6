package journal

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
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
	trials  map[int]batch.Trial
	records map[int]batch.Record
	step    batch.Step // of the run
}

func newModel() *model {
	return &model{map[int]batch.Planned{}, map[int]batch.Skip{}, map[int]batch.Call{},
		map[int]bool{}, map[int]batch.Trial{}, map[int]batch.Record{}, ""}
}

func (m *model) addRows(rows []batch.Planned) {
	for _, p := range rows {
		if p.DuplicateOf != 0 {
			p.User = batch.User{Seq: p.User.Seq}
		}
		if p.Record != nil {
			m.records[p.User.Seq] = storedRecord(*p.Record)
			m.setStep(p.User.Seq)
		}
		p.Record = nil
		p.User.Stamp = stored(p.User.Stamp)
		m.rows[p.User.Seq] = p
	}
}

// storedRecord is the record with the precision of the journal.
func storedRecord(c batch.Record) batch.Record {
	for _, t := range []*time.Time{&c.SentAt, &c.SettledAt, &c.Accepted, &c.After} {
		*t = stored(*t)
	}
	return c
}

func (m *model) write(e batch.Entry) {
	for _, c := range e.Calls {
		m.calls[c.No], m.open[c.No] = c, true
	}
	for _, no := range e.Over {
		delete(m.open, no)
	}
	for _, tr := range e.Trials {
		tr.SentAt = stored(tr.SentAt)
		tr.Step = m.step
		m.trials[tr.Seq] = tr
	}
	for _, c := range e.Records {
		c.Step = m.step
		m.records[c.Seq] = storedRecord(c)
		delete(m.trials, c.Seq)
	}
}

func (m *model) recover() int {
	doubted := map[int]bool{}
	for _, no := range slices.Sorted(maps.Keys(m.open)) {
		for _, seq := range m.calls[no].Seqs {
			if _, ok := m.records[seq]; ok {
				continue
			}
			tr := m.trials[seq]
			tr.Seq, tr.Step, tr.Doubt = seq, m.step, true
			if sent := stored(m.calls[no].SentAt); !doubted[seq] || sent.After(tr.SentAt) {
				tr.SentAt = sent
			}
			m.trials[seq] = tr
			doubted[seq] = true
		}
	}
	clear(m.open)
	return len(doubted)
}

// openCall is the latest open call with the user, or a zero one.
func (m *model) openCall(seq int) (last batch.Call) {
	for no := range m.open {
		if c := m.calls[no]; no > last.No && slices.Contains(c.Seqs, seq) {
			last = c
		}
	}
	return last
}

func (m *model) record(seq int) batch.Record {
	if c, ok := m.records[seq]; ok {
		return c
	}
	tr, call := m.trials[seq], m.openCall(seq)
	c := batch.Record{Seq: seq, Step: m.step, Outcome: batch.NotSent, Status: tr.Status, Code: tr.Code, Message: tr.Message,
		Attempts: tr.Attempts, Throttles: tr.Throttles, SentAt: tr.SentAt, RequestID: tr.RequestID}
	if call.No != 0 {
		c.SentAt = stored(call.SentAt)
	}
	if call.No != 0 || tr.Doubt {
		c.Outcome = batch.Unsettled
	}
	_, c.Reason = soFar(c, call.No, tr.Doubt)
	return c
}

func (m *model) lines() []batch.Line {
	first := map[int]int{} // by seq of the user
	owner := func(p batch.Planned) int { return cmp.Or(p.DuplicateOf, p.User.Seq) }
	for _, p := range m.rows {
		if l, ok := first[owner(p)]; !ok || p.Row.Line < l {
			first[owner(p)] = p.Row.Line
		}
	}
	var lines []batch.Line
	for _, seq := range slices.Sorted(maps.Keys(m.rows)) {
		p := m.rows[seq]
		l := batch.Line{Row: p.Row, User: m.rows[owner(p)].User, Record: m.record(owner(p))}
		if rec, ok := m.records[owner(p)]; ok {
			l.Whole = m.step == batch.Whole || rec.SentAt.IsZero()
		}
		if f := first[owner(p)]; f != p.Row.Line {
			l.First = f
		}
		lines = append(lines, l)
	}
	return lines
}

func (m *model) pending() (list []batch.Pending) {
	for _, seq := range slices.Sorted(maps.Keys(m.rows)) {
		if _, ok := m.records[seq]; !ok && m.rows[seq].DuplicateOf == 0 {
			list = append(list, batch.Pending{Item: batch.Item{Step: m.step, User: m.rows[seq].User}, Trial: m.trials[seq]})
		}
	}
	first := func(p batch.Pending) int {
		if p.Item.User.Privileged {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b batch.Pending) int { return first(a) - first(b) })
	return list
}

// compare holds the run against the model, by every way of reading.
func (m *model) compare(t *testing.T, r *Run) {
	t.Helper()
	lines := check(t, r)
	diff(t, "lines", lines, m.lines())
	diff(t, "pending", all(t, r.Pending(t.Context())), m.pending())
	var unproven []batch.Unproven
	for _, l := range lines {
		if l.Record.Outcome == batch.Unverified && l.Record.Seq == l.User.Seq && m.rows[l.User.Seq].Row.Line == l.Row.Line {
			unproven = append(unproven, batch.Unproven{Item: batch.Item{Step: m.step, User: l.User}, Record: l.Record})
		}
	}
	diff(t, "unproven", all(t, r.Unproven(t.Context())), unproven)
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
			rec := p.record(rows[i].User.Seq)
			rows[i].Record = &rec
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
	plan.Rows, plan.Users = n, len(p.m.pending())
	must(t, p.run.Seal(t.Context(), plan))
	must(t, p.run.SetState(t.Context(), Running, ""))
}

func (p *player) planned(seq int) batch.Planned {
	pl := member(seq)
	pl.Row.Line = 3 * seq
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

func (p *player) record(seq int) batch.Record {
	outcomes := batch.Outcomes[:len(batch.Outcomes)-2] // without the open ones
	return batch.Record{Seq: seq, Outcome: outcomes[p.IntN(len(outcomes))], Status: p.IntN(600),
		Code: p.pick("", "Request_X"), Message: p.pick("", "it is so\nand so"), Attempts: p.IntN(3), Throttles: p.IntN(3),
		SentAt: p.time(), SettledAt: p.time(), Accepted: p.time(), After: p.time(),
		RequestID: p.pick("", guid(seq)+"/3"), Reason: p.pick("", "a reason")}
}

// users are some users of the plan; few runs have none.
func (p *player) users() (seqs []int) {
	for seq, row := range p.m.rows {
		if row.DuplicateOf == 0 && p.IntN(4) == 0 {
			seqs = append(seqs, seq)
		}
	}
	slices.Sort(seqs)
	return seqs
}

func (p *player) entry() (e batch.Entry) {
	for no := range p.m.open {
		if p.IntN(2) == 0 {
			e.Over = append(e.Over, no)
		}
	}
	for range p.IntN(4) {
		p.call += 1 + p.IntN(2)
		e.Calls = append(e.Calls, batch.Call{No: p.call, SentAt: p.time(), Seqs: p.users()})
	}
	for _, seq := range p.users() {
		e.Trials = append(e.Trials, batch.Trial{Seq: seq, Attempts: p.IntN(3), Throttles: p.IntN(3), SentAt: p.time(),
			Doubt: p.IntN(3) == 0, Status: p.IntN(2) * 429, Code: p.pick("", "c"), Message: p.pick("", "m"), RequestID: p.pick("", "r/1")})
	}
	for _, seq := range p.users() {
		if p.IntN(2) == 0 {
			e.Records = append(e.Records, p.record(seq))
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
	switch p.IntN(5) {
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
			path := filepath.Join(t.TempDir(), "journal.db")
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
	players := []*player{{Rand: rnd, name: "one", m: newModel()}, {Rand: rnd, name: "two", m: newModel()}}
	for _, p := range players {
		p.run = create(t, s, batch.Plan{Run: p.name})
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

// setStep gives a record of a user as a whole the step of the run, under which the journal
// keeps it.
func (m *model) setStep(seq int) {
	rec := m.records[seq]
	rec.Step = m.step
	m.records[seq] = rec
}
