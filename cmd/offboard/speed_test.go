//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"offboard/batch"
)

var speedBench = flag.Bool("speed", false, "run TestSpeedBench, which prints a table and takes minutes")

const (
	speedUsers  = 100_000
	speedNarrow = 40_000 // users of the bare loop with 8 calls, which says no more with all of them
	speedScript = 7_600  // users of the plain loop, which is slow
	speedRounds = 3
	speedStarts = 20 // of "offboard version"
)

// speedQuotas is a quota file that sets no limit.
const speedQuotas = `app+tenant-writes off
tenant-writes     off
app-writes        off
app+tenant-units  off
app-units         off
app-calls         off
`

// speedRow is what one way of revoking came to.
type speedRow struct {
	perSecond float64       // users
	cpu       time.Duration // for 10,000 users
	peak      int           // MB of memory
}

// TestSpeedBench shows what offboard itself costs, where no quota holds it back:
//
//	go test ./cmd/offboard -run TestSpeedBench -speed -v
//
// A simulated tenant of 100,000 users answers every call after 50 ms, in a process of
// its own, over loopback. It shares the machine with its clients, and so its own work slows them down:
// compare the lines of one table, and not those of two machines. Every line is the median of three rounds, in
// which the ways take turns.
//
//	offboard, 64 calls   "offboard run" in a process of its own, everything on but reading: journal, settling,
//	                     reports, --concurrency 64
//	offboard, 8 calls    the same with --concurrency 8
//	bare loop, 64 calls  64 goroutines, each with one SDK BatchRequest after the other, 20 users each;
//	                     nothing is settled or kept but the number of 2xx
//	bare loop, 8 calls   the same with 8 goroutines; with fewer users
//	plain loop           what a script does: the SDK's BatchRequestCollection, 19 users a call, 4 calls a
//	                     Send, one after the other; with fewer users
//
// # The columns
//
//	users/s     offboard: from the first call's leaving to the last user's settling, as the report has them;
//	            loops: from beginning to end
//	possible    users/s that latency allows: calls under way x users a call / 50 ms
//	CPU s       user and system time of the client for 10,000 users; offboard: of the whole process,
//	            planning and reports too
//	peak MB     of the client's memory; a process begins with what its parent had (Linux counts
//	            so), so that offboard's is never shown too low. The loops run in the test's own process, which
//	            is the parent: its peak is the last line's
//
// It fails below 20,000 users/s with 64 calls, or 0.85 x the bare loop where that is less; below 95 %
// of what latency allows with 8; above 1 CPU second for 10,000 users or 150 MB; and when "offboard
// version" takes more than 50 ms, from fork to exit, the median of 20.
func TestSpeedBench(t *testing.T) {
	if !*speedBench {
		t.Skip("a benchmark; run it with -speed")
	}
	s := newSpeed(t)
	start := s.version()
	var wide, narrow, bare, bareNarrow, plain []speedRow
	for range speedRounds {
		wide = append(wide, s.offboard(64))
		narrow = append(narrow, s.offboard(8))
		bare = append(bare, s.loop(func(ctx context.Context, l *sdkLoop) (int, error) { return l.bare(ctx, speedUsers, 64) }))
		bareNarrow = append(bareNarrow, s.loop(func(ctx context.Context, l *sdkLoop) (int, error) { return l.bare(ctx, speedNarrow, 8) }))
		plain = append(plain, s.loop(func(ctx context.Context, l *sdkLoop) (int, error) { return l.plain(ctx, speedScript) }))
	}
	w, b := median(wide), median(bare)
	n := median(narrow)
	out := t.Output()
	fmt.Fprintf(out, "%-20s %8s %9s %9s %8s %8s\n", "", "users", "users/s", "possible", "CPU s", "peak MB")
	for _, l := range []struct {
		name            string
		users, possible int
		row             speedRow
	}{
		{"offboard, 64 calls", speedUsers, 64 * 20 * 20, w},
		{"offboard, 8 calls", speedUsers, 8 * 20 * 20, n},
		{"bare loop, 64 calls", speedUsers, 64 * 20 * 20, b},
		{"bare loop, 8 calls", speedNarrow, 8 * 20 * 20, median(bareNarrow)},
		{"plain loop", speedScript, 19 * 20, median(plain)},
	} {
		fmt.Fprintf(out, "%-20s %8s %9.0f %9d %8.2f %8d\n", l.name, batch.Thousands(l.users), l.row.perSecond, l.possible, l.row.cpu.Seconds(), l.row.peak)
	}
	fmt.Fprintf(out, "offboard version: %.1f ms\n", start.Seconds()*1000)
	fmt.Fprintf(out, "every round: 64 calls %v, 8 calls %v, bare loop %v and %v\n", rates(wide), rates(narrow), rates(bare), rates(bareNarrow))

	if least := min(20_000, 0.85*b.perSecond); w.perSecond < least {
		t.Errorf("64 calls: %.0f users/s, want %.0f", w.perSecond, least)
	}
	if least := 0.95 * 8 * 20 * 20; n.perSecond < least {
		t.Errorf("8 calls: %.0f users/s, want %.0f", n.perSecond, least)
	}
	for calls, r := range map[int]speedRow{64: w, 8: n} {
		if r.cpu > time.Second {
			t.Errorf("%d calls: %.2f CPU s for 10,000 users, want at most 1", calls, r.cpu.Seconds())
		}
		if r.peak >= 150 {
			t.Errorf("%d calls: %d MB, want less than 150", calls, r.peak)
		}
	}
	if start > 50*time.Millisecond {
		t.Errorf("offboard version took %v, want at most 50 ms", start)
	}
}

