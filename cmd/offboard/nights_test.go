//go:build linux

package main

import (
	"bytes"
	"cmp"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"offboard/batch/graphsim"
)

var nightsFor = flag.Duration("nights", 0, "TestNights: for how long nightly jobs go on, such as 60m")

const (
	nightUsers = 100
	nightsKept = 7 // older runs are pruned
)

// night is what is left behind after one: of the journal, on the disk, and in this process.
type night struct {
	job                          string
	took                         time.Duration // of the jobs in this process
	journal, log, locks, reports int           // bytes, bytes, files and files
	runs                         int
	goroutines, files            int
	heap, resident, tenant       int // kB; the tenant is another process
}

// TestNights has nightly jobs follow each other on one journal, for as long as is said, over a tenant with faults:
// some in this process, so that what a job leaves behind is seen, and some begun in another that is
// killed, stopped, or of another version (-from). Every run is undone in the next night. After each night the journal becomes a day older, and
// runs of more than a week are pruned. What is left behind must not grow.
func TestNights(t *testing.T) {
	if *nightsFor == 0 {
		t.Skip("takes as long as is said; -nights 60m")
	}
	other := "offboard"
	if *from != "" {
		other = otherVersion(t)
	}
	n := newNights(t)
	jobs := []struct {
		name  string
		first string         // the program that begins in a process of its own; "" none
		sig   syscall.Signal // which then gets it
		then  string         // the program that goes on; "" is this process
	}{
		{name: "whole"},
		{name: "killed", first: "offboard", sig: syscall.SIGKILL},
		{name: "stopped", first: "offboard", sig: syscall.SIGTERM},
		{name: "upgraded", first: other, sig: syscall.SIGKILL},
		{name: "taken back", first: "offboard", sig: syscall.SIGKILL, then: other},
	}
	var all []night
	fmt.Println("night     job               seconds  journal kB  log kB  runs  locks  reports  goroutines  open files  heap kB  resident MB  tenant MB")
	for began := time.Now(); time.Since(began) < *nightsFor && !t.Failed(); {
		job, undo := jobs[len(all)/2%len(jobs)], len(all)%2 == 1
		name := fmt.Sprintf("night-%d", len(all))
		run := []string{"run", name + ".csv", "--yes", "--max-users=0", "--max-percent=0", "--include-undone", "--steps=emergency", "--graph-url=" + n.url, "--report-dir=reports/" + name}
		if undo {
			job.name = "undo, " + job.name
			run = []string{"undo", n.last(), "--yes", "--max-users=0", "--max-percent=0", "--graph-url=" + n.url, "--report-dir=reports/" + name}
		} else {
			n.export(name)
		}
		if job.first != "" {
			n.struck(job.first, job.sig, run...)
		}
		start := time.Now()
		if job.then == "" {
			n.here(run...)
		} else {
			n.process(job.then, run...)
		}
		n.here("runs", "prune", fmt.Sprintf("--older-than=%dd", nightsKept), "--reports=reports", "--yes")
		took := time.Since(start)
		all = append(all, n.left(job.name, took))
		n.dayPasses()
	}
	half := all[min(len(all), 2*nightsKept):]
	if len(half) < 4*len(jobs) {
		t.Fatalf("%d nights are too few to tell", len(all))
	}
	half, end := half[:len(half)/2], half[len(half)/2:]
	for _, c := range []struct {
		what string
		of   func(night) int
		room int // beside a tenth
	}{
		{"journal", func(n night) int { return n.journal }, 100 << 10},
		{"log", func(n night) int { return n.log }, 100 << 10},
		{"runs", func(n night) int { return n.runs }, 1},
		{"locks", func(n night) int { return n.locks }, 2},
		{"reports", func(n night) int { return n.reports }, 10},
		{"goroutines", func(n night) int { return n.goroutines }, 5},
		{"open files", func(n night) int { return n.files }, 5},
		{"heap", func(n night) int { return n.heap }, 1 << 10},
		{"resident", func(n night) int { return n.resident }, 10 << 10},
		{"time", func(n night) int { return int(n.took.Milliseconds()) }, 500},
	} {
		before, after := medianOf(half, c.of), medianOf(end, c.of)
		fmt.Printf("%-12s median of the first half %d, of the second %d\n", c.what, before, after)
		if after > before+before/10+c.room {
			t.Errorf("%s grows: the median was %d in the first half of %d nights, and %d in the second", c.what, before, len(all), after)
		}
	}
}

