package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch/journal/pgtest"
)

var demo = flag.Bool("demo", false, "show what the engine does, step by step, with real servers")

// TestDemo tells what it does: 2,000 users of three tenants, two workers on a shared journal, and one of them
// is killed in the middle.
func TestDemo(t *testing.T) {
	if !*demo {
		t.Skip("it is for people: make engine-demo")
	}
	users := []int{1_000, 600, 400}
	began := time.Now()
	say := func(format string, args ...any) {
		fmt.Printf("\n%5.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	say("building offboard and offboard-temporal; three simulated tenants, which count ten times Graph's quotas")
	p := newPlant(t, users...)
	say("starting PostgreSQL, for the journal, and Temporal, both on loopback")
	p.journal = pgtest.Own(t).URL("")
	p.server()
	say("starting two workers")
	p.worker("worker1")
	p.worker("worker2")
	var runs []string
	for i, n := range users {
		runs = append(runs, p.submit(i))
		say("offboard-temporal submit t%d.csv --tenant %s (%d users): run %s", i, tenantID(i), n, runs[i])
	}
	p.until("some are written", func() bool { return p.writes() > 500 })
	lost := p.atWork(runs[0])
	lost.kill()
	say("kill -9 of the worker with process id %d, after %d users were revoked; offboard-temporal status:", lost.Process.Pid, p.writes())
	fmt.Print(p.must("offboard-temporal", "status"))
	for i, run := range runs {
		p.ends(run, users[i])
	}
	say("the other worker has brought all runs to their end; offboard-temporal status --all:")
	fmt.Print(p.must("offboard-temporal", "status", "--all"))
	for i, run := range runs {
		got := p.reported(run)
		say("offboard-temporal report %s: outcomes %v; the first lines of report.csv:", run, got)
		text, err := os.ReadFile(filepath.Join(p.dir, "report-"+run, "report.csv"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(strings.Join(strings.SplitN(string(text), "\n", 4)[:3], "\n"))
		if got["verified"] != users[i] {
			t.Errorf("run %s reports %v of %d users", run, got, users[i])
		}
	}
	s := p.truth(users...)
	say("the tenants say: of 2,000 users %d were not revoked, %d were revoked again, and %d calls were told to wait; the longest time without a write was %.1f s",
		s.missing, s.repeated, s.throttled, s.gap.Seconds())
	if s.missing > 0 || s.throttled > 0 {
		t.Error("that is not as it must be")
	}
}
