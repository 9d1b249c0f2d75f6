package journal

import (
	"context"
	goflag "flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"offboard/batch"
)

var flips = goflag.Int("flips", 1, "how many bits of each page the damage tests flip, one at a time")

// wholeJournal makes a journal in which there is some of everything: every
// table, every state, texts that overflow their page, and free pages.
func wholeJournal(t *testing.T, path string) {
	t.Helper()
	ctx := t.Context()
	s := openAt(t, path)
	gone := create(t, s, batch.Plan{Run: "gone"})
	fill(t, gone, 80)
	for _, name := range []string{"finished", "stopped", "planning", "refused", "open"} {
		plan := somePlan(name)
		plan.Rows, plan.Users = 60, 56
		plan.Settings = append(plan.Settings, batch.Setting{Name: "filter", Why: strings.Repeat("a long reason ", 90)})
		r := create(t, s, plan)
		addSome(t, r)
		if name == "planning" {
			continue
		}
		must(t, r.Seal(ctx, plan))
		if name == "refused" {
			must(t, r.SetState(ctx, Refused, "too many"))
			continue
		}
		must(t, r.SetState(ctx, Running, ""))
		sendSome(t, r, name == "finished")
		if name == "open" {
			continue
		}
		must(t, r.AddWaits(ctx, batch.Waits{Quota: time.Second}))
		must(t, r.SetState(ctx, map[string]State{"finished": Finished, "stopped": Stopped}[name], strings.Repeat("why ", 30)))
	}
	must(t, gone.Discard(ctx))
	must(t, s.Close())
}

// addSome plans 60 rows: duplicates before and behind their user, privileged
// users, bad rows and long texts among them.
func addSome(t *testing.T, r *Run) {
	t.Helper()
	var rows []batch.Planned
	for seq := 1; seq <= 60; seq++ {
		p := realistic(seq)
		switch seq {
		case 7, 50:
			p.Same = 20
		case 3, 33:
			p.User.Privileged = true
		case 11:
			p.Row.Cells = []string{p.Row.Input, strings.Repeat("long cell ", 450)}
		case 12, 13:
			p.Record = &batch.Record{Seq: seq, Outcome: batch.Invalid, Reason: "bad shape"}
		}
		rows = append(rows, p)
	}
	must(t, r.AddRows(t.Context(), rows))
	must(t, r.AddSkips(t.Context(), []batch.Skip{{Line: 1, Reason: "version line"}, {Line: 99, Reason: "blank"}}))
}

// sendSome sends all but the last users, or all, in calls of 10.
func sendSome(t *testing.T, r *Run, finish bool) {
	t.Helper()
	for no := 1; no <= 6; no++ {
		call := batch.Call{No: no, SentAt: at(no)}
		e := batch.Entry{Over: []int{no}}
		for seq := no*10 - 9; seq <= no*10; seq++ {
			if seq == 7 || seq == 50 || seq == 12 || seq == 13 {
				continue
			}
			call.Seqs = append(call.Seqs, seq)
			rec := settled(seq, no, []batch.Outcome{batch.Verified, batch.Unverified, batch.Denied}[seq%3])
			if seq == 15 {
				rec.Message = strings.Repeat("a long message ", 300)
			}
			if !finish && seq%5 == 0 {
				e.Trials = append(e.Trials, batch.Trial{Seq: seq, Attempts: 1, SentAt: at(no), Doubt: seq%2 == 0, Status: 504})
				continue
			}
			e.Records = append(e.Records, rec)
		}
		must(t, r.Write(t.Context(), batch.Entry{Calls: []batch.Call{call}}))
		if !finish && no == 6 {
			return // the last call is under way
		}
		must(t, r.Write(t.Context(), e))
	}
}

// runNames are those of wholeJournal.
var runNames = []string{"finished", "stopped", "planning", "refused", "open"}

// answers is what a journal says of the runs of wholeJournal, and of all runs.
type answers struct {
	opened error
	list   []Info
	listed error
	runs   map[string]reading
}

func ask(ctx context.Context, path string) (a answers) {
	var s *Store
	if s, a.opened = Open(ctx, path); a.opened != nil {
		return a
	}
	defer s.Close()
	a.list, a.listed = s.Runs(ctx)
	a.runs = map[string]reading{}
	for _, name := range runNames {
		a.runs[name] = readAll(ctx, s, name)
	}
	return a
}

