package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
)

// planned makes a plan of the scene's users, and gives its path.
func (s *scene) planned() string {
	s.t.Helper()
	if code, out := s.offboard(nil, 0, "plan", "in.csv", "--graph-url", s.url, "-o", "plan.json"); code != 0 {
		s.t.Fatalf("plan: exit code %d\n%s", code, out)
	}
	return filepath.Join(s.dir, "plan.json")
}

// A signed plan of which a byte was changed, or of whose signature, is refused with exit
// 4, and nothing is written. Package planfile tries all bytes.
func TestAlteredPlansAreRefused(t *testing.T) {
	s := newScene(t, 2)
	plan := s.planned()
	if err := keys(s.dir, "ada"); err != nil {
		t.Fatal(err)
	}
	if code, out := s.offboard(nil, 0, "approve", "plan.json", "--key", "ada.key", "--name", "ada", "--yes"); code != 0 {
		t.Fatalf("approve: exit code %d\n%s", code, out)
	}
	signatures, err := filepath.Glob(plan + ".*.sig")
	if err != nil || len(signatures) != 1 {
		t.Fatalf("signatures %q, error %v", signatures, err)
	}
	for _, path := range []string{plan, signatures[0]} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{0, len(text) / 3, len(text) / 2, len(text) - 2} {
			altered := bytes.Clone(text)
			altered[i] ^= 4
			if err := os.WriteFile(path, altered, 0o600); err != nil {
				t.Fatal(err)
			}
			code, out := s.offboard(nil, 0, "apply", "plan.json", "--graph-url", s.url, "--yes", "--approvals", "1", "--trusted", "allowed_signers")
			if n := s.tenant.Stats().Writes; code != 4 || n != 0 {
				t.Errorf("%s, byte %d: exit code %d, %d writes\n%s", path, i, code, n, out)
			}
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, out := s.offboard(nil, 0, "apply", "plan.json", "--graph-url", s.url, "--yes", "--approvals", "1", "--trusted", "allowed_signers"); code != 0 {
		t.Errorf("unaltered: exit code %d\n%s", code, out)
	}
}

// A plan is for once, whatever app signs in: a run of it by another app that is not at
// its end is told of, and two never work on it at once.
func TestOnePlanOneRun(t *testing.T) {
	d := newBooth(t, 60, graphsim.Config{NoQuota: true, Latency: time.Second})
	by := func(app string) *booth {
		return &booth{dir: d.dir, tenant: d.tenant, network: d.tenant, environ: []string{"AZURE_TENANT_ID=" + ours.Tenant, "AZURE_CLIENT_ID=" + app, "AZURE_CLIENT_SECRET=s"}}
	}
	synctest.Test(t, func(t *testing.T) {
		one, two := by(ours.App), by("00000000-0000-4000-8000-00000000000b")
		one.t, two.t = t, t
		if code, out := one.offboard("plan", "DIR/in.csv", "--column=upn", "--max-percent=0", "-o", d.dir+"/plan.json"); code != 0 {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		apply := func(b *booth, more ...string) (exitCode, string) {
			return b.offboard(append([]string{"apply", "DIR/plan.json", "--yes", "--concurrency=1", "--report-dir=DIR/out"}, more...)...)
		}
		stopped := make(chan exitCode)
		go func() {
			code, _ := apply(one, "--rate=5", "--deadline=12s")
			stopped <- code
		}()
		for _, when := range []string{"it looks users up", "it revokes"} {
			time.Sleep(4500 * time.Millisecond)
			if code, out := apply(two, "--as-caller", "--again"); code != 7 {
				t.Errorf("while %s: exit code %d\n%s", when, code, out)
			}
		}
		if code := <-stopped; code != 6 {
			t.Fatalf("exit code %d, want a run that was stopped", code)
		}
		before := d.writes()
		code, out := apply(two, "--as-caller")
		if code != 4 || d.writes() != before || !strings.Contains(out, "of this plan, by app "+ours.App+", is not at its end; this goes on with it: offboard resume") {
			t.Errorf("exit code %d, %d writes\n%s", code, d.writes()-before, out)
		}
		if code, out := apply(two, "--as-caller", "--again"); code != 0 || d.writes() != before+60 {
			t.Errorf("--again: exit code %d, %d writes\n%s", code, d.writes()-before, out)
		}
	})
}

// A plan whose users have changed since is refused whole, and nothing is written.
func TestDriftRefuses(t *testing.T) {
	const upn = "user1@contoso.example"
	id := graphsim.IDFor(upn)
	const other = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3" // Application Administrator
	for _, c := range []struct {
		name   string
		change func(*graphsim.Tenant) error
		want   string // a part of what is said; "" when it is carried out
	}{
		{"nothing", func(*graphsim.Tenant) error { return nil }, ""},
		{"gone", func(tn *graphsim.Tenant) error { tn.Remove(upn); return nil }, "404"},
		{"renamed", func(tn *graphsim.Tenant) error { return tn.Add(graphsim.User{ID: id, UPN: "new@contoso.example"}) }, "new@contoso.example"},
		{"disabled", func(tn *graphsim.Tenant) error { return tn.Add(graphsim.User{ID: id, UPN: upn, Enabled: true}) }, "enabled"},
		{"a guest now", func(tn *graphsim.Tenant) error {
			return tn.Add(graphsim.User{ID: id, UPN: upn, Type: "Guest", State: "Accepted"})
		}, "Guest"},
		{"an admin now", func(tn *graphsim.Tenant) error { return tn.Assign(other, id) }, "privileged"},
		{"password changed", func(tn *graphsim.Tenant) error {
			return tn.Add(graphsim.User{ID: id, UPN: upn, Stamp: time.Now().Add(-time.Minute)})
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, 30)
			s.planned()
			if err := c.change(s.tenant); err != nil {
				t.Fatal(err)
			}
			code, out := s.offboard(nil, 0, "apply", "plan.json", "--graph-url", s.url, "--yes", "--report-dir", "out")
			writes := s.tenant.Stats().Writes
			if c.want == "" && (code != 0 || writes != 30) {
				t.Errorf("exit code %d, %d writes\n%s", code, writes, out)
			}
			if c.want != "" && (code != 4 || writes != 0 || !strings.Contains(out, c.want) || !strings.Contains(out, "1 user is no longer")) {
				t.Errorf("exit code %d, %d writes, want 4, none, and %q\n%s", code, writes, c.want, out)
			}
		})
	}
}

// A plan is for one tenant, and resumes as itself after a kill.
func TestApplyResumes(t *testing.T) {
	s := newScene(t, 400)
	s.planned()
	apply := []string{"apply", "plan.json", "--graph-url", s.url, "--yes", "--concurrency", "2", "--report-dir", "out"}
	if code, out := s.offboard(os.Kill, 150, apply...); code != -1 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if code, out := s.offboard(nil, 0, apply...); code != 0 || !strings.Contains(out, "resuming run") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if n := s.twice("out"); n > 40 {
		t.Errorf("%d users were sent twice", n)
	}
	other := newScene(t, 1)
	if code, out := s.offboard(nil, 0, "apply", "plan.json", "--graph-url", other.url, "--yes"); code != 4 || !strings.Contains(out, "this is tenant") {
		t.Errorf("another tenant: exit code %d\n%s", code, out)
	}
}

// apply asks the guards again: those that the plan was made under, and those that
// it is given. What it need not know of roles is no change of a user.
func TestApplyAsksTheGuards(t *testing.T) {
	const admin = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3" // Application Administrator
	upn := func(n int) string { return fmt.Sprintf("user%d@contoso.example", n) }
	holds := func(s *scene) error { return s.tenant.Assign(admin, graphsim.IDFor(upn(7))) }
	for _, c := range []struct {
		name   string
		before func(*scene) error // the plan is made
		plan   []string           // flags
		after  func(*scene) error
		apply  []string
		code   int
		writes int
		want   string
	}{
		{"an administrator, and no limit", holds, []string{"--max-privileged", "0"}, nil, nil, 0, 30, ""},
		{"an administrator within the limit", holds, nil, nil, nil, 0, 30, ""},
		{"an administrator since, and no limit", nil, []string{"--max-privileged", "0"}, holds, nil, 4, 0, "now privileged"},
		{"a list", nil, nil, nil, []string{"--protect", "list.txt"}, 0, 28, "protected now, and not sent: 2 users: user3@contoso.example"},
		{"a list that names nobody", nil, nil, nil, []string{"--protect", "slip.txt"}, 4, 0, "patterns that fit no user"},
		{"administrators are to be spared", holds, nil, nil, []string{"--protect-privileged"}, 0, 29, "protected now, and not sent: 1 user: user7@"},
		{"a limit", nil, nil, nil, []string{"--max-users", "29"}, 4, 0, "30 users, and --max-users is 29"},
		{"a limit of the plan", nil, []string{"--max-users", "30"}, nil, nil, 0, 30, ""},
		{"every reason at once", nil, nil, func(s *scene) error { s.tenant.Remove(upn(5)); return nil }, []string{"--max-users", "20", "--max-percent", "1"}, 4, 0,
			"and --max-users is 20; raise it if that is meant (0 is no limit)\noffboard:   - the plan has 29 of the tenant's 329 users, and --max-percent is 1; raise it if that is meant (0 is no limit)\noffboard:   - 1 user is no longer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, 30)
			for name, text := range map[string]string{"list.txt": upn(3) + "\nuser4@*\n", "slip.txt": "usr4@*\n"} {
				if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, step := range []func(*scene) error{c.before, nil, c.after} {
				if step == nil {
					step = func(s *scene) error {
						if code, out := s.offboard(nil, 0, append([]string{"plan", "in.csv", "--graph-url", s.url, "--overwrite", "-o", "plan.json"}, c.plan...)...); code != 0 {
							t.Fatalf("plan: exit code %d\n%s", code, out)
						}
						return nil
					}
				}
				if err := step(s); err != nil {
					t.Fatal(err)
				}
			}
			code, out := s.offboard(nil, 0, append([]string{"apply", "plan.json", "--graph-url", s.url, "--yes", "--report-dir", "out"}, c.apply...)...)
			if writes := s.tenant.Stats().Writes; code != c.code || writes != c.writes || !strings.Contains(out, c.want) {
				t.Errorf("exit code %d, %d writes; want %d, %d and %q\n%s", code, writes, c.code, c.writes, c.want, out)
			}
		})
	}
}

// What stands where a signature would is never waited for.
func TestPipeBesideAPlan(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no mkfifo there")
	}
	s := newScene(t, 2)
	path := s.planned()
	if err := exec.Command("mkfifo", path+".x.sig").Run(); err != nil {
		t.Fatal(err)
	}
	if code, out := s.offboard(nil, 0, "apply", path, "--yes", "--graph-url", s.url); code != 2 || s.written() > 0 || !strings.Contains(out, ".x.sig is no file that can be read") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}
