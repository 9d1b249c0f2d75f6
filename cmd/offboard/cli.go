package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/cmd/flagfile"
	"offboard/report"
)

// cli is the grammar. Every flag has an environment variable by one rule (see
// flags.go); secrets have no flag.
type cli struct {
	Journal   string `help:"The journal: a SQLite file, or postgres://... where several machines share one (see offboard help journal). Default: offboard/journal.db in the user's state directory, or journal.db in that of a systemd service." placeholder:"PATH" type:"journal"`
	Output    string `short:"o" help:"What stdout gets: text, one JSON document (json), or of run, apply, resume and undo a JSON line for each row as its user settles, and last the event finished (jsonl). Of plan: the file to write." default:"text"`
	LogFormat string `help:"What stderr gets: text, or JSON lines." enum:"text,json" default:"text"`
	Verbose   bool   `short:"v" help:"Log every call."`
	Quiet     bool   `short:"q" help:"Say nothing but errors, what a question needs, and in one last line how it ended."`

	Config      string      `help:"Values of flags, in YAML; see offboard help configuration. Default: offboard/config.yaml in the user's config directory." placeholder:"FILE" type:"path"`
	ShowVersion showVersion `name:"version" env:"-" help:"Print the version, as the command version does."`

	Run      job.RunOptions      `cmd:"" help:"Carry out steps on the users in a file, or resume doing so. Their sessions are revoked, unless --steps says more."`
	Check    job.CheckOptions    `cmd:"" help:"Tell what would be read of a file: columns, gates, rows, and every problem. Needs no sign-in, and writes nothing."`
	Doctor   job.DoctorOptions   `cmd:"" help:"Tell whether a run with the same flags would go well: sign-in, permissions, roles, network, clock, journal, file. Writes nothing."`
	Plan     job.PlanOptions     `cmd:"" help:"Write a plan to a file, to be approved and applied. Touches nobody."`
	Approve  job.ApproveOptions  `cmd:"" help:"Sign a plan file."`
	Apply    job.ApplyOptions    `cmd:"" help:"Carry out a plan file, if it is unaltered, recent, approved, and still true."`
	Campaign job.CampaignOptions `cmd:"" help:"Carry out runs in several tenants side by side, each with its own plan and report."`
	Resume   job.ResumeOptions   `cmd:"" help:"Go on with a run that stopped before its end."`
	Undo     job.UndoOptions     `cmd:"" help:"Take back what a run did, as far as it can be: enable accounts and devices again, restore memberships and licences."`
	Verify   job.VerifyOptions   `cmd:"" help:"Read back what a run claims, or whose sessions are revoked since a time, and say what does not hold. Writes nothing."`
	Runs     struct {
		List  job.RunsOptions  `cmd:"" default:"withargs" help:"List the runs, the newest first; what runs alone does."`
		Prune job.PruneOptions `cmd:"" help:"Delete old runs for good."`
	} `cmd:"" help:"List the runs in the journal, or delete old ones."`
	Show     job.ShowOptions     `cmd:"" help:"Show one run, and its lines of some outcomes, or everybody in a plan file."`
	History  job.HistoryOptions  `cmd:"" help:"Show every run that named a user."`
	Report   job.ReportOptions   `cmd:"" help:"Write the report files of a run again."`
	Simulate job.SimulateOptions `cmd:"" help:"Serve a simulated tenant on a loopback address."`

	Help       helpOptions       `cmd:"" help:"Explain a command, or a topic such as exit-codes."`
	Completion completionOptions `cmd:"" help:"Print what makes a shell complete commands and flags."`
	Man        manOptions        `cmd:"" help:"Print the manual page."`
	Version    versionOptions    `cmd:"" help:"Print the version."`

	config flagfile.Values // what the file has
	wrong  error           // why it could not be read, for commands that go on without it
}

// command is what every command gets beside its own flags. It is the console of its
// jobs.
type command struct {
	world
	host   *job.Host
	cli    *cli
	parsed *kong.Context // the command line; nil until it was read
	log    *slog.Logger
	facts  *facts
	tell   func(exitCode) // other programs, at the end; nil before the command began
	told   bool           // what the plan is of
	unsaid []string       // with --quiet, for the question

	unclosed *unclosed // the document that is written but for how the command ended

	member *member  // of a campaign, whose command this is; nil outside of one
	failed []string // what was said of how it ended, and of what to do next
	next   string
}

