package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/alecthomas/kong"

	"offboard/batch"
)

// version is set by the release build.
var version = "dev"

// cli is the grammar. Every flag has an environment variable by one rule (see
// envvars); secrets have no flag.
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
	Runs     runsCmd     `cmd:"" help:"List the runs in the journal, or delete old ones."`
	Show     showCmd     `cmd:"" help:"Show one run, and its lines of some outcomes."`
	History  historyCmd  `cmd:"" help:"Show every run that named a user."`
	Report   reportCmd   `cmd:"" help:"Write the report files of a run again."`
	Simulate simulateCmd `cmd:"" help:"Serve a simulated tenant on a loopback address."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// connection says which tenant, and how hard to press it.
type connection struct {
	GraphURL       string   `help:"Another service root than https://graph.microsoft.com/v1.0; https, or http on a loopback address." placeholder:"URL"`
	Tenant         string   `help:"The tenant that the sign-in must lead to: its id, or one of its domains. AZURE_TENANT_ID says the same. Required without a terminal, and with a --key that is searched for." placeholder:"ID|DOMAIN"`
	Auth           string   `help:"How to sign in: env (a secret or certificate in AZURE_ variables), workload-identity, managed-identity, cli (the Azure CLI's login) or token (OFFBOARD_ACCESS_TOKEN). auto takes the one that the environment names, and the CLI's login when it names none." enum:"auto,env,cli,managed-identity,workload-identity,token" default:"auto" keep:""`
	Simulate       bool     `help:"Do the whole job, sign-in included, against a simulated tenant made from the input."`
	SimulateFaults string   `help:"Trouble for the simulated tenant: a rate such as 0.05 for every kind of fault, or a fault script." placeholder:"RATE|FILE"`
	Concurrency    int      `help:"Calls under way at the most. The default lets a whole quota window, 3,000 users, leave at once; fewer leave fewer users in doubt after a crash." default:"150" keep:""`
	Rate           float64  `help:"Users a second at the most; 0 leaves the pace to Graph's quotas." default:"0" keep:""`
	QuotaFile      string   `help:"Limits other than Graph's documented ones; see the README." placeholder:"FILE" type:"path" keep:""`
	QuotaShare     float64  `help:"The part of every quota to use, so that other apps have room." default:"1" keep:""`
	App            []string `help:"One more app registration that works beside the first: a file of AZURE_... lines. Repeatable. It takes more of the write quota that all apps of the tenant share." placeholder:"FILE" type:"path" keep:""`
	SimulateFrozen bool     `help:"Let the simulated tenant answer 200 to every revocation, and revoke nothing."`
	SimulateQuota  bool     `help:"Give the simulated tenant Graph's write quota; --no-simulate-quota lets it answer as fast as it can." default:"true" negatable:""`
}

// execution says how a run is carried out and told.
type execution struct {
	ReportDir     string        `help:"Where the report files go. Default: offboard-RUN below the working directory." placeholder:"DIR" type:"path" keep:""`
	SignKey       string        `help:"Sign report.sha256 with this private SSH key, into report.sha256.sig, as ssh-keygen -Y sign does; a key that only the ssh agent holds is named by its .pub file." placeholder:"FILE" type:"path" keep:""`
	Yes           bool          `short:"y" help:"Do not ask."`
	AsCaller      bool          `help:"Go on with a plan or a run that another app or user made. At a terminal offboard asks."`
	VerifyTimeout time.Duration `help:"How long to wait for proof of each revocation." default:"2m" keep:""`
	patience
}

// patience says how long to wait for Graph.
type patience struct {
	Deadline time.Duration `help:"How long all of it may take, planning and waiting included; then it stops, resumable (exit 6). 0 is no limit." default:"0"`
	Outage   time.Duration `help:"How long Graph may give no answer at all before it stops, resumable (exit 6). Until then it tries again and goes on by itself." default:"2h" keep:""`
}

// command is what every command gets beside its own flags.
type command struct {
	world
	answers io.Reader // from a person; nil is standard input
	cli     *cli
	parsed  *kong.Context // the command line; nil in tests without one
	log     *slog.Logger
	files   readings
	began   time.Time // when --deadline began to count
	earlier bool      // a run goes on: sessions before this one may have written
	goesOn  string    // the command that goes on with the run, once there is one that can be resumed
	doubt   string    // of the tenant, which a person is to see before anything is sent; --yes says nothing of it
	sign    signer    // of the report; nil without --sign-key
	told    bool      // what goes on with what was stopped has been said
}

// deadline is when all of the command must be over, sign-in and planning included.
func (c *command) deadline(p patience) batch.Deadline {
	return batch.NewDeadline(c.began, p.Deadline)
}

// errExit carries the exit code that kong asks for.
type errExit struct{ code int }

func (e errExit) Error() string { return fmt.Sprintf("exit %d", e.code) }

// run is the whole program but for the process around it.
func run(ctx context.Context, w world) (code exitCode) {
	var c cli
	w.screen = w.stderr
	w.stdout, w.stderr = &visible{w: w.stdout}, &visible{w: w.stderr}
	parser, err := kong.New(&c,
		kong.Name("offboard"),
		kong.Description("Revokes the sign-in sessions of Microsoft Entra ID (Microsoft 365) users named in a CSV file, through Microsoft Graph, and proves it user by user.\n\n"+exitCodeHelp),
		envvars(),
		kong.Writers(w.stdout, w.stderr),
		kong.Exit(func(code int) { panic(errExit{code}) }), // kong's way to end after --help; recovered below
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	cmd := &command{world: w, cli: &c, log: slog.New(slog.DiscardHandler), began: time.Now()}
	if err != nil {
		return cmd.fail(fmt.Errorf("read the command's grammar: %w", err))
	}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(errExit)
			if !ok {
				panic(r)
			}
			code = exitCode(e.code)
		}
	}()
	k, err := parser.Parse(w.args)
	if err != nil {
		return cmd.fail(fmt.Errorf("%w: %w", errUsage, err))
	}
	cmd.log, cmd.parsed = logger(w, &c), k
	if err := halfSet(k); err != nil {
		return cmd.fail(err)
	}
	if err := choosesTwice(k); err != nil {
		return cmd.fail(err)
	}
	if c.Output != "text" && c.Output != "json" && k.Selected().Name != "plan" {
		return cmd.fail(fmt.Errorf("%w: --output is text or json, not %q", errUsage, c.Output))
	}
	k.BindTo(ctx, (*context.Context)(nil))
	err = k.Run(cmd)
	cmd.files.close()
	if errors.Is(err, batch.ErrStopped) && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return cmd.fail(err)
}

// logger writes to stderr; without --verbose only what a person should know.
func logger(w world, c *cli) *slog.Logger {
	opt := &slog.HandlerOptions{Level: slog.LevelInfo}
	if c.Verbose {
		opt.Level = slog.LevelDebug
	}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w.stderr, opt))
	}
	return slog.New(slog.NewTextHandler(w.stderr, opt))
}

type versionCmd struct{}

func (versionCmd) Run(c *command) error {
	_, err := fmt.Fprintln(c.stdout, "offboard", version)
	return err
}
