package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch/graphsim"
)

// wants runs the command, and wants its exit code, so many more writes, and some
// words.
func (s *scene) wants(code, writes int, words string, args ...string) {
	s.t.Helper()
	before := s.tenant.Stats().Writes
	got, out := s.offboard(nil, 0, append(args, "--graph-url", s.url)...)
	if n := s.tenant.Stats().Writes - before; got != code || n != writes || !strings.Contains(out, words) {
		s.t.Errorf("%s: exit code %d, %d writes; want %d, %d and %q\n%s", args, got, n, code, writes, words, out)
	}
}

// stamped sets the stamp of a user, as a change of the password does.
func (s *scene) stamped(upn string, at time.Time) {
	s.t.Helper()
	if err := s.tenant.Add(graphsim.User{UPN: upn, Stamp: at}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) file(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// A leaver whose password was reset on the last day, and who worked on, is not
// done that night: the stamp must be later than the end of that day.
func TestAlreadyHeedsTheLastDay(t *testing.T) {
	s := newScene(t, 3)
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -3)
	last := day.Format(time.DateOnly)
	s.file("hr.csv", "upn,Last day\nuser0@contoso.example,"+last+"\nuser1@contoso.example,"+last+"\nuser2@contoso.example,"+day.AddDate(0, 0, -5).Format(time.DateOnly)+
		"\nuser2@contoso.example,"+last+"\n")
	s.stamped("user0@contoso.example", day.Add(12*time.Hour)) // at noon
	s.stamped("user1@contoso.example", day.Add(25*time.Hour)) // that night
	s.stamped("user2@contoso.example", day.Add(12*time.Hour)) // after the day of one row, and before that of the other
	args := []string{"run", "hr.csv", "--yes", "--since", day.AddDate(0, 0, -25).Format(time.DateOnly), "--date-column", "Last day", "--time-zone", "UTC", "--report-dir", "out"}
	s.wants(0, 2, "1  already", args...)
}

// --since takes how long ago, a day, a time, and a run, also one that revoked nobody.
func TestSinceForms(t *testing.T) {
	s := newScene(t, 2)
	now := time.Now()
	s.stamped("user0@contoso.example", now.Add(-30*time.Hour))
	s.stamped("user1@contoso.example", now.Add(-time.Hour))
	s.file("none.csv", "upn\nnobody@contoso.example\n")
	s.wants(3, 0, "1  not_found", "run", "none.csv", "--yes", "--report-dir", "none")
	plan := func(code int, words, since string) {
		t.Helper()
		s.wants(code, 0, words, "plan", "in.csv", "--overwrite", "-o", "plan.json", "--time-zone", "UTC", "--since", since)
	}
	plan(0, "1 row ends already", "24h")
	plan(0, "2 rows end already", "2d")
	plan(0, "2 rows end already", now.AddDate(0, 0, -3).Format(time.DateOnly))
	plan(0, "1 row ends already", now.Add(-2*time.Hour).Format(time.RFC3339))
	plan(0, "which revoked nobody: when it was planned", "20")
	plan(0, "2 to send", "20")
	plan(2, "lies in the future", "2999-01-01")
	plan(2, "neither a time such as", "yesterday")
	plan(2, "neither a time such as", "0h")
	s.wants(3, 0, "1 of 2 hold", "verify", "in.csv", "--since", "24h")
	s.wants(2, 0, "--since needs the directory", "run", "in.csv", "--yes", "--no-resolve", "--since", "last")
}

// --since last spares those whom the last finished run of the same flags ended in
// success, while their stamp is the one that it saw, or later.
func TestSinceLast(t *testing.T) {
	s := newSceneOf(t, graphsim.Config{NoQuota: true}, append(members("user", 6), person{upn: "admin@contoso.example", denied: true}))
	night := 0
	run := func(code, writes int, words string, more ...string) {
		t.Helper()
		night++
		s.wants(code, writes, words, append([]string{"run", "in.csv", "--yes", "--since", "last", "--report-dir", fmt.Sprint("out", night)}, more...)...)
	}
	run(3, 6, "; no run of this journal has finished)")
	run(3, 0, "6  already")
	run(3, 0, "6  already") // already counts as success
	s.wants(0, 0, "--steps revoke --order file --since last; the nearest: run ", "plan", "in.csv", "--since", "last", "--order", "file", "-o", "plan.json")
	s.wants(0, 0, " lacked --order file; run ", "plan", "in.csv", "--since", "last", "--order", "file", "-o", "plan2.json")

	s.stamped("user2@contoso.example", time.Now().Add(-time.Hour)) // older than the run saw: restored, or another user
	s.stamped("user3@contoso.example", time.Now().Add(time.Minute))
	s.cast = append(s.cast, person{upn: "new@contoso.example"})
	s.enter("in.csv", s.cast)
	run(3, 2, "5  already", "--max-users", "400") // another limit is not another choice
	run(3, 0, "7  already", "--no-verify")

	s.enter("in.csv", nil)
	run(0, 0, "the input has no rows") // an export that broke off is no last run
	s.file("in.csv", "upn\nnobody@contoso.example\n")
	run(3, 0, "1  not_found")
	s.enter("in.csv", s.cast)
	run(3, 0, "7  already")
}

// A clock that is wrong decides no date, and counts no time back; one that is right
// enough does, and so does a moment that is given.
func TestWrongClockIsRefused(t *testing.T) {
	today := time.Now().UTC().Format(time.DateOnly)
	dated := []string{"--date-column", "Last day", "--time-zone", "UTC"}
	for _, c := range []struct {
		name  string
		skew  time.Duration
		flags []string
		code  int
		words string
	}{
		{"a date gate", -6 * time.Minute, dated, 4, "set the clock, or give the moment with --as-of "},
		{"a date gate, behind", 6 * time.Minute, dated, 4, "set the clock, or give the moment with --as-of "},
		{"a date gate, right enough", 4 * time.Minute, dated, 0, "2 to send"},
		{"a date gate with the moment", -48 * time.Hour, append([]string{"--as-of", today}, dated...), 0, "2 to send"},
		{"how long ago", time.Hour, []string{"--since", "24h"}, 4, "--since counts from this machine's clock"},
		{"a day", time.Hour, []string{"--since", "2026-01-01"}, 0, "2 to send"},
		{"no dates", 48 * time.Hour, nil, 0, "2 to send"},
		{"both, and a limit", time.Hour, append([]string{"--since", "24h", "--max-users", "1"}, dated...), 4, "--max-users is 1; raise it if that is meant (0 is no limit)\noffboard:   - --since counts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSceneOf(t, graphsim.Config{NoQuota: true, ClockSkew: c.skew}, members("user", 2))
			s.file("hr.csv", "upn,Last day\nuser0@contoso.example,2026-01-01\nuser1@contoso.example,2026-01-02\n")
			s.wants(c.code, 0, c.words, append([]string{"plan", "hr.csv", "-o", "plan.json"}, c.flags...)...)
			if len(c.flags) == 2 && c.flags[1] == "24h" {
				s.wants(4, 0, "nothing was verified: --since counts from this machine's clock", "verify", "hr.csv", "--since", "24h")
			}
			if c.code == 4 {
				least := time.Now().Add(c.skew - time.Second) // the answer has whole seconds
				code, out := s.offboard(nil, 0, append([]string{"run", "hr.csv", "--dry-run", "--graph-url", s.url}, c.flags...)...)
				_, said, _ := strings.Cut(out, "where Graph's says ")
				said, _, _ = strings.Cut(said, ";")
				graph, err := time.Parse(time.RFC3339, said)
				if code != 4 || err != nil || graph.Before(least) || graph.After(time.Now().Add(c.skew)) {
					t.Errorf("exit code %d, Graph's time as %v, error %v\n%s", code, graph, err, out)
				}
			}
			if strings.Contains(c.name, "behind") { // no user is read, and Graph's time is known all the same
				s.wants(4, 0, "set the clock, or give the moment with --as-of ", append([]string{"run", "hr.csv", "--yes", "--no-resolve"}, c.flags...)...)
				if _, out := s.offboard(nil, 0, append([]string{"run", "hr.csv", "--dry-run", "--no-resolve", "--graph-url", s.url}, c.flags...)...); strings.Contains(out, "clock: not checked") {
					t.Errorf("a clock that was checked is said not to be\n%s", out)
				}
			}
		})
	}
}
