// Command offboard contains the Microsoft Entra users of a CSV through Microsoft Graph, with
// proof per user: it revokes their sign-in sessions, and does more where --steps says so.
//
// The rules are in package batch, and package job carries out a command. This one reads
// flags, asks, and finds words for people; it is the console of the jobs.
//
// Stdout gets what the command is for: the end block, a table, or with -o json one
// document. All else goes to stderr: what is said on the way, questions, progress, errors.
//
//	main.go, signals.go      the process
//	cli.go, commands.go      the grammar, and what each command does
//	flags.go, config.go      flags that are kept, or were half set; the config file
//	help.go, topics.go       what --help says of each command, and help of what all share
//	completion.go, man.go    the grammar for shells, and as a manual page; version.go
//	hint.go                  the command line that was meant
//	exit.go, failure.go      an error's exit code, and its next step
//	lifted.go                the command that lifts a refusal
//
//	campaignfile.go          the file of a campaign; campaign.go carries it out, member.go one tenant of it
//	question.go, summary.go  the one question of a campaign, and how all of it stands
//
//	ask.go, terminal_*.go    questions and passphrases
//	tell.go                  what a job says: plans, plan files, ends
//	forecast.go, showplan.go what a plan will do, and to whom
//	check.go, doctor.go      what would be read of a file; whether a run would go well
//	events.go                the same as JSON lines, for log collectors
//	outside.go, metrics.go   notices and metrics for other programs, at the end
//	progress.go, waiting.go  how far it is, and what it waits for
//	screen.go                a block of lines that is drawn over itself
//	lists.go, table.go       lists, as tables or as JSON
//	paste.go                 command lines that can be pasted
//	visible.go               text that must not talk to the terminal
package main

import (
	"context"
	"io"
	"log"
	"net/http"
	"os"

	"golang.org/x/term"

	"offboard/batch/job"
)

func main() {
	log.SetOutput(io.Discard) // net/http would print there what a server sent unasked, past all redaction
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := make(chan struct{})
	// It ends with the process; there is nobody to wait for it.
	go heed(signals(), func() { close(stop) }, func() { cancel(job.ErrSecondSignal) })
	os.Exit(int(execute(ctx, world{
		program: os.Args[0],
		args:    os.Args[1:],
		stdin:   os.Stdin,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		getenv:  os.Getenv,
		environ: os.Environ,
		stop:    stop,
		asks:    term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		draws:   term.IsTerminal(int(os.Stderr.Fd())),
		moves:   term.IsTerminal(int(os.Stderr.Fd())) && takesOrders(os.Stderr.Fd()),
		flows:   term.IsTerminal(int(os.Stdout.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		width: func() int {
			w, _, err := term.GetSize(int(os.Stderr.Fd()))
			if err != nil || w <= 0 { // a terminal may not say
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
	screen         *screen // stderr as it is, for the block that redraws itself; execute sets it
	getenv         func(string) string
	environ        func() []string   // all of it
	network        http.RoundTripper // nil is the real one
	stop           <-chan struct{}   // closed by the first signal
	asks           bool              // there is a person to ask, at standard input
	draws          bool              // stderr is a terminal
	moves          bool              // which moves its cursor when it is told to
	flows          bool              // stdout is one, too
	width          func() int        // of that terminal, in columns
}
