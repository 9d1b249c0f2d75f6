package main

import (
	"os"
	"os/exec"
	"testing"
)

// A reader that closes the pipe, as head does, is no error of the command line.
func TestHelpIntoAClosedPipe(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"run", "--help"}} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reader.Close()
		c := &child{Cmd: exec.Command("offboard", args...)}
		c.Cmd.Stdout, c.Cmd.Stderr = writer, &c.stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		writer.Close()
		if code, out := c.end(t); code != 0 || out != "" {
			t.Errorf("%q: exit code %d, want 0 and no word of it\n%s", args, code, out)
		}
	}
}
