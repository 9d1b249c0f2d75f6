//go:build !windows

package graph

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"offboard/batch/durable"
)

// A secret comes without the line end of a file or a command, and no error has any of what
// was read or typed.
func TestReadSecret(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, c := range []struct{ name, variable, said, want, err string }{
		{"a value", envSecret, "q 1", "q 1", ""},
		{"a value with a line end", envSecret, "hush\n", "", "has 2 lines"},
		{"a value with a blank", envSecret, " hush", "", "begins or ends with a blank"},
		{"a mark", envSecret + asFile, file("d", "\ufeffhush"), "", "byte order mark"},
		{"UTF-16", envSecret + asFile, file("e", "\xff\xfeh\x00u\x00"), "", "UTF-16"},
		{"NUL", envSecret + asFile, file("f", "hush\x00"), "", "NUL"},
		{"two lines", envSecret + asFile, file("g", "hush\nhush\n"), "", "the secret of AZURE_CLIENT_SECRET_FILE has 2 lines"},
		{"two lines of a command", envSecret + asCommand, "echo hush; echo hush", "", "has 2 lines"},
		{"blanks alone", envSecret + asFile, file("h", "  \n"), "", "gives nothing"},
		{"what cannot be seen", envSecret + asFile, file("i", "hush\u200bx"), "", "at byte 5"},
		{"Latin-1", envSecret + asFile, file("j", "hush\xe9x"), "", "UTF-8"},
		{"a secret for its file", envSecret + asFile, "hush8Q~xyz.w", "", "AZURE_CLIENT_SECRET_FILE holds no path of a file"},
		{"one with a slash", envSecret + asFile, "/hush+z==", "", "holds no path of a file"},
		{"one with slashes", envSecret + asFile, "hush/z/y==", "", "holds no path of a file"},
		{"a token for its file", envSecret + asFile, dir + "/eyJhush.e30.s", "", "holds no path of a file"},
		{"a key for its file", envSecret + asFile, "-----BEGIN PRIVATE KEY-----\nhush\n", "", "holds no path of a file"},
		{"a file that is not there", envSecret + asFile, dir + "/nowhere", "", dir + "/nowhere: no such file"},
		{"a secret for its command", envSecret + asCommand, "hush8Q~xyz.w", "", "failed (exit status 127); run it"},
		{"a key for its command", envSecret + asCommand, "-----BEGIN PRIVATE KEY-----\nhush\n", "", "failed (exit status"},
		{"a command that repeats it", envSecret + asCommand, "echo 'the hushing'; echo 'no vault for hushing' >&2; exit 3", "", "(exit status 3): no vault for REDACTED; run"},
		{"a command that repeats a short one", envSecret + asCommand, "echo hush; echo 'no hush here' >&2; exit 3", "", "(not shown: it repeats"},
		{"a file", envSecret + asFile, file("a", "s 1\r\n"), "s 1", ""},
		{"an empty file", envSecret + asFile, file("b", "\n"), "", "AZURE_CLIENT_SECRET_FILE gives nothing"},
		{"a long file", envSecret + asFile, file("c", strings.Repeat("hush", durable.MostSecret)), "", "which is no secret"},
		{"a command", envSecret + asCommand, "printf 's%s\\n' 2", "s2", ""},
		{"a pipe", envSecret + asCommand, "echo 's  3' | tr s t", "t  3", ""},
		{"a command that fails", envSecret + asCommand, "echo hush; echo 'no such vault' >&2; exit 3", "", "the command in AZURE_CLIENT_SECRET_COMMAND failed (exit status 3): no such vault"},
		{"a command that is none", envSecret + asCommand, "no-such-command-here --password=hush 2>&-", "", "failed (exit status 127)"},
		{"a command that prints nothing", envSecret + asCommand, ": hush", "", "gives nothing"},
		{"a command that does not end", envSecret + asCommand, "yes hush", "", "prints more than"},
	} {
		e := Environment{c.variable: c.said}
		s, err := e.secret(envSecret)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.read(t.Context())
		if got != c.want || (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%s: got %q, error %v, want %q", c.name, got, err, c.err)
		}
		if s.Variable != c.variable || strings.Contains(s.String()+s.GoString(), c.said) {
			t.Errorf("%s: it is called %s", c.name, s.Variable)
		}
	}
}

// A command that takes too long ends with all that it began.
func TestSlowCommandLeavesNothing(t *testing.T) {
	note := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := Secret{Variable: "X", how: asCommand, said: "sleep 301 & echo $! >" + note + "x; mv " + note + "x " + note + "; wait"}.read(ctx)
		done <- err
	}()
	var pid int
	for pid == 0 {
		text, _ := os.ReadFile(note)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		runtime.Gosched()
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("it ended well")
	}
	for end := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if gone := syscall.Kill(pid, 0) != nil || err == nil && strings.Contains(string(state), ") Z "); gone { // which nobody waits for
			return
		}
		if time.Now().After(end) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("what the command began goes on")
		}
	}
}

// A command ends with the sign-in that runs it, and leaves a child behind if it likes.
func TestSecretsCommandEnds(t *testing.T) {
	start := time.Now()
	s := Secret{Variable: "X", how: asCommand, said: "sleep 60 & echo s"}
	if got, err := s.read(t.Context()); got != "s" || err != nil || time.Since(start) > 10*time.Second {
		t.Errorf("got %q, error %v after %v", got, err, time.Since(start))
	}
}
