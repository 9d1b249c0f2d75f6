package journal

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// life is a run from the making of its journal to its end, act by act.
type life struct {
	path string
	d    *disk // below it; nil: one that works
	s    *Store
	r    *Run
}

// act is one method that writes. It can be taken again when it failed.
type act struct {
	name string
	do   func(ctx context.Context, l *life) error
	say  func(m *model) // what a run must hold after it; nil: as before
}

// open opens the journal, and finds its run when there is one.
func (l *life) open(ctx context.Context) error {
	s, err := Open(ctx, l.path)
	if err != nil {
		return err
	}
	if l.d != nil {
		l.d.dirSynced() // by Open, where SQLite does not see it
	}
	r, err := s.Run(ctx, "")
	if err != nil && !errors.Is(err, ErrNoRun) {
		return errors.Join(err, s.Close())
	}
	l.s, l.r = s, r
	return nil
}

// reopen closes the journal and opens it again. What Close could not do is
// wantTold and changes nothing.
func (l *life) reopen(ctx context.Context) error {
	l.close()
	return l.open(ctx)
}

// checkpoint moves the log into the file, as a longer life would, and tells
// whether the store has ended with it.
func (l *life) checkpoint(ctx context.Context) error {
	l.s.writing.Lock()
	defer l.s.writing.Unlock()
	file(l.s).checkpoint(ctx, "PASSIVE")
	if file(l.s).unsynced != nil {
		return l.r.wrap("move log of", file(l.s).unsynced)
	}
	return nil
}

// file is what the store is on.
func file(s *Store) *sqliteFile { return s.dialect.(*sqliteFile) }

func (l *life) close() {
	if l.s != nil {
		_ = l.s.Close()
	}
	l.s, l.r = nil, nil
}

const lifeRows = 12

// lives are the steps of the runs that are lived: one write of a user, and several.
var lives = [][]batch.Step{{batch.Revoke}, {batch.Disable, batch.Devices, batch.Groups}}

// lifeRow is the n-th row: every fourth is the one before once more, every
// fifth ended on being read. With several steps all others have a device and a group, of
// which every third cannot be left.
func lifeRow(n int, several bool) batch.Planned {
	p := member(n)
	p.Row.Cells = []string{p.Row.Input, strings.Repeat("é", 300)}
	switch {
	case n%4 == 0:
		p.DuplicateOf = n - 1
	case n%5 == 0:
		rec := batch.Record{Seq: n, Outcome: batch.NotFound, Status: 404}
		p.Record = &rec
	case several:
		p.Targets = []batch.Target{{Step: batch.Devices, ID: guid(100 + n), Name: strings.Repeat("name", 100), Before: batch.StateEnabled},
			{Step: batch.Groups, ID: guid(200), Kind: "security group", OnPremises: n%3 == 0}}
		if n%3 == 0 {
			p.Records = []batch.Record{{Seq: n, Step: batch.Groups, Target: guid(200), Outcome: batch.NotPossible, Reason: "do it in AD"}}
		}
	}
	return p
}

func lifeRange(from, to int, several bool) (rows []batch.Planned) {
	for n := from; n <= to; n++ {
		rows = append(rows, lifeRow(n, several))
	}
	return rows
}

// lifeMark is the write of a user that is sent: with several steps a device, or of users 7
// and 9 the account.
func lifeMark(seq int, several bool) batch.Mark {
	switch {
	case !several:
		return batch.Mark{Seq: seq, Step: batch.Revoke}
	case seq == 7 || seq == 9:
		return batch.Mark{Seq: seq, Step: batch.Disable}
	}
	return batch.Mark{Seq: seq, Step: batch.Devices, Target: guid(100 + seq)}
}

// lifeEntries are what the run writes: calls, and in the next entry what became
// of them. Users 1, 2, 3, 6, 7, 9 and 11 are sent.
func lifeEntries(several bool) []batch.Entry {
	trial := func(seq int, doubt bool) batch.Trial {
		k := lifeMark(seq, several)
		return batch.Trial{Seq: seq, Step: k.Step, Target: k.Target, Attempts: 1, Throttles: 1, SentAt: at(1), Doubt: doubt, Status: 429, Code: "c", Message: strings.Repeat("m", 900)}
	}
	rec := func(seq int, o batch.Outcome) batch.Record {
		k, c := lifeMark(seq, several), settled(seq, 2, o)
		c.Step, c.Target, c.Message = k.Step, k.Target, strings.Repeat("x", 1500)
		return c
	}
	call := func(no, sent int, seqs ...int) batch.Call {
		c := batch.Call{No: no, SentAt: at(sent), Step: lifeMark(seqs[0], several).Step, Seqs: seqs}
		for _, seq := range seqs {
			if k := lifeMark(seq, several); k.Target != "" {
				c.Targets = append(c.Targets, k.Target)
			}
		}
		return c
	}
	return []batch.Entry{
		{Calls: []batch.Call{call(1, 1, 1, 2, 3), call(2, 1, 6)}},
		{Over: []int{1}, Trials: []batch.Trial{trial(1, false), trial(2, true)}, Records: []batch.Record{rec(3, batch.Unverified)},
			Calls: []batch.Call{call(3, 2, 7, 9)}},
		{Over: []int{2, 3}, Trials: []batch.Trial{trial(6, false)}, Records: []batch.Record{rec(7, batch.Denied), rec(9, batch.Verified), rec(3, batch.Verified)}},
		{Calls: []batch.Call{call(4, 3, 1, 2, 6, 11)}},
		{Over: []int{4}, Records: []batch.Record{rec(1, batch.Verified), rec(2, batch.GaveUp), rec(6, batch.Verified), rec(11, batch.NotFound)}},
	}
}

