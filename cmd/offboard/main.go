// Command offboard reads a CSV of Microsoft Entra users and revokes their
// sign-in sessions through Microsoft Graph, with proof per user.
//
// The rules are in package batch, and package job carries out a command; this one reads
// flags, asks, and finds words for people.
package main

import (
	"context"
	"io"
	"net/http"
	"os"

	"golang.org/x/term"
)

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := make(chan struct{})
	// It ends with the process; there is nobody to wait for it.
	go heed(signals(), func() { close(stop) }, func() { cancel(errSecondSignal) })
	os.Exit(int(run(ctx, world{
		program:  os.Args[0],
		args:     os.Args[1:],
		stdin:    os.Stdin,
		stdout:   os.Stdout,
		stderr:   os.Stderr,
		getenv:   os.Getenv,
		environ:  os.Environ,
		stop:     stop,
		terminal: openTerminal,
		asks:     term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		draws:    term.IsTerminal(int(os.Stderr.Fd())),
		width: func() int {
			w, _, err := term.GetSize(int(os.Stderr.Fd()))
			if err != nil {
				return 80
			}
			return w
		},
	})))
}

// world is what a command has of the outside, so that tests can be one. Files, the
// clock and the variables of flags are the real ones.
type world struct {
	program        string // as it was called
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	screen         io.Writer // stderr as it is, for the line that redraws itself; run sets it
	getenv         func(string) string
	environ        func() []string           // all of it
	network        http.RoundTripper         // nil is the real one
	stop           <-chan struct{}           // closed by the first signal
	asks           bool                      // there is a person to ask, at standard input
	terminal       func() (io.Reader, error) // to ask at where standard input is the file
	draws          bool                      // stderr is a terminal
	width          func() int                // of that terminal, in columns
}
