package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// show says of a run what is so: while it is planned and carried out who does
// that, and when its process died what that leaves.
func TestShowTellsHowARunStands(t *testing.T) {
	t.Parallel()
	s := newScene(t, 100)
	show := func(what string, want []string, not ...string) {
		t.Helper()
		for _, command := range [][]string{{"show"}, {"report", "--report-dir", "now"}} {
			code, out := s.offboard(nil, 0, command...)
			if code != 0 {
				t.Errorf("%s, %s: exit code %d\n%s", command[0], what, code, out)
			}
			for _, w := range want {
				if !strings.Contains(out, w) {
					t.Errorf("%s, %s: nothing says %q\n%s", command[0], what, w, out)
				}
			}
			for _, n := range not {
				if strings.Contains(out, n) {
					t.Errorf("%s, %s: %q\n%s", command[0], what, n, out)
				}
			}
		}
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	holder := func(c *child) string {
		return fmt.Sprintf("process %d on %s works on it, since 20", c.Process.Pid, host)
	}
	wrong := []string{"no rows", "Resume with", "before their turn"}

	held, release := s.holdThose(func(r *http.Request, reads bool) bool { return reads && strings.HasSuffix(r.URL.Path, "/$batch") })
	c := s.begin(s.run(2)...)
	s.await(held, 1)
	show("while it is planned", []string{"Being planned now: " + holder(c)}, wrong...)
	name := s.named()
	ends := func(what string, code int, want string, commands ...string) {
		t.Helper()
		for _, command := range commands {
			got, out := s.offboard(nil, 0, append(strings.Fields(command), "--graph-url", s.url)...)
			if got != code || !strings.Contains(out, want) || strings.Contains(out, " hold\n") {
				t.Errorf("%s, %s: exit code %d, want %d and %q\n%s", command, what, got, code, want, out)
			}
		}
	}
	ends("while it is planned", 7, fmt.Sprintf("is locked by process %d on %s", c.Process.Pid, host), "verify "+name, "resume "+name, "resume")
	_ = c.Process.Kill()
	c.end(t)
	release()
	show("when planning died", []string{"NOT PLANNED", "nothing was written. Run the input again."}, wrong...)
	died := []string{"verify " + name, "verify -o json " + name, "resume " + name, "resume"}
	ends("when planning died", 2, "run "+name+" (in.csv) was never planned to its end, and nothing was written", died...)
	ends("when planning died", 2, "offboard run in.csv --max-users 0 --concurrency 2 ", died...)

	held, release = s.hold()
	c = s.begin(s.run(2)...)
	s.await(held, 2)
	show("while it runs", []string{"UNDER WAY: " + holder(c), "0 of 100 people (0 of 100 rows) are settled so far", "their turn has not come yet"}, wrong...)
	if _, out := s.offboard(nil, 0, "show", "-o", "json"); !strings.Contains(out, `"resume": null`) || !strings.Contains(out, `"held_by": "process `) {
		t.Errorf("as JSON: %s", out)
	}
	note := fmt.Sprintf("is on the same input: %s", holder(c))
	if code, out := s.offboard(nil, 0, append(s.run(2), "--order", "file", "--dry-run", "--report-dir", "dry")...); code != 0 || !strings.Contains(out, note) || strings.Contains(out, "goes on with it") {
		t.Errorf("another choice: exit code %d, want %q\n%s", code, note, out)
	}
	_ = c.Process.Kill()
	c.end(t)
	release()
	show("when its process died", []string{"Resume with: offboard resume", "still open"}, "UNDER WAY")

	if code, out := s.offboard(nil, 0, append(s.run(2), "--order", "file", "--max-users", "1")...); code != 4 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	name = s.named()
	ends("when it was refused", 2, "run "+name+" was refused, and nothing was written; there is nothing to verify", "verify "+name, "verify --since 1h "+name)
	show("when it was refused", []string{"REFUSED: nothing was written.", "the run was refused"}, append(wrong, "open")...)
}

// named is the name of the newest run.
func (s *scene) named() string {
	_, out := s.offboard(nil, 0, "show")
	if words := strings.Fields(out); len(words) > 1 {
		return words[1]
	}
	s.t.Fatal("show names no run")
	return ""
}