// execute is the whole program but for the process around it.
func execute(ctx context.Context, w world) exitCode {
	var flags cli
	w.screen = &screen{w: w.stderr, width: w.width}
	stdout, stderr := &visible{w: &heeding{w: w.stdout, hard: ctx}}, &visible{w: w.screen}
	w.stdout, w.stderr = stdout, stderr
	cmd := newCommand(w, &flags)
	defer func() {
		if !cmd.host.Unread {
			stdout.end()
		}
		stderr.end()
	}()
	switch {
	case len(w.args) == 0 && cmd.wantsEvents():
		return cmd.fail(fmt.Errorf("%w: no command is given; offboard --help lists them", job.ErrUsage))
	case len(w.args) == 0: // no success: a script may have lost its words
		_, _, _ = parse(&flags, w.stderr, "--help")
		return exitUsage
	case w.args[0] == completeWord:
		return cmd.fail(cmd.complete(w.args[1:]))
	}
	if err := secretTyped(w.args); err != nil {
		return cmd.fail(err)
	}
	inVariable := secretSet(os.Environ())
	k, told, err := parse(&flags, w.stdout, w.args...)
	switch {
	case told, errors.Is(err, syscall.EPIPE): // nobody reads the rest of the help
		return exitDone
	case err != nil:
		return cmd.fail(cmp.Or(inVariable, fmt.Errorf("%w: %w", job.ErrUsage, meant(err, w.args))))
	}
	cmd.parsed = k
	cmd.log = cmd.logger() // by the config file, too
	cmd.host.Log, cmd.host.Journal = cmd.log, flags.Journal
	options := k.Selected().Target.Addr().Interface()
	if teller, ok := options.(teller); ok { // also with a variable that is not right
		if err := teller.tell(cmd); !errors.Is(err, syscall.EPIPE) {
			return cmd.fail(err)
		}
		return exitDone
	}
	if err := cmp.Or(inVariable, errors.Join(flagfile.Misgiven(k), flagfile.Empty(w.args), unheard(k, os.Environ()))); err != nil {
		return cmd.fail(err)
	}
	if err := cmd.heedConfig(); err != nil {
		return cmd.fail(err)
	}
	switch carries := toldOf(options) != nil && k.Selected().Name != "campaign"; {
	case flags.Output == "text", flags.Output == "json", k.Selected().Name == "plan":
	case flags.Output == "jsonl" && carries:
		cmd.host.Stream = func(p batch.Plan, l *batch.Line) error { return report.Line(cmd.stdout, p, l) }
	default:
		return cmd.fail(fmt.Errorf("%w: --output is text or json, and of run, apply, resume and undo also jsonl, not %q", job.ErrUsage, flags.Output))
	}
	if o, ok := options.(interface{ Outside() (cas, debug string) }); ok {
		cas, debug := o.Outside()
		if err := cmd.host.Trust(cas); err != nil { // the notice needs them, too
			return cmd.fail(err)
		}
		end, err := cmd.host.Debug(debug)
		if err != nil {
			return cmd.fail(err)
		}
		defer end() // every entry was written already
	}
	if cmd.tell, err = cmd.telling(ctx, options); err != nil {
		return cmd.fail(err)
	}
	err = cmd.do(ctx, options)
	cmd.host.Files.Close()
	if errors.Is(err, batch.ErrStopped) && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return cmd.fail(err)
}

// teller are the options of a command that tells of offboard itself.
type teller interface{ tell(*command) error }

// grammar makes the parser. Help and version go to w; told is called after them.
func grammar(flags *cli, w io.Writer, told func(int)) *kong.Kong {
	return kong.Must(flags,
		kong.Name("offboard"),
		kong.Description(overview),
		kong.DefaultEnvars("OFFBOARD"),
		kong.NamedMapper("journal", kong.MapperFunc(journalPath)),
		kong.PostBuild(describe),
		kong.Writers(w, w),
		kong.Exit(told),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Help(ownFlagsFirst),
	)
}

// journalPath makes the path of a journal an absolute one, and leaves a URL alone.
func journalPath(ctx *kong.DecodeContext, target reflect.Value) error {
	var path string
	if err := ctx.Scan.PopValueInto("string", &path); err != nil {
		return err
	}
	if !journal.OnServer(path) {
		path = kong.ExpandPath(path)
	}
	target.SetString(path)
	return nil
}

// parse reads a command line. told reports that it asked for help or the version, which
// was written to w.
func parse(flags *cli, w io.Writer, args ...string) (k *kong.Context, told bool, err error) {
	parser := grammar(flags, w, func(int) { told = true })
	if k, err = parser.Parse(args); err == nil && !told {
		err = flagfile.Sensible(k.Flags())
	}
	return k, told, err
}

// newCommand is a command in the world, of which the line was not read yet.
func newCommand(w world, flags *cli) *command {
	cmd := &command{world: w, cli: flags, log: slog.New(slog.DiscardHandler), facts: &facts{phase: "starting"}}
	cmd.host = &job.Host{
		Console: narrated{cmd, cmd.facts}, Version: version, Getenv: w.getenv, Environ: w.environ, Network: w.network,
		Stop: w.stop, Log: cmd.log, Files: job.Files{Stdin: w.stdin}, Began: time.Now(),
	}
	return cmd
}

// logger writes to stderr; without --verbose only what a person should know.
func (c *command) logger() *slog.Logger {
	opt := &slog.HandlerOptions{Level: slog.LevelInfo}
	if c.cli.Verbose {
		opt.Level = slog.LevelDebug
	}
	if c.wantsEvents() {
		return inEvents(c.stderr, opt, c.facts)
	}
	return slog.New(slog.NewTextHandler(c.stderr, opt))
}
