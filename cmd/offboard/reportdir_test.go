package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

func TestReportDir(t *testing.T) {
	p := batch.Plan{Run: "r1", Created: time.Date(2026, 11, 26, 12, 0, 0, 0, time.Local)}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{
		"":                    filepath.Join(here, "offboard-r1"),
		"out":                 filepath.Join(here, "out"),
		"{date}/of-{run}":     filepath.Join(here, "2026-11-26", "of-r1"),
		"{run}-{run}/{other}": filepath.Join(here, "r1-r1", "{other}"),
	} {
		if got, err := reportDir(flag, p); got != want || err != nil {
			t.Errorf("%q is %s, error %v; want %s", flag, got, err, want)
		}
	}
}

// A working directory in which nothing can be made, as cron and containers have
// it: refused before anybody is written to, by run, apply and resume.
func TestUnwritableWorkingDirectory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc there")
	}
	const nowhere = "/proc" // unwritable to root, too
	s := newScene(t, 20)
	in, plan := filepath.Join(s.dir, "in.csv"), filepath.Join(s.dir, "plan.json")
	if code, out := s.offboard(nil, 0, "plan", "in.csv", "-o", plan, "--graph-url", s.url); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	for _, args := range [][]string{{"run", in}, {"apply", plan}} {
		c := s.prepare(nil, append(args, "--yes", "--graph-url", s.url)...)
		c.Dir = nowhere
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if code, out := c.end(t); code != 4 || !strings.Contains(out, "--report-dir") || s.written() > 0 {
			t.Errorf("%s: exit code %d, %d users were written\n%s", args[0], code, s.written(), out)
		}
	}
	if code, out := s.offboard(os.Kill, 10, append(s.run(1), "--report-dir", "out")...); code != -1 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	before := s.tenant.Stats().Writes
	if code, out := s.offboard(nil, 0, "resume", "--yes", "--graph-url", s.url, "--report-dir", "in.csv"); code != 4 || s.tenant.Stats().Writes != before {
		t.Errorf("resume: exit code %d\n%s", code, out)
	}
	if code, out := s.offboard(nil, 0, "resume", "--yes", "--graph-url", s.url, "--report-dir", "out"); code != 0 {
		t.Errorf("resume elsewhere: exit code %d\n%s", code, out)
	}
}

// A report directory that goes bad while users are sent: the run is finished, and
// what is printed writes its report.
func TestReportDirectoryGoneBad(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no sh there")
	}
	s := newScene(t, 40)
	held, release := s.hold()
	c := s.begin(append(s.run(2), "--journal", filepath.Join(s.dir, "our own.db"))...)
	s.await(held, 2)
	dir := filepath.Join(s.dir, "out")
	if err := os.Remove(dir); err != nil { // empty
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	release()
	code, out := c.end(t)
	line := regexp.MustCompile(`this writes it elsewhere: (.*)`).FindStringSubmatch(out)
	if code != 1 || line == nil || strings.Contains(out, "Resume with") || !strings.Contains(out, "(finished)") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if code, out := s.pasted(strings.Replace(line[1], "DIR", "elsewhere", 1)); code != 0 {
		t.Errorf("%s: exit code %d\n%s", line[1], code, out)
	}
	if n := s.twice("elsewhere"); n != 0 {
		t.Errorf("%d users were sent twice", n)
	}
}
