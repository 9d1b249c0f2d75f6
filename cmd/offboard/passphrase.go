package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"offboard/batch"
)

// Passphrase implements [job.Console]. It asks at the terminal, which shows nothing of what is typed. A signal
// while it waits leaves the terminal as it was before.
func (c *command) Passphrase(prompt string) ([]byte, error) {
	terminal, err := c.terminal()
	if err != nil {
		return nil, fmt.Errorf("there is no terminal to ask at: %w", err)
	}
	tty, ok := terminal.(*os.File)
	if !ok {
		return nil, errors.New("there is no terminal to ask at")
	}
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		tty.Close() // nothing was written to it
		return nil, fmt.Errorf("there is no terminal to ask at: %w", err)
	}
	fmt.Fprint(c.stderr, printable(prompt))
	type answer struct {
		text []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() { // a read from a terminal cannot be called off; it ends with the process
		defer tty.Close()
		text, err := term.ReadPassword(int(tty.Fd()))
		typed <- answer{text, err}
	}()
	defer fmt.Fprintln(c.stderr)
	select {
	case a := <-typed:
		return a.text, a.err
	case <-c.stop:
		return nil, errors.Join(batch.ErrStopped, term.Restore(int(tty.Fd()), before))
	}
}
