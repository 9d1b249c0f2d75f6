package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"offboard/batch/graphsim"
)

// stopped begins a campaign in one tenant after the other, and stops it in the first.
func (p *provider) stopped(t *testing.T, args ...string) {
	t.Helper()
	stop := make(chan struct{})
	file, err := os.ReadFile(filepath.Join(p.dir, "all.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p.write("all.yaml", strings.Replace(string(file), "defaults:\n", "defaults:\n  concurrency: 1\n", 1))
	p.whenCalled(func(int) bool {
		all, _, _ := p.writes()
		if all > 0 {
			close(stop)
		}
		return all > 0
	})
	if code, out, said := p.run(t.Context(), stop, append(append(p.args, "--at-once", "1"), args...)...); code != exitStopped {
		t.Fatalf("exit code %d\n%s%s", code, out, said)
	}
}

// writesOf is how many writes a tenant had.
func (p *provider) writesOf(i int) int { return p.tenants[p.ids[i]].Stats().Writes }

// A campaign that goes on is held against its file: what was taken out of it since, left out, or
// changed is not written to, and said; a list of protected users that was added holds; and
// without the file nothing more is done.
func TestCampaignFileIsEdited(t *testing.T) {
	for name, tt := range map[string]struct {
		edit  func(p *provider, file string) string
		code  exitCode
		spare []int // of which nothing more is written
		words string
	}{
		"skipped": {func(_ *provider, f string) string {
			return strings.Replace(f, "{name: t1,", "{name: t1, skip: true,", 1)
		}, exitRefused, []int{1}, "leaves it out now"},
		"open": {func(_ *provider, f string) string {
			return strings.Replace(f, "{name: t0,", "{name: t0, skip: true,", 1)
		}, exitRefused, []int{0}, "leaves it out now"},
		"deleted": {func(p *provider, f string) string {
			return strings.Replace(f, fmt.Sprintf("  - {name: t1, tenant: %s, file: t1.csv}\n", p.ids[1]), "", 1)
		}, exitRefused, []int{1}, "any more"},
		"tenant": {func(p *provider, f string) string {
			return strings.Replace(f, "tenant: "+p.ids[1], "tenant: t1.example", 1)
		}, exitRefused, []int{1}, "is not as it was"},
		"file": {func(_ *provider, f string) string {
			return strings.Replace(f, "file: t1.csv", "file: [t1.csv, more.csv]", 1)
		}, exitRefused, []int{1}, "is not as it was"},
		"flag": {func(_ *provider, f string) string {
			return strings.Replace(f, "{name: t2,", "{name: t2, where: upn=user1@t2.example,", 1)
		}, exitRefused, []int{2}, "is not as it was"},
		"defaults": {func(_ *provider, f string) string {
			return strings.Replace(f, "defaults:\n", "defaults:\n  min-users: 3\n", 1)
		}, exitRefused, []int{0, 1, 2}, "is not as it was"},
		"gone": {func(*provider, string) string { return "" }, exitRefused, []int{0, 1, 2}, "put the file back"},
		"protect": {func(_ *provider, f string) string {
			return strings.Replace(f, "{name: t1,", "{name: t1, protect: more.txt,", 1)
		}, exitDone, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t, 3, 100, nil)
			p.write("more.csv", "upn\nuser1@t1.example\n")
			p.write("more.txt", "user2@t1.example\n")
			path := filepath.Join(p.dir, "all.yaml")
			synctest.Test(t, func(t *testing.T) {
				dir := filepath.Join(p.dir, "reports")
				p.stopped(t, "--report-dir", dir)
				var before []int
				for i := range p.ids {
					before = append(before, p.writesOf(i))
				}
				if before[0] == 0 || before[0] >= p.users || before[1]+before[2] != 0 {
					t.Fatalf("before: %v writes", before)
				}
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if edited := tt.edit(p, string(text)); edited == "" {
					os.Remove(path)
				} else {
					p.write("all.yaml", edited)
				}
				code, out, said := p.run(t.Context(), nil, "resume", "campaign", "--yes")
				if code != tt.code || !strings.Contains(said, tt.words) {
					t.Errorf("exit code %d, want %d and %q\n%s%s", code, tt.code, tt.words, out, said)
				}
				for line := range strings.Lines(said) { // each next step is done in the same way, and without the file none needs it
					_, next, ok := strings.Cut(line, "  offboard: next: ")
					if ok && (!strings.Contains(next, " --yes") || name == "gone" && strings.Contains(next, "offboard campaign ")) {
						t.Errorf("next step %q", next)
					}
				}
				if back := "offboard: next: put " + path + " back as it was, or do what is said of each tenant; then: offboard resume campaign-"; tt.code == exitRefused && !strings.Contains(said, back) {
					t.Errorf("%q is not in\n%s", back, said)
				}
				spared := map[int]bool{}
				for _, i := range tt.spare {
					spared[i] = true
				}
				for i := range p.ids {
					want := p.users
					if spared[i] {
						want = before[i]
					} else if i == 1 && name == "protect" {
						want--
					}
					if got := p.writesOf(i); got != want {
						t.Errorf("t%d: %d writes, want %d\n%s", i, got, want, said)
					}
				}
				if u, _ := p.tenants[p.ids[1]].User("user2@t1.example"); name == "protect" && u.Writes != 0 {
					t.Error("a user was written to whom a list protects")
				}
			})
		})
	}
}

