package journal

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"offboard/batch"

	"github.com/google/go-cmp/cmp"
	sqlite3 "modernc.org/sqlite/lib"
)

var soak = flag.Bool("soak", false, "try everything: every fault, every power cut, many flipped bits")

// faultKinds are the ways to fail, each tried once and lasting.
var faultKinds = []struct {
	name string
	fault
	stride int // which operations are failed by default: every so many
}{
	{"disk full", fault{op: opGrow, code: sqlite3.SQLITE_FULL}, 151},
	{"write error", fault{op: opWrite, code: sqlite3.SQLITE_IOERR_WRITE}, 157},
	{"half a write", fault{op: opWrite, code: sqlite3.SQLITE_FULL, torn: true}, 163},
	{"read-only", fault{op: opWrite, code: sqlite3.SQLITE_READONLY}, 167},
	{"read error", fault{op: opRead, code: sqlite3.SQLITE_IOERR_READ}, 193},
	{"sync error", fault{op: opSync, code: sqlite3.SQLITE_IOERR_FSYNC}, 29},
	{"truncate error", fault{op: opTrunc, code: sqlite3.SQLITE_IOERR_TRUNCATE}, 3},
	{"no open", fault{op: opOpen, code: sqlite3.SQLITE_CANTOPEN}, 5},
	{"no delete", fault{op: opDelete, code: sqlite3.SQLITE_IOERR_DELETE}, 1},
	{"no shared memory", fault{op: opMap, code: sqlite3.SQLITE_IOERR_SHMMAP}, 5},
}

// reference is what the journal says before every act and after the last, when
// nothing fails, itself held against the model.
func reference(t *testing.T, steps []batch.Step) (snaps []snapshot) {
	t.Helper()
	l := &life{path: filepath.Join(t.TempDir(), "journal.db")}
	snaps = append(snaps, snapshot{})
	m := newModel(steps...)
	for _, st := range lifeSteps(steps) {
		must(t, st.do(t.Context(), l))
		if st.say != nil {
			st.say(m)
		}
		if l.r != nil {
			m.compare(t, l.r)
		}
		snap, err := l.read(t.Context())
		must(t, err)
		snaps = append(snaps, snap)
	}
	l.close()
	return snaps
}

// TestFaults lives a run again and again, and fails one operation of the disk
// each time, or all from there on, until nothing is left to fail. Without -soak each kind
// of fault meets one kind of run if it lasts, and the other one if it does not.
func TestFaults(t *testing.T) {
	var refs [][]snapshot
	for _, steps := range lives {
		refs = append(refs, reference(t, steps))
	}
	for n, k := range faultKinds {
		for i := range 2 * len(lives) {
			life, lasts := i/2, i%2 == 1
			steps, ref := lives[life], refs[life]
			if !*soak && (n+i)%len(lives) != life {
				continue
			}
			t.Run(fmt.Sprintf("%s lasts=%v %s", k.name, lasts, batch.StepList(steps)), func(t *testing.T) {
				t.Parallel()
				f, stride := k.fault, k.stride
				if *soak {
					stride = 1
				}
				f.lasts = lasts
				for f.n = 1; faulty(t, steps, ref, f) > 0 && !t.Failed(); f.n += stride {
				}
				t.Logf("%d operations to fail", f.n)
			})
		}
	}
}

// faulty lives a run on a disk with the fault, and tells how often it was met.
func faulty(t *testing.T, steps []batch.Step, ref []snapshot, f fault) (met int) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("the fault was %s %d", f.op, f.n)
		}
	}()
	d := watch(t, t.TempDir())
	l := &life{path: filepath.Join(d.dir, "journal.db"), d: d}
	defer l.close()
	d.set(&f)
	for i, st := range lifeSteps(steps) {
		err := st.do(t.Context(), l)
		if err == nil {
			continue
		}
		met += d.hit()
		wantTold(t, l, st.name, err)
		d.afterwards(t, ref[i:i+2], rand.New(rand.NewPCG(uint64(f.n), 3)))
		if l.s != nil && f.op != opRead && f.op != opOpen && f.op != opMap {
			snap, err := l.read(t.Context())
			must(t, err)
			diff(t, st.name+" failed, and a reader sees", snap, ref[i])
		}
		l.again(t, d, st, ref[i:i+2])
		if t.Failed() {
			t.Fatalf("act %d, %s", i, st.name)
		}
	}
	met += d.hit()
	d.set(nil)
	d.afterwards(t, ref[len(ref)-1:], nil)
	l.close()
	diff(t, "in the end", look(t, d.dir), ref[len(ref)-1])
	return met
}