// lies lists everything wrong that is said without an error.
func (a answers) lies(want answers) (lies []string) {
	if a.opened != nil {
		if !told(a.opened) {
			lies = append(lies, fmt.Sprintf("Open: an error that tells of no damage: %v", a.opened))
		}
		return lies
	}
	got := reading{errs: map[string]error{"Info": a.listed}}
	if a.listed == nil && len(a.list) != len(want.list) {
		lies = append(lies, fmt.Sprintf("%d runs are listed, not %d", len(a.list), len(want.list)))
	} else if a.listed == nil {
		for i := range a.list {
			got.Info = a.list[i]
			lies = append(lies, got.lies(reading{Info: want.list[i]})...)
		}
	} else {
		lies = append(lies, got.lies(reading{})...)
	}
	for name, r := range a.runs {
		for _, lie := range r.lies(want.runs[name]) {
			lies = append(lies, name+": "+lie)
		}
	}
	return lies
}

// harm is one way in which a file is damaged.
type harm struct {
	name string
	do   func(file []byte) []byte
}

// harms lists what is done to a file with pages of a size: to each of them, a
// few bits flipped (half of them where its structure is), zeros, and the end.
func harms(rnd *rand.Rand, file []byte, size int) (list []harm) {
	for page := 0; page*size < len(file); page++ {
		start, length := page*size, min(size, len(file)-page*size)
		for i := range *flips {
			bit := rnd.IntN(8 * length)
			if i%2 == 1 {
				bit = rnd.IntN(8 * min(length, 120))
			}
			list = append(list, harm{fmt.Sprintf("page %d, bit %d", page+1, bit), func(f []byte) []byte {
				f[start+bit/8] ^= 1 << (bit % 8)
				return f
			}})
		}
		list = append(list, harm{fmt.Sprintf("page %d, zeros", page+1), func(f []byte) []byte {
			clear(f[start : start+length])
			return f
		}})
		if page > 0 { // a file without a byte is a new journal
			list = append(list, harm{fmt.Sprintf("page %d, end", page+1), func(f []byte) []byte { return f[:start] }})
		}
	}
	return list
}

// fewer takes every n-th of the harms, another n-th each time; all of them when
// more than the usual was asked for.
func fewer(rnd *rand.Rand, list []harm, n int) (some []harm) {
	if *flips > 1 {
		return list
	}
	for i := rnd.IntN(n); i < len(list); i += n {
		some = append(some, list[i])
	}
	return some
}

