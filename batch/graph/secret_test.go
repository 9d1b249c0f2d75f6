//go:build !windows

package graph

import (
	"os"
	"path/filepath"
	"strings"
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
		{"a value", envSecret, " s\n", " s\n", ""},
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

// A command ends with the sign-in that runs it, and leaves a child behind if it likes.
func TestSecretsCommandEnds(t *testing.T) {
	start := time.Now()
	s := Secret{Variable: "X", how: asCommand, said: "sleep 60 & echo s"}
	if got, err := s.read(t.Context()); got != "s" || err != nil || time.Since(start) > 10*time.Second {
		t.Errorf("got %q, error %v after %v", got, err, time.Since(start))
	}
}
