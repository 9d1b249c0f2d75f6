package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch/graphsim"
)

// A responder is told all that keeps a run from beginning: what needs no directory at
// once and before anybody signs in, and the rest after planning. The command that is
// printed each time lifts all of it.
func TestRefusalsAreToldTogether(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no sh there")
	}
	s := newSceneOf(t, graphsim.Config{NoQuota: true}, members("user", 30))
	admin, ok := s.tenant.User("user7@contoso.example")
	if !ok {
		t.Fatal("no such user")
	}
	if err := s.tenant.Assign(globalAdministrator, admin.ID); err != nil {
		t.Fatal(err)
	}
	file := "upn,Status\n"
	for _, p := range s.cast {
		file += p.upn + ",Left\n"
	}
	file += "stays@contoso.example,Active\n"
	s.file("in.csv", file)
	s.file("protect.txt", "usr-*@contoso.example\n")
	old := time.Now().Add(-80 * time.Hour)
	if err := os.Chtimes(filepath.Join(s.dir, "in.csv"), old, old); err != nil {
		t.Fatal(err)
	}
	next := regexp.MustCompile(`(?m)^offboard: next: (?:if all of this is meant|mend what no flag lifts; then, if the rest is meant)(?:, with the tenant that is meant in place of ID)?: (.*)$`)
	begins := func(wrong ...string) string {
		return strings.Join(append([]string{"run in.csv --graph-url", s.url}, wrong...), " ")
	}
	args := strings.Fields(begins("--max-users 3 --max-users=2 --max-percent=1 --max-privileged 0 --min-users 31 --protect protect.txt",
		"--max-input-age 36h --concurrency 4 --report-dir in.csv/out"))

	asked := s.tenant.Stats().Calls
	code, out := s.offboard(nil, 0, args...)
	if code != 4 || s.tenant.Stats().Calls != asked {
		t.Errorf("exit code %d, want 4 and no call\n%s", code, out)
	}
	for _, why := range []string{"no terminal to ask at", "--max-input-age is 36h", `column "Status", 1 of 31 rows (Active; line 32: stays@contoso.example)`, "the report could not be written"} {
		if !strings.Contains(out, why) {
			t.Errorf("it is not told that %q:\n%s", why, out)
		}
	}
	line := next.FindStringSubmatch(out)
	if line == nil || !strings.HasSuffix(line[1], " --yes --max-input-age 81h --where Status=Left") {
		t.Fatalf("no command that lifts it: %q\n%s", line, out)
	}

	code, out = s.pasted(strings.Replace(line[1], "in.csv/out", "out", 1))
	if code != 4 || s.written() > 0 {
		t.Errorf("exit code %d, want 4 and no write\n%s", code, out)
	}
	for _, why := range []string{"30 users, and --max-users is 2", "--max-percent is 1", "--min-users is 31", "usr-*@contoso.example"} {
		if !strings.Contains(out, why) {
			t.Errorf("it is not told that %q:\n%s", why, out)
		}
	}
	line = next.FindStringSubmatch(out)
	if line == nil || strings.Count(line[1], "--max-users") != 1 {
		t.Fatalf("no command that lifts it: %q\n%s", line, out)
	}
	if code, out = s.pasted(line[1]); code != 0 || s.written() != 30 {
		t.Errorf("%s: exit code %d, %d written\n%s", line[1], code, s.written(), out)
	}
}

func TestWithout(t *testing.T) {
	line := strings.Fields("run --a 1 f --a=2 --ab 3 --yes --a 4")
	if got := without(line, "--a", true); !slices.Equal(got, strings.Fields("run f --ab 3 --yes")) {
		t.Errorf("--a is taken out as %v", got)
	}
	if got := without(line, "--yes", false); !slices.Equal(got, strings.Fields("run --a 1 f --a=2 --ab 3 --a 4")) {
		t.Errorf("--yes is taken out as %v", got)
	}
}
