package journal

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"offboard/batch"

	"github.com/google/go-cmp/cmp"
)

// childEnv makes the test binary a child that works on the journal named.
const childEnv = "OFFBOARD_JOURNAL_CHILD"

// TestMain keeps the files of tests in memory where the system has a place for that:
// what a power failure leaves of them is known to the disk of fault_disk_test.go alone.
func TestMain(m *testing.M) {
	flag.Parse()
	if fi, err := os.Stat("/dev/shm"); err == nil && fi.IsDir() && flag.Lookup("test.bench").Value.String() == "" {
		os.Setenv("TMPDIR", "/dev/shm")
	}
	sliceRows, shrinkPages = 40, 20
	if path := os.Getenv(childEnv); path != "" {
		if err := child(path); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const (
	crashRows  = 200
	crashGroup = 20 // rows at a time
)

// crashEntry is the i-th entry that the child writes: it ends the call before,
// settles most of its users, and intends the next.
func crashEntry(i int) batch.Entry {
	seqs := func(i int) (list []int) {
		for k := range 20 {
			list = append(list, ((i-1)*20+k)%crashRows+1)
		}
		return list
	}
	e := batch.Entry{Calls: []batch.Call{{No: i, SentAt: at(i % 60), Seqs: seqs(i)}}}
	if i == 1 {
		return e
	}
	e.Over = []int{i - 1}
	for k, seq := range seqs(i - 1) {
		if k < 5 {
			e.Trials = append(e.Trials, batch.Trial{Seq: seq, Throttles: i, SentAt: at((i - 1) % 60), Status: 429, Doubt: k == 0})
		} else {
			rec := settled(seq, i-1, batch.Unverified)
			rec.Throttles = i
			e.Records = append(e.Records, rec)
		}
	}
	return e
}

// child plans and then sends without end, and says on standard output what is
// durable.
func child(path string) error {
	ctx := context.Background()
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	r, err := s.Create(ctx, batch.Plan{Run: "r"})
	if err != nil {
		return err
	}
	if _, err := r.Lock(); err != nil {
		return err
	}
	fmt.Println("locked", os.Getpid())
	for seq := 1; seq <= crashRows; seq += crashGroup {
		var rows []batch.Planned
		for i := range crashGroup {
			rows = append(rows, member(seq+i))
		}
		if err := r.AddRows(ctx, rows); err != nil {
			return err
		}
		fmt.Println("rows", seq+crashGroup-1)
	}
	if err := r.Seal(ctx, batch.Plan{Run: "r", Rows: crashRows, Users: crashRows}); err != nil {
		return err
	}
	fmt.Println("sealed", 1)
	if err := r.SetState(ctx, Running, ""); err != nil {
		return err
	}
	for i := 1; ; i++ {
		if err := r.Write(ctx, crashEntry(i)); err != nil {
			return err
		}
		fmt.Println("entry", i)
	}
}

// said is the last number that the child said with each word.
type said map[string]int

// kill starts a child, kills it when it has said so many lines, and returns
// all it said. The child does not wait: it dies in the middle of something.
func kill(t *testing.T, path string, lines int) said {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	got := said{}
	in := bufio.NewScanner(out)
	for n := 1; in.Scan(); n++ {
		word, number, _ := strings.Cut(in.Text(), " ")
		i, err := strconv.Atoi(number)
		if err != nil {
			t.Errorf("the child says %q", in.Text())
		}
		got[word] = i
		if n == lines {
			must(t, cmd.Process.Kill())
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	return got
}

// TestCrash kills a process that writes, and looks at what it leaves: all that
// it knew to be durable, at most the one transaction more that it was in, and
// nothing by halves.
func TestCrash(t *testing.T) {
	for round := range 8 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(uint64(round), 7))
			path := newPath(t)
			lines := 1 + rnd.IntN(12) // while planning
			if round >= 3 {
				lines = 13 + rnd.IntN(60)
			}
			got := kill(t, path, lines)
			r, err := openAt(t, path).Run(t.Context(), "")
			must(t, err)
			unlock, err := r.Lock()
			must(t, err)
			defer unlock()
			sound(t, r.s)
			have := check(t, r)
			if got["sealed"] == 0 && r.State() == Planning {
				if n := len(have); n != got["rows"] && n != got["rows"]+crashGroup {
					t.Errorf("%d rows, the child knew of %d", n, got["rows"])
				}
				must(t, r.Discard(t.Context()))
				return
			}
			resume(t, r, have, got["entry"])
		})
	}
}

// resume compares the journal with what the child had written, and goes on as
// a new process would.
func resume(t *testing.T, r *Run, have []batch.Line, entries int) {
	m := newModel()
	for seq := 1; seq <= crashRows; seq++ {
		m.addRows([]batch.Planned{member(seq)})
	}
	for i := 1; i <= entries; i++ {
		m.write(crashEntry(i))
	}
	if !cmp.Equal(have, m.lines()) {
		m.write(crashEntry(entries + 1))
		if d := cmp.Diff(m.lines(), have); d != "" {
			t.Fatalf("neither %d nor %d entries (-want +got):\n%s", entries, entries+1, d)
		}
	}
	before := outcomes(have)
	m.recover()
	users, err := r.Recover(t.Context())
	must(t, err)
	m.compare(t, r)
	if after := outcomes(check(t, r)); after != before {
		t.Errorf("recovered %d users and changed outcomes: %s, were %s", users, after, before)
	}
	must(t, r.SetState(t.Context(), Running, ""))
	var e batch.Entry
	for p, err := range r.Pending(t.Context()) {
		must(t, err)
		e.Records = append(e.Records, settled(p.Item.User.Seq, 1, batch.Revoked))
	}
	must(t, r.Write(t.Context(), e))
	sum, err := r.Summary(t.Context())
	must(t, err)
	if sum.Lines != crashRows || sum.Open() != 0 {
		t.Errorf("after resuming: %+v", sum)
	}
}
