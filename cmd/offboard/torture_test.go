package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var (
	tortureKills = flag.Int("kills", 10, "TestTorture: how many kills")
	tortureSeed  = flag.Uint64("seed", 0, "TestTorture: replays a seed that it printed; 0 draws one")
)

// TestTorture kills offboard at random moments, looks at what the journal says
// each time, and goes on until every run has ended; make torture does it 500
// times. The tenant lives in this process and is never killed, so it knows the
// truth:
//
//   - whoever is reported verified was written;
//   - whoever was written is never reported not_sent;
//   - at the end every user has one record, and it is verified;
//   - no more than calls x 20 users are written twice for each kill.
//
// A run that ended before its kill is left alone: nobody is revoked anew.
//
// The moment is a number of writes that the tenant has executed, which finds the
// time between a call and its record, or a time since the start, which finds
// planning, migration and reporting too.
func TestTorture(t *testing.T) {
	const users, calls = 600, 4
	seed := *tortureSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay with: go test ./cmd/offboard -run TestTorture -kills %d -seed %d", *tortureKills, seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	kills, runs, twice := 0, 0, 0
	for kills < *tortureKills {
		runs++
		s := newScene(t, users)
		run := []string{"run", "in.csv", "--yes", "--max-users", "0", "--graph-url", s.url, "--concurrency", fmt.Sprint(calls), "--report-dir", "out"}
		struck, code := 0, -1
		var out string
		for left := 1 + rng.IntN(6); code == -1; left-- {
			switch {
			case left <= 0:
				s.stopKilling()
				code, out = s.offboard(nil, 0, run...)
			case rng.IntN(2) == 0:
				s.mu.Lock()
				at := s.n + 1 + rng.IntN(users/2)
				s.mu.Unlock()
				code, out = s.offboard(os.Kill, at, run...)
			default:
				code, out = s.offboardFor(time.Duration(rng.IntN(400))*time.Millisecond, run...)
			}
			if code == -1 {
				struck++
				s.truth()
				if s.finished() { // killed between the last word to the journal and the exit
					code = 0
				}
			}
		}
		if code != 0 {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		extra := s.twice("out")
		if extra > struck*calls*20 {
			t.Errorf("%d users were written twice for %d kills of %d calls", extra, struck, calls)
		}
		twice += extra
		kills += struck
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kills in %d runs of %d users: %d written twice", kills, runs, users, twice)
}

// offboardFor is offboard with a kill after a while.
func (s *scene) offboardFor(d time.Duration, args ...string) (int, string) {
	s.stopKilling()
	timer := time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.process != nil {
			_ = s.process.Kill() // it may have ended
		}
	})
	defer timer.Stop()
	return s.offboard(nil, 0, args...)
}

// stopKilling forgets a kill that did not come to pass.
func (s *scene) stopKilling() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.what = nil
}

// truth holds what the journal says now against the tenant.
func (s *scene) truth() {
	s.t.Helper()
	if code, out := s.offboard(nil, 0, "report", "--report-dir", "now"); code == 2 {
		return // killed before the first run was created
	} else if code != 0 {
		s.t.Fatalf("report after a kill: exit code %d\n%s", code, out)
	}
	f, err := os.Open(filepath.Join(s.dir, "now", "report.csv"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range rows[1:] {
		u, ok := s.tenant.User(r[1])
		switch {
		case !ok:
			s.t.Errorf("the report has %s", r[1])
		case r[5] == "verified" && u.Writes == 0:
			s.t.Errorf("%s is verified and was not written", r[1])
		case r[5] == "not_sent" && u.Writes > 0:
			s.t.Errorf("%s is not_sent and was written %d times", r[1], u.Writes)
		}
	}
}
