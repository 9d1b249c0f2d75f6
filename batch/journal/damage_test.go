package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"offboard/batch"

	"github.com/google/go-cmp/cmp"
)

// wholeJournal makes a journal in which there is some of everything: every
// table, every state, texts that overflow their page, and free pages. Each run has so
// many rows, a multiple of 60.
func wholeJournal(t *testing.T, path string, rows int) {
	t.Helper()
	ctx := t.Context()
	s := openAt(t, path)
	gone := create(t, s, batch.Plan{Run: "gone"})
	fill(t, gone, rows+20)
	for _, name := range []string{"finished", "stopped", "planning", "refused", "open", "steps"} {
		plan := somePlan(name)
		plan.Rows, plan.Users, plan.Writes = rows, rows-4, rows-4
		if name == "steps" {
			plan.Steps = []batch.Step{batch.Disable, batch.Devices}
			plan.Writes *= 3
		}
		plan.Settings = append(plan.Settings, batch.Setting{Name: "filter", Why: strings.Repeat("a long reason ", 90)})
		r := create(t, s, plan)
		addSome(t, r, rows)
		if name == "planning" {
			continue
		}
		must(t, r.Seal(ctx, plan))
		if name == "refused" {
			must(t, r.SetState(ctx, Refused, "too many"))
			continue
		}
		must(t, r.SetState(ctx, Running, ""))
		sendSome(t, r, rows, name == "finished")
		if name == "open" || name == "steps" {
			continue
		}
		must(t, r.AddWaits(ctx, batch.Waits{Quota: time.Second}))
		must(t, r.SetState(ctx, map[string]State{"finished": Finished, "stopped": Stopped}[name], strings.Repeat("why ", 30)))
	}
	must(t, gone.Discard(ctx))
	must(t, s.Close())
}

// addSome plans rows: duplicates before and behind their user, privileged
// users, bad rows and long texts among them.
func addSome(t *testing.T, r *Run, n int) {
	t.Helper()
	var rows []batch.Planned
	for seq := 1; seq <= n; seq++ {
		p := realistic(seq)
		switch seq {
		case 7, 50:
			p.DuplicateOf = 20
		case 3, 33:
			p.User.Privileged = true
		case 11:
			p.Row.Cells = []string{p.Row.Input, strings.Repeat("long cell ", 450)}
		case 12, 13:
			p.Record = &batch.Record{Seq: seq, Outcome: batch.Invalid, Reason: "bad shape"}
		}
		if batch.Several(r.Plan().Steps) && p.DuplicateOf == 0 && p.Record == nil {
			for _, id := range []string{guid(2000 + seq), guid(3000 + seq)} {
				p.Targets = append(p.Targets, batch.Target{Step: batch.Devices, ID: id, Name: "laptop", Kind: "Windows", Before: batch.StateEnabled})
			}
		}
		rows = append(rows, p)
	}
	must(t, r.AddRows(t.Context(), rows))
	must(t, r.AddSkips(t.Context(), []batch.Skip{{Line: 1, Reason: "version line"}, {Line: 99, Reason: "blank"}}))
}

// sendSome sends all but the last users, or all, in calls of 10.
func sendSome(t *testing.T, r *Run, rows int, finish bool) {
	t.Helper()
	for no := 1; no <= rows/10; no++ {
		call := batch.Call{No: no, SentAt: at(no % 60), Step: r.Plan().Steps[no%len(r.Plan().Steps)]}
		e := batch.Entry{Over: []int{no}}
		for seq := no*10 - 9; seq <= no*10; seq++ {
			if seq == 7 || seq == 50 || seq == 12 || seq == 13 {
				continue
			}
			call.Seqs = append(call.Seqs, seq)
			rec := settled(seq, no, batch.Outcomes[seq%(len(batch.Outcomes)-2)])
			if rec.Step = call.Step; call.Step.Listed() {
				rec.Target = guid(2000 + seq)
				call.Targets = append(call.Targets, rec.Target)
			}
			if seq == 15 {
				rec.Message = strings.Repeat("a long message ", 300)
			}
			if !finish && seq%5 == 0 {
				e.Trials = append(e.Trials, batch.Trial{Seq: seq, Step: rec.Step, Target: rec.Target, Attempts: 1, SentAt: at(no % 60), Doubt: seq%2 == 0, Status: 504})
				continue
			}
			e.Records = append(e.Records, rec)
		}
		must(t, r.Write(t.Context(), batch.Entry{Calls: []batch.Call{call}}))
		if !finish && no == rows/10 {
			return // the last call is under way
		}
		must(t, r.Write(t.Context(), e))
	}
}

