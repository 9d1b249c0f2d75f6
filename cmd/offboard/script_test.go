package main

import (
	"errors"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is offboard too, so that scripts and crash tests run the real
// thing in a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"offboard": main})
}

// Every subcommand, as a person would type it: arguments to stdout, stderr,
// files and exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/scripts",
		Setup: func(e *testscript.Env) error {
			e.Setenv("OFFBOARD_STATE", e.WorkDir+"/state/journal.db")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits},
	})
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
