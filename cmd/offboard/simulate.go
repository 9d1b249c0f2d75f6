package main

import (
	"context"
	"fmt"

	"offboard/batch/job"
)

// simulateCmd serves a tenant for other processes: rehearsals, crash tests.
type simulateCmd struct{ job.SimulateOptions }

// What the simulated tenant makes of a name, so that a rehearsal can show more
// than success.
const seedHelp = `In a simulated tenant every row of the input is a user, except that

    nobody...@    does not exist        (ends not_found)
    admin...@     is a protected admin  (holds a privileged role; ends denied)
    ...#EXT#...@  is a guest            (ends ineffective)`

// Help tells what the tenant holds.
func (simulateCmd) Help() string { return seedHelp + "\n\n" + noGraph }

// Run serves until it is stopped.
func (s simulateCmd) Run(ctx context.Context, c *command) error {
	return job.Simulate(ctx, c.host, s.SimulateOptions, func(addr, token string) {
		fmt.Fprintf(c.stdout, "a simulated tenant answers at http://%s/v1.0; in another shell:\n  OFFBOARD_ACCESS_TOKEN=%s %s\n", addr, token, c.Typed("run", "FILE", "--graph-url", "http://"+addr+"/v1.0"))
	})
}
