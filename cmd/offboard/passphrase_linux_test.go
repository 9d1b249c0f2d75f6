package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A passphrase is asked for at the terminal, which shows nothing of it. A signal while
// it waits signs nothing, and leaves the terminal as it was.
func TestPassphraseAtTheTerminal(t *testing.T) {
	s := newScene(t, 2)
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is missing: install openssh-client to run this test")
	}
	s.planned()
	key := filepath.Join(s.dir, "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", "correct horse", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		name, typed, want string
		code, signatures  int
	}{
		{"interrupted", "\x03", "nothing was planned or written", 6, 0},
		{"wrong", "battery staple\n", "the passphrase is wrong", 2, 0},
		{"right", "correct horse\n", "[y/N]", 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			p := s.prepare([]string{"SSH_AUTH_SOCK="}, "approve", "plan.json", "--key", "key")
			d.sit(p)
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.Process.Kill() }) // it has ended, as a rule
			d.sees("Passphrase of " + key + ": ")
			for end := time.Now().Add(time.Minute); !d.hides(); {
				if time.Now().After(end) {
					t.Fatal("the terminal shows what is typed")
				}
			}
			d.types(c.typed)
			d.sees(c.want)
			if c.code == 0 {
				d.types("y\n")
			}
			code, out := p.end(t)
			signatures, err := filepath.Glob(filepath.Join(s.dir, "plan.json.*.sig"))
			if code != c.code || err != nil || len(signatures) != c.signatures {
				t.Errorf("exit code %d, signatures %q, error %v\n%s%s", code, signatures, err, out, d.sees(""))
			}
			if shown := d.sees(""); strings.Contains(shown, "horse") || strings.Contains(shown, "staple") {
				t.Errorf("the passphrase is shown:\n%s", shown)
			}
			if d.hides() {
				t.Error("the terminal shows nothing any more of what is typed")
			}
		})
	}
}

// A signal at the passphrase of --sign-key is a stop like any other.
func TestStopAtTheSignKey(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is missing: install openssh-client to run this test")
	}
	s := newScene(t, 2)
	if code, out := s.offboard(nil, 0, s.run(2)...); code != 0 {
		t.Fatal(out)
	}
	key := filepath.Join(s.dir, "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", "correct horse", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, args := range [][]string{{"report"}, append(s.run(2), "--new"), {"run", "in.csv", "--new", "--graph-url", s.url}} {
		d := newDesk(t)
		p := s.prepare([]string{"SSH_AUTH_SOCK="}, append(args, "--sign-key", "key")...)
		d.sit(p)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Process.Kill() }) // it has ended, as a rule
		d.sees("Passphrase of " + key + ": ")
		d.types("\x03")
		code, out := p.end(t)
		d.sees("run it again")
		if shown := d.sees(""); code != 6 || strings.Contains(shown, "usage") || strings.Contains(shown, "refused") {
			t.Errorf("%s: exit code %d\n%s%s", args, code, out, shown)
		}
	}
}

// hides reports whether the terminal does not show what is typed.
func (d *desk) hides() bool {
	d.t.Helper()
	mode, err := unix.IoctlGetTermios(int(d.tty.Fd()), unix.TCGETS)
	if err != nil {
		d.t.Fatal(err)
	}
	return mode.Lflag&unix.ECHO == 0
}
