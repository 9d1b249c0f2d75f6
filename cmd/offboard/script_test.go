package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"
)

// The test binary is offboard too, so that scripts and crash tests run the real
// thing in a process of its own; armed, where the environment says so.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"offboard": func() { arm(); main() }})
}

// Every subcommand, as a person would type it: arguments to stdout, stderr,
// files and exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/scripts", WorkdirRoot: fastDir(t),
		Setup: func(e *testscript.Env) error {
			e.Setenv("OFFBOARD_JOURNAL", e.WorkDir+"/state/journal.db")
			port, err := freePort()
			if err != nil {
				return err
			}
			e.Setenv("PORT", port)
			return keys(e.WorkDir, "ada", "bob", "eve")
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits, "damage": damage, "named": named},
	})
}

// freePort is a port of the loopback address that nothing listens to now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// Every command of the grammar is run by a script, and gets past its own flags there.
func TestEveryCommandHasAScript(t *testing.T) {
	files, err := filepath.Glob("../../testdata/scripts/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var scripts []byte
	for _, file := range files {
		script, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scripts = append(append(scripts, script...), '\n')
	}
	for _, leaf := range grammar(&cli{}, io.Discard, func(int) {}).Model.Leaves(false) {
		runs := regexp.MustCompile(`(?m)^(?:exits [^2]|exec) ` + leaf.FullPath() + `(?: .*)?$`)
		if !slices.ContainsFunc(runs.FindAll(scripts, -1), func(line []byte) bool { return !bytes.Contains(line, []byte("--help")) }) {
			t.Errorf("no script in testdata/scripts runs %s: add a line such as: exits 0 %[1]s", leaf.FullPath())
		}
	}
}

// named keeps the name of the run that the last end block is of: named VARIABLE
func named(ts *testscript.TestScript, neg bool, args []string) {
	name := regexp.MustCompile(`(?m)^Run +(\S+)$`).FindStringSubmatch(ts.ReadFile("stdout"))
	if neg || len(args) != 1 || name == nil {
		ts.Fatalf("usage: named VARIABLE, after a command that tells of a run")
	}
	ts.Setenv(args[0], name[1])
}

// exits runs a command and wants its exit code: exits 3 offboard run ...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		code = err.Error()
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			code = strconv.Itoa(e.ExitCode())
		}
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// damage replaces a text in a file, wherever it stands, by another of its length:
// damage FILE OLD NEW.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || len(args[1]) != len(args[2]) {
		ts.Fatalf("usage: damage FILE OLD NEW")
	}
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(b, []byte(args[1])) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, bytes.ReplaceAll(b, []byte(args[1]), []byte(args[2])), 0o600))
}

// keys makes a private SSH key for each name, and allowed_signers of the public ones
// but eve's.
func keys(dir string, names ...string) error {
	trusted := ""
	for _, name := range names {
		_, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return err
		}
		block, err := ssh.MarshalPrivateKey(private, name+"@laptop")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".key"), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
		signer, err := ssh.NewSignerFromKey(private)
		if err != nil {
			return err
		}
		if name != "eve" {
			trusted += name + "@contoso.example " + string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
		}
	}
	return os.WriteFile(filepath.Join(dir, "allowed_signers"), []byte(trusted), 0o600)
}
