package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/report"
)

// pasted runs the last command of a text that says what to do next.
func (p *provider) pasted(t *testing.T, text string) (exitCode, string) {
	t.Helper()
	at := strings.LastIndex(text, "offboard ")
	if at < 0 {
		t.Fatalf("no command in %q", text)
	}
	words := strings.Fields(strings.SplitN(text[at:], "\n", 2)[0])[1:]
	if i := len(words) - 2; words[i] == "--journal" { // which run adds
		words = words[:i]
	}
	code, out, said := p.run(t.Context(), nil, words...)
	return code, out + said
}

// A campaign of yesterday begins no tenant, and goes on with none, unless that is said: people may have come back.
func TestCampaignIsTooOld(t *testing.T) {
	p := newProvider(t, 3, 100, nil)
	synctest.Test(t, func(t *testing.T) {
		p.stopped(t, "--report-dir", filepath.Join(p.dir, "reports"))
		first := p.writesOf(0)
		time.Sleep(25 * time.Hour)
		code, out, said := p.run(t.Context(), nil, "resume", "campaign", "--yes")
		if all, _, _ := p.writes(); code != exitRefused || all != first || strings.Count(said, "--max-age is 24h") != 3 {
			t.Errorf("exit code %d, %d writes after %d\n%s%s", code, all, first, out, said)
		}
		_, next, _ := strings.Cut(said, "t1  offboard: next: ")
		code, said = p.pasted(t, strings.SplitN(next, "\n", 2)[0])
		if all, _, _ := p.writes(); code != exitDone || all != 300 {
			t.Errorf("%s: exit code %d, %d writes\n%s", next, code, all, said)
		}
	})
}

// Each cause has a next step of its own, whose commands work.
func TestCampaignNext(t *testing.T) {
	p := newProvider(t, 5, 10, func(i int, cfg *graphsim.Config) {
		if i == 1 {
			cfg.Roles = []string{}
		}
	})
	p.home = "HOME=/nowhere"
	p.write("t2.csv", "colour\nred\n")
	file, err := os.ReadFile(filepath.Join(p.dir, "all.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p.write("all.yaml", strings.Replace(string(file), "{name: t3,", "{name: t3, min-users: 99,", 1))
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(p.dir, "reports")
		if code, out, said := p.run(t.Context(), nil, append(p.args, "--report-dir", dir)...); code != exitSignIn {
			t.Fatalf("exit code %d\n%s%s", code, out, said)
		}
		tenants := p.summary(dir).Tenants
		for i, want := range []struct {
			next string
			code exitCode // of the first command
		}{
			{`^$`, 0},
			{`^this tells what to grant, and how, .*: offboard doctor \S+t1.csv .*--tenant=\S+ .* && offboard resume campaign-\S+ --yes`, exitSignIn},
			{`^this tells what is wrong with the file, .*: offboard check \S+t2.csv .* && offboard campaign \S+all.yaml --only t2 --report-dir \S+ --yes`, exitUsage},
			{`^if all of this is meant: put min-users: \d+ below t3 in \S+all.yaml, then: offboard campaign \S+all.yaml --only t3 --report-dir \S+ --yes`, exitRefused},
			{`^$`, 0},
		} {
			of := tenants[i]
			if !regexp.MustCompile(want.next).MatchString(of.Next) {
				t.Errorf("%s: next %q, want %s; %s", of.Name, of.Next, want.next, of.Error)
				continue
			}
			first, _, _ := strings.Cut(of.Next, " && ")
			if first == "" {
				continue
			}
			if code, said := p.pasted(t, first); code != want.code {
				t.Errorf("%s: exit code %d, want %d\n%s", first, code, want.code, said)
			}
		}
	})
}

// Two campaigns that end in one directory leave both summaries whole, and each leads to its own reports.
func TestCampaignsInOneDirectory(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const campaigns = 3
	for i := range campaigns {
		write(fmt.Sprintf("a%d.csv", i), fmt.Sprintf("upn\nuser%d@one.example\n", i+1))
		write(fmt.Sprintf("b%d.csv", i), fmt.Sprintf("upn\nuser%d@two.example\n", i+1))
		write(fmt.Sprintf("%d.yaml", i), fmt.Sprintf("defaults: {max-percent: 0}\ntenants:\n  - {name: one, tenant: one.example, file: a%[1]d.csv}\n  - {name: two%[1]d, tenant: two.example, file: b%[1]d.csv}\n", i))
	}
	var group sync.WaitGroup
	for i := range campaigns {
		group.Go(func() {
			cmd := exec.Command("offboard", "campaign", fmt.Sprintf("%d.yaml", i), "--simulate", "--yes", "--report-dir", "reports")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "OFFBOARD_JOURNAL="+filepath.Join(dir, "journal.db"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	group.Wait()
	inputs := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != "campaign.json" {
			return err
		}
		var s struct {
			Input   string
			Tenants []struct{ Name, Run string }
		}
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &s)
		}
		inputs[s.Input] = true
		for _, of := range s.Tenants {
			if at := report.DirOf(filepath.Join(filepath.Dir(path), of.Name), of.Run); at == "" {
				t.Errorf("%s: the report of %s, run %s, does not stand beside it", path, of.Name, of.Run)
			}
		}
		return err
	})
	if err != nil || len(inputs) != campaigns {
		t.Errorf("summaries of %v, error %v", inputs, err)
	}
}

// A campaign none of whose tenants came to a run is pruned when it is old; one of today is kept.
func TestCampaignIsPruned(t *testing.T) {
	p := newProvider(t, 2, 10, func(_ int, cfg *graphsim.Config) { cfg.Roles = []string{} })
	synctest.Test(t, func(t *testing.T) {
		if code, out, said := p.run(t.Context(), nil, append(p.args, "--report-dir", filepath.Join(p.dir, "reports"))...); code != exitSignIn {
			t.Fatalf("exit code %d\n%s%s", code, out, said)
		}
		for _, want := range []int{0, 1, 0} {
			time.Sleep(20 * time.Hour)
			code, out, said := p.run(t.Context(), nil, "runs", "prune", "--older-than", "2h", "--yes", "-o", "json")
			if n := strings.Count(out, "campaign-"); code != exitDone || n != want {
				t.Errorf("exit code %d, %d campaigns, want %d\n%s%s", code, n, want, out, said)
			}
		}
		if code, _, _ := p.run(t.Context(), nil, "show", "campaign"); code != exitUsage {
			t.Errorf("show: exit code %d", code)
		}
	})
}

// One notice tells how a campaign ended, in counts alone.
func TestCampaignTells(t *testing.T) {
	var mu sync.Mutex
	var notices []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		notices = append(notices, string(text))
	}))
	defer hook.Close()
	p := newProvider(t, 3, 4, func(i int, cfg *graphsim.Config) {
		if cfg.Latency, cfg.Jitter = 0, 0; i == 1 {
			cfg.Roles = []string{}
		}
	})
	p.write("hook", hook.URL)
	code, out, said := p.run(t.Context(), nil, append(p.args, "--report-dir", filepath.Join(p.dir, "reports"), "--notify-file", filepath.Join(p.dir, "hook"))...)
	var n struct {
		Command, Run string
		Exit         int
		Success      int
		Counts       map[batch.Outcome]int
		Tenants      struct{ Well, Of int }
	}
	if len(notices) != 1 || code != exitSignIn {
		t.Fatalf("exit code %d, notices %v\n%s%s", code, notices, out, said)
	}
	if err := json.Unmarshal([]byte(notices[0]), &n); err != nil || n.Command != "campaign" || !strings.HasPrefix(n.Run, "campaign-") || n.Exit != 5 || n.Success != 8 || n.Counts[batch.Verified] != 8 || n.Tenants.Well != 2 || n.Tenants.Of != 3 || strings.Contains(notices[0], "example") {
		t.Errorf("%s, error %v", notices[0], err)
	}
	if !strings.Contains(said, "--yes") || !strings.Contains(said, "--notify-file") {
		t.Errorf("what goes on does not tell:\n%s", said)
	}
}

