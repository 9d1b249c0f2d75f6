// Command offboard-temporal carries runs of offboard out on several machines, with Temporal: it
// survives the loss of a machine, keeps the quotas of an app over many tenants, and has schedules.
//
// What is done to a user, and what is proven of it, is package job's, as for offboard: an activity is
// one slice of a run, of about 500 writes, and the shared journal has all that is known. Temporal has
// the run's name, counts and paces.
//
//	main.go        the grammar
//	worker.go      the process that plans and writes
//	flow.go        the workflow of a run, and that of a schedule
//	gate.go        the workflow that lends the pace of one app to its runs
//	activities.go  what the workflows have done, by package job
//	submit.go      submit, resume and stop; status.go looks at what there is; campaign.go does so of campaigns
//	connect.go     the way to the Temporal server
//	console.go     how jobs talk to a person, or to a log
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/batch/trace"
	"offboard/cmd/flagfile"
)

// cli is the grammar. A flag has the variable that it has in offboard; those of Temporal are its own.
type cli struct {
	Journal string           `help:"The journal that all workers and commands share: postgres://..., or on one machine a SQLite file." placeholder:"URL|PATH"`
	Queue   string           `help:"The task queue of Temporal." default:"offboard"`
	Config  string           `help:"Values of flags, in YAML, as offboard reads them; see offboard help configuration. Default: offboard/config.yaml in the user's config directory." placeholder:"FILE" type:"path"`
	Version kong.VersionFlag `env:"-" help:"Print the version."`
	Verbose bool             `short:"v" help:"Log more: every call, and what failed in its own words, which may name people."`

	Worker  workerOptions  `cmd:"" help:"Carry out what is submitted, until a signal."`
	Submit  submitOptions  `cmd:"" help:"Check a file of users here, and have workers contain them."`
	Resume  resumeOptions  `cmd:"" help:"Have workers go on with a run that offboard began, or that ended before its end."`
	Approve approveOptions `cmd:"" help:"Sign the plan of a run that waits for approvals."`
	Stop    stopOptions    `cmd:"" help:"Stop a run after the answers that it awaits. It can be resumed."`
	Status  statusOptions  `cmd:"" help:"Tell how the runs stand."`
	Report  reportOptions  `cmd:"" help:"Write the report files of a run here, from the journal."`

	config flagfile.Values // of the config file
}

// BeforeResolve is called by kong once the command line and the variables were read.
func (c *cli) BeforeResolve(k *kong.Context) (err error) {
	if c.config, err = flagfile.Config(k, c.Config); err != nil {
		err = fmt.Errorf("%w; where it is for offboard alone, name another one by --config or OFFBOARD_CONFIG", err)
	}
	return err
}

// command is what each command gets beside its own flags.
type command struct {
	*cli
	model *kong.Node
	typed []*kong.Flag // on the command line
	given []*kong.Flag // there, by variables or by the config file
	said  []string     // what the config file gives
	log   *slog.Logger
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := execute(ctx, os.Args[1:]...); err != nil {
		fmt.Fprintln(os.Stderr, "offboard-temporal:", err)
		if next := nextOf(err); next != "" {
			fmt.Fprintln(os.Stderr, "offboard-temporal: next:", next)
		}
		os.Exit(int(exitCode(err)))
	}
}

// exitCode is that of offboard.
func exitCode(err error) job.Exit {
	if e, is := errors.AsType[*endedAs](err); is {
		return e.code
	}
	return job.EndOf(err).Exit
}

// nextOf is what to do about an error, where it says so itself.
func nextOf(err error) string {
	if s, _ := errors.AsType[*journal.ServerError](err); s != nil && s.Next != "" {
		return s.Next + "; then do the same again"
	}
	if a, is := errors.AsType[*job.Advised](err); is {
		return a.Next
	}
	return ""
}

func execute(ctx context.Context, args ...string) error {
	c, do, err := parse(args...)
	if err != nil || do == nil {
		return err
	}
	if len(c.said) > 0 {
		c.log.Info("config", "file", c.config.Path, "gives", strings.Join(c.said, "; "))
	}
	return do(ctx, c)
}

// parse reads a command line; do is nil after help.
func parse(args ...string) (c *command, do func(context.Context, *command) error, err error) {
	c = &command{cli: &cli{}}
	if err := secretTyped(args); err != nil {
		return nil, nil, err
	}
	told := false
	parser := kong.Must(c.cli, kong.Name("offboard-temporal"), kong.DefaultEnvars("OFFBOARD"), kong.Vars{"version": fmt.Sprint("offboard-temporal ", job.ThisBuild(version))}, kong.Exit(func(int) { told = true }),
		kong.Description("Contains Microsoft Entra users as offboard does, on several machines, with Temporal. TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH and TEMPORAL_TLS_SERVER_CA_CERT_PATH lead to the server."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}))
	k, err := parser.Parse(args)
	if told {
		return nil, nil, nil
	}
	if err == nil {
		err = flagfile.Sensible(k.Flags())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w; offboard-temporal --help", job.ErrUsage, err)
	}
	if err := errors.Join(flagfile.Misgiven(k), flagfile.Empty(args)); err != nil {
		return nil, nil, err
	}
	c.model = k.Model.Node
	if name := flagfile.Unheard(c.model, os.Environ(), flagfile.Tokens...); name != "" {
		return nil, nil, fmt.Errorf("%w: the variable %s is that of no flag of offboard-temporal; see --help for their names, and unset it", job.ErrUsage, name)
	}
	c.said = c.config.Heed(k.Path, k.Flags())
	for _, f := range k.Flags() {
		typed := flagfile.Typed(k, f) > 0
		if typed {
			c.typed = append(c.typed, f)
		}
		if typed || flagfile.ByVariable(f) || c.config.Of[flagfile.Key(f)].Line > 0 {
			c.given = append(c.given, f)
		}
	}
	level := slog.LevelInfo
	if c.Verbose {
		level = slog.LevelDebug
	}
	c.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	return c, k.Selected().Target.Addr().Interface().(interface {
		run(context.Context, *command) error
	}).run, nil
}

// secretTyped refuses a secret among the words of a command line or an order, before a message can repeat it.
func secretTyped(words []string) error {
	for _, word := range words {
		value := word
		if flag, of, valued := strings.Cut(word, "="); valued && strings.HasPrefix(flag, "--") {
			value = of
		}
		if _, missing := os.Stat(value); trace.Kind(value) != "" && missing != nil {
			return fmt.Errorf("%w: a word of the command line has %s, which is not shown, and other users of the machine see command lines: give a journal's whole address by OFFBOARD_JOURNAL, or leave the password to PGPASSFILE; have the secret renewed", job.ErrUsage, trace.Kind(value))
		}
	}
	return nil
}

// host is a process for one job.
func (c *command) host() *job.Host { return c.hostOf(c.given) }

// hostOf is one of a command line with these flags.
func (c *command) hostOf(given []*kong.Flag) *job.Host {
	return &job.Host{
		Console: person{flagged{quiet{c.log}, given}}, Version: version, Journal: c.Journal, Getenv: os.Getenv, Environ: os.Environ,
		Log: slog.New(slog.DiscardHandler), Files: job.Files{Stdin: os.Stdin}, Began: time.Now(),
	}
}

// version is set by the release build.
var version = "dev"