// again takes the act that failed once more, and, when the fault lasts or must
// not be forgiven, after the journal was opened anew.
func (l *life) again(t *testing.T, d *disk, st act, either []snapshot) {
	t.Helper()
	opening := l.s == nil
	err := st.do(t.Context(), l)
	if err == nil {
		if d.fault.op == opSync && !opening {
			t.Errorf("%s: acknowledged after a sync had failed", st.name)
		}
		return
	}
	wantTold(t, l, st.name, err)
	if !d.fault.lasts && d.fault.op != opSync {
		t.Errorf("%s again: %v", st.name, err)
	}
	d.set(nil)
	must(t, l.reopen(t.Context()))
	snap, err := l.read(t.Context())
	must(t, err)
	if cmp.Equal(snap, either[1]) && !cmp.Equal(snap, either[0]) {
		return // it had happened
	}
	diff(t, st.name+" failed, and the journal opened anew has", snap, either[0])
	must(t, st.do(t.Context(), l))
}

// afterwards holds what is left if the process dies now, or the power fails:
// one of the snapshots. Without chance, the power failure leaves only what was
// synced.
func (d *disk) afterwards(t *testing.T, either []snapshot, r *rand.Rand) {
	t.Helper()
	dead, dark := t.TempDir(), t.TempDir()
	d.remains(t, dead)
	d.mu.Lock()
	d.image(t, r, dark)
	d.mu.Unlock()
	for what, dir := range map[string]string{"the process died": dead, "the power failed": dark} {
		oneOf(t, what, look(t, dir), either)
	}
}

func oneOf(t *testing.T, what string, got snapshot, either []snapshot) {
	t.Helper()
	for _, s := range either {
		if cmp.Equal(got, s) {
			return
		}
	}
	diff(t, what+", and the journal has neither this nor what follows", got, either[0])
}

// TestPowerCuts cuts the power before every operation that changes something,
// and holds what is left: all that was acknowledged, and nothing else but the
// act that it happened in, whole.
func TestPowerCuts(t *testing.T) {
	for _, steps := range lives {
		t.Run(batch.StepList(steps), func(t *testing.T) {
			t.Parallel()
			powerCuts(t, steps)
		})
	}
}

func powerCuts(t *testing.T, steps []batch.Step) {
	ref := reference(t, steps)
	d := watch(t, t.TempDir())
	r := rand.New(rand.NewPCG(5, 6))
	type cut struct {
		dir string
		act int
	}
	var cuts []cut
	act, ops, stride := 0, 0, 31
	if *soak {
		stride = 1
	}
	d.before = func() {
		if ops++; ops%stride == 0 {
			c := cut{t.TempDir(), act}
			d.image(t, r, c.dir)
			cuts = append(cuts, c)
		}
	}
	l := &life{path: filepath.Join(d.dir, "journal.db"), d: d}
	for i, st := range lifeSteps(steps) {
		act = i
		must(t, st.do(t.Context(), l))
	}
	l.close()
	for n, c := range cuts {
		oneOf(t, fmt.Sprintf("cut %d, act %d: the power failed", n+1, c.act), look(t, c.dir), ref[c.act:c.act+2])
	}
	t.Logf("%d cuts", len(cuts))
}

// TestReadFaults fails single reads, and all reads from there on, of a
// reader: what it says is the truth or an error.
func TestReadFaults(t *testing.T) {
	for _, steps := range lives {
		t.Run(batch.StepList(steps), func(t *testing.T) {
			t.Parallel()
			readFaults(t, steps)
		})
	}
}

func readFaults(t *testing.T, steps []batch.Step) {
	d := watch(t, t.TempDir())
	l := &life{path: filepath.Join(d.dir, "journal.db"), d: d}
	defer l.close()
	for _, st := range lifeSteps(steps)[:9] {
		must(t, st.do(t.Context(), l))
	}
	want, err := l.read(t.Context())
	must(t, err)
	stride := 7
	if *soak {
		stride = 1
	}
	for _, lasts := range []bool{false, true} {
		for n := 1; ; n += stride {
			d.set(&fault{op: opRead, n: n, lasts: lasts, code: sqlite3.SQLITE_IOERR_READ})
			got, err := l.read(t.Context())
			if d.hit() == 0 {
				break
			}
			if err != nil {
				wantTold(t, l, "open", err) // not all of them are about one run
			} else {
				diff(t, fmt.Sprintf("read %d of the disk failed, unsaid, and the journal says", n), got, want)
			}
		}
	}
}