// harm is one way in which a file is damaged.
type harm struct {
	name string
	do   func(file []byte) []byte
}

// flips are so many flipped bits, one at a time, of every so many pages. Every other one
// is where the page's own structure is.
func flips(rnd *rand.Rand, file []byte, each, every int) (list []harm) {
	for start := 0; start < len(file); start += every * pageSize {
		for i := range each {
			bit := rnd.IntN(8 * pageSize)
			if i%2 == 1 {
				bit = rnd.IntN(8 * 120)
			}
			list = append(list, harm{fmt.Sprintf("page %d, bit %d", start/pageSize+1, bit), func(f []byte) []byte {
				f[start+bit/8] ^= 1 << (bit % 8)
				return f
			}})
		}
	}
	return list
}

// holes are pages of zeros, and ends of the file, one at every so many pages.
func holes(file []byte, every int) (list []harm) {
	for start := pageSize; start < len(file); start += every * pageSize { // a file without a byte is a new journal
		list = append(list,
			harm{fmt.Sprintf("page %d, zeros", start/pageSize+1), func(f []byte) []byte { clear(f[start : start+pageSize]); return f }},
			harm{fmt.Sprintf("page %d, end", start/pageSize+1), func(f []byte) []byte { return f[:start] }})
	}
	return list
}

// eachHarm tries every harm on a copy of its own of the file, on all processors. try
// says what came of it, and lists lies.
func eachHarm(t *testing.T, file []byte, list []harm, try func(ctx context.Context, path string) (what string, lies []string)) (count map[string]int) {
	t.Helper()
	work := make(chan harm)
	var wg sync.WaitGroup
	var mu sync.Mutex
	count = map[string]int{}
	for range 4 {
		dir := t.TempDir()
		wg.Go(func() {
			n := 0
			for h := range work {
				n++
				sub := filepath.Join(dir, fmt.Sprint(n))
				what, lies := func() (what string, lies []string) {
					defer func() {
						if p := recover(); p != nil {
							lies = append(lies, fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
						}
					}()
					path := filepath.Join(sub, "journal.db")
					if err := errors.Join(os.Mkdir(sub, 0o700), os.WriteFile(path, h.do(slices.Clone(file)), 0o600)); err != nil {
						return "", []string{err.Error()}
					}
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					return try(ctx, path)
				}()
				os.RemoveAll(sub)
				mu.Lock()
				count[what]++
				mu.Unlock()
				for _, lie := range lies {
					t.Errorf("%s: %s", h.name, lie)
				}
			}
		})
	}
	for _, h := range list {
		work <- h
	}
	close(work)
	wg.Wait()
	return count
}

// patience is far more than a case takes; one that has no end is a failure.
const patience = 2 * time.Minute

// runNames are those of wholeJournal, but for the one in the making: it has no digest,
// and no user in it can ever be sent.
var runNames = []string{"finished", "stopped", "refused", "open", "steps"}

// shown is what a journal shows of its runs.
type shown struct {
	lines    map[string][]batch.Line
	pending  map[string][]batch.Pending
	unproven map[string][]batch.Unproven
	counts   map[string]batch.Summary
	errs     []error
}

// show reads a journal as a report, and as a resume.
func show(ctx context.Context, path string, resume bool) shown {
	s := shown{map[string][]batch.Line{}, map[string][]batch.Pending{}, map[string][]batch.Unproven{}, map[string]batch.Summary{}, nil}
	open := OpenToRead
	if resume {
		open = Open
	}
	store, err := open(ctx, path)
	if err != nil {
		s.errs = []error{err}
		return s
	}
	defer store.Close()
	for _, name := range runNames {
		r, err := store.Run(ctx, name)
		if err != nil {
			s.errs = append(s.errs, err)
			continue
		}
		var errs [5]error
		if resume {
			if _, errs[0] = r.Recover(ctx); errs[0] == nil && r.State().Resumable() {
				errs[0] = r.SetState(ctx, Running, "")
			}
		}
		s.lines[name], errs[1] = upToError(r.Lines(ctx))
		s.pending[name], errs[2] = upToError(r.Pending(ctx))
		s.unproven[name], errs[3] = upToError(r.Unproven(ctx))
		s.counts[name], errs[4] = r.Summary(ctx)
		s.errs = append(s.errs, errs[:]...)
	}
	return s
}

// upToError is what came before an error, and the error.
func upToError[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for v, err := range seq {
		if err != nil {
			return all, err
		}
		if all = append(all, v); len(all) > 100_000 {
			return nil, fmt.Errorf("no end after %d", len(all))
		}
	}
	return all, nil
}

// honest reports whether an error says that the file is no good. A run
// whose name was hit is not found.
func honest(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotJournal) || errors.Is(err, ErrVersion) || errors.Is(err, ErrNoRun)
}

