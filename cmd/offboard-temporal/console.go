package main

import (
	"bufio"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/planfile"
	"offboard/cmd/flagfile"
	"offboard/report"
)

// quiet is the console of a worker: no person sits there, and the log has what failed. What is said
// on the way may name people, and is logged with --verbose alone.
type quiet struct{ log *slog.Logger }

func (q quiet) Say(format string, args ...any)                           { q.log.Debug(fmt.Sprintf(format, args...)) }
func (q quiet) Warn(format string, args ...any)                          { q.log.Warn(fmt.Sprintf(format, args...)) }
func (quiet) MayAsk() bool                                               { return false }
func (quiet) AskAtTerminal()                                             {}
func (quiet) Ask(string) error                                           { return job.ErrRefused }
func (quiet) Passphrase(string) ([]byte, error)                          { return nil, job.ErrRefused }
func (quiet) Progress(string, int, func(int) time.Duration) job.Progress { return unseen{} }
func (quiet) Typed(words ...string) string                               { return "offboard " + flagfile.Pasted(words, runtime.GOOS) }
func (quiet) Pasted(words ...string) string                              { return flagfile.Pasted(words, runtime.GOOS) }
func (quiet) Flags(string) []batch.Flag                                  { return nil }
func (quiet) Keep(batch.Plan) error                                      { return nil } // how a run is carried out is the worker's
func (quiet) About(batch.Plan)                                           {}
func (quiet) Planned(batch.Plan, batch.Count)                            {}
func (quiet) PlanFile(string, planfile.File, batch.Count)                {}
func (quiet) Ended(report.End) error                                     { return nil }
func (quiet) Rehearsed(report.End, iter.Seq2[batch.Line, error]) error   { return nil }

type unseen struct{}

func (unseen) Planning(batch.Count)   {}
func (unseen) Running(batch.Progress) {}
func (unseen) Waits(batch.Trouble)    {}
func (unseen) End()                   {}

// flagged is a console without a person, of a command line on which these flags were given.
type flagged struct {
	quiet
	given []*kong.Flag
}

// Flags implements [job.Console].
func (c flagged) Flags(tag string) (all []batch.Flag) {
	for _, f := range c.given {
		if !f.Tag.Has(tag) {
			continue
		}
		for _, v := range flagfile.ValuesOf(f) {
			all = append(all, batch.Flag{Name: f.Name, Value: v})
		}
	}
	return all
}

// person is the console of a command that somebody types.
type person struct{ flagged }

func (person) Say(format string, args ...any)  { fmt.Fprintf(os.Stderr, format+"\n", args...) }
func (person) Warn(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
func (person) MayAsk() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}

func (person) Ask(question string) error {
	fmt.Fprintf(os.Stderr, "\n%s [y/N] ", question)
	line, _ := bufio.NewReader(os.Stdin).ReadString('\n') // an error leaves no "y" behind
	if answer := strings.ToLower(strings.TrimSpace(line)); answer == "y" || answer == "yes" {
		return nil
	}
	return fmt.Errorf("%w by the person asked", job.ErrRefused)
}

func (person) Passphrase(prompt string) ([]byte, error) {
	fmt.Fprint(os.Stderr, prompt)
	defer fmt.Fprintln(os.Stderr)
	return term.ReadPassword(int(os.Stdin.Fd()))
}
