package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/worker"

	"offboard/batch"
	"offboard/batch/job"
)

// workerOptions are those of worker. The sign-in is the worker's, by its variables or --sign-in.
type workerOptions struct {
	TenantPace float64    `help:"Writes a second of one app in one tenant: 90 % of Graph's 3,000 in 150 s." default:"18"`
	AppPace    float64    `help:"Writes a second of one app in all tenants together: 90 % of Graph's 35,000 in 300 s." default:"105"`
	Slices     int        `help:"Slices at once on this machine, at most." default:"100"`
	Orders     string     `help:"The directory of orders that schedules may submit: NAME.args has the words of a submit, one a line." placeholder:"DIR" type:"path"`
	MaxAge     job.Length `help:"Refuse to begin a run whose plan is older, such as 36h or 2d; 0 allows any age." default:"24h"`

	job.Approving
	job.Guards
	job.Connection
	job.Execution

	Queue string `kong:"-"`
}

// ofOneRun are flags of run that a worker has no use for.
var ofOneRun = []string{"deadline", "debug-http", "notify-file", "notify-format", "metrics-file"}

// stopTimeout is how long answers are awaited after a signal: the longest that a call may take, and a
// moment to write them down. The slices end much sooner where Graph answers.
const stopTimeout = batch.LongestCall + 15*time.Second

func (o *workerOptions) run(ctx context.Context, c *command) error {
	switch {
	case o.Deadline != 0:
		return fmt.Errorf("%w: --deadline is for one run, and a worker has many; stop ends one", job.ErrUsage)
	case o.DebugHTTP != "" || o.NotifyFile != "" || o.MetricsFile != "":
		return fmt.Errorf("%w: --debug-http, --notify-file and --metrics-file are for one run of offboard; a worker has many, and tells of none", job.ErrUsage)
	case o.Rate != 0:
		return fmt.Errorf("%w: --rate is lent to each slice; give --tenant-pace or --app-pace", job.ErrUsage)
	case o.Slices < 1 || c.Queue == "":
		return fmt.Errorf("%w: --slices %d is below 1, or --queue is empty", job.ErrUsage, o.Slices)
	case o.TenantPace <= 0 || o.AppPace < o.TenantPace:
		return fmt.Errorf("%w: --tenant-pace %v and --app-pace %v: the first is above 0, and the second no less", job.ErrUsage, o.TenantPace, o.AppPace)
	}
	host := func() *job.Host {
		h := c.host()
		h.Environ = func() []string { return environ(os.Environ()) }
		return h
	}
	if err := job.CheckWorker(host(), &job.SliceOptions{Approving: o.Approving, Guards: o.Guards, Connection: o.Connection, Execution: o.Execution}); err != nil {
		return err
	}
	client, err := c.dial()
	if err != nil {
		return err
	}
	defer client.Close()
	o.Queue = c.Queue
	a := &activities{client: client, how: o, log: c.log, host: host, orders: c.submitOrder}
	w := worker.New(client, c.Queue, worker.Options{
		MaxConcurrentActivityExecutionSize: o.Slices, MaxHeartbeatThrottleInterval: heartbeat / 3, WorkerStopTimeout: stopTimeout,
		DisableEagerActivities: true, // or the worker of a gate has all slices of its app
	})
	w.RegisterActivity(a)
	w.RegisterWorkflow(Run)
	w.RegisterWorkflow(AppGate)
	w.RegisterWorkflow(Scheduled)
	go func() { // what another worker hands over need not wait for it; the first slice tells why it cannot be opened
		h := a.host()
		h.Console = quiet{log: c.log}
		_ = a.shared.Open(ctx, h)
	}()
	if err := w.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	c.log.Info("the worker works", "queue", c.Queue)
	<-ctx.Done()
	w.Stop()
	return nil
}

// environ are the variables of a job. One registration signs in to all tenants: AZURE_TENANT_ID,
// which names its home, gives way to the tenant of the run.
func environ(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(v string) bool { return strings.HasPrefix(v, "AZURE_TENANT_ID=") })
}