// against says in a word what a damaged journal shows, and lists lies: an error that tells of
// no damage, a user who is not the person of that row or not there without an error, and a
// success that was none.
func (got shown) against(want shown) (what string, lies []string) {
	lie := func(format string, args ...any) { lies = append(lies, fmt.Sprintf(format, args...)) }
	for _, err := range got.errs {
		if err != nil && !honest(err) {
			lie("an error that tells of no damage: %v", err)
		}
	}
	refused := errors.Join(got.errs...) != nil
	for name, w := range want.lines {
		lines := got.lines[name]
		if len(lines) != len(w) && !refused {
			lie("%s: %d lines of %d, and no error", name, len(lines), len(w))
		}
		persons := map[batch.User]bool{}
		for _, l := range w {
			persons[l.User] = true
		}
		targets := map[batch.Mark]batch.Target{}
		for _, l := range w {
			for _, w := range l.Writes {
				targets[w.Record.Mark()] = w.Target
			}
		}
		for _, p := range got.pending[name] {
			if of, ok := targets[p.Item.Mark()]; !persons[p.Item.User] || len(targets) > 0 && (!ok || of != p.Item.Target) {
				lie("%s: %+v is pending", name, p.Item)
			}
		}
		if n := len(openWrites(lines)); n != len(got.pending[name]) && !refused {
			lie("%s: %d writes are open, %d pending, and no error", name, n, len(got.pending[name]))
		}
		for _, p := range got.unproven[name] {
			if !persons[p.Item.User] {
				lie("%s: %+v is unproven", name, p.Item.User)
			}
		}
		for i, l := range lines {
			if i < len(lines) && (i >= len(w) || !cmp.Equal(l.Row, w[i].Row) || l.User != w[i].User) || !persons[l.User] {
				lie("%s: line %d shows %+v %+v", name, i+1, l.Row, l.User)
			}
			for _, of := range l.Writes {
				if g, ok := targets[of.Record.Mark()]; !ok || g != of.Target {
					lie("%s: line %d shows %+v", name, i+1, of)
				}
			}
			if i < min(len(lines), len(w)) && l.Record.Outcome.Kind() == batch.Success && w[i].Record.Outcome.Kind() != batch.Success {
				what = "SEEN AS A SUCCESS THAT WAS NONE"
			}
		}
	}
	switch {
	case what != "":
	case refused:
		what = "refused"
	case cmp.Equal(got.lines, want.lines) && cmp.Equal(got.pending, want.pending) && cmp.Equal(got.counts, want.counts):
		what = "harmless"
	case cmp.Equal(got.outcomes(), want.outcomes()):
		what = "unseen: a time, a number or a text of a record"
	default:
		what = "unseen: an outcome, and none became a success"
	}
	return what, lies
}

// openWrites are the writes that have no record.
func openWrites(lines []batch.Line) map[batch.Mark]bool {
	open := map[batch.Mark]bool{}
	for _, l := range lines {
		if len(l.Writes) == 0 {
			l.Writes = []batch.Write{{Record: l.Record}}
		}
		for _, w := range l.Writes {
			if w.Record.Outcome.Open() {
				open[w.Record.Mark()] = true
			}
		}
	}
	return open
}

