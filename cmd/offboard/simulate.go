package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"offboard/batch/graphsim"
	"offboard/batch/intake"
)

// simulateCmd serves a tenant for other processes: rehearsals, crash tests.
type simulateCmd struct {
	File    string        `arg:"" optional:"" help:"A CSV file whose rows become the tenant's users."`
	Listen  string        `help:"The loopback address to listen on." default:"127.0.0.1:8080"`
	Column  string        `help:"The column that names the users." placeholder:"NAME"`
	Faults  string        `help:"Trouble: a rate such as 0.05 for every kind of fault, or a fault script." placeholder:"RATE|FILE"`
	Latency time.Duration `help:"How long every call takes." default:"50ms"`
	Lag     time.Duration `help:"How long reads show the stamp as it was before a revocation."`
	Frozen  bool          `help:"Answer 200 to every revocation, and move no stamp."`
	Quota   bool          `help:"Count writes and reads as Graph documents it." default:"true" negatable:""`
	Log     string        `help:"Append one JSON line per revocation that was executed or refused." placeholder:"FILE" type:"path"`
}

// Help tells what the tenant holds.
func (simulateCmd) Help() string { return seedHelp + "\n\n" + noGraph }

// Run serves until it is stopped.
func (s simulateCmd) Run(ctx context.Context, c *command) error {
	host, _, err := net.SplitHostPort(s.Listen)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%w: --listen %q is no loopback address with a port, such as 127.0.0.1:8080", errUsage, s.Listen)
	}
	var log io.Writer
	if s.Log != "" {
		f, err := os.OpenFile(s.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open log: %w", err)
		}
		defer f.Close()
		log = f
	}
	const token = "simulated"
	tenant, err := simulation(s.Faults, s.Quota, graphsim.Config{
		StaticToken: token, Latency: s.Latency, Lag: s.Lag, FrozenStamps: s.Frozen, NoLog: true, LogTo: log,
	})
	if err != nil {
		return err
	}
	if s.File != "" {
		in, err := c.read(s.File)
		if err != nil {
			return err
		}
		if err := seedFile(in, intake.Options{Column: s.Column})(ctx, tenant); err != nil {
			return err
		}
	}
	server, err := serve(ctx, tenant, s.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "a simulated tenant answers at http://%s/v1.0; in another shell:\n  OFFBOARD_ACCESS_TOKEN=%s %s\n", server.addr, token, c.typed("run", "FILE", "--graph-url", "http://"+server.addr+"/v1.0"))
	select {
	case <-c.stop:
	case <-ctx.Done():
	}
	return server.close()
}