// eachHarm tries every harm on a copy of its own of the file, on all processors.
func eachHarm(t *testing.T, file []byte, list []harm, try func(t *testing.T, dir string, file []byte) []string) {
	t.Helper()
	work := make(chan harm)
	var wg sync.WaitGroup
	for range 4 {
		dir := t.TempDir()
		wg.Go(func() {
			n := 0
			for h := range work {
				n++
				sub := filepath.Join(dir, fmt.Sprint(n))
				lies := func() (lies []string) {
					defer func() {
						if p := recover(); p != nil {
							lies = append(lies, fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
						}
					}()
					if err := os.Mkdir(sub, 0o700); err != nil {
						return []string{err.Error()}
					}
					return try(t, sub, h.do(append([]byte(nil), file...)))
				}()
				os.RemoveAll(sub)
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
	t.Logf("%d cases", len(list))
}

// patience is far more than a case takes; one that has no end is a failure.
const patience = 2 * time.Minute // of a case that hangs; the slowest take seconds, and ten times that on a busy machine

func newSeed(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// manyCases begins a test that damages a whole journal in very many ways: its
// file, and what it answers undamaged. The race detector, which finds nothing in
// one goroutine, goes without.
func manyCases(t *testing.T) (path string, file []byte, want answers) {
	t.Helper()
	if testing.Short() {
		t.Skip("one goroutine, and very many cases")
	}
	t.Parallel()
	path = filepath.Join(t.TempDir(), "journal.db")
	wholeJournal(t, path)
	want = ask(t.Context(), path)
	file, err := os.ReadFile(path)
	must(t, err)
	return path, file, want
}

// TestDamage damages every page of a journal in every way: whatever is read
// then is as it was, or an error says that it may not be.
func TestDamage(t *testing.T) {
	_, file, want := manyCases(t)
	for _, lie := range want.lies(want) {
		t.Fatal(lie)
	}
	told, kept := 0, 0
	var mu sync.Mutex
	eachHarm(t, file, harms(newSeed(t), file, pageSize), func(t *testing.T, dir string, file []byte) []string {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		path := filepath.Join(dir, "journal.db")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			return []string{err.Error()}
		}
		got := ask(ctx, path)
		mu.Lock()
		defer mu.Unlock()
		if got.opened == nil {
			kept++
		} else {
			told++
		}
		return got.lies(want)
	})
	t.Logf("%d could not be opened, %d could", told, kept)
}

// TestDamagedLog damages a write-ahead log that was never moved into the file.
// SQLite ends the log before the first frame that is not whole, so what is read
// then is what was there after an earlier commit: nothing is mixed, and
// nothing is made up.
func TestDamagedLog(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and very many cases")
	}
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	wholeJournal(t, path)
	var commits []answers
	s := openAt(t, path)
	r, err := s.Run(ctx, "stopped")
	must(t, err)
	snap := func() []byte {
		copied := filepath.Join(t.TempDir(), "journal.db")
		for _, suffix := range []string{"", "-wal"} {
			file, err := os.ReadFile(path + suffix)
			must(t, err)
			must(t, os.WriteFile(copied+suffix, file, 0o600))
		}
		log, err := os.ReadFile(copied + "-wal")
		must(t, err)
		commits = append(commits, ask(ctx, copied))
		return log
	}
	snap()
	must(t, r.SetState(ctx, Running, ""))
	snap()
	for no := 8; no < 11; no++ {
		must(t, r.Write(ctx, batch.Entry{Calls: []batch.Call{{No: no, SentAt: at(no), Seqs: []int{5 * (no - 7)}}}}))
		snap()
		must(t, r.Write(ctx, batch.Entry{Over: []int{no}, Records: []batch.Record{settled(5*(no-7), no, batch.Verified)}}))
		snap()
	}
	log, file := snap(), []byte(nil)
	file, err = os.ReadFile(path)
	must(t, err)
	seen := make([]int, len(commits))
	var mu sync.Mutex
	rnd := newSeed(t)
	eachHarm(t, log, fewer(rnd, harms(rnd, log, pageSize+24), 2), func(t *testing.T, dir string, log []byte) []string {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		path := filepath.Join(dir, "journal.db")
		for name, b := range map[string][]byte{path: file, path + "-wal": log} {
			if err := os.WriteFile(name, b, 0o600); err != nil {
				return []string{err.Error()}
			}
		}
		got := ask(ctx, path)
		for i := range commits {
			if len(got.lies(commits[i])) == 0 {
				mu.Lock()
				defer mu.Unlock()
				seen[i]++
				return nil
			}
		}
		return append(got.lies(commits[0]), "... and not as after any other commit")
	})
	t.Logf("as after each commit: %v", seen)
}

// TestDamagedRows changes each column of each table, and takes away each
// table's rows one by one, as a hand with a SQL shell would: nobody is told a
// lie.
func TestDamagedRows(t *testing.T) {
	_, file, want := manyCases(t)
	for _, of := range append([]*table{runsTable, talliesTable}, parts...) {
		where := "rowid = (SELECT max(rowid) FROM " + of.name + ")"
		if of.keys == 2 {
			key := of.columns[1]
			where = "(run, " + key + ") = (SELECT run, " + key + " FROM " + of.name + " ORDER BY " + key + " DESC, run LIMIT 1)"
		}
		statements := []string{"DELETE FROM " + of.name + " WHERE " + where}
		for _, c := range append(of.columns[:len(of.columns):len(of.columns)], "sum") {
			other := "CASE typeof(" + c + ") WHEN 'integer' THEN 100 + " + c + " WHEN 'text' THEN " + c + " || 'x' ELSE 1 END"
			statements = append(statements, "UPDATE "+of.name+" SET "+c+" = "+other+" WHERE "+where)
		}
		for _, st := range statements {
			path := filepath.Join(t.TempDir(), "journal.db")
			must(t, os.WriteFile(path, file, 0o600))
			rawDB(t, path, st)
			got := ask(t.Context(), path)
			for _, lie := range got.lies(want) {
				t.Errorf("%s: %s", st, lie)
			}
			if !got.tells() {
				t.Errorf("%s: nobody noticed", st)
			}
		}
	}
}

// tells reports whether anything was told of damage.
func (a answers) tells() bool {
	if told(a.opened) || told(a.listed) {
		return true
	}
	for _, r := range a.runs {
		for _, err := range r.errs {
			if told(err) {
				return true
			}
		}
	}
	return false
}
