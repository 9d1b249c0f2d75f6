package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/job"
)

// version is set by the release build.
var version = "dev"

// cli is the grammar. Every flag has an environment variable by one rule (see
// flags.go); secrets have no flag.
type cli struct {
	Journal   string `help:"The journal, a SQLite file. Default: offboard/journal.db in the user's state directory." placeholder:"PATH" type:"path"`
	Output    string `short:"o" help:"What stdout gets: text, or one JSON document (json). Of plan: the file to write." default:"text"`
	LogFormat string `help:"What stderr gets: text, or JSON lines." enum:"text,json" default:"text"`
	Verbose   bool   `short:"v" help:"Log every call."`

	Run      runCmd      `cmd:"" help:"Revoke the sessions of the users in a CSV file, or resume doing so."`
	Plan     planCmd     `cmd:"" help:"Write a plan to a file, to be approved and applied. Touches nobody."`
	Approve  approveCmd  `cmd:"" help:"Sign a plan file."`
	Apply    applyCmd    `cmd:"" help:"Carry out a plan file, if it is unaltered, recent, approved, and still true."`
	Resume   resumeCmd   `cmd:"" help:"Go on with a run that stopped before its end."`
	Verify   verifyCmd   `cmd:"" help:"Read stamps, and say whose sessions are revoked and whose are not. Writes nothing."`
	Runs     journalCmd  `cmd:"" help:"List the runs in the journal, or delete old ones."`
	Show     showCmd     `cmd:"" help:"Show one run, and its lines of some outcomes."`
	History  historyCmd  `cmd:"" help:"Show every run that named a user."`
	Report   reportCmd   `cmd:"" help:"Write the report files of a run again."`
	Simulate simulateCmd `cmd:"" help:"Serve a simulated tenant on a loopback address."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// command is what every command gets beside its own flags. It is the console of its
// jobs.
type command struct {
	world
	host   *job.Host
	cli    *cli
	parsed *kong.Context // the command line; nil until it was read
	log    *slog.Logger
}

// execute is the whole program but for the process around it.
func execute(ctx context.Context, w world) (code exitCode) {
	var flags cli
	w.screen = w.stderr
	stdout, stderr := &visible{w: w.stdout}, &visible{w: w.stderr}
	w.stdout, w.stderr = stdout, stderr
	defer func() { stdout.end(); stderr.end() }()
	parser := kong.Must(&flags,
		kong.Name("offboard"),
		kong.Description("Revokes the sign-in sessions of Microsoft Entra ID (Microsoft 365) users named in a CSV file, through Microsoft Graph, and proves it user by user.\n\n"+exitCodeHelp),
		kong.DefaultEnvars("OFFBOARD"),
		kong.PostBuild(details),
		kong.Writers(w.stdout, w.stderr),
		kong.Exit(func(code int) { panic(exitCode(code)) }), // kong's way to end after --help; recovered below
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	defer func() {
		if r := recover(); r != nil {
			ended, ok := r.(exitCode)
			if !ok {
				panic(r)
			}
			code = ended
		}
	}()
	cmd := newCommand(w, &flags)
	k, err := parser.Parse(w.args)
	if err != nil {
		return cmd.fail(fmt.Errorf("%w: %w", job.ErrUsage, err))
	}
	cmd.parsed, cmd.log = k, logger(w, &flags)
	cmd.host.Log, cmd.host.Journal = cmd.log, flags.Journal
	if err := errors.Join(halfSet(k), empty(w.args), unheard(k, os.Environ()), choosesTwice(k)); err != nil {
		return cmd.fail(err)
	}
	if flags.Output != "text" && flags.Output != "json" && k.Selected().Name != "plan" {
		return cmd.fail(fmt.Errorf("%w: --output is text or json, not %q", job.ErrUsage, flags.Output))
	}
	k.BindTo(ctx, (*context.Context)(nil))
	err = k.Run(cmd)
	cmd.host.Files.Close()
	if errors.Is(err, batch.ErrStopped) && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return cmd.fail(err)
}

// newCommand is a command in the world, of which the line was not read yet.
func newCommand(w world, flags *cli) *command {
	cmd := &command{world: w, cli: flags, log: slog.New(slog.DiscardHandler)}
	cmd.host = &job.Host{
		Console: cmd, Version: version, Getenv: w.getenv, Environ: w.environ, Network: w.network,
		Stop: w.stop, Log: cmd.log, Files: job.Files{Stdin: w.stdin}, Began: time.Now(),
	}
	return cmd
}

// logger writes to stderr; without --verbose only what a person should know.
func logger(w world, flags *cli) *slog.Logger {
	opt := &slog.HandlerOptions{Level: slog.LevelInfo}
	if flags.Verbose {
		opt.Level = slog.LevelDebug
	}
	if flags.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w.stderr, opt))
	}
	return slog.New(slog.NewTextHandler(w.stderr, opt))
}
