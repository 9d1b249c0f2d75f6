package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"offboard/batch/job"

	"offboard/batch"
)

// MayAsk implements [job.Console]. Where standard input is the file, the terminal
// itself is asked at.
func (c *command) MayAsk(file string) bool {
	if !c.asks && file == "-" && c.draws {
		if terminal, err := c.terminal(); err == nil {
			c.answers, c.asks = terminal, true
		}
	}
	return c.asks
}

// openTerminal is the terminal of the process, whatever standard input is.
func openTerminal() (io.Reader, error) {
	name := "/dev/tty"
	if runtime.GOOS == "windows" {
		name = "CONIN$"
	}
	return os.OpenFile(name, os.O_RDWR, 0)
}

// Ask implements [job.Console]. What was typed before the question could be read is no
// answer to it.
func (c *command) Ask(question string) error {
	from := c.stdin
	if c.answers != nil {
		from = c.answers
	}
	if f, ok := from.(*os.File); ok {
		if err := discardInput(f.Fd()); err != nil {
			return fmt.Errorf("%w: what was typed before the question cannot be told from an answer (%w); give --yes when the counts above are as they should be", job.ErrRefused, err)
		}
	}
	fmt.Fprintf(c.stderr, "\n%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() { // a read from a terminal cannot be called off; it ends with the process
		line, _ := bufio.NewReader(from).ReadString('\n') // an error leaves no "y" behind
		answer <- line
	}()
	var line string
	select {
	case line = <-answer:
	case <-c.stop:
		fmt.Fprintln(c.stderr)
		return fmt.Errorf("%w, at the question", batch.ErrStopped)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return fmt.Errorf("%w by the person asked", job.ErrRefused)
}