func medianOf(nights []night, of func(night) int) int {
	var values []int
	for _, n := range nights {
		values = append(values, of(n))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// nights is a directory with one journal, and a tenant in another process.
type nights struct {
	t      *testing.T
	dir    string
	url    string
	env    []string
	tenant *exec.Cmd
}

func newNights(t *testing.T) *nights {
	n := &nights{t: t, dir: t.TempDir(), env: []string{"OFFBOARD_ACCESS_TOKEN=simulated"}}
	t.Chdir(n.dir)
	var faults []graphsim.Fault
	for _, f := range graphsim.EveryFault(0.005) {
		if f.Kind != graphsim.Expired401 { // the token that is given is the only one
			faults = append(faults, f)
		}
	}
	text, err := json.Marshal(faults)
	if err == nil {
		err = os.WriteFile("faults.json", text, 0o600)
	}
	port, portErr := freePort()
	if err := cmp.Or(err, portErr); err != nil {
		t.Fatal(err)
	}
	n.export("everybody")
	n.url = "http://127.0.0.1:" + port + "/v1.0"
	n.tenant = exec.Command("offboard", "simulate", "everybody.csv", "--listen=127.0.0.1:"+port, "--faults=faults.json", "--latency=2ms", "--no-quota")
	ready, err := n.tenant.StdoutPipe()
	if err == nil {
		err = n.tenant.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = n.tenant.Process.Kill(), n.tenant.Wait() })
	if _, err := ready.Read(make([]byte, 1)); err != nil { // it says where it answers
		t.Fatal(err)
	}
	go func() { _, _ = bytes.NewBuffer(nil).ReadFrom(ready) }()
	return n
}

// export writes the file of a night. Each has the same people, and other bytes.
func (n *nights) export(name string) {
	n.t.Helper()
	text := "userPrincipalName,export\n"
	for i := range nightUsers {
		text += fmt.Sprintf("user%d@contoso.example,%s\n", i, name)
	}
	if err := os.WriteFile(name+".csv", []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// here carries a command out in this process.
func (n *nights) here(args ...string) string {
	n.t.Helper()
	var out bytes.Buffer
	code := execute(n.t.Context(), world{
		args: append(slices.Clone(args), "--journal=journal.db"), stdin: strings.NewReader(""), stdout: &out, stderr: &out, stop: make(chan struct{}),
		getenv: func(string) string { return "" }, environ: func() []string { return n.env }, width: func() int { return 80 },
	})
	n.ended(int(code), out.String(), args)
	return out.String()
}

func (n *nights) ended(code int, out string, args []string) {
	n.t.Helper()
	if code != 0 && code != 3 {
		n.t.Fatalf("offboard %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
}

func (n *nights) command(program string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd, out := exec.Command(program, append(slices.Clone(args), "--journal=journal.db")...), &bytes.Buffer{}
	cmd.Env = append(os.Environ(), n.env...)
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// process carries a command out in a process of its own.
func (n *nights) process(program string, args ...string) {
	n.t.Helper()
	cmd, out := n.command(program, args...)
	_ = cmd.Run() // its exit code tells
	n.ended(cmd.ProcessState.ExitCode(), out.String(), args)
}

// struck is process, ended by a signal at some moment of what a run takes, if it has not ended before.
func (n *nights) struck(program string, sig syscall.Signal, args ...string) {
	n.t.Helper()
	cmd, out := n.command(program, args...)
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	timer := time.AfterFunc(time.Duration(100+rand.IntN(2000))*time.Millisecond, func() { _ = cmd.Process.Signal(sig) })
	defer timer.Stop()
	_ = cmd.Wait() // its exit code tells
	if code := cmd.ProcessState.ExitCode(); code != -1 && code != 6 {
		n.ended(code, out.String(), args)
	}
}

var runName = regexp.MustCompile(`\d{8}-\d{6}-[0-9a-f]{4}`)

// last is the name of the last run.
func (n *nights) last() string { return runName.FindString(n.here("runs")) }

// dayPasses makes all that happened a day older.
func (n *nights) dayPasses() {
	n.t.Helper()
	db, err := sql.Open("sqlite", "file:journal.db?_pragma=busy_timeout(10000)")
	if err == nil {
		_, err = db.Exec("BEGIN; UPDATE states SET at = at - 86400000; UPDATE calls SET sent_at = sent_at - 86400000, over = max(0, over - 86400000); COMMIT")
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

// left counts what is there after a night, and tells it.
func (n *nights) left(job string, took time.Duration) night {
	n.t.Helper()
	runtime.GC()
	runtime.GC() // what the first one finalized
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	l := night{job: job, took: took, runs: strings.Count(n.here("runs"), "\n") - 1, goroutines: runtime.NumGoroutine(),
		heap: int(memory.HeapAlloc >> 10), resident: n.resident(os.Getpid()), tenant: n.resident(n.tenant.Process.Pid),
		files: n.count("/proc/self/fd"), locks: n.count("journal.db.locks"), reports: n.count("reports"), journal: n.size("journal.db"), log: n.size("journal.db-wal")}
	fmt.Printf("%8s  %-16s  %7.1f  %10d  %6d  %4d  %5d  %7d  %10d  %10d  %7d  %11.1f  %9.1f\n", time.Now().Format("15:04:05"), l.job, l.took.Seconds(), l.journal>>10, l.log>>10, l.runs, l.locks, l.reports,
		l.goroutines, l.files, l.heap, float64(l.resident)/1024, float64(l.tenant)/1024)
	return l
}

func (n *nights) count(dir string) int {
	all, err := os.ReadDir(dir)
	if err != nil {
		n.t.Fatal(err)
	}
	return len(all)
}

// size is 0 where there is no file.
func (n *nights) size(path string) int {
	info, err := os.Stat(path)
	if _, missing := err.(*fs.PathError); missing {
		return 0
	}
	return int(info.Size())
}

// resident is the memory of a process.
func (n *nights) resident(pid int) (kb int) {
	status, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(pid), "status"))
	_, after, ok := strings.Cut(string(status), "VmRSS:")
	if _, scanErr := fmt.Sscan(after, &kb); err != nil || !ok || scanErr != nil {
		n.t.Fatalf("read the memory of process %d: %v, %v", pid, err, scanErr)
	}
	return kb
}
