package main

import (
	"context"
	"fmt"
	"slices"

	"offboard/batch"
	"offboard/batch/job"
)

// planCmd plans as run does, and writes the plan to a file instead of carrying
// it out.
type planCmd struct{ job.PlanOptions }

// Help ends the command's help.
func (planCmd) Help() string {
	return "The file has the users with their object ids, what the guards say, and a digest that finds any change.\n\n" +
		"Graph permissions: User.Read.All, and what the guards read; see offboard run --help.\n\n" + exitCodeHelp
}

// Run writes the file and tells what to do with it.
func (p *planCmd) Run(ctx context.Context, c *command) error {
	name := c.cli.Output
	if name == "text" || name == "json" {
		return fmt.Errorf("%w: say where to write the plan: -o plan.jsonl", job.ErrUsage)
	}
	made, err := job.MakePlan(ctx, c.host, &p.PlanOptions, name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, `Plan      %s
Users     %s
Digest    %s
Next      approve it, each person with a key of their own: %s
          apply it with two approvals of people in the file allowed_signers: %s
          apply it without approvals: %s
`, printable(made.Path), batch.Thousands(made.Users), made.Digest, c.approveLine(name),
		c.Typed(slices.Concat(made.Apply, []string{"--approvals", "2", "--trusted", "allowed_signers"})...), c.Typed(made.Apply...))
	return err
}
