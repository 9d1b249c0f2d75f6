package journal

import (
	"errors"
	"iter"

	"context"
	goflag "flag"
	"fmt"
	"github.com/google/go-cmp/cmp"
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

var flips = goflag.Int("flips", 3, "how many bits of each page TestFlips flips, one at a time")

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
			p.DuplicateOf = 20
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

// shown is what a journal shows of its runs.
type shown struct {
	lines   map[string][]batch.Line
	pending map[string][]batch.Pending
	counts  map[string]batch.Summary
	errs    []error
}

func show(ctx context.Context, path string) shown {
	s := shown{lines: map[string][]batch.Line{}, pending: map[string][]batch.Pending{}, counts: map[string]batch.Summary{}}
	store, err := OpenToRead(ctx, path)
	if err != nil {
		return shown{errs: []error{err}}
	}
	defer store.Close()
	for _, name := range runNames {
		if name == "planning" {
			continue // it has no digest, and nobody in it can ever be sent
		}
		r, err := store.Run(ctx, name)
		if err != nil {
			s.errs = append(s.errs, err)
			continue
		}
		var errs [3]error
		s.lines[name], errs[0] = upTo(r.Lines(ctx))
		s.pending[name], errs[1] = upTo(r.Pending(ctx))
		s.counts[name], errs[2] = r.Summary(ctx)
		s.errs = append(s.errs, errs[:]...)
	}
	return s
}

// upTo is what came before an error, and the error.
func upTo[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for v, err := range seq {
		if err != nil {
			return all, err
		}
		if all = append(all, v); len(all) > 10_000 {
			return nil, fmt.Errorf("no end after %d", len(all))
		}
	}
	return all, nil
}

// told reports whether an error says honestly that the file is no good. A run
// whose name was hit is not found.
func told(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotJournal) || errors.Is(err, ErrNewer) || errors.Is(err, ErrNoRun)
}

// strangers lists everybody shown who is not the person of that row, and every error
// that tells of no damage.
func (got shown) strangers(want shown) (lies []string) {
	for _, err := range got.errs {
		if err != nil && !told(err) {
			lies = append(lies, fmt.Sprintf("an error that tells of no damage: %v", err))
		}
	}
	for name, lines := range got.lines {
		for i, l := range lines {
			if w := want.lines[name]; i >= len(w) || !cmp.Equal(l.Row, w[i].Row) || l.User != w[i].User {
				lies = append(lies, fmt.Sprintf("%s: line %d shows %+v %+v", name, i+1, l.Row, l.User))
			}
		}
	}
	for name, users := range got.pending {
		known := map[batch.User]bool{}
		for _, l := range want.lines[name] {
			known[l.User] = true
		}
		for _, p := range users {
			if !known[p.User] {
				lies = append(lies, fmt.Sprintf("%s: %+v is pending", name, p.User))
			}
		}
	}
	return lies
}

// TestFlips damages every page of a journal in many ways: a bit flipped here and
// there, zeros, an end. Nobody is ever shown, or sent, who is not the person of the
// plan. How much of the rest passes unseen, it counts: SQLite keeps no sums of its
// pages.
func TestFlips(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and very many cases")
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	wholeJournal(t, path)
	want := show(t.Context(), path)
	must(t, errors.Join(want.errs...))
	file, err := os.ReadFile(path)
	must(t, err)
	var mu sync.Mutex
	count := map[string]int{}
	eachHarm(t, file, harms(newSeed(t), file, 4096), func(t *testing.T, dir string, file []byte) []string {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		path := filepath.Join(dir, "journal.db")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			return []string{err.Error()}
		}
		got := show(ctx, path)
		what := "harmless"
		switch damaged := errors.Join(got.errs...); {
		case damaged != nil:
			what = "told"
		case got.falseSuccess(want):
			what = "unseen, and a success that was none"
		case !cmp.Equal(got.lines, want.lines) || !cmp.Equal(got.counts, want.counts) || !cmp.Equal(got.pending, want.pending):
			what = "unseen, and something else of a record"
		}
		mu.Lock()
		defer mu.Unlock()
		count[what]++
		return got.strangers(want)
	})
	t.Logf("%v", count)
}

// falseSuccess reports whether somebody is told as a success who was none.
func (got shown) falseSuccess(want shown) bool {
	for name, lines := range got.lines {
		for i, l := range lines {
			if w := want.lines[name]; i < len(w) && l.Record.Outcome.Kind() == batch.Success && w[i].Record.Outcome.Kind() != batch.Success {
				return true
			}
		}
	}
	return false
}
