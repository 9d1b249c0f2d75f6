package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"offboard/batch"
	"offboard/batch/job"
)

// MayAsk implements [job.Console].
func (c *command) MayAsk() bool { return c.asks }

// AskAtTerminal implements [job.Console].
func (c *command) AskAtTerminal() {
	if !c.asks && c.draws {
		if terminal, err := openTerminal(); err == nil {
			c.stdin, c.asks = terminal, true
		}
	}
}

// openTerminal is the terminal of the process, whatever standard input is.
func openTerminal() (*os.File, error) {
	name := "/dev/tty"
	if runtime.GOOS == "windows" {
		name = "CONIN$"
	}
	return os.OpenFile(name, os.O_RDWR, 0)
}

// Ask implements [job.Console]. What was typed before the question could be read is no
// answer to it.
func (c *command) Ask(question string) error {
	if f, ok := c.stdin.(*os.File); ok {
		if err := discardInput(f.Fd()); err != nil {
			return fmt.Errorf("%w: what was typed before the question cannot be told from an answer (%w); give --yes when the counts above are as they should be", job.ErrRefused, err)
		}
	}
	for _, line := range c.unsaid { // a person answers to the counts
		fmt.Fprintln(c.stderr, line)
	}
	c.unsaid = nil
	asked := question + " [y/N]"
	if c.moves && !c.wantsEvents() {
		asked = strings.Join(flowed(asked, c.width()-1), "\n")
	}
	c.prompt("\n%s ", asked)
	line, err := awaited(c.stop, func() (string, error) { return bufio.NewReader(c.stdin).ReadString('\n') })
	if errors.Is(err, batch.ErrStopped) {
		c.answered()
		return fmt.Errorf("%w, at the question", err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) { // another error leaves no "y" behind
	case "y", "yes":
		return nil
	}
	return fmt.Errorf("%w by the person asked", job.ErrRefused)
}

// Passphrase implements [job.Console]. It asks at the terminal, which shows nothing of
// what is typed. A signal while it waits leaves the terminal as it was before.
func (c *command) Passphrase(prompt string) ([]byte, error) {
	tty, err := openTerminal()
	if err != nil {
		return nil, fmt.Errorf("there is no terminal to ask at: %w", err)
	}
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		tty.Close() // nothing was written to it
		return nil, fmt.Errorf("there is no terminal to ask at: %w", err)
	}
	c.prompt("%s", printable(prompt))
	defer c.answered()
	typed, err := awaited(c.stop, func() ([]byte, error) {
		defer tty.Close()
		return term.ReadPassword(int(tty.Fd()))
	})
	if errors.Is(err, batch.ErrStopped) {
		err = errors.Join(err, term.Restore(int(tty.Fd()), before))
	}
	return typed, err
}

// awaited is what was read from a person, or ErrStopped at a signal. A read from a
// terminal cannot be called off; it ends with the process.
func awaited[T any](stop <-chan struct{}, read func() (T, error)) (text T, err error) {
	done := make(chan struct{})
	var typed T
	var failed error
	go func() {
		defer close(done)
		typed, failed = read()
	}()
	select {
	case <-done:
		return typed, failed
	case <-stop:
		return text, batch.ErrStopped
	}
}

// prompt writes a question, which an answer on the same line follows. Log collectors get
// an event, as of everything.
func (c *command) prompt(format string, args ...any) {
	if c.wantsEvents() {
		c.log.Info(strings.TrimSpace(fmt.Sprintf(format, args...)), "event", "question")
		return
	}
	fmt.Fprintf(c.stderr, format, args...)
}

// answered ends the line of a question that no person has ended.
func (c *command) answered() {
	if !c.wantsEvents() {
		fmt.Fprintln(c.stderr)
	}
}