// Without a name resume takes no part of a campaign, and says that one is not at its end, until it is, or until
// the same file was begun anew.
func TestBareResumeSeesCampaigns(t *testing.T) {
	for name, tt := range map[string]struct {
		begun func(p *provider) bool // when it is stopped
	}{
		"nobody was planned": {nil},
		"one run stopped":    {func(p *provider) bool { return p.writesOf(0) > 0 }},
		"two runs stopped":   {func(p *provider) bool { return p.writesOf(1) > 0 && p.writesOf(2) > 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, 3, 100, nil)
			p.home = "HOME=/nowhere"
			file, err := os.ReadFile(filepath.Join(p.dir, "all.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			p.write("all.yaml", strings.Replace(string(file), "defaults:\n", "defaults:\n  concurrency: 1\n", 1))
			synctest.Test(t, func(t *testing.T) {
				bare := func(code exitCode, words string, args ...string) string {
					t.Helper()
					got, out, said := p.run(t.Context(), nil, append([]string{"resume", "--yes"}, args...)...)
					if got != code || !strings.Contains(said, words) {
						t.Errorf("%s: exit code %d, want %d and %q\n%s%s", args, got, code, words, out, said)
					}
					return said
				}
				stop := make(chan struct{})
				if tt.begun == nil {
					close(stop)
				}
				p.whenCalled(func(int) bool {
					begun := tt.begun != nil && tt.begun(p)
					if begun {
						close(stop)
					}
					return begun
				})
				args := append(p.args, "--report-dir", filepath.Join(p.dir, "reports"))
				if code, out, said := p.run(t.Context(), stop, args...); code != exitStopped {
					t.Fatalf("exit code %d\n%s%s", code, out, said)
				}
				before, _, _ := p.writes()
				if before >= 300 {
					t.Fatalf("%d writes before", before)
				}
				bare(exitDone, "nothing to resume here; of other tenants and rehearsals (--simulate) there are ", "--simulate")
				bare(exitDone, "nothing to resume here; of other tenants and rehearsals (--simulate) there are ", "--tenant=8f4c2f6e-0000-4000-8000-00000000beef")
				bare(exitRefused, "is not at its end, and is resumed by its name", "--tenant="+p.ids[0])
				said := bare(exitRefused, "is not at its end, and is resumed by its name")
				if all, _, _ := p.writes(); all != before {
					t.Errorf("%d writes after %d", all, before)
				}
				code, said := p.pasted(t, said)
				if all, _, _ := p.writes(); code != exitDone || all < 300 {
					t.Errorf("exit code %d, %d writes\n%s", code, all, said)
				}
				bare(exitDone, "nothing to resume")
				if tt.begun == nil { // one that is begun anew takes its place
					done := make(chan struct{})
					close(done)
					p.run(t.Context(), done, append(args, "--new")...)
					bare(exitRefused, "is not at its end, and is resumed by its name")
					p.run(t.Context(), nil, append(args, "--new", "--only=t0")...)
					bare(exitRefused, "is not at its end, and is resumed by its name")
					p.run(t.Context(), nil, append(args, "--new")...)
					bare(exitDone, "nothing to resume")
				}
			})
		})
	}
}