// median is taken column by column.
func median(rows []speedRow) speedRow {
	var m speedRow
	var perSecond []float64
	var cpu []time.Duration
	var peak []int
	for _, r := range rows {
		perSecond, cpu, peak = append(perSecond, r.perSecond), append(cpu, r.cpu), append(peak, r.peak)
	}
	slices.Sort(perSecond)
	slices.Sort(cpu)
	slices.Sort(peak)
	m.perSecond, m.cpu, m.peak = perSecond[len(rows)/2], cpu[len(rows)/2], peak[len(rows)/2]
	return m
}

func rates(rows []speedRow) []int {
	var all []int
	for _, r := range rows {
		all = append(all, int(r.perSecond))
	}
	return all
}

// speed is a tenant in another process, and the files that a run needs.
type speed struct {
	t             *testing.T
	dir           string
	input, quotas string
	url           string
}

func newSpeed(t *testing.T) *speed {
	s := &speed{t: t, dir: t.TempDir()}
	s.input, s.quotas = filepath.Join(s.dir, "in.csv"), filepath.Join(s.dir, "quotas")
	f, err := os.Create(s.input)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "upn")
	for i := range speedUsers {
		fmt.Fprintln(w, speedUPN(i))
	}
	if err := errors.Join(w.Flush(), f.Close(), os.WriteFile(s.quotas, []byte(speedQuotas), 0o600)); err != nil {
		t.Fatal(err)
	}
	s.serve()
	return s
}

func speedUPN(i int) string { return fmt.Sprintf("user%d@contoso.example", i) }

var speedAddress = regexp.MustCompile(`http://127\.0\.0\.1:\d+/v1\.0`)

// serve starts the tenant, and stops it when the test ends.
func (s *speed) serve() {
	cmd := exec.Command("offboard", "simulate", s.input, "--no-quota", "--listen", "127.0.0.1:0", "--latency", "50ms")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			s.t.Error(err)
		}
		_ = cmd.Wait() // says that it was killed
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if s.url = speedAddress.FindString(line); s.url == "" {
		s.t.Fatalf("the tenant gives no address but %q: %v", line, err)
	}
}

// version is how long the program takes to start and end.
func (s *speed) version() time.Duration {
	var took []time.Duration
	for range speedStarts {
		begin := time.Now()
		if out, err := exec.Command("offboard", "version").CombinedOutput(); err != nil {
			s.t.Fatalf("%v\n%s", err, out)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// offboard revokes everybody, with so many calls at once.
func (s *speed) offboard(calls int) speedRow {
	s.t.Helper()
	dir, err := os.MkdirTemp(s.dir, "run")
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("offboard", "run", s.input, "--concurrency", fmt.Sprint(calls), "--no-resolve", "--quota-file", s.quotas,
		"--max-users", "0", "--yes", "--graph-url", s.url, "--journal", filepath.Join(dir, "journal.db"), "--report-dir", dir)
	cmd.Env = append(os.Environ(), "OFFBOARD_ACCESS_TOKEN=simulated")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	took := s.took(filepath.Join(dir, "report.csv"))
	row := speedRow{
		perSecond: speedUsers / took.Seconds(),
		cpu:       (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()) * 10_000 / speedUsers,
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		row.peak = int(usage.Maxrss / 1024)
	}
	return row
}

// took reads from a report how long the revoking took, and wants everybody revoked.
func (s *speed) took(path string) time.Duration {
	s.t.Helper()
	f, err := os.Open(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	columns, err := r.Read()
	if err != nil {
		s.t.Fatal(err)
	}
	outcome, sent, settled := slices.Index(columns, "outcome"), slices.Index(columns, "sent_at"), slices.Index(columns, "settled_at")
	if min(outcome, sent, settled) < 0 {
		s.t.Fatalf("the report's columns are %q", columns)
	}
	var first, last string // times in one zone and format sort as text
	n := 0
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if row[outcome] == "revoked" {
			n++
		}
		if first == "" || row[sent] < first {
			first = strings.Clone(row[sent])
		}
		if row[settled] > last {
			last = strings.Clone(row[settled])
		}
	}
	if n != speedUsers {
		s.t.Fatalf("%d of %d users are revoked", n, speedUsers)
	}
	from, err := time.Parse(time.RFC3339, first)
	if err != nil {
		s.t.Fatal(err)
	}
	to, err := time.Parse(time.RFC3339, last)
	if err != nil {
		s.t.Fatal(err)
	}
	return to.Sub(from)
}

// loop measures a loop in this process, which says for how many users it got a 2xx.
func (s *speed) loop(run func(context.Context, *sdkLoop) (int, error)) speedRow {
	s.t.Helper()
	l, err := newSDKLoop(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	before, begin := s.usage(), time.Now()
	users, err := run(s.t.Context(), l)
	if err != nil {
		s.t.Fatal(err)
	}
	took, after := time.Since(begin), s.usage()
	cpu := time.Duration(after.Utime.Nano() - before.Utime.Nano() + after.Stime.Nano() - before.Stime.Nano())
	return speedRow{perSecond: float64(users) / took.Seconds(), cpu: cpu * 10_000 / time.Duration(users), peak: int(after.Maxrss / 1024)}
}

func (s *speed) usage() syscall.Rusage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		s.t.Fatal(err)
	}
	return u
}