// lifeSteps is the whole life of a run of these steps.
func lifeSteps(steps []batch.Step) []act {
	var all []act
	several := batch.Several(steps)
	add := func(name string, do func(ctx context.Context, l *life) error, say func(m *model)) {
		all = append(all, act{name, do, say})
	}
	add("open", func(ctx context.Context, l *life) error { return l.reopen(ctx) }, nil)
	add("create", func(ctx context.Context, l *life) (err error) {
		l.r, err = l.s.Create(ctx, batch.Plan{Run: "life", Steps: steps, Created: at(0), Input: "in.csv", Columns: []string{"upn"}})
		return err
	}, nil)
	for _, rows := range [][]batch.Planned{lifeRange(1, 7, several), lifeRange(8, lifeRows, several)} {
		add("add rows", func(ctx context.Context, l *life) error { return l.r.AddRows(ctx, rows) },
			func(m *model) { m.addRows(rows) })
	}
	skips := []batch.Skip{{Line: 40, Reason: "blank"}, {Line: 41, Reason: "footer"}}
	add("add skips", func(ctx context.Context, l *life) error { return l.r.AddSkips(ctx, skips) }, func(m *model) {
		for _, s := range skips {
			m.skips[s.Line] = s
		}
	})
	add("seal", func(ctx context.Context, l *life) error {
		plan := l.r.Plan()
		plan.Rows, plan.Users, plan.Lines = lifeRows, 7, 41
		if plan.Writes = 7; several {
			plan.Writes = 7*3 - 3
		}
		return l.r.Seal(ctx, plan)
	}, nil)
	state := func(s State, why string) {
		add(string(s), func(ctx context.Context, l *life) error { return l.r.SetState(ctx, s, why) }, nil)
	}
	state(Running, "")
	for i, e := range lifeEntries(several) {
		if i == 4 { // in the middle of a call the log is moved into the file and begun anew
			state(Stopped, "so")
			add("reopen", func(ctx context.Context, l *life) error { return l.reopen(ctx) }, nil)
			add("recover", func(ctx context.Context, l *life) error { _, err := l.r.Recover(ctx); return err }, func(m *model) { m.recover() })
			state(Running, "again")
		}
		if i == 3 {
			add("checkpoint", func(ctx context.Context, l *life) error { return l.checkpoint(ctx) }, nil)
		}
		add("write", func(ctx context.Context, l *life) error { return l.r.Write(ctx, e) }, func(m *model) { m.write(e) })
	}
	add("add waits", func(ctx context.Context, l *life) error {
		return l.r.AddWaits(ctx, batch.Waits{Paused: time.Second, Quota: time.Minute})
	}, nil)
	state(Finished, "")
	return all
}

// snapshot is all that a journal says, but for the clock's part in it.
type snapshot struct {
	Plan    batch.Plan
	State   State
	Summary batch.Summary
	Lines   []batch.Line
	Pending []batch.Pending
	Stops   []batch.Record
	Skips   []batch.Skip
	History []Change
	Timing  batch.Timing
	Last    int
	Send    int
	Verify  int
}

// read reads the journal by every way there is.
func (l *life) read(ctx context.Context) (snap snapshot, err error) {
	if runs, err := l.s.Runs(ctx, Filter{}); err != nil || len(runs) == 0 {
		return snap, err
	}
	r, err := l.s.Run(ctx, "life")
	if err != nil {
		return snap, err
	}
	var errs []error
	keep := func(err error) { errs = append(errs, err) }
	snap.Plan, snap.State = r.Plan(), r.State()
	snap.Summary, err = r.Summary(ctx)
	keep(err)
	for v, err := range r.Lines(ctx) {
		snap.Lines = append(snap.Lines, v)
		keep(err)
	}
	for v, err := range r.Pending(ctx) {
		snap.Pending = append(snap.Pending, v)
		keep(err)
	}
	for v, err := range r.Unsuccessful(ctx) {
		snap.Stops = append(snap.Stops, v)
		keep(err)
	}
	for v, err := range r.Skips(ctx) {
		snap.Skips = append(snap.Skips, v)
		keep(err)
	}
	snap.History, err = r.Changes(ctx)
	keep(err)
	for i := range snap.History {
		snap.History[i].At = time.Time{}
	}
	snap.Timing, err = r.Timing(ctx)
	keep(err)
	snap.Last, err = r.LastCall(ctx)
	keep(err)
	snap.Send, snap.Verify, err = r.Remaining(ctx)
	keep(err)
	return snap, errors.Join(errs...)
}

// look opens the journal in dir, where nothing fails, and says what it holds.
func look(t testing.TB, dir string) snapshot {
	t.Helper()
	watch(t, dir) // spares it the real syncs
	l := &life{path: filepath.Join(dir, "journal.db")}
	must(t, l.open(t.Context()))
	defer l.close()
	snap, err := l.read(t.Context())
	must(t, err)
	sound(t, l.s)
	return snap
}

// sentinels are errors with a meaning that no failing disk has.
var sentinels = []error{ErrNotJournal, ErrVersion, ErrNoRun, ErrAmbiguous, ErrState, ErrPlan, ErrLocked}

// wantTold holds what is said of a failing disk: file, run, and nothing that is not
// so.
func wantTold(t *testing.T, l *life, act string, err error) {
	t.Helper()
	if !strings.Contains(err.Error(), l.path) || !slices.Contains([]string{"open", "reopen"}, act) && !strings.Contains(err.Error(), "life") {
		t.Errorf("%s: the error names no run and file: %v", act, err)
	}
	wantErr(t, err, ErrDisk)
	for _, s := range sentinels {
		if errors.Is(err, s) {
			t.Errorf("%s: a failing disk is told as %q: %v", act, s, err)
		}
	}
}