// With --new every tenant starts over, also one that begins in a later session, and without it a run
// that another campaign left open is not taken.
func TestCampaignStartsOver(t *testing.T) {
	p := newProvider(t, 2, 100, nil)
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(p.dir, "reports")
		p.stopped(t, "--report-dir", dir)
		first := p.writesOf(0)
		code, out, said := p.run(t.Context(), nil, append(p.args, "--only", "t0", "--report-dir", dir)...)
		if all, _, _ := p.writes(); code != exitRefused || all != first || !strings.Contains(said, "is a part of campaign-") || !strings.Contains(said, "next: offboard resume campaign-") {
			t.Errorf("exit code %d, %d writes after %d\n%s%s", code, all, first, out, said)
		}
		code, out, said = p.run(t.Context(), nil, append(p.args, "--new", "--report-dir", dir)...)
		if code != exitDone || p.writesOf(0) != first+p.users || p.writesOf(1) != p.users || strings.Contains(said, "resuming run") {
			t.Errorf("exit code %d, %d and %d writes, after %d\n%s%s", code, p.writesOf(0), p.writesOf(1), first, out, said)
		}
	})
}

// What a person said no to is planned and asked anew by the next step that was printed.
func TestCampaignAfterNo(t *testing.T) {
	p := newProvider(t, 2, 10, nil)
	synctest.Test(t, func(t *testing.T) {
		var stdout, stderr strings.Builder
		code := execute(t.Context(), world{
			args:  []string{"campaign", filepath.Join(p.dir, "all.yaml"), "--report-dir", filepath.Join(p.dir, "reports"), "--journal", filepath.Join(p.dir, "journal.db")},
			stdin: strings.NewReader("n\n"), stdout: &stdout, stderr: &stderr, asks: true, network: p, getenv: func(string) string { return "" }, width: func() int { return 80 },
			environ: func() []string {
				return []string{"AZURE_CLIENT_ID=" + graphsim.DefaultClientID, "AZURE_CLIENT_SECRET=s"}
			},
		})
		_, next, ok := strings.Cut(stderr.String(), "next: offboard ")
		words := strings.Fields(next)
		if code != exitRefused || !ok || len(words) < 2 {
			t.Fatalf("exit code %d\n%s", code, stderr.String())
		}
		code, out, said := p.run(t.Context(), nil, words[0], words[1], "--yes")
		if all, _, _ := p.writes(); code != exitDone || all != 20 {
			t.Errorf("%v: exit code %d, %d writes\n%s%s", words, code, all, out, said)
		}
	})
}

// Two names of one tenant are refused before anything is written.
func TestCampaignTenantTwice(t *testing.T) {
	for name, tenants := range map[string][2]string{"id and domain": {"8f4c2f6e-0000-4000-8000-000000000100", "t0.example"}, "two domains": {"t0.example", "t0.onmicrosoft.com"}} {
		p := newProvider(t, 1, 10, nil)
		p.write("again.csv", "upn\nuser1@t0.example\nuser2@t0.example\n")
		p.write("all.yaml", fmt.Sprintf("defaults: {max-percent: 0}\ntenants:\n  - {name: one, tenant: %s, file: t0.csv}\n  - {name: two, tenant: %s, file: again.csv}\n", tenants[0], tenants[1]))
		synctest.Test(t, func(t *testing.T) {
			code, out, said := p.run(t.Context(), nil, append(p.args, "--report-dir", filepath.Join(p.dir, "reports"))...)
			if n := p.writesOf(0); code != exitRefused || n != 0 || !strings.Contains(said, "are one tenant, "+p.ids[0]) {
				t.Errorf("%s: exit code %d, %d writes\n%s%s", name, code, n, out, said)
			}
		})
	}
}

