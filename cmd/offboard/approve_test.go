package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"offboard/cmd/flagfile"
)

// desktop is a directory of a person who has OpenSSH: its programs, keys and agent.
type desktop struct {
	*scene
	env []string
}

// newDesktop has a plan of five users, and allowed_signers without a line.
func newDesktop(t *testing.T) *desktop {
	t.Helper()
	for _, program := range []string{"sh", "ssh-keygen", "ssh-agent", "ssh-add"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing: install openssh-client", program)
			}
			t.Skipf("%s is missing: install openssh-client to run this test", program)
		}
	}
	d := &desktop{scene: newScene(t, 5)}
	d.env = []string{"HOME=" + d.dir, "USER=ada", "SSH_AUTH_SOCK=", "SSH_ASKPASS_REQUIRE=never", "OFFBOARD_ACCESS_TOKEN=T", "OFFBOARD_VERIFY_TIMEOUT=20s",
		"OFFBOARD_JOURNAL=" + filepath.Join(d.dir, "journal.db"), "GORACE=atexit_sleep_ms=0", "URL=" + d.url}
	d.does("offboard plan in.csv --graph-url $URL --max-percent 0 -o plan.jsonl; mkdir .ssh; : > allowed_signers")
	return d
}

// shell runs a line as a person who pastes it.
func (d *desktop) shell(line string) (code int, out string) {
	d.t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), d.env...)
	text, _ := cmd.CombinedOutput() // the exit code tells
	return cmd.ProcessState.ExitCode(), string(text)
}

func (d *desktop) does(lines ...string) string {
	d.t.Helper()
	out := ""
	for _, line := range lines {
		code, text := d.shell(line)
		if code != 0 {
			d.t.Fatalf("%s: exit code %d\n%s", line, code, text)
		}
		out += text
	}
	return out
}

// key makes a key, and trusts it: options are those of allowed_signers.
func (d *desktop) key(person, kind, name, passphrase, options string) {
	d.t.Helper()
	d.does(fmt.Sprintf("ssh-keygen -q -t %s -a 1 -N '%s' -C %s -f %s", kind, passphrase, person+"@laptop", name),
		fmt.Sprintf("echo %s@contoso.com '%s' $(cat %s.pub) >> allowed_signers", person, options, name))
}

// agent starts an agent that holds these keys alone, which have no passphrase.
func (d *desktop) agent(keys ...string) {
	d.t.Helper()
	dir, err := os.MkdirTemp("", "agent") // the path of a socket must be short
	if err != nil {
		d.t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	pid := regexp.MustCompile(`SSH_AGENT_PID=(\d+)`).FindStringSubmatch(d.does("ssh-agent -s -a " + socket))
	d.t.Cleanup(func() {
		d.does("SSH_AGENT_PID=" + pid[1] + " ssh-agent -k")
		os.RemoveAll(dir)
	})
	d.env = append(d.env, "SSH_AUTH_SOCK="+socket)
	d.does("ssh-add -q " + strings.Join(keys, " "))
}

const (
	approvesBy = "offboard approve plan.jsonl --yes --key "
	verifies   = "ssh-keygen -Y verify -f allowed_signers -I %s@contoso.com -n offboard-plan -s %s < plan.jsonl"
	applies    = "offboard apply plan.jsonl --graph-url $URL --max-percent 0 --yes --report-dir out --trusted allowed_signers --approvals "
)

// A plan is applied after two people approved it with different tools: one with offboard
// and a key whose passphrase only the agent knows, the other with ssh-keygen. What
// either makes the other accepts, for every kind of key.
func TestApprovalsOfTwoTools(t *testing.T) {
	t.Parallel()
	d := newDesktop(t)
	d.key("ada", "ed25519", "ada", "", `namespaces="offboard-plan"`)
	d.agent("ada")
	d.does("ssh-keygen -q -p -a 1 -P '' -N 'correct horse' -f ada") // from now on the agent alone opens it
	d.key("bob", "ecdsa", "bob", "", `valid-after="20200101",valid-before="29991231235959Z"`)
	d.key("cleo", "rsa", "cleo", "", "")

	made := regexp.MustCompile(`(?m)^Approved  (.*)$`)
	for _, name := range []string{"ada", "bob", "cleo.pub"} {
		if name == "cleo.pub" {
			d.does("ssh-add -q cleo; rm cleo")
		}
		signature := made.FindStringSubmatch(d.does(approvesBy + name))
		if signature == nil {
			t.Fatalf("%s: no signature is named", name)
		}
		person := strings.TrimSuffix(name, ".pub")
		out := d.does(fmt.Sprintf(verifies, person, signature[1]))
		if !strings.Contains(out, `Good "offboard-plan" signature for `+person) {
			t.Errorf("%s: %s", name, out)
		}
		if name != "ada" {
			d.does("rm " + signature[1])
		}
	}
	if code, out := d.shell(applies + "2"); code != 4 || !strings.Contains(out, "needs 2 of different people, and has 1 (ada@contoso.com)") {
		t.Errorf("one approval: exit code %d\n%s", code, out)
	}
	d.does("ssh-keygen -Y sign -n offboard-plan -f bob < plan.jsonl > plan.jsonl.bob.sig", fmt.Sprintf(verifies, "bob", "plan.jsonl.bob.sig"))
	if n := d.tenant.Stats().Writes; n != 0 {
		t.Errorf("%d users were written before the plan was approved", n)
	}
	d.does(applies + "2")
	if n := d.tenant.Stats().Writes; n != 5 {
		t.Errorf("%d users were written, want 5", n)
	}
	for _, part := range []string{`"person": "ada@contoso.com"`, `"person": "bob@contoso.com"`} {
		if doc := d.does("cat out/run.json"); !strings.Contains(doc, part) {
			t.Errorf("run.json lacks %s\n%s", part, doc)
		}
	}
}

// Approvals that do not count are named with the reason, and nothing is written.
func TestApprovalsThatDoNotCount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		keys  func(*desktop)
		lines []string // that sign
		want  string
	}{
		{"a key of nobody", func(d *desktop) {
			d.key("eve", "ed25519", "eve", "", "")
			d.does("sed -i /^eve/d allowed_signers")
			d.key("bob", "ed25519", "bob", "", "")
		}, []string{approvesBy + "eve", approvesBy + "bob"}, "has 1 (bob@contoso.com); plan.jsonl.ada-"},
		{"one person with two keys", func(d *desktop) {
			d.key("ada", "ed25519", "laptop", "", "")
			d.key("Ada", "ecdsa", "desktop", "", "")
		}, []string{approvesBy + "laptop", approvesBy + "desktop"}, "does not count: the person has approved the plan already, with plan.jsonl."},
		{"an expired entry", func(d *desktop) {
			d.key("ada", "ed25519", "ada", "", `valid-before="20260101"`)
			d.key("bob", "ed25519", "bob", "", "")
		}, []string{approvesBy + "ada", approvesBy + "bob"}, "does not count: the key of ada@contoso.com was valid before 2026-01-01"},
		{"another namespace", func(d *desktop) {
			d.key("ada", "ed25519", "ada", "", "")
			d.key("bob", "ed25519", "bob", "", "")
		}, []string{approvesBy + "ada", "ssh-keygen -Y sign -n file -f bob < plan.jsonl > plan.jsonl.bob.sig"}, `plan.jsonl.bob.sig (key SHA256:`},
		{"a key for another namespace", func(d *desktop) {
			d.key("ada", "ed25519", "ada", "", "")
			d.key("bob", "ed25519", "bob", "", `namespaces="git"`)
		}, []string{approvesBy + "ada", approvesBy + "bob"}, `does not count: the key of bob@contoso.com may sign for the namespaces ["git"] alone`},
		{"a certificate", func(d *desktop) {
			d.key("ada", "ed25519", "ada", "", "")
			d.key("bob", "ed25519", "bob", "", "")
			d.does("ssh-keygen -q -s ada -I id -n bob bob.pub")
		}, []string{approvesBy + "ada", "ssh-keygen -Y sign -n offboard-plan -f bob-cert.pub < plan.jsonl > plan.jsonl.bob.sig"}, "does not count: a certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesktop(t)
			c.keys(d)
			if c.name == "a certificate" {
				d.agent("bob")
			}
			d.does(c.lines...)
			code, out := d.shell(applies + "2")
			if n := d.tenant.Stats().Writes; code != 4 || n != 0 || !strings.Contains(out, c.want) {
				t.Errorf("exit code %d, %d writes, want 4, none and %q\n%s", code, n, c.want, out)
			}
		})
	}
}