func (got shown) outcomes() map[string]string {
	words := map[string]string{}
	for name, lines := range got.lines {
		words[name] = outcomes(lines)
	}
	return words
}

// TestFlips damages a journal in many ways, and reads it as a report and as a resume
// do. Nobody is ever shown, or sent, who is not the person of the plan, and nobody is told as
// a success who was none. What passes unseen, it counts: SQLite keeps no sums of its pages.
func TestFlips(t *testing.T) {
	t.Parallel()
	rows, each, every := 60, 1, 7
	if *soak {
		rows, each, every = 600, 4, 1
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	wholeJournal(t, path, rows)
	file, err := os.ReadFile(path)
	must(t, err)
	for _, resume := range []bool{false, true} {
		original := filepath.Join(t.TempDir(), "journal.db")
		must(t, os.WriteFile(original, file, 0o600))
		want := show(t.Context(), original, resume)
		must(t, errors.Join(want.errs...))
		try := func(ctx context.Context, path string) (string, []string) {
			return show(ctx, path, resume).against(want)
		}
		for what, list := range map[string][]harm{"flipped bits": flips(rand.New(rand.NewPCG(1, 2)), file, each, every), "holes": holes(file, 5*every)} {
			count := eachHarm(t, file, list, try)
			for _, word := range slices.Sorted(maps.Keys(count)) {
				t.Logf("resume %-5v  %d pages, %5d %s: %5d %s", resume, len(file)/pageSize, len(list), what, count[word], word)
			}
			if n := count["SEEN AS A SUCCESS THAT WAS NONE"]; n > 0 {
				t.Errorf("%d cases show a success that was none", n)
			}
		}
	}
}

// TestEveryCopyOfAnID flips a bit in each place of the file that holds the id of a thing
// or of a person: tables and indexes hold it, and each may be what is read. It was seen to
// fail while the plan's digest read targets by their index alone.
func TestEveryCopyOfAnID(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	wholeJournal(t, path, 60)
	file, err := os.ReadFile(path)
	must(t, err)
	for _, resume := range []bool{false, true} {
		original := filepath.Join(t.TempDir(), "journal.db")
		must(t, os.WriteFile(original, file, 0o600))
		want := show(t.Context(), original, resume)
		must(t, errors.Join(want.errs...))
		var harms []harm
		for _, seq := range []int{15} {
			for _, id := range []string{guid(2000 + seq), guid(3000 + seq), realistic(seq).User.ID} {
				copies := 0
				for at := 0; ; copies++ {
					next := bytes.Index(file[at:], []byte(id))
					if next < 0 {
						break
					}
					at += next + 1
					harms = append(harms, harm{fmt.Sprintf("%s, byte %d", id, at), func(f []byte) []byte { f[at+9] ^= 2; return f }})
				}
				if copies < 2 && id != realistic(seq).User.ID {
					t.Errorf("the file has %d copies of %s, want the table and the index", copies, id)
				}
			}
		}
		count := eachHarm(t, file, harms, func(ctx context.Context, path string) (string, []string) {
			return show(ctx, path, resume).against(want)
		})
		t.Logf("resume %v: %v", resume, count)
	}
}

// A value that no Go type takes is told with its table and column.
func TestDamageIsNamed(t *testing.T) {
	s := openNew(t)
	r := running(t, s, "r", 2)
	must(t, r.Write(t.Context(), batch.Entry{Records: []batch.Record{settled(1, 1, batch.Verified)}}))
	_, err := s.w.Exec("PRAGMA ignore_check_constraints = 1; UPDATE marks SET outcome = 'verifyed'")
	must(t, err)
	r.checked = true // the database holds the words, too, and would be first
	lines := 0
	for _, err := range r.Lines(t.Context()) {
		lines++
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), `journal is damaged: verifyed is no batch.Outcome (column marks.outcome)`) {
			t.Errorf("the error is %v", err)
		}
	}
	if lines != 1 {
		t.Errorf("%d lines, want the error alone", lines)
	}
}