// What is wrong with the campaign's file is told of all tenants at once, before any of them begins, and
// a secret that stands in it is neither shown nor kept.
func TestCampaignFileIsWrong(t *testing.T) {
	p := newProvider(t, 3, 10, nil)
	for name, tt := range map[string]struct {
		lines string
		want  []string
	}{
		"copy":     {"  - {name: a, tenant: a.example, file: t0.csv}\n  - {name: b, tenant: b.example, file: copy.csv}\n", []string{"a person must not be looked up"}},
		"symlink":  {"  - {name: a, tenant: a.example, file: t0.csv}\n  - {name: b, tenant: b.example, file: sym.csv}\n", []string{"a person must not be looked up"}},
		"hardlink": {"  - {name: a, tenant: a.example, file: t0.csv}\n  - {name: b, tenant: b.example, file: hard.csv}\n", []string{"a person must not be looked up"}},
		"flags": {"  - {name: a, tenant: a.example, file: t0.csv, sign-in: nosuch}\n  - {name: b, tenant: b.example, file: t1.csv, steps: nuke}\n  - {name: c, tenant: c.example, file: t2.csv, protect: none.txt}\n",
			[]string{"line 2: a: sign-in: there is no such file", "line 3: b: ", `no step "nuke"`, "line 4: c: protect: "}},
		"secret":  {"  - {name: a, tenant: a.example, file: t0.csv, sign-in: \"AZURE_CLIENT_SECRET=YAML/SECRET\"}\n", []string{"line 2: a: sign-in: "}},
		"key":     {"  - {name: a, tenant: a.example, file: t0.csv, \"Zx48Q~abcDEFghiJKLmnoPQRstuVWXyz01SECRET=\": x}\n", []string{"line 2: a key in the place of a flag's name looks like a client secret"}},
		"top key": {"  - {name: a, tenant: a.example, file: t0.csv}\n\"Zx48Q~abcDEFghiJKLmnoPQRstuVWXyz01SECRET=\": x\n", []string{"line 3: a word looks like a client secret"}},
		"tenant":  {"  - {name: a, file: t0.csv, tenant: \"Zx48Q~abcDEFghiJKLmnoPQRstuVWXyz01SECRET=\"}\n", []string{"line 2: tenant looks like a client secret"}},
		"rows":    {"  - {name: a, tenant: a.example}\nfile: open.csv\ntenant-column: Customer\n", []string{"usage: the file of all tenants, " + filepath.Join(p.dir, "open.csv") + ": line 3: a quote opens here"}},
		"columns": {"  - {name: a, tenant: a.example}\nfile: twice.csv\ntenant-column: Customer\n", []string{"usage: the file of all tenants, " + filepath.Join(p.dir, "twice.csv") + ": line 1: more than one column"}},
	} {
		p.write("all.yaml", "tenants:\n"+tt.lines)
		text, err := os.ReadFile(filepath.Join(p.dir, "t0.csv"))
		if err != nil {
			t.Fatal(err)
		}
		p.write("copy.csv", string(text))
		p.write("open.csv", "upn,Customer\nann@a.example,a\n\"bob@a.example,a\n")
		p.write("twice.csv", "upn,Customer,Customer\nann@a.example,a,a\n")
		_ = os.Symlink("t0.csv", filepath.Join(p.dir, "sym.csv"))
		_ = os.Link(filepath.Join(p.dir, "t0.csv"), filepath.Join(p.dir, "hard.csv"))
		code, out, said := p.run(t.Context(), nil, append(p.args, "--report-dir", filepath.Join(p.dir, "reports"))...)
		if code != exitUsage || strings.Contains(said+out, "SECRET=") || strings.Contains(said, "sign-in  by") {
			t.Errorf("%s: exit code %d\n%s%s", name, code, out, said)
		}
		for _, want := range tt.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, said)
			}
		}
	}
	if all, _, _ := p.writes(); all != 0 {
		t.Errorf("%d writes", all)
	}
}

// A tenant that the file leaves out is not worked on alone, and the line says so.
func TestCampaignOnlySkipped(t *testing.T) {
	p := newProvider(t, 2, 1, nil)
	file, err := os.ReadFile(filepath.Join(p.dir, "all.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p.write("all.yaml", strings.Replace(string(file), "{name: t1,", "{name: t1, skip: true,", 1))
	code, out, said := p.run(t.Context(), nil, append(p.args, "--only=t1")...)
	if code != exitUsage || !strings.Contains(said, "--only t1: line 6 leaves it out with skip: true") {
		t.Errorf("exit code %d\n%s%s", code, out, said)
	}
}

// Each tenant has a trace of its own. The report of an earlier campaign is kept, and is not shown as
// that of one whose tenant did not begin.
func TestCampaignSharesNoFiles(t *testing.T) {
	p := newProvider(t, 2, 10, nil)
	synctest.Test(t, func(t *testing.T) {
		file, err := os.ReadFile(filepath.Join(p.dir, "all.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		p.write("all.yaml", strings.Replace(string(file), "defaults:\n", "defaults:\n  debug-http: trace\n", 1))
		dir := filepath.Join(p.dir, "reports")
		code, out, said := p.run(t.Context(), nil, append(p.args, "--report-dir", dir)...)
		for _, name := range []string{"trace.t0", "trace.t1"} {
			if info, err := os.Stat(filepath.Join(p.dir, name)); code != exitDone || err != nil || info.Size() == 0 {
				t.Errorf("exit code %d, %v\n%s%s", code, err, out, said)
			}
		}
		p.write("t0.csv", "colour,size\nred,1\n")
		code, out, said = p.run(t.Context(), nil, append(p.args, "--report-dir", dir)...)
		s := p.summary(dir)
		if code != exitUsage || s.Tenants[0].Report != "" || s.Tenants[1].Report != "t1/report.html" || !strings.Contains(said, "the reports of another campaign were in ") {
			t.Errorf("exit code %d, %+v\n%s%s", code, s, out, said)
		}
		if kept, err := filepath.Glob(filepath.Join(dir, "offboard-campaign-*", "t0", "report.html")); err != nil || len(kept) != 1 {
			t.Errorf("%v, %v", kept, err)
		}
	})
}
