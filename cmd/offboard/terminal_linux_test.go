package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// desk is a terminal with somebody before it: what is typed goes in, and what is
// shown, echo included, comes out.
type desk struct {
	t     *testing.T
	keys  *os.File // the other end
	tty   *os.File
	mu    sync.Mutex
	shown bytes.Buffer
	more  chan struct{} // something was shown
}

// newDesk opens a pseudo-terminal (pty(7)).
func newDesk(t *testing.T) *desk {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	if err := unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, keys: keys, tty: tty, more: make(chan struct{}, 1)}
	t.Cleanup(func() { tty.Close(); keys.Close() })
	go func() { // ends when the terminal is closed
		b := make([]byte, 4096)
		for {
			n, err := keys.Read(b)
			if err != nil {
				return
			}
			d.mu.Lock()
			d.shown.Write(b[:n])
			d.mu.Unlock()
			select {
			case d.more <- struct{}{}:
			default:
			}
		}
	}()
	return d
}

// sit makes the terminal the child's own, with standard output apart.
func (d *desk) sit(c *child) {
	c.Stdin, c.Stderr = d.tty, d.tty
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2}
}

func (d *desk) types(s string) {
	d.t.Helper()
	if _, err := d.keys.WriteString(s); err != nil {
		d.t.Fatal(err)
	}
}

// sees waits until the text is shown, and gives all that was.
func (d *desk) sees(text string) string {
	d.t.Helper()
	for end := time.After(time.Minute); ; {
		d.mu.Lock()
		shown := d.shown.String()
		d.mu.Unlock()
		if strings.Contains(shown, text) {
			return shown
		}
		select {
		case <-d.more:
		case <-end:
			d.t.Fatalf("%q was not shown within a minute, but\n%s", text, shown)
		}
	}
}

// Whatever was typed before the question could be read is no answer to it. The
// question stands on a line of its own, and is asked at the terminal also when
// standard input is the file.
func TestTypedAheadIsNoConsent(t *testing.T) {
	for _, c := range []struct {
		name, ahead, answer string
		piped               bool
		code                int
	}{
		{"no, after yes was typed ahead", "yes\ny\n", "n\n", false, 4},
		{"half a word typed ahead", "ye", "s\n", false, 4},
		{"yes", "", "yes\n", false, 0},
		{"yes, after no was typed ahead", "n\nn\n", "y\n", false, 0},
		{"no, and the file is standard input", "yes\ny\n", "n\n", true, 4},
		{"yes, and the file is standard input", "", "y\n", true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, d := newScene(t, 40), newDesk(t)
			args := []string{"run", "in.csv", "--graph-url", s.url, "--report-dir", "out"}
			if c.piped {
				args[1] = "-"
			}
			held, release := s.holdAll(true)
			p := s.prepare(nil, args...)
			d.sit(p)
			if c.piped {
				f, err := os.Open(s.dir + "/in.csv")
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				p.Stdin = f
			}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.Process.Kill() }) // it has ended, as a rule
			s.await(held, 1)
			d.types(c.ahead)
			if c.ahead != "" { // the echo shows that it is with the terminal
				d.sees(strings.TrimSpace(strings.SplitN(c.ahead, "\n", 2)[0]))
			}
			release()
			d.sees("\r\nRevoke the sessions of 40 users of Contoso (contoso.onmicrosoft.com)? [y/N] ")
			if n := s.written(); n > 0 {
				t.Fatalf("%d users were written before anybody answered", n)
			}
			d.types(c.answer)
			code, _ := p.end(t)
			if n := s.written(); code != c.code || (n == 0) != (c.code == 4) {
				t.Errorf("exit code %d, want %d; %d users were written\n%s", code, c.code, n, d.sees(""))
			}
		})
	}
}

// Where standard input is the file, the terminal is one at which a person sees the
// tenant, whether or not there will be a question.
func TestPipedFileAtATerminal(t *testing.T) {
	s := newScene(t, 2)
	for _, args := range [][]string{{"run", "-", "--dry-run"}, {"run", "-", "--yes"}, {"run", "-"}, {"plan", "-", "-o", "plan.jsonl"}, {"verify", "-", "--since", "24h"}} {
		d := newDesk(t)
		p := s.prepare([]string{"OFFBOARD_ACCESS_TOKEN="}, args...) // half set, so that it ends before anything is sent
		d.sit(p)
		f, err := os.Open(s.dir + "/in.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		p.Stdin = f
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Process.Kill() }) // it has ended, as a rule
		code, out := p.end(t)
		d.sees("OFFBOARD_ACCESS_TOKEN is set")
		if shown := d.sees(""); code != 5 || strings.Contains(shown, "no terminal") {
			t.Errorf("%s: exit code %d\n%s%s", args, code, out, shown)
		}
	}
}
