package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"offboard/cmd/flagfile"
)

// awkward is a name that a shell would take apart, or carry out.
const awkward = `it's "here" & $HOME; a*b`

// pasted runs what was printed, as a shell does with a line that is pasted.
func (s *scene) pasted(line string) (code int, out string) {
	s.t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "OFFBOARD_ACCESS_TOKEN=T", "OFFBOARD_VERIFY_TIMEOUT=20s",
		"OFFBOARD_JOURNAL="+filepath.Join(s.dir, "another.db")) // the line names its own
	text, _ := cmd.CombinedOutput() // the exit code tells
	return cmd.ProcessState.ExitCode(), string(text)
}

// What a stopped run tells people to type works when it is pasted: with the
// journal, the service root and the report directory of the run.
func TestPrintedResumeWorks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no sh there")
	}
	s := newScene(t, 400)
	journal := filepath.Join(s.dir, awkward, "journal.db")
	code, out := s.offboard(syscall.SIGTERM, 100, append(s.run(2), "--journal", journal, "--report-dir", awkward+"/out")...)
	if code != 6 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	line := regexp.MustCompile(`(?m)^Resume with: (.*)$`).FindStringSubmatch(out)
	if line == nil {
		t.Fatalf("no resume command in\n%s", out)
	}
	if !strings.Contains(line[1], " --graph-url "+strings.TrimSuffix(s.url, "/v1.0")) {
		t.Errorf("no service root in %s", line[1])
	}
	if code, out := s.pasted(line[1]); code != 0 {
		t.Fatalf("%s: exit code %d\n%s", line[1], code, out)
	}
	if n := s.twice(awkward + "/out"); n != 0 {
		t.Errorf("%d users were sent twice", n)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "another.db")); err == nil {
		t.Error("the printed command opened another journal")
	}
}

// A person who looks at a stopped run later, or begins it anew under other flags,
// is told a command that works as well; resume without a name takes that run,
// though newer ones are finished or refused.
func TestResumeTakesTheNewestResumable(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no sh there")
	}
	s := newScene(t, 200)
	journal := []string{"--journal", "of our own.db"}
	if code, out := s.offboard(syscall.SIGTERM, 100, append(s.run(2), journal...)...); code != 6 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	other := append(s.run(2), append(journal, "--order", "file", "--max-users", "1")...)
	code, out := s.offboard(nil, 0, other...)
	note := regexp.MustCompile(`to go on with it: (.*)`).FindStringSubmatch(out)
	if code != 4 || note == nil {
		t.Fatalf("exit code %d, and the stopped run is not told of\n%s", code, out)
	}
	_, out = s.offboard(nil, 0, append([]string{"show", regexp.MustCompile(`\d{8}-\d{6}-[0-9a-f]{4}`).FindString(note[1])}, journal...)...)
	shown := regexp.MustCompile(`(?m)^Resume with: (.*)$`).FindStringSubmatch(out)
	if shown == nil || shown[1] != note[1] {
		t.Errorf("show prints %q, and the other run %q", shown, note[1])
	}
	code, out = s.offboard(nil, 0, append([]string{"resume", "--yes", "--graph-url", s.url, "--report-dir", "out"}, journal...)...)
	if code != 0 || s.twice("out") != 0 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	code, out = s.offboard(nil, 0, append([]string{"resume", "--yes"}, journal...)...)
	next := regexp.MustCompile(`next: (.*)`).FindStringSubmatch(out)
	if code != 0 || !strings.Contains(out, "nothing to resume") || next == nil {
		t.Fatalf("exit code %d, with nothing left\n%s", code, out)
	}
	if code, out := s.pasted(next[1]); code != 0 || strings.Count(out, " finished ") != 1 {
		t.Errorf("%s: exit code %d\n%s", next[1], code, out)
	}
}

// A plan file tells what comes next, and that works.
func TestPrintedApplyWorks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no sh there")
	}
	s := newScene(t, 5)
	code, out := s.offboard(nil, 0, "plan", "in.csv", "-o", awkward+".json", "--graph-url", s.url, "--max-percent", "0", "--journal", "of our own.db")
	line := regexp.MustCompile(`(?m)without approvals: (.*)$`).FindStringSubmatch(out)
	if code != 0 || line == nil {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if code, out := s.pasted(line[1] + " --yes --report-dir out"); code != 0 {
		t.Fatalf("%s: exit code %d\n%s", line[1], code, out)
	}
	if n := s.twice("out"); n != 0 {
		t.Errorf("%d users were sent twice", n)
	}
}

// The program is named so that it is found from another directory, too.
func TestPrintedProgram(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	up := filepath.Dir(here)
	for program, want := range map[string]string{
		"": "offboard", "offboard": "offboard",
		filepath.Join("..", "bin", "offboard"):        filepath.Join(up, "bin", "offboard"),
		"." + string(filepath.Separator) + "offboard": filepath.Join(here, "offboard"),
		filepath.Join(here, "offboard"):               filepath.Join(here, "offboard"),
	} {
		c := &command{world: world{program: program}, cli: &cli{}}
		if got := c.shell("runs"); got != flagfile.Quoted(want, runtime.GOOS)+" runs" {
			t.Errorf("called as %q: %s", program, got)
		}
	}
}

func TestQuoted(t *testing.T) {
	for _, c := range []struct{ word, goos, want string }{
		{"20261126-1620-ab12", "linux", "20261126-1620-ab12"},
		{"/var/lib/a b/j.db", "linux", "'/var/lib/a b/j.db'"},
		{"it's", "linux", `'it'\''s'`},
		{"", "linux", "''"},
		{"$HOME", "darwin", "'$HOME'"},
		{`a\b`, "linux", `'a\b'`},
		{`C:\Users\ada\j.db`, "windows", `C:\Users\ada\j.db`},
		{`C:\Program Files\j.db`, "windows", `"C:\Program Files\j.db"`},
		{`C:\%TEMP%\j.db`, "windows", `"C:\$([char]37)TEMP$([char]37)\j.db"`},
		{`a"&calc&"`, "windows", `"a$([char]34)&calc&$([char]34)"`},
		{`https://x/$(calc)`, "windows", `"https://x/$([char]36)(calc)"`},
		{"a`n\u201d;calc", "windows", `"a$([char]96)n$([char]8221);calc"`},
		{"a\r\ncalc", "windows", `"a$([char]13)$([char]10)calc"`},
	} {
		if got := flagfile.Quoted(c.word, c.goos); got != c.want {
			t.Errorf("%s on %s is %s, want %s", c.word, c.goos, got, c.want)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	for _, word := range []string{awkward, "a\nb", "`id`", "--x=;y", "~", "é"} {
		out, err := exec.Command("sh", "-c", "printf %s "+flagfile.Quoted(word, "linux")).Output()
		if err != nil || !bytes.Equal(out, []byte(word)) {
			t.Errorf("sh makes %q of %q, error %v", out, word, err)
		}
	}
}
