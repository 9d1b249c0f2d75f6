package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"offboard/batch"
)

// findPerson makes sure, before any work is done, that somebody can be asked or
// that --yes was given. The refusal says what was not done, and how else to begin.
func (c *command) findPerson(yes bool, file, undone, instead string) error {
	if yes || c.mayAsk(file) {
		return nil
	}
	return refused(undone, []batch.Finding{{Name: "--yes", Lift: "--yes", Refusal: "there is no terminal to ask at; " + instead}})
}

// mayAsk reports whether somebody can be asked. Where standard input is the file, the
// terminal itself is asked at.
func (c *command) mayAsk(file string) bool {
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

// ask lets a person decide, who has seen the counts. Without a terminal
// nobody can be asked, and --yes must have been given. What was typed before the
// question could be read is no answer to it, and a yes is none to files that were
// written meanwhile.
func (c *command) ask(yes bool, question string) error {
	if yes && c.doubt == "" {
		return nil
	}
	if !c.asks {
		return fmt.Errorf("%w: there is no terminal to ask at; give --yes when the counts above are as they should be", errRefused)
	}
	from := c.stdin
	if c.answers != nil {
		from = c.answers
	}
	if f, ok := from.(*os.File); ok {
		if err := discardInput(f.Fd()); err != nil {
			return fmt.Errorf("%w: what was typed before the question cannot be told from an answer (%w); give --yes when the counts above are as they should be", errRefused, err)
		}
	}
	if c.doubt != "" {
		c.say("note     %s", c.doubt)
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
		return fmt.Errorf("%w, at the question; %s", batch.ErrStopped, c.unwritten())
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return c.files.unchanged(c.unwritten()) // the answer may have taken long
	}
	return fmt.Errorf("%w by the person asked; %s", errRefused, c.unwritten())
}

// counts tells what planning found, line by line.
func (c *command) counts(plan batch.Plan, n batch.Count) {
	c.say("input    %s, %s", plan.Input, batch.Plural(n.Rows, "row"))
	for _, s := range plan.Settings {
		c.say("         %s: %s (%s)", s.Name, s.Value, s.Why)
	}
	c.tenantLines(plan, n.Domains)
	c.say("action   %s", actionWords[plan.Action])
	c.say("users    %s to revoke", batch.Thousands(n.Users))
	if n.External > 0 {
		c.say("         %s of them %s: Graph will say 200 and revoke nothing; %s ineffective", batch.Thousands(n.External), batch.Agree(n.External, "is a guest", "are guests"), batch.Agree(n.External, "it ends", "they end"))
	}
	if n.Privileged > 0 {
		c.say("         %s of them %s privileged roles: %s", batch.Thousands(n.Privileged), batch.Agree(n.Privileged, "holds", "hold"), someOf(n.Admins, n.Privileged))
	}
	if n.Duplicates > 0 {
		c.say("         %s more %s one of them again", batch.Thousands(n.Duplicates), batch.Agree(n.Duplicates, "row names", "rows name"))
	}
	for _, o := range batch.Outcomes {
		if k := n.Ended[o]; k > 0 {
			who := ""
			if o == batch.Protected {
				who = ": " + someOf(n.Spared, k)
			}
			c.say("         %s %s %s and %s not sent%s", batch.Plural(k, "row"), batch.Agree(k, "ends", "end"), o, batch.Agree(k, "is", "are"), who)
		}
	}
	switch {
	case n.Rows == 0:
		c.say("note     the input has a header and no rows (--min-users refuses that)")
	case n.Rows == n.Ended[batch.Skipped]:
		c.say("note     no row passes the gates, so nobody is touched (--min-users refuses that)")
	}
}

// someOf names the first few of so many.
func someOf(names []string, all int) string {
	s := strings.Join(names, ", ")
	if k := all - len(names); k > 0 {
		s += fmt.Sprintf(" and %s more", batch.Thousands(k))
	}
	return s
}

// say tells people something on stderr, and log collectors in their own form.
func (c *command) say(format string, args ...any) {
	s := printable(fmt.Sprintf(format, args...))
	if c.cli.LogFormat == "json" {
		c.log.Info(strings.Join(strings.Fields(s), " "))
		return
	}
	fmt.Fprintln(c.stderr, s)
}

var actionWords = map[batch.Action]string{
	batch.Revoke:     "revokeSignInSessions (v1.0)",
	batch.Invalidate: "invalidateAllRefreshTokens (beta)",
}
