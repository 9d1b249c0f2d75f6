package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/job"
)

func TestAsk(t *testing.T) {
	stopped := make(chan struct{})
	close(stopped)
	silent, _ := io.Pipe()
	for _, c := range []struct {
		name  string
		yes   bool
		asks  bool
		stdin io.Reader
		stop  chan struct{}
		want  string // part of the error; "" for none
	}{
		{"--yes", true, false, silent, nil, ""},
		{"y", false, true, strings.NewReader("y\n"), nil, ""},
		{"YES", false, true, strings.NewReader(" YES \r\n"), nil, ""},
		{"y without a line's end", false, true, strings.NewReader("y"), nil, ""},
		{"no", false, true, strings.NewReader("n\n"), nil, "by the person"},
		{"nothing", false, true, strings.NewReader("\n"), nil, "by the person"},
		{"end of input", false, true, strings.NewReader(""), nil, "by the person"},
		{"something else", false, true, strings.NewReader("yesterday\n"), nil, "by the person"},
		{"a signal while asking", false, true, silent, stopped, "stopped before the end, at the question; nothing was written"},
		{"no terminal", false, false, strings.NewReader("y\n"), nil, "--yes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var shown bytes.Buffer
			cmd := newCommand(world{stdin: c.stdin, stderr: &shown, stop: c.stop, asks: c.asks, getenv: func(string) string { return "" }}, &cli{})
			err := cmd.host.Confirm(c.yes, "Revoke?")
			if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, job.ErrRefused) && !(c.stop != nil && errors.Is(err, batch.ErrStopped)) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
			if asked := c.asks && !c.yes; strings.HasPrefix(shown.String(), "\nRevoke? [y/N] ") != asked {
				t.Errorf("on the screen: %q", shown.String())
			}
		})
	}
}