// approve takes no certificate, and a set with a certificate authority is refused.
func TestCertificatesAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesktop(t)
	d.key("ada", "ed25519", "ada", "", "cert-authority")
	d.does("ssh-keygen -q -s ada -I id -n ada ada.pub")
	if code, out := d.shell(approvesBy + "ada-cert.pub"); code != 2 || !strings.Contains(out, "a certificate (ssh-ed25519-cert-v01@openssh.com) is not supported") {
		t.Errorf("approve: exit code %d\n%s", code, out)
	}
	d.does(approvesBy + "ada")
	if code, out := d.shell(applies + "1"); code != 2 || d.tenant.Stats().Writes != 0 || !strings.Contains(out, "allowed_signers: line 1: the option cert-authority is not supported") {
		t.Errorf("apply: exit code %d\n%s", code, out)
	}
}

// What plan, and apply without enough approvals, tell people to type next works when it
// is pasted; and so do the commands of offboard help four-eyes.
func TestPrintedApprovalsWork(t *testing.T) {
	t.Parallel()
	d := newDesktop(t)
	d.key("ada", "ed25519", ".ssh/id_ed25519", "", "")
	printed := d.does("offboard plan in.csv --graph-url $URL --max-percent 0 -o " + flagfile.Quoted(awkward+".jsonl", "linux"))
	find := func(text, before string) string {
		t.Helper()
		m := regexp.MustCompile(before + `: (.*)`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no %q in\n%s", before, text)
		}
		return m[1]
	}
	approve, apply := find(printed, "with a key of their own"), find(printed, "with two approvals of people in the file allowed_signers")
	d.does(approve + " --yes")
	code, out := d.shell(apply + " --yes")
	if code != 4 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	d.does("mv .ssh/id_ed25519 ada; mv .ssh/id_ed25519.pub ada.pub")
	d.key("bob", "ed25519", ".ssh/id_ed25519", "", "")
	d.does(find(out, "another person whose key is trusted types")+" --yes --name bob", apply+" --yes")
	if n := d.tenant.Stats().Writes; n != 5 {
		t.Errorf("%d users were written, want 5", n)
	}

	commands := regexp.MustCompile(`(?m)^    ssh-keygen -Y (?:sign|verify) .*plan\.jsonl.*$`).FindAllString(prose("four-eyes"), -1)
	if len(commands) != 2 {
		t.Fatalf("the commands of the topic are %q", commands)
	}
	out = d.does(strings.ReplaceAll(commands[0], "~", d.dir), commands[1])
	if !strings.Contains(out, `Good "offboard-plan" signature for bob@contoso.com`) {
		t.Error(out)
	}
}
